"""What the oracle does with a bank file: which rows are known, which post, which match, which are
new."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from properties.oracle.accounts import must_be_open, opening_of_file
from properties.oracle.books import Account, Books, Refused, Row, resized
from properties.oracle.transactions import UNCATEGORIZED, take_as

MATCH_DAYS, POST_DAYS = 10, 8


@dataclass(frozen=True)
class BankRow:
    """One line of a file. hint: the file's own category, `Travel:Flights`."""

    date: dt.date
    amount: Decimal
    description: str
    bank_id: str | None = None
    pending: bool = False
    hint: str | None = None


def bring_in(
    books: Books,
    account_id: str,
    rows: Sequence[BankRow],
    opening: tuple[dt.date, Decimal] | None,
    closing: tuple[dt.date, Decimal] | None,
) -> Counter[str]:
    """added, known, updated, skipped, matched."""
    account = books.account(account_id)
    must_be_open(account)
    counts: Counter[str] = Counter()
    for one in rows:
        if one.amount != one.amount.quantize(Decimal("0.01")):
            raise Refused("row_not_usable")
    keyed = _keyed(rows, counts)
    known = {key: account.keys[key] for key, _ in keyed if key in account.keys}
    awaited = [one for one in books.rows if one.account is account and _awaited(one)]
    own_key = {id(row): key for key, row in reversed(account.keys.items())}
    looked_at = {
        id(_stands_for(row))
        for key, row in known.items()
        if key[0] == "bank" or (row in awaited and own_key[id(row)] == key)
    }
    pending = [
        one
        for one in awaited
        if own_key[id(one)] not in known and id(_stands_for(one)) not in looked_at
    ]
    hand_made = [
        one
        for one in books.standing()
        if one.account is account
        and one.origin == "manual"
        and one.bank_id is None
        and one.matched_with is None
    ]
    came_before = set(map(id, awaited))
    elsewhere = _met_elsewhere(books, account, keyed, known)
    for key, row in keyed:
        if key in known:
            may_differ = key[0] == "bank" or (
                id(known[key]) in came_before and own_key[id(known[key])] == key
            )
            changed = may_differ and _meet_again(_stands_for(known[key]), row, met=known[key])
            counts["updated" if changed else "known"] += 1
            continue
        if key in elsewhere:
            account.keys[key] = elsewhere[key]
            counts["known"] += 1
            continue
        waiting = None if row.pending else _nearest(pending, row, POST_DAYS, 0)
        if waiting is not None:
            pending.remove(waiting)
            _post(_stands_for(waiting), row)
            _meet_again(_stands_for(waiting), row)
            account.keys[key] = waiting
            counts["updated"] += 1
            continue
        new = _new(books, account, row)
        books.rows.append(new)
        account.keys[key] = new
        mine = _nearest(hand_made, row, MATCH_DAYS, MATCH_DAYS)
        if mine is not None:
            hand_made.remove(mine)
            take_as(mine, new)
            counts.update(("updated", "matched"))
        else:
            counts["added"] += 1
    if opening is not None:
        opening_of_file(account, *opening)
    if closing is not None:
        account.reported[closing[0]] = closing[1]
    return counts


def _keyed(rows: Sequence[BankRow], counts: Counter[str]) -> list[tuple[Any, BankRow]]:
    """Each row with what tells it from others; a bank's id twice is one row.

    Banks that give one id to different things are not imitated here: what is meant then is a guess.
    """
    found: list[tuple[Any, BankRow]] = []
    equal: Counter[Any] = Counter()
    for row in rows:
        if row.bank_id is None:
            plain = (row.date, row.amount, plain_text(row.description))
            equal[plain] += 1
            found.append((("row", *plain, equal[plain]), row))
            continue
        key = ("bank", row.bank_id)
        if any(key == before for before, _ in found):
            counts["skipped"] += 1
        else:
            found.append((key, row))
    return found


