"""Rows that another file brought already under another name: one statement as CSV and as OFX.

A row is named by the bank's id where its file has one, else by what it says; so two formats of one
statement name the same row differently. It is known nevertheless where account, day and amount are
the same and the words agree. Two ids of a bank are two rows; and where neither has one, other words
are another row: without a bank's word for it, a row too few would be nobody's to see. Each is taken
once, and one that the file itself names is not taken, so two equal coffees stay two. Rows that wait
for their posting are not looked at; commands/imports/plan.py meets those.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from uuid import UUID

from mintflow.commands.core.ports import OpenRow
from mintflow.commands.core.unit import Unit
from mintflow.commands.imports.rows import Row
from mintflow.commands.imports.sorting import Asked
from mintflow.domain.accounts import Account
from mintflow.domain.statements import StatementRow
from mintflow.domain.transactions import Transaction, TransactionAlias
from mintflow.ml.words import within, words_of


async def met_elsewhere(
    unit: Unit,
    account: Account,
    rows: Sequence[Row],
    new: Sequence[Row],
    known: Collection[UUID],
    asked: Asked,
) -> dict[UUID, UUID]:
    """The transaction that each new row is, by the row's stream id; most rows are none.

    rows: of the file. new: those of them that are not known by their names. The read models have
    caught up when this is asked.
    """
    posted = [row for row in new if not row.source.pending]
    if not posted:
        return {}
    days = [row.source.date for row in posted]
    held = await asked.books.bank_rows(unit.ledger_id, account.id, min(days), max(days))
    held = _worth_a_look(posted, held)
    if not held:
        return {}
    named = {row.transaction_id for row in rows if row.transaction_id in known}
    aliases = await unit.prefetch(
        TransactionAlias, await unit.log.aliases(unit.ledger_id, [*named])
    )
    named |= {one.transaction_id for one in aliases.values()}
    free = [one for one in held if one.transaction_id not in named]
    found = await unit.prefetch(Transaction, [one.transaction_id for one in free])
    return _paired(posted, free, found)


def _worth_a_look(rows: Sequence[Row], held: Sequence[OpenRow]) -> list[OpenRow]:
    """Those that the read models let be one of the rows. Each is replayed afterwards; where many
    rows share day and amount, most of them need not be."""
    by_facts: defaultdict[tuple[object, ...], list[StatementRow]] = defaultdict(list)
    for row in rows:
        by_facts[row.source.date, row.amount].append(row.source)
    return [
        one
        for one in held
        if any(
            _may_be_one(source, one.bank_id, one.description)
            for source in by_facts.get((one.date, one.amount), ())
        )
    ]


def _may_be_one(source: StatementRow, bank_id: str | None, description: str) -> bool:
    """Whether two rows of the same amount and day can be one: not with two ids of the bank, and
    without any only by the same words."""
    if source.bank_id is None and bank_id is None:
        return words_of(source.description) == words_of(description)
    return source.bank_id is None or bank_id is None


def _paired(
    rows: Sequence[Row], free: Sequence[OpenRow], found: Mapping[UUID, Transaction]
) -> dict[UUID, UUID]:
    """Row -> transaction, those of the very same words first, else in order."""
    by_facts: defaultdict[tuple[object, ...], list[OpenRow]] = defaultdict(list)
    for one in free:
        by_facts[one.date, one.amount].append(one)
    pairs = sorted(
        (not same, place, other, row.transaction_id, one.transaction_id)
        for place, row in enumerate(rows)
        for other, one in enumerate(by_facts.get((row.source.date, row.amount), ()))
        if (same := _agree(row, found[one.transaction_id])) is not None
    )
    taken: dict[UUID, UUID] = {}
    used: set[UUID] = set()
    for _, _, _, row_id, transaction_id in pairs:
        if row_id not in taken and transaction_id not in used:
            taken[row_id] = transaction_id
            used.add(transaction_id)
    return taken


def _agree(row: Row, held: Transaction) -> bool | None:
    """Whether both say the very same; None where they may be two things."""
    booking = held.booking or held.withdrawn
    if booking is None or booking.status != "posted":
        return None
    source = row.source
    if not _may_be_one(source, held.bank_id, held.description):
        return None
    mine, theirs = words_of(source.description), words_of(held.description)
    if mine == theirs:
        return True
    all_mine = words_of(f"{source.description} {source.counterparty} {source.memo}")
    all_theirs = words_of(f"{held.description} {held.counterparty} {held.memo}")
    return False if within(mine, all_theirs) or within(theirs, all_mine) else None
