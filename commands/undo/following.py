"""What follows when a command that is no undo lets a transaction be changed again.

While one is voided, taken back, linked or matched some of what is undone can not be done to it. An
undo that ends that does it then; so does whoever reinstates it, unlinks it, or brings it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from mintflow.commands.core.unit import Unit
from mintflow.commands.undo.course import Course
from mintflow.commands.undo.transactions import bring
from mintflow.domain.undo import UndoLog, undo_log_id


async def follow(unit: Unit, transaction_ids: Sequence[UUID]) -> None:
    """Bring these to what counts, in ledgers where anything was ever undone. What this command
    itself said of them is the newest word."""
    log = await unit.find(UndoLog, undo_log_id(unit.ledger_id)) if transaction_ids else None
    if log is not None:
        by = unit.context.correlation_id
        await bring(Course(unit, by, log.undone, log.by, discard_edits=False), transaction_ids)
