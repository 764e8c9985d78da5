"""What a rule does with a transaction, and how its split comes out in exact cents."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from decimal import ROUND_DOWN, Context, Decimal

from mintflow.domain.core.money import EXACT, digits_of, exact_sum
from mintflow.domain.core.postings import TRANSFER, Allocation, whole
from mintflow.domain.rules.errors import RuleNotUsable
from mintflow.domain.transactions.parts import check_texts

SHARES_MAX = 50
RATIO_DIGITS_MAX = 8
_DOWN = Context(prec=80, rounding=ROUND_DOWN)


@dataclass(frozen=True, slots=True)
class Share:
    """One part of a split. ratio: of the whole, above 0 and at most 1. amount: without a sign, it
    takes that of the transaction. Neither: what is left, for one share at most."""

    category_id: str
    ratio: Decimal | None = None
    amount: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Actions:
    """At least one of them. transfer: it moves between own accounts and is neither spent nor
    earned. ignore_in_budgets: it stays in balances and totals, and budgets leave it out."""

    category_id: str | None = None
    split: tuple[Share, ...] = ()
    merchant: str | None = None
    tags: tuple[str, ...] = ()
    note: str | None = None
    transfer: bool = False
    ignore_in_budgets: bool = False

    def allocations(self, amount: Decimal, currency: str) -> tuple[Allocation, ...] | None:
        """What becomes of an amount; None where the rule says nothing about its category."""
        if self.transfer:
            return whole(amount, TRANSFER)
        if self.category_id is not None:
            return whole(amount, self.category_id)
        return shared(self.split, amount, currency) if self.split else None


def check_actions(actions: Actions) -> Actions:
    """The actions themselves if a rule can have them. Raises RuleNotUsable, TextTooLong."""
    if all(getattr(actions, one.name) == one.default for one in fields(actions)):
        raise RuleNotUsable("a rule does at least one thing")
    said = [actions.category_id is not None, bool(actions.split), actions.transfer]
    if sum(said) > 1:
        raise RuleNotUsable("a rule gives a category, or splits, or marks as a transfer")
    check_texts(actions.merchant or "", actions.note or "", tags=actions.tags)
    if any(text is not None and not text.strip() for text in (actions.merchant, actions.note)):
        raise RuleNotUsable("a merchant or a note that a rule gives is not empty")
    if actions.split:
        _check_split(actions.split)
    return actions


def shared(
    shares: Sequence[Share], amount: Decimal, currency: str
) -> tuple[Allocation, ...] | None:
    """An amount divided, exactly; None where fixed parts take more than there is, or all.

    Each ratio is rounded down to the currency's digits; the cents left over go to the share
    without ratio and amount, else to the first one. Shares that come to nothing are left out.
    """
    if not amount:
        return None
    quantum = Decimal(1).scaleb(-digits_of(currency))
    size = amount.copy_abs()
    parts: list[Decimal | None] = []
    for share in shares:
        if share.amount is not None:
            parts.append(share.amount)
        elif share.ratio is not None:
            exact = EXACT.multiply(size, share.ratio)
            parts.append(exact.quantize(quantum, rounding=ROUND_DOWN, context=_DOWN))
        else:
            parts.append(None)
    left = EXACT.subtract(size, exact_sum(part for part in parts if part is not None))
    has_rest = None in parts
    if left < 0 or (not has_rest and shares[0].ratio is None and left):
        return None
    if has_rest:
        sizes = [left if part is None else part for part in parts]
    else:
        sizes = [part for part in parts if part is not None]
        sizes[0] = EXACT.add(sizes[0], left)
    if any(one != one.quantize(quantum, context=_DOWN) for one in sizes):
        return None  # An amount with more digits than this account's currency has.
    return tuple(
        Allocation(share.category_id, exact if amount > 0 else exact.copy_negate())
        for share, one in zip(shares, sizes, strict=True)
        if (exact := one.quantize(quantum, context=_DOWN))
    )


def _check_split(shares: Sequence[Share]) -> None:
    if not 2 <= len(shares) <= SHARES_MAX:
        raise RuleNotUsable("a split has 2 to 50 shares", shares=len(shares))
    rests = [one for one in shares if one.ratio is None and one.amount is None]
    for share in shares:
        if share.ratio is not None and share.amount is not None:
            raise RuleNotUsable("a share is a ratio or an amount")
        if share.amount is not None and share.amount <= 0:
            raise RuleNotUsable("the amount of a share is above zero; its sign is the row's")
        if share.ratio is not None and not (
            0 < share.ratio <= 1 and share.ratio == round(share.ratio, RATIO_DIGITS_MAX)
        ):
            raise RuleNotUsable("a ratio lies above 0 and is at most 1, with up to 8 digits")
    ratios = exact_sum(one.ratio for one in shares if one.ratio is not None)
    fixed = any(one.amount is not None for one in shares)
    if len(rests) > 1:
        raise RuleNotUsable("one share at most gets what is left")
    if not rests and (fixed or ratios != 1):
        raise RuleNotUsable("ratios sum to 1, or one share gets what is left")
    if rests and ratios >= 1:
        raise RuleNotUsable("the ratios leave nothing for the share that gets what is left")
