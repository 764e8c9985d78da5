"""The events themselves, for who follows them: of one ledger, or of all; paged, or live."""

from mintflow.api.events.history import router as history_router
from mintflow.api.events.ledger import router as ledger_router

__all__ = ["history_router", "ledger_router"]
