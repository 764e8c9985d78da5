"""Who gets what of the accounts: several goals share them, and never more than an account holds.

What is earmarked goes first, then the goals whose accounts' balance counts; each in order of
priority, and of creation where that is equal. A goal takes of its accounts in their order until it
has its target, so one that comes later gets what is left.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from uuid import UUID

from mintflow.domain.core.money import EXACT, ZERO, exact_sum


@dataclass(frozen=True, slots=True)
class Claim:
    """What one goal asks for. order: (priority, number of creation). earmarks: account -> set
    aside. account_ids: whose balance counts, until `most`; None: unknown, and nothing is taken."""

    goal_id: UUID
    order: tuple[int, int]
    earmarks: Mapping[UUID, Decimal]
    account_ids: Sequence[UUID] = ()
    most: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Allotment:
    """goals: goal -> account -> what it has of it. free: account -> what nobody has; an account
    below zero has nothing to give."""

    goals: Mapping[UUID, Mapping[UUID, Decimal]]
    free: Mapping[UUID, Decimal]

    def of(self, goal_id: UUID) -> Decimal:
        return exact_sum(self.goals[goal_id].values())


def allot(claims: Iterable[Claim], balances: Mapping[UUID, Decimal]) -> Allotment:
    """Share the balances out. An account without a balance holds nothing."""
    free = {one: max(balance, ZERO) for one, balance in balances.items()}
    in_order = sorted(claims, key=lambda claim: claim.order)
    goals: dict[UUID, dict[UUID, Decimal]] = {claim.goal_id: {} for claim in in_order}
    for claim in in_order:
        for account_id, amount in claim.earmarks.items():
            _take(goals[claim.goal_id], free, account_id, amount)
    for claim in in_order:
        left = ZERO if claim.most is None else claim.most
        for account_id in claim.account_ids:
            left = EXACT.subtract(left, _take(goals[claim.goal_id], free, account_id, left))
    return Allotment(goals, free)


def _take(
    held: dict[UUID, Decimal], free: dict[UUID, Decimal], account_id: UUID, wanted: Decimal
) -> Decimal:
    given = max(min(wanted, free.get(account_id, ZERO)), ZERO)
    if given:
        free[account_id] = EXACT.subtract(free[account_id], given)
        held[account_id] = EXACT.add(held.get(account_id, ZERO), given)
    return given
