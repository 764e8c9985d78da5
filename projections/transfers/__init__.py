"""Which transactions may be one movement, and which pairs the user said are none."""

from mintflow.projections.transfers.fold import PROJECTION
from mintflow.projections.transfers.queries import possible_legs, transfer_suggestions

__all__ = ["PROJECTION", "possible_legs", "transfer_suggestions"]
