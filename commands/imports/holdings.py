"""What the books hold of the rows of a file, read before it is decided what becomes of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from mintflow.commands.core.ports import OpenRow
from mintflow.domain.transactions import Transaction

# A row entered by hand and the bank's row of it lie at most this far apart.
MATCH_DAYS = 10
# A pending row posts at most this many days later, when the bank gives it another id.
POST_DAYS = 8


@dataclass(slots=True)
class Holdings:
    """What the books hold of the rows, read before the plan is made.

    known: stream ids that exist. transactions: those of them that may differ from their row,
    by the row's stream id (aliases followed). hand_made, pending: candidates for new rows, with
    their aggregates in `candidates`. elsewhere: what another file brought under another name, by
    the row's stream id. back: what an undo took back and a row brings again, by the row's stream
    id; parted: the hand-made ones that a person parted each of these from.
    met: the bank's rows that those of `transactions` were matched with. found: transfers that were
    found by themselves, of those whose legs rows may change.
    """

    known: set[UUID]
    transactions: Mapping[UUID, Transaction] = field(default_factory=dict)
    hand_made: Sequence[OpenRow] = ()
    pending: Sequence[OpenRow] = ()
    candidates: Mapping[UUID, Transaction] = field(default_factory=dict)
    elsewhere: Mapping[UUID, UUID] = field(default_factory=dict)
    back: Mapping[UUID, Transaction] = field(default_factory=dict)
    parted: Mapping[UUID, Collection[UUID]] = field(default_factory=dict)
    met: Mapping[UUID, Transaction] = field(default_factory=dict)
    found: Collection[UUID] = ()
