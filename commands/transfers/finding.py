"""Link what an import brought with what is there, where the two certainly are one movement."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from uuid import UUID

from mintflow.commands.core.ports import Books
from mintflow.commands.core.unit import Unit
from mintflow.domain.accounts import Account
from mintflow.domain.core.money import negated
from mintflow.domain.core.postings import TRANSFER, UNCATEGORIZED
from mintflow.domain.transactions import Transaction
from mintflow.domain.transfers import Transfer, TransferRejection, rejection_id
from mintflow.domain.transfers.pairing import WINDOW_DAYS, Leg, Pair, certain_pairs, words_in


async def link_found(unit: Unit, account: Account, new: Sequence[Transaction], books: Books) -> int:
    """How many transfers were started. new: transactions that this command brings into the account,
    or brings back. The read models have caught up when this is asked. A pair that a person said is
    no transfer is none."""
    fresh = {
        one.id: one
        for one in new
        if one.booking is not None and one.transfer_id is None and one.booking.amount
    }
    if not fresh:
        return 0
    bookings = [one.booking for one in fresh.values() if one.booking is not None]
    around = dt.timedelta(days=2 * WINDOW_DAYS)
    first, last = min(one.date for one in bookings), max(one.date for one in bookings)
    amounts = {one.amount for one in bookings} | {negated(one.amount) for one in bookings}
    held = await books.possible_legs(unit.ledger_id, list(amounts), first - around, last + around)
    # Most rows of a file are no leg of anything: only those are looked at that something there
    # could be the other leg of. Two of one account never are.
    met = {negated(leg.amount) for leg in held}
    met_by = [one for one in fresh.values() if one.booking and one.booking.amount in met]
    if not met_by:
        return 0
    legs = [*held, *(_leg(one, account) for one in met_by)]
    wanted = [
        pair
        for pair in certain_pairs(legs)
        if (pair.out.transaction_id in fresh) != (pair.into.transaction_id in fresh)
    ]
    there = [
        leg.transaction_id
        for pair in wanted
        for leg in (pair.out, pair.into)
        if leg.transaction_id not in fresh
    ]
    found = await unit.prefetch(Transaction, there)
    never = await _rejected(unit, wanted)
    made = 0
    for pair in wanted:
        if (pair.out.transaction_id, pair.into.transaction_id) in never:
            continue
        both = [
            fresh.get(leg.transaction_id) or found.get(leg.transaction_id)
            for leg in (pair.out, pair.into)
        ]
        out, into = both
        if out is None or into is None or not (_free(out) and _free(into)):
            continue
        transfer = unit.add(Transfer.start(unit.new_id(), out.id, into.id, "found", unit.now))
        out.link(transfer.id, unit.now)
        into.link(transfer.id, unit.now)
        made += 1
    return made


async def _rejected(unit: Unit, found: Sequence[Pair]) -> set[tuple[UUID, UUID]]:
    """Those that somebody said are no movement: rows that come back may have been parted before."""
    ids = [rejection_id(one.out.transaction_id, one.into.transaction_id) for one in found]
    held = await unit.prefetch(TransferRejection, ids)
    return {(one.from_transaction_id, one.to_transaction_id) for one in held.values() if one.stands}


def _free(transaction: Transaction) -> bool:
    """Neither linked, nor given a category by the user that is none of transfers."""
    booking = transaction.booking
    if booking is None or transaction.transfer_id is not None:
        return False
    mine = "category" in transaction.user_fields
    return not mine or booking.allocations[0].category_id == TRANSFER


def _leg(transaction: Transaction, account: Account) -> Leg:
    booking = transaction.booking
    assert booking is not None
    texts = transaction.description, transaction.counterparty, transaction.memo
    return Leg(
        transaction.id,
        account.id,
        account.kind,
        account.name.casefold(),
        booking.date,
        booking.amount,
        booking.currency,
        words_in(*texts, transaction.merchant),
        booking.allocations[0].category_id == TRANSFER,
        booking.allocations[0].category_id not in (TRANSFER, UNCATEGORIZED),
    )
