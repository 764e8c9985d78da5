"""What happens to goals by itself: income is set aside, pledges meet their transfers, and goals
are reached. Everything is decided on what stands now, so looking again does nothing twice."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from mintflow.commands.core.command import Command, Handler
from mintflow.commands.core.ports import Books, GoalStanding, Movement
from mintflow.commands.core.unit import Unit
from mintflow.domain.categories import CategoryNotFound, CategoryTree
from mintflow.domain.core.ids import category_tree_id
from mintflow.domain.core.money import EXACT, ZERO, exact_sum
from mintflow.domain.goals import PLEDGE_DAYS_BEFORE, Goal, GoalNotFound
from mintflow.domain.goals.events import GoalSetAside, Pledge
from mintflow.domain.transactions import Transaction

_BEFORE = dt.timedelta(days=PLEDGE_DAYS_BEFORE)


class TendGoals(Command):
    """Look at these transactions, which may be income or have been, and at all pledges and
    targets."""

    transactions: tuple[UUID, ...] = ()


def tend_goals(books: Books) -> Handler:
    """The handler of TendGoals, which asks the read models which goals there are.

    What they answer may be a moment old: whatever came after it leads to another look.
    """

    async def handle(command: TendGoals, unit: Unit) -> dict[str, Any]:
        standing = await books.goals_standing(unit.ledger_id, unit.now.date())
        held = {one.goal_id: await unit.find(Goal, one.goal_id, guard=False) for one in standing}
        goals = [
            await unit.change(Goal, one.goal_id, GoalNotFound)
            for one in standing
            if (goal := held[one.goal_id]) is not None and not goal.archived
        ]
        before = sum(goal.version for goal in goals)
        if command.transactions and any(goal.terms.saving or goal.asides for goal in goals):
            await _save(command.transactions, goals, standing, unit)
        await _keep_pledges(goals, books, unit)
        by_id = {one.goal_id: one for one in standing}
        for goal in goals:
            one = by_id[goal.id]
            if one.target is not None and one.remaining is not None:
                # A debt is reached by what is left, which may be more than its target.
                goal.observe(EXACT.subtract(one.target, one.remaining), one.target, unit.now)
        return {"events": sum(goal.version for goal in goals) - before}

    return handle


async def _save(
    transaction_ids: Sequence[UUID],
    goals: Sequence[Goal],
    standing: Sequence[GoalStanding],
    unit: Unit,
) -> None:
    """Each income is shared by priority, and never more of it than it is."""
    tree = await unit.read(CategoryTree, category_tree_id(unit.ledger_id), CategoryNotFound)
    earned = {one for one, node in tree.nodes.items() if node.kind == "income"}
    found = await unit.prefetch(Transaction, list(dict.fromkeys(transaction_ids)))
    missing = {one.goal_id: one.remaining for one in standing}
    incomes = []
    for transaction in found.values():
        booking = transaction.booking
        if booking is None or booking.status != "posted":
            incomes.append((unit.now.date(), transaction, ZERO))
            continue
        parts = [one.amount for one in booking.allocations if one.category_id in earned]
        incomes.append((booking.date, transaction, max(exact_sum(parts), ZERO)))
    for on, transaction, income in sorted(incomes, key=lambda one: (one[0], one[1].id)):
        left = income
        for goal in goals:
            taken = _save_for(goal, transaction, (on, income), left, missing[goal.id], unit.now)
            left = EXACT.subtract(left, taken)


def _save_for(
    goal: Goal, transaction: Transaction, came: tuple[dt.date, Decimal], left: Decimal,
    remaining: Decimal | None, now: dt.datetime,
) -> Decimal:  # fmt: skip
    """What this goal has of an income that came on a day; at most what is left of it."""
    on, income = came
    booking, held = transaction.booking, goal.asides.get(transaction.id)
    if booking is not None and booking.currency != goal.currency:
        # An account keeps its currency, so nothing was set aside of it before either.
        return ZERO
    if booking is not None:
        account_id = booking.account_id
    elif held is not None:
        account_id = held.account_id
    else:
        return ZERO
    most = left if remaining is None else min(left, _missing(goal, transaction.id, remaining))
    goal.save_from(transaction.id, account_id, income, on, most, now)
    held = goal.asides.get(transaction.id)
    return ZERO if held is None else min(held.amount, left)


def _missing(goal: Goal, transaction_id: UUID, remaining: Decimal) -> Decimal:
    """What is missing of the target without what is pledged or, just now, set aside."""
    coming = [
        one.amount
        for one in goal.pledges.values()
        if one.is_open and one.transaction_id != transaction_id
    ]
    new = [event.delta for event in goal.pending_events if isinstance(event, GoalSetAside)]
    held = goal.asides.get(transaction_id)
    own = ZERO if held is None or held.pledge_id is not None else held.amount
    free = EXACT.subtract(remaining, exact_sum((*coming, *new)))
    return max(EXACT.add(free, own), ZERO)


async def _keep_pledges(goals: Sequence[Goal], books: Books, unit: Unit) -> None:
    """Open pledges meet transfers of the same accounts and amount, each of which keeps one; those
    whose transfer is gone are open again."""
    kept = [(goal, one) for goal in goals for one in goal.pledges.values() if one.transfer_id]
    if not kept and not any(one.is_open for goal in goals for one in goal.pledges.values()):
        return
    wanted = [one for goal in goals for one in goal.pledges.values() if one.is_open]
    wanted += [one for _, one in kept]
    first = min(one.date for one in wanted) - _BEFORE
    movements = await books.movements(
        unit.ledger_id, first, max(one.until for one in wanted),
        [one.transfer_id for _, one in kept if one.transfer_id is not None],
    )  # fmt: skip
    there = {one.transfer_id for one in movements}
    used = set()
    for goal, pledge in kept:
        if pledge.transfer_id in there:
            used.add(pledge.transfer_id)
        else:
            goal.reopen(pledge.pledge_id, unit.now)
    for goal in goals:
        for pledge in sorted(goal.pledges.values(), key=lambda one: (one.date, one.pledge_id)):
            if not pledge.is_open:
                continue
            met = next(
                (one for one in movements if one.transfer_id not in used and _meets(one, pledge)),
                None,
            )
            if met is not None:
                used.add(met.transfer_id)
                goal.meet(pledge.pledge_id, met.transfer_id, met.date, unit.now)


def _meets(movement: Movement, pledge: Pledge) -> bool:
    return (
        movement.from_account_id == pledge.from_account_id
        and movement.to_account_id == pledge.to_account_id
        and movement.amount == pledge.amount
        and pledge.date - _BEFORE <= movement.date <= pledge.until
    )