def _met_elsewhere(
    books: Books, account: Account, keyed: list[tuple[Any, BankRow]], known: dict[Any, Row]
) -> dict[Any, Row]:
    """What an earlier file brought under another name: the same day and amount, the words of one
    within the other's, not an id each, and not named by this file."""
    named = [id(row) for row in known.values()]
    free = [
        row
        for row in books.rows
        if row.account is account
        and row.origin == "file"
        and row.posted
        and row.state in ("standing", "absorbed")
        and id(row) not in named
    ]
    found: dict[Any, Row] = {}
    for exact in (True, False):
        for key, said in keyed:
            if key in known or key in found or said.pending:
                continue
            for row in free:
                mine, theirs = plain_text(said.description), plain_text(row.description)
                one_id = (row.bank_id is None) != (said.bank_id is None)
                part = one_id and {mine, theirs} == {"qux", "blip qux"}
                agree = mine == theirs if exact else part
                if (
                    agree
                    and (row.date, row.amount) == (said.date, said.amount)
                    and (row.bank_id is None or said.bank_id is None)
                ):
                    found[key] = row
                    free.remove(row)
                    break
    return found


def _awaited(row: Row) -> bool:
    """The bank said that it is pending, and it still is, itself or as what it was matched with."""
    if row.origin != "file":
        return False
    if row.state == "absorbed":
        assert row.absorbed_by is not None
        return row.absorbed_by.state == "standing" and not row.absorbed_by.posted
    return row.state == "standing" and not row.posted


def _stands_for(row: Row) -> Row:
    return row.absorbed_by or row


def _meet_again(row: Row, said: BankRow, met: Row | None = None) -> bool:
    """Take over what the bank says differently now, except what the user said himself. met: what
    the bank said before, which the row stands for."""
    if row.state != "standing":
        return False
    if not row.posted and not said.pending:
        if met is not None and met is not row and row.transfer is None:
            _agree_on_the_amount(row, said, met)
        _post(row, said)
        return True
    if row.origin == "manual" or (said.pending and row.posted):
        return False
    if row.bank_id is None and said.bank_id is not None:
        return False
    changed = False
    if said.date != row.date and "date" not in row.mine:
        row.date, changed = said.date, True
    if said.amount != row.amount and "amount" not in row.mine and row.transfer is None:
        row.parts = resized(row.parts, said.amount)
        row.amount, changed = said.amount, True
    if (
        plain_text(said.description) != plain_text(row.description)
        and "description" not in row.mine
    ):
        row.description, changed = said.description, True
    return changed


def _agree_on_the_amount(mine: Row, said: BankRow, met: Row) -> None:
    """What was typed was what the bank then said, so it follows the bank; what was said otherwise
    since follows it only up by a tip of at most three tenths."""
    sign = 1 if mine.amount > 0 else -1
    typed, booked = mine.amount * sign, said.amount * sign
    if mine.amount == met.amount or typed < booked <= typed * 13 / 10:
        mine.parts = resized(mine.parts, said.amount)
        mine.amount = said.amount


def _post(row: Row, said: BankRow) -> None:
    row.posted = True
    if "date" not in row.mine:
        row.date = said.date
    if "amount" not in row.mine and row.transfer is None:
        row.parts = resized(row.parts, said.amount)
        row.amount = said.amount
    if row.origin != "manual" and said.bank_id is not None:
        row.bank_id = said.bank_id


def _new(books: Books, account: Account, said: BankRow) -> Row:
    category_id, source = UNCATEGORIZED, "none"
    if said.hint is not None:
        path = said.hint.lower().replace(":", ".")
        for one in books.categories.values():
            if one.path == path and not one.archived:
                category_id, source = one.id, "bank"
    return Row(
        account,
        said.date,
        said.amount,
        not said.pending,
        [(category_id, said.amount)],
        said.description,
        "file",
        source,
        bank_id=said.bank_id,
    )


def _nearest(rows: list[Row], said: BankRow, before: int, after: int) -> Row | None:
    """The row of this amount nearest in time, the earlier of two; before, after: days allowed."""
    near = [
        one
        for one in rows
        if one.amount == said.amount and -after <= (said.date - one.date).days <= before
    ]
    if not near:
        return None
    return min(near, key=lambda one: (abs((said.date - one.date).days), one.date, one.id))


def plain_text(text: str) -> str:
    return " ".join(text.split()).casefold()
