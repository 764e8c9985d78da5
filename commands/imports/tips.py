"""Posted rows that are a pending one with a tip: another id, a larger amount, some days later.

Nothing but the payee ties the two together, so it must be the same, and each must be the only one
that the other can be; a pending row that has a posted one of its own amount is never taken.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from uuid import UUID

from mintflow.commands.core.ports import OpenRow
from mintflow.commands.imports.holdings import POST_DAYS, Holdings
from mintflow.commands.imports.rows import Row
from mintflow.commands.rules import Labels
from mintflow.domain.core.money import EXACT
from mintflow.domain.rules.learning import payee_of
from mintflow.domain.transactions import Transaction
from mintflow.ml.words import within, words_of

# A tip is a fifth; with a tenth for what a bank rounds or a restaurant adds.
TIP_MAX = Decimal("1.30")
TIP_DAYS = 5
# "pos" is in everybody's rows.
_LETTERS_MIN = 4


def tips(
    rows: Sequence[Row],
    holdings: Holdings,
    labels: Mapping[UUID, Labels],
    gone: Collection[UUID],
) -> dict[UUID, OpenRow]:
    """The pending row that a new row is with a tip, by the row's stream id.

    gone: pending rows that the bank took back with these; they need no payee in common.
    """
    posted = [row for row in rows if not row.source.pending]
    typed = [one for one in holdings.hand_made if one.pending]
    exact = {
        one.transaction_id
        for one in (*holdings.pending, *typed)
        for row in posted
        if row.amount == one.amount and 0 <= (row.source.date - one.date).days <= POST_DAYS
    }
    # A row of the amount of one that waits, or that was typed, is that one and no tip.
    amounts = {one.amount for one in (*holdings.pending, *holdings.hand_made)}
    waiting = [one for one in (*holdings.pending, *typed) if one.transaction_id not in exact]
    found: defaultdict[UUID, list[OpenRow]] = defaultdict(list)
    wanted: defaultdict[UUID, int] = defaultdict(int)
    for row in posted if waiting else ():
        if row.amount in amounts:
            continue
        for one in waiting:
            transaction = holdings.candidates.get(one.standing_id)
            if transaction is None or not _is_tip(one, row):
                continue
            if one.transaction_id in gone or same_payee(transaction, row, labels):
                found[row.transaction_id].append(one)
                wanted[one.transaction_id] += 1
    return {
        row_id: only[0]
        for row_id, only in found.items()
        if len(only) == 1 and wanted[only[0].transaction_id] == 1
    }


def that_can_be_tips(pending: Iterable[OpenRow], amounts: Collection[Decimal]) -> list[OpenRow]:
    """The pending rows that one of these amounts may be, themselves or with a tip."""
    ordered = sorted(amounts)
    found = []
    for one in pending:
        low, high = sorted((one.amount, EXACT.multiply(one.amount, TIP_MAX)))
        if bisect_left(ordered, low) < bisect_right(ordered, high):
            found.append(one)
    return found


def has_a_tip(amount: Decimal, waiting: Decimal) -> bool:
    """Whether an amount is what waited and a tip."""
    if (amount < 0) != (waiting < 0):
        return False
    most = EXACT.multiply(waiting.copy_abs(), TIP_MAX)
    return waiting.copy_abs() < amount.copy_abs() <= most


def _is_tip(one: OpenRow, row: Row) -> bool:
    in_time = 0 <= (row.source.date - one.date).days <= TIP_DAYS
    return in_time and has_a_tip(row.amount, one.amount)


def same_payee(transaction: Transaction, row: Row, labels: Mapping[UUID, Labels]) -> bool:
    """Whether a row is with whom a transaction is: by merchant, or by how it is worded.

    Where not both merchants are known, one text may say more than the other: what a person types,
    or a bank says at once, seldom has the terminal's number.
    """
    given = labels.get(row.transaction_id)
    merchants = (given.merchant if given is not None else "", transaction.merchant)
    if merchants[0] and merchants[0] == merchants[1]:
        return True
    source = row.source
    theirs = payee_of("", source.counterparty, source.description)
    mine = payee_of("", transaction.counterparty, transaction.description)
    if mine and mine.casefold() == theirs.casefold():
        return True
    if all(merchants):
        return False
    said = words_of(transaction.description), words_of(source.description)
    return any(
        within(one, other) and sum(map(str.isalpha, "".join(one))) >= _LETTERS_MIN
        for one, other in (said, said[::-1])
    )
