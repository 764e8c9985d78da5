"""The parts of a split, and how long texts may be: rules that need no transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from mintflow.domain.core.money import EXACT, digits_of, exact_amount, exact_sum, negated
from mintflow.domain.core.postings import Allocation, PostingsMustSumToZero
from mintflow.domain.transactions.errors import NothingToSplit, TextTooLong

TEXT_LENGTH_MAX = 2_000
TAGS_MAX = 50
TAG_LENGTH_MAX = 100
SPLITS_MAX = 100


def resized(
    parts: tuple[Allocation, ...], amount: Decimal, currency: str
) -> tuple[Allocation, ...]:
    """The parts for another amount, in their order.

    The difference goes to the largest part, the first of equals: a tip belongs to what was eaten.
    Where that one would be used up or turn its sign (a hold posts for much less), all are scaled in
    proportion, and turn their signs if the whole does. Parts of both signs never grow by scaling,
    for a whole of a few cents would make thousands of them: the difference goes to the largest of
    those that have its own sign. So no part turns its sign without the whole.
    """
    whole_was = exact_sum(part.amount for part in parts)
    difference = EXACT.subtract(amount, whole_was)
    if not difference:
        return parts
    largest = max(range(len(parts)), key=lambda i: parts[i].amount.copy_abs())
    held = parts[largest].amount
    grown = EXACT.add(held, difference)
    if len(parts) == 1 or not held or (grown and _agree(grown, held)):
        return _with(parts, largest, grown)
    mixed = len({part.amount > 0 for part in parts if part.amount}) == 2
    if mixed and amount.copy_abs() > whole_was.copy_abs():
        return _added(parts, parts, difference)
    return _scaled(parts, whole_was, amount, currency)


def _scaled(
    parts: tuple[Allocation, ...], whole_was: Decimal, amount: Decimal, currency: str
) -> tuple[Allocation, ...]:
    """Each in proportion, rounded towards zero; what is left over goes to the largest one of its
    sign. In whole numbers, because a product of two amounts has more digits than `EXACT`."""
    digits = digits_of(currency)
    to, of = (int(EXACT.scaleb(one.copy_abs(), digits)) for one in (amount, whole_was))
    turns = not _agree(amount, whole_was)
    turned = tuple(replace(part, amount=negated(part.amount)) if turns else part for part in parts)
    sizes = [int(EXACT.scaleb(part.amount.copy_abs(), digits)) * to // of for part in parts]
    scaled = tuple(
        replace(part, amount=_of_units(size if part.amount > 0 else -size, digits))
        for part, size in zip(turned, sizes, strict=True)
    )
    left_over = EXACT.subtract(amount, exact_sum(part.amount for part in scaled))
    return _added(scaled, turned, left_over)


def _added(
    parts: tuple[Allocation, ...], signs: tuple[Allocation, ...], difference: Decimal
) -> tuple[Allocation, ...]:
    """The difference goes to the part which is the largest of its own sign in `signs`."""
    if not difference:
        return parts
    own = [i for i, part in enumerate(signs) if part.amount and _agree(part.amount, difference)]
    largest = max(own, key=lambda i: signs[i].amount.copy_abs())
    return _with(parts, largest, EXACT.add(parts[largest].amount, difference))


def _with(parts: tuple[Allocation, ...], at: int, amount: Decimal) -> tuple[Allocation, ...]:
    return (*parts[:at], replace(parts[at], amount=amount), *parts[at + 1 :])


def _agree(one: Decimal, other: Decimal) -> bool:
    return (one > 0) == (other > 0)


def _of_units(units: int, digits: int) -> Decimal:
    return EXACT.scaleb(Decimal(units), -digits)


def checked_splits(
    splits: Sequence[tuple[str, Decimal | str]], booking_amount: Decimal, currency: str
) -> tuple[Allocation, ...]:
    """Allocations from (category id, amount) pairs.

    Raises NothingToSplit, TooManyDigits, PostingsMustSumToZero.
    """
    if not 1 <= len(splits) <= SPLITS_MAX:
        raise NothingToSplit("a split has 1 to 100 parts", parts=len(splits), parts_max=SPLITS_MAX)
    parts = tuple(Allocation(name, exact_amount(amount, currency)) for name, amount in splits)
    total = exact_sum(part.amount for part in parts)
    if total != booking_amount:
        raise PostingsMustSumToZero(
            "the parts of a split must sum to the transaction's amount",
            amount=str(booking_amount),
            parts=str(total),
            currency=currency,
        )
    return parts


def check_texts(*texts: str, tags: Sequence[str] = ()) -> None:
    """Raises TextTooLong for what the books do not keep."""
    for text in texts:
        if len(text) > TEXT_LENGTH_MAX:
            raise TextTooLong("the text is too long", length=len(text), length_max=TEXT_LENGTH_MAX)
    if len(tags) > TAGS_MAX or any(not 0 < len(tag) <= TAG_LENGTH_MAX for tag in tags):
        raise TextTooLong(
            "up to 50 tags of 1 to 100 characters", tags=len(tags), length_max=TAG_LENGTH_MAX
        )
