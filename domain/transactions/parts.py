"""The parts of a split, and how long texts may be: rules that need no transaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from mintflow.domain.core.money import EXACT, exact_amount, exact_sum
from mintflow.domain.core.postings import Allocation, PostingsMustSumToZero
from mintflow.domain.transactions.errors import NothingToSplit, TextTooLong

TEXT_LENGTH_MAX = 2_000
TAGS_MAX = 50
TAG_LENGTH_MAX = 100
SPLITS_MAX = 100


def resized(parts: tuple[Allocation, ...], amount: Decimal) -> tuple[Allocation, ...]:
    """The parts for another amount: the difference goes to the largest one, the first of equals."""
    difference = EXACT.subtract(amount, exact_sum(part.amount for part in parts))
    if not difference:
        return parts
    largest = max(range(len(parts)), key=lambda i: parts[i].amount.copy_abs())
    return tuple(
        replace(part, amount=EXACT.add(part.amount, difference)) if i == largest else part
        for i, part in enumerate(parts)
    )


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
