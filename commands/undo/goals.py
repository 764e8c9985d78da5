"""Goals: each is again what the words that count say, and has set aside what they add up to."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

from mintflow.commands.undo.course import Course
from mintflow.commands.undo.stays import STAYS
from mintflow.domain.core.errors import MintFlowError
from mintflow.domain.core.money import EXACT, ZERO, money_text, negated
from mintflow.domain.goals import Goal, GoalNotFound
from mintflow.domain.goals.events import (
    Earmark,
    GoalArchived,
    GoalChanged,
    GoalCreated,
)
from mintflow.store.mapper import RecordedEvent

# What tending says by itself follows from the books, and is looked at again after every undo; so
# what it earmarked is never taken back here, or it would be taken back twice (stays.py).
_OBSERVED = tuple(kind for kind in STAYS if kind.startswith("goal."))
_PLEDGES = ("goal.pledged", "goal.pledge_withdrawn", "goal.pledge_restored")


async def undo(course: Course, events: Sequence[RecordedEvent]) -> None:
    """Bring every goal of the operation to what counts."""
    unit = course.unit
    for stream_id in dict.fromkeys(UUID(one.stream_id) for one in events):
        goal = await unit.change(Goal, stream_id, GoalNotFound)
        history = (await unit.log.histories(unit.ledger_id, [stream_id]))[stream_id]
        said = [
            typed
            for event, typed in zip(history, unit.log.typed(history), strict=True)
            if course.counts(event) or event.type in _OBSERVED
        ]
        own = [one for one in events if UUID(one.stream_id) == stream_id]
        _bring(course, goal, own, said, unit.log.typed(history)[0])
        details = [one for one in history if one.type in ("goal.created", "goal.changed")]
        course.kept("goal", goal.id, "terms", details)
        _pledges(course, goal, own, history)


def _bring(
    course: Course, goal: Goal, own: Sequence[RecordedEvent], said: Sequence[Any], first: Any
) -> None:
    words = [one for one in said if isinstance(one, GoalCreated | GoalChanged)]
    # A goal without any word that counts is there for ever, and takes nothing.
    last = words[-1] if words else first
    archived = not any(isinstance(one, GoalCreated) for one in said) or any(
        isinstance(one, GoalArchived) for one in said
    )
    is_now = {"name": goal.name, "terms": _terms(goal), "archived": goal.archived}
    touched = {UUID(one.data["account_id"]) for one in own if "delta" in one.data}
    marks = [Earmark(account_id, delta) for account_id in sorted(touched)
             if (delta := _missing(goal, account_id, said))]  # fmt: skip
    before = {str(one.account_id): _held(goal, one.account_id) for one in marks}
    if goal.restore(last.name, last.note, last.terms, archived, marks, course.unit.now):
        will_be = {"name": goal.name, "terms": _terms(goal), "archived": goal.archived}
        fields = {
            name: (was, will_be[name]) for name, was in is_now.items() if was != will_be[name]
        }
        for account_id, was in before.items():
            fields[f"earmark {account_id}"] = (was, _held(goal, UUID(account_id)))
        course.change("goal", goal.id, fields)


def _pledges(
    course: Course, goal: Goal, own: Sequence[RecordedEvent], history: Sequence[RecordedEvent]
) -> None:
    """Pledges are open or withdrawn as the last word that counts says; what the rule said of one
    follows from the income, and counts in any case."""
    said = [one for one in history if one.type in _PLEDGES]
    for event in own:
        if event.type in _PLEDGES and _by_rule(event):
            course.stays[event.type] += 1
    spoken = [one for one in own if one.type in _PLEDGES and not _by_rule(one)]
    for pledge_id in dict.fromkeys(one.data["pledge_id"] for one in spoken):
        words = [one for one in said if one.data["pledge_id"] == pledge_id]
        counting = [one for one in words if _by_rule(one) or course.counts(one)]
        last, held = counting[-1] if counting else None, goal.pledges[UUID(pledge_id)]
        shall = last is not None and last.type != "goal.pledge_withdrawn"
        if held.transfer_id is not None:
            if not shall:
                course.conflict("pledge", pledge_id, "met by a transfer")
        elif held.withdrawn == shall:
            try:
                _settle(course, goal, UUID(pledge_id), shall)
            except MintFlowError as refusal:
                course.refused("pledge", pledge_id, refusal)


def _settle(course: Course, goal: Goal, pledge_id: UUID, shall_be_open: bool) -> None:
    if shall_be_open:
        goal.restore_pledge(pledge_id, course.unit.now)
    else:
        goal.withdraw(pledge_id, course.unit.now, "undo")
    status = ("withdrawn", "open") if shall_be_open else ("open", "withdrawn")
    course.change("pledge", pledge_id, {"status": status})


def _by_rule(event: RecordedEvent) -> bool:
    """Whether a pledge came of an income, or went because of it."""
    return event.data.get("transaction_id") is not None or event.data.get("why") == "income"


def _missing(goal: Goal, account_id: UUID, said: Sequence[Any]) -> Decimal:
    """How much more than now is set aside by the words that count; never below nothing."""
    total = ZERO
    for one in said:
        if getattr(one, "delta", None) is not None and one.account_id == account_id:
            total = EXACT.add(total, one.delta)
    return EXACT.add(max(total, ZERO), negated(goal.earmarks.get(account_id, ZERO)))


def _held(goal: Goal, account_id: UUID) -> str:
    return money_text(goal.earmarks.get(account_id, ZERO))


def _terms(goal: Goal) -> dict[str, Any]:
    terms = goal.terms
    return {
        "target": None if terms.target is None else money_text(terms.target),
        "months": terms.months,
        "due": None if terms.due is None else terms.due.isoformat(),
        "priority": terms.priority,
        "accounts": [str(one) for one in terms.account_ids],
    }
