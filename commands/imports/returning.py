"""Rows that an undo took back and that the bank says again: they stand again.

Then they are looked at as new rows are: matched with what was entered by hand, booked, linked. The
undone import's own matches and postings are words that do not count any more, so nothing else would
bring them back. What a person parted since stays parted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from mintflow.commands.core.unit import Unit
from mintflow.commands.undo.following import follow
from mintflow.domain.transactions import Transaction, TransactionAlias
from mintflow.domain.undo import UndoLog, undo_log_id


@dataclass(frozen=True, slots=True)
class Returned:
    """back: the transactions that stand again, by the stream ids of the rows that say them.
    aliases: rows that are only another name of one, which may be pending again. parted: the
    hand-made transactions that a person parted each of them from."""

    back: Mapping[UUID, Transaction] = field(default_factory=dict)
    aliases: Collection[UUID] = ()
    parted: Mapping[UUID, Collection[UUID]] = field(default_factory=dict)

    @property
    def transactions(self) -> list[Transaction]:
        """Each that stands again, once."""
        return [*{one.id: one for one in self.back.values()}.values()]


async def brought_back(unit: Unit, names: Collection[UUID]) -> Returned:
    """Let what an undo took back stand again, now that the bank says it again.

    names: the stream ids of rows of the file that there are. In ledgers in which nothing was ever
    undone nothing is read.
    """
    log = await unit.find(UndoLog, undo_log_id(unit.ledger_id)) if names else None
    if log is None:
        return Returned()
    aliases = await unit.log.aliases(unit.ledger_id, [*names])
    found = await unit.prefetch(TransactionAlias, aliases)
    named = {name: name for name in names if name not in found}
    named |= {name: one.transaction_id for name, one in found.items()}
    gone = await unit.log.taken_back(unit.ledger_id, [*{*named.values()}])
    held = await unit.prefetch(Transaction, gone)
    back = {key: one for key, one in held.items() if one.bring_back(unit.now)}
    await follow(unit, [*back])
    return Returned(
        {name: back[one] for name, one in named.items() if one in back},
        aliases,
        await _parted(unit, log, [*back]),
    )


async def _parted(unit: Unit, log: UndoLog, ids: Sequence[UUID]) -> dict[UUID, set[UUID]]:
    """Of these, those that were released from a match by what is no undo and still counts."""
    found: defaultdict[UUID, set[UUID]] = defaultdict(set)
    for stream_id, history in (await unit.log.histories(unit.ledger_id, ids)).items():
        for event in history:
            by = UUID(event.correlation_id)
            if by in log.undone or by in log.by:
                continue
            if event.type == "transaction.released":
                found[stream_id].add(UUID(event.data["absorbed_by"]))
            elif event.type == "transaction.absorbed":
                found[stream_id].discard(UUID(event.data["absorbed_by"]))
    return dict(found)
