"""What the oracle does with transactions and transfers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from properties.oracle.accounts import must_be_open
from properties.oracle.books import Books, Parts, Refused, Row, Transfer, check_amount, resized
from properties.oracle.categories import find, resolve, where_it_went

TRANSFER = "transfer"
UNCATEGORIZED = "uncategorized"


def record(books: Books, **said: Any) -> tuple[Row, bool]:
    """The row, and whether it was known; said: the fields of the command."""
    account = books.account(said["account_id"])
    external_id = said.get("external_id")
    if external_id is not None:
        for row in books.rows:
            if row.account is account and row.external_id == external_id:
                return row, True
    category = said.get("category")
    if category:
        find(books, category)
    must_be_open(account)
    category_id = resolve(books, category).id if category else UNCATEGORIZED
    amount = said["amount"]
    check_amount(amount)
    mine = {"date", "amount", "description"}
    mine |= {name for name in ("category", "notes", "tags") if said.get(name)}
    row = Row(
        account,
        said["date"],
        amount,
        said.get("status", "posted") == "posted",
        [(category_id, amount)],
        said["description"],
        "manual",
        "user" if category else "none",
        notes=said.get("notes", ""),
        tags=tuple(dict.fromkeys(said.get("tags", ()))),
        mine=mine,
        external_id=external_id,
    )
    books.rows.append(row)
    return row, False


def post(books: Books, row_id: UUID, day: dt.date | None, amount: Decimal | None) -> None:
    row = books.row(row_id)
    row.must_stand()
    if row.posted:
        raise Refused("transaction_is_not_pending")
    _refuse_linked_amount(row, amount)
    _say(row, date=day, amount=amount)
    _rebook(row, day, amount)
    row.posted = True


def amend(books: Books, row_id: UUID, **said: Any) -> None:
    row = books.row(row_id)
    row.must_stand()
    _refuse_linked_amount(row, said.get("amount"))
    _say(row, **{name: said.get(name) for name in ("date", "amount", "description")})
    _rebook(row, said.get("date"), said.get("amount"))
    if said.get("description") is not None:
        row.description = said["description"]
    if said.get("tags") is not None:
        row.tags = tuple(dict.fromkeys(said["tags"]))
    if said.get("notes") is not None:
        row.notes = said["notes"]


def categorize(books: Books, row_id: UUID, wanted: Sequence[tuple[str, Decimal | None]]) -> None:
    """wanted: (path, amount) of each part; one with None takes all."""
    row = books.row(row_id)
    for path, _ in wanted:
        find(books, path)
    row.must_stand()
    must_not_be_linked(row)
    ids = [resolve(books, path).id for path, _ in wanted]
    parts: Parts = [
        (category_id, row.amount if amount is None else amount)
        for category_id, (_, amount) in zip(ids, wanted, strict=True)
    ]
    if sum(amount for _, amount in parts) != row.amount:
        raise Refused("postings_must_sum_to_zero")
    row.parts, row.source = parts, "user"
    row.mine.add("category")


def void(books: Books, row_id: UUID) -> None:
    row = books.row(row_id)
    row.must_stand()
    must_not_be_linked(row)
    row.state = "voided"


def reinstate(books: Books, row_id: UUID) -> None:
    row = books.row(row_id)
    if row.state != "voided":
        raise Refused("transaction_is_not_voided")
    _counts_again(books, row)


def match(books: Books, mine_id: UUID, bank_id: UUID) -> None:
    mine, theirs = books.row(mine_id), books.row(bank_id)
    mine.must_stand()
    theirs.must_stand()
    if mine.matched_with or theirs.matched_with:
        raise Refused("already_matched")
    must_not_be_linked(theirs)
    if mine is theirs or mine.account is not theirs.account or mine.amount != theirs.amount:
        raise Refused("match_refused")
    take_as(mine, theirs)


def take_as(mine: Row, theirs: Row) -> None:
    """The bank's row counts as the hand-made one from now on."""
    mine.matched_with, theirs.absorbed_by = theirs, mine
    mine.posted = theirs.posted
    theirs.state = "absorbed"


def unmatch(books: Books, mine_id: UUID) -> None:
    mine = books.row(mine_id)
    mine.must_stand()
    if mine.matched_with is None:
        raise Refused("not_matched")
    theirs, mine.matched_with = mine.matched_with, None
    theirs.absorbed_by = None
    _counts_again(books, theirs)


def make_transfer(
    books: Books, source_id: str, target_id: str, amount: Decimal, day: dt.date
) -> Transfer:
    if source_id == target_id:
        raise Refused("transfer_needs_two_accounts")
    source, target = books.account(source_id), books.account(target_id)
    must_be_open(source)
    must_be_open(target)
    if source.currency != target.currency:
        raise Refused("currency_must_match")
    check_amount(amount)
    if amount <= 0:
        raise Refused("transfer_amount_not_usable")
    legs = [
        Row(
            account,
            day,
            part,
            True,
            [(TRANSFER, part)],
            "Transfer",
            "manual",
            "user",
            mine={"date", "amount", "description", "category"},
        )
        for account, part in ((source, -amount), (target, amount))
    ]
    books.rows += legs
    return _start(books, *legs)


def link(books: Books, leaves_id: UUID, enters_id: UUID) -> Transfer:
    leaves, enters = books.row(leaves_id), books.row(enters_id)
    leaves.must_stand()
    enters.must_stand()
    same_currency = leaves.account.currency == enters.account.currency
    if (
        leaves.account is enters.account
        or leaves.amount >= 0
        or enters.amount <= 0
        or (same_currency and leaves.amount != -enters.amount)
    ):
        raise Refused("legs_must_be_opposite")
    must_not_be_linked(leaves)
    must_not_be_linked(enters)
    return _start(books, leaves, enters)


def end_transfer(books: Books, transfer: Transfer, *, void_both: bool) -> None:
    if transfer.ended:
        raise Refused("transfer_is_ended")
    transfer.ended = True
    for leg in (transfer.leaves, transfer.enters):
        leg.transfer = None
        leg.parts = resized(leg.former or [(UNCATEGORIZED, leg.amount)], leg.amount)
        leg.former = None
        if void_both:
            leg.state = "voided"
        else:
            _counts_again(books, leg)


def must_not_be_linked(row: Row) -> None:
    if row.transfer is not None:
        raise Refused("transaction_is_linked")


def _start(books: Books, leaves: Row, enters: Row) -> Transfer:
    transfer = Transfer("", leaves, enters)
    for leg in (leaves, enters):
        leg.transfer, leg.former = transfer, leg.parts
        leg.parts = [(TRANSFER, leg.amount)]
    books.transfers.append(transfer)
    return transfer


def _counts_again(books: Books, row: Row) -> None:
    """It stands, and is in no category that was merged away meanwhile."""
    row.state = "standing"
    parts = [(where_it_went(books, category_id), amount) for category_id, amount in row.parts]
    if parts != row.parts:
        row.parts, row.source = parts, "user"
        row.mine.add("category")


def _refuse_linked_amount(row: Row, amount: Decimal | None) -> None:
    if amount is not None:
        check_amount(amount)
        if amount != row.amount:
            must_not_be_linked(row)


def _say(row: Row, **said: Any) -> None:
    """What the user changes is his own from now on."""
    row.mine |= {
        name for name, value in said.items() if value is not None and value != getattr(row, name)
    }


def _rebook(row: Row, day: dt.date | None, amount: Decimal | None) -> None:
    if day is not None:
        row.date = day
    if amount is not None:
        row.amount = amount
        row.parts = resized(row.parts, amount)
