"""Which column is what: by its name where the name is known, and always by what stands in it.

A name is a hint that the content must confirm; without names the content decides alone: dates by
shape, the running balance by its chain, the description by the length of its text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from mintflow.connectors.files.amounts import DecimalSign, Parts
from mintflow.connectors.files.delimited import chain
from mintflow.connectors.files.delimited.cells import Column
from mintflow.connectors.files.delimited.marks import (
    CARD_RETURN_MARKS,
    CARD_SPENDING_MARKS,
    CREDIT_MARKS,
    DEBIT_MARKS,
    PARTNER_MARKS,
    mark_of,
)

_DATE_ROLES = ("booking", "date", "transaction", "value")
_CARD_MARKS = CARD_SPENDING_MARKS | CARD_RETURN_MARKS
# A chain that holds on fewer rows is chance.
_CHAIN_SHARE_MIN = 0.5
# A name that only ends in "balance" may be of another balance than the one after each row.
_KNOWN_BALANCE_RANK = 1


@dataclass(frozen=True, slots=True)
class Money:
    """The columns of amounts; as in CsvProfile."""

    amount: int | None = None
    debit: int | None = None
    credit: int | None = None
    balance: int | None = None
    fee: int | None = None
    direction: int | None = None
    debit_marks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Texts:
    """The columns that a person reads."""

    description: tuple[int, ...]
    memo: tuple[int, ...]


def date_columns(columns: Sequence[Column]) -> tuple[int | None, int | None]:
    """The booking date and, if the file has one, the value date (or what dates unbooked rows)."""
    dated = [c for c in columns if c.is_date or (not c.filled and _date_rank(c) < 9)]
    if not dated:
        return None, None
    # A column that is empty more often than not dates nothing.
    half = max((len(c.filled) for c in dated), default=0) / 2
    main = min(dated, key=lambda c: (len(c.filled) < half, _date_rank(c), c.index))
    others = [c for c in dated if c is not main]
    second = next((c for c in others if "value" in c.roles and not _is_clock(c)), None)
    if second is None and len(main.filled) < len(main.cells):
        second = next((c for c in others if len(c.filled) > len(main.filled)), None)
    if second is None and not main.name and others:
        second = others[0]
    return main.index, second.index if second else None


def _date_rank(column: Column) -> int:
    ranks = [i for i, role in enumerate(_DATE_ROLES) if role in column.roles]
    return min(ranks, default=9)


def _is_clock(column: Column) -> bool:
    return bool(column.filled) and all(":" in c and len(c) <= 8 for c in column.filled)


def money_columns(columns: Sequence[Column], decimal_sign: DecimalSign) -> Money | None:
    """The columns of money among those that are not dates, or None if no amount is found."""
    free = [c for c in columns if not c.is_date and not c.is_currency]
    found = _named_money(free, decimal_sign) or _unnamed_money(free, decimal_sign)
    if found is None:
        return None
    if found.amount is None:
        return found
    taken = {found.amount, found.balance, found.fee}
    direction = _direction(columns, next(c for c in columns if c.index == found.amount), taken)
    if direction is None:
        return found
    return Money(
        found.amount,
        balance=found.balance,
        fee=found.fee,
        direction=direction.index,
        debit_marks=_debit_marks(direction),
    )


def _named_money(free: Sequence[Column], sign: DecimalSign) -> Money | None:
    balance = _best(free, "balance")
    rest = [c for c in free if c is not balance]
    amount = _best_amount(rest, balance, sign)
    debit, credit = _best(rest, "debit"), _best(rest, "credit")
    fee = _best(rest, "fee")
    if amount and debit and credit and debit is not credit and not amount.has_negative:
        # Where all three stand, an amount without signs repeats what the two others say.
        amount = None if debit.filled or credit.filled else amount
    if amount:
        balance = _that_follows(balance, amount.amounts(sign), sign)
        fee = fee if fee and balance and "net" not in amount.name.casefold() else None
        if fee and _fee_is_inside(amount, fee, balance, sign):
            fee = None
        return Money(amount.index, balance=_index(balance), fee=_index(fee))
    if debit and credit and debit is not credit:
        balance = _that_follows(balance, moves(debit.amounts(sign), credit.amounts(sign)), sign)
        return Money(debit=debit.index, credit=credit.index, balance=_index(balance))
    return None


def _that_follows(
    balance: Column | None, moved: Sequence[Decimal | None], sign: DecimalSign
) -> Column | None:
    """The column of balances; None where its name leaves open whose they are and no row shows it.

    moved: one signed amount per row."""
    if balance is None or balance.roles["balance"] <= _KNOWN_BALANCE_RANK:
        return balance
    return balance if chain.share(moved, balance.amounts(sign)) > _CHAIN_SHARE_MIN else None


def _best(free: Sequence[Column], role: str) -> Column | None:
    named = [c for c in free if role in c.roles and _can_be_money(c)]
    # A column of words named like an amount ("Credit" beside card names) is none.
    return min(named, key=lambda c: (c.roles[role], not c.filled, c.index), default=None)


def _best_amount(
    free: Sequence[Column], balance: Column | None, sign: DecimalSign
) -> Column | None:
    named = [c for c in free if "amount" in c.roles and _can_be_money(c)]
    if not named:
        return None
    best_rank = min(c.roles["amount"] for c in named)
    named = [c for c in named if c.roles["amount"] == best_rank]
    if balance and len(named) > 1:
        of_balance = balance.amounts(sign)
        return max(named, key=lambda c: (chain.share(c.amounts(sign), of_balance), -c.index))
    return named[0]


def _can_be_money(column: Column) -> bool:
    return column.is_amount or not column.filled


def _fee_is_inside(amount: Column, fee: Column, balance: Column | None, sign: DecimalSign) -> bool:
    """Whether the balance moves by the amount alone, so that the fee is a part of it."""
    if balance is None or not fee.is_amount:
        return not fee.filled and balance is None
    plain, fees, after = (column.amounts(sign) for column in (amount, fee, balance))
    both = [
        a - f if a is not None and f is not None else a for a, f in zip(plain, fees, strict=True)
    ]
    return chain.share(plain, after) > chain.share(both, after)


def _unnamed_money(free: Sequence[Column], sign: DecimalSign) -> Money | None:
    # Currencies without cents print whole numbers, which only a chain tells from other numbers.
    numbers = [c for c in free if c.is_number]
    chained = _by_chain(numbers, sign) if len(numbers) > 1 else None
    if chained:
        return chained
    money = [c for c in free if c.is_money] or numbers[-2:]
    # A column that is named a balance, or something else altogether, is no amount; one that is
    # named for its marks ("Soll/Haben") may hold amounts with signs.
    money = [c for c in money if not c.roles or "amount" in c.roles or _is_signed(c)]
    if not money:
        return None
    # Whole numbers may be the other half of a pair, but cheques have numbers too.
    halves = [c for c in numbers if not c.roles and c not in money]
    whole = sorted([*money, *halves], key=lambda c: c.index)
    pair = _by_turns(money) or _by_turns(whole)
    if pair:
        return pair
    return Money(money[0].index) if len(money) == 1 else _by_signs(money)


def _is_signed(column: Column) -> bool:
    return column.roles.keys() == {"direction"} and column.has_negative


def _by_chain(money: Sequence[Column], sign: DecimalSign) -> Money | None:
    """An amount (or a pair) and the balance that it moves, if a chain holds."""
    values = {c.index: c.amounts(sign) for c in money}
    best: tuple[float, Money] = (_CHAIN_SHARE_MIN, Money())
    for b in money:
        for a in money:
            if a is b:
                continue
            held = chain.share(values[a.index], values[b.index])
            if held > best[0]:
                best = held, Money(a.index, balance=b.index)
            for other in money:
                if other.index <= a.index or other is b or not _take_turns(a, other):
                    continue
                for debit, credit in ((a, other), (other, a)):
                    moved = moves(values[debit.index], values[credit.index])
                    held = chain.share(moved, values[b.index])
                    if held > best[0]:
                        pair = Money(debit=debit.index, credit=credit.index, balance=b.index)
                        best = held, pair
    return best[1] if best[1].balance is not None else None


def moves(
    debits: Sequence[Decimal | None], deposits: Sequence[Decimal | None]
) -> list[Decimal | None]:
    """What a debit and a credit column say together, one signed amount per row."""
    return [
        -abs(debit) if debit else (deposit or debit)
        for debit, deposit in zip(debits, deposits, strict=True)
    ]


def _by_turns(money: Sequence[Column]) -> Money | None:
    """Two columns of which each row fills one: money out stands first, unless its signs differ."""
    for i, first in enumerate(money):
        for second in money[i + 1 :]:
            if not _take_turns(first, second):
                continue
            swap = second.has_negative and not first.has_negative
            debit, credit = (second, first) if swap else (first, second)
            balance = _last_full([c for c in money if c not in (debit, credit)])
            return Money(debit=debit.index, credit=credit.index, balance=balance)
    return None


def _take_turns(first: Column, second: Column) -> bool:
    one, other = ([_moved(part) for part in column.parts] for column in (first, second))
    return any(one) and any(other) and all(a != b for a, b in zip(one, other, strict=True))


def _moved(part: Parts | None) -> bool:
    """Whether the cell holds more than nothing or a zero."""
    return part is not None and bool(part.body.strip("0.,' "))


def _by_signs(money: Sequence[Column]) -> Money:
    """Nothing chains: the first column that carries signs is the amount, the last a balance."""
    amount = next((c for c in money if c.has_negative), money[0])
    others = [c for c in money if c is not amount and not _repeats(amount, c)]
    return Money(amount.index, balance=_last_full(others))


def _repeats(amount: Column, other: Column) -> bool:
    """Whether it is the same money again, as in another currency, and so no balance."""
    both = [(a, b) for a, b in zip(amount.parts, other.parts, strict=True) if a and b]
    same = sum(a == b and _moved(a) for a, b in both)
    signed = amount.has_negative and all(a.negative == b.negative for a, b in both)
    return same * 2 > len(both) or (signed and len(both) > 1)


def _last_full(columns: Sequence[Column]) -> int | None:
    """The last column that has a value, and not always the same one, in every row."""
    full = [c for c in columns if len(c.printed) == len(c.cells) and len(set(c.cells)) > 1]
    return full[-1].index if full else None


def _direction(columns: Sequence[Column], amount: Column, taken: set[int | None]) -> Column | None:
    """The column of "debit" and "credit" beside amounts that carry no sign of their own."""
    if any(part is not None and part.marked for part in amount.parts):
        return None
    flags = [c for c in columns if c.index not in taken and c.is_direction]
    flags = [c for c in flags if not {mark_of(v) for v in c.filled} & _CARD_MARKS]
    # A payee or a purpose of one word, such as "Credit", is no flag.
    flags = [c for c in flags if c.roles.get("description", 1) and "payee" not in c.roles]
    named = [c for c in flags if "direction" in c.roles]
    marked = [c for c in flags if {mark_of(v) for v in c.filled} & DEBIT_MARKS]
    # "CR" behind some amounts and nothing behind the others: those are money out.
    only_cr = [c for c in flags if {mark_of(v) for v in c.filled} == {"cr"}]
    return next(iter(named or marked or only_cr), None)


def _debit_marks(direction: Column) -> tuple[str, ...]:
    """The marks of money out that occur, nothing beside credits, or the partner of the one mark."""
    seen = dict.fromkeys(mark_of(v) for v in direction.filled)
    if len(direction.filled) < len(direction.cells) and seen.keys() <= CREDIT_MARKS:
        return ("",)
    debits = tuple(mark for mark in seen if mark in DEBIT_MARKS)
    partners = tuple(PARTNER_MARKS[m] for m in seen if m in CREDIT_MARKS and m in PARTNER_MARKS)
    return debits or partners or ("debit",)


def text_columns(columns: Sequence[Column], taken: set[int | None]) -> Texts:
    """Description and memo among the columns that are neither dates nor money nor codes."""
    free = [c for c in columns if c.index not in taken]
    # A name is believed whatever stands below it, if it is the description's; a payee of digits is
    # an account. A column that is empty in this file may be filled in the bank's next one.
    plain = [c for c in free if c.is_text or not c.filled]
    free = [c for c in free if c in plain or "description" in c.roles]
    payees = [c for c in free if "payee" in c.roles]
    if any(c.tells_apart for c in payees):
        # One name for all rows, beside another that changes, is the account's own.
        payees = [c for c in payees if c.tells_apart or not c.filled]
    told = [c for c in free if "description" in c.roles and c not in payees]
    memos = [c for c in free if "memo" in c.roles and c not in payees]
    memos.sort(key=lambda c: (c.roles["memo"], c.index))
    # "Buchungstext" or "Details" is the kind of booking where a purpose stands beside it.
    best = min((c.roles["description"] for c in told), default=0)
    strong = [c for c in told if c.roles["description"] == best]
    memos += [c for c in told if c not in strong and c not in memos]
    if payees and best > 0:
        memos, strong = [*memos, *(c for c in strong if c not in memos)], []
    chosen = payees + strong
    if not any(c.filled for c in chosen):
        unnamed = [c for c in free if c.is_text and not c.roles]
        longest = sorted(unnamed, key=lambda c: (not c.tells_apart, -c.mean_length))
        chosen += memos[:1] or longest[:1]
    memos = [c for c in memos if c not in chosen]
    return Texts(tuple(c.index for c in chosen), tuple(c.index for c in memos))


def _index(column: Column | None) -> int | None:
    return column.index if column else None
