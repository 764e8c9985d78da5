"""Bills: each is again what the words that count say; that it was reminded of stays."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from mintflow.commands.undo.course import Course
from mintflow.domain.bills.bill import Bill, BillNotFound, BillTerms, Marked
from mintflow.domain.core.money import money_text
from mintflow.store.mapper import RecordedEvent

_DETAILS = ("bill.added", "bill.changed", "bill.restored")
_ENDS = ("bill.ended", "bill.restored")


async def undo(course: Course, events: Sequence[RecordedEvent]) -> None:
    """Bring every bill of the operation to what counts."""
    for stream_id, history in (await course.streams(events)).items():
        bill = await course.unit.change(Bill, stream_id, BillNotFound)
        _bring(course, bill, history)


def _bring(course: Course, bill: Bill, history: Sequence[RecordedEvent]) -> None:
    # A bill that was undone and confirmed anew is added as well.
    adds = [one for one in history if one.type in ("bill.added", "bill.restored")]
    gone = not any(course.counts(one) and not one.data.get("gone") for one in adds)
    later = [one for one in history if one.type != "bill.reminded" and course.counts(one)]
    if gone and not bill.gone and later and not course.discard_edits:
        course.conflict("bill", bill.id, "changed since", sorted({one.type for one in later}))
        return
    said = [one for one in history if one.type in _DETAILS]
    details = course.unit.log.typed([course.last(said) or history[0]])[0]
    ends = [one for one in history if one.type in _ENDS]
    end = course.last(ends)
    last_day = None if end is None else course.unit.log.typed([end])[0].last_day
    was, held = _shown(bill), dict(bill.marks)
    marks = _marks(course, bill, history)
    bill.restore(details.name, details.payee, details.terms, last_day, gone, marks, course.unit.now)
    course.changed_fields(
        "bill", bill.id,
        was | {f"mark {one.due}": held.get(one.due, ("open", None))[0] for one in marks},
        _shown(bill) | {f"mark {one.due}": one.mark for one in marks},
    )  # fmt: skip
    course.kept("bill", bill.id, "details", said)
    course.kept("bill", bill.id, "last_day", ends)


def _marks(course: Course, bill: Bill, history: Sequence[RecordedEvent]) -> list[Marked]:
    """What was said of the times that the operation spoke of, where that is another word now."""
    found = []
    said = [one for one in history if one.type == "bill.marked"]
    for day in dict.fromkeys(one.data["due"] for one in course.own(said)):
        words = [one for one in said if one.data["due"] == day]
        last = course.last(words)
        typed = course.unit.log.typed([last or words[0]])[0]
        shall = Marked(typed.due, typed.mark, typed.transaction_id)
        if last is None:
            shall = Marked(typed.due, "open", None)
        if bill.marks.get(shall.due, ("open", None)) != (shall.mark, shall.transaction_id):
            found.append(shall)
        course.kept("bill", bill.id, f"mark {day}", words)
    return found


def _shown(bill: Bill) -> dict[str, Any]:
    return {
        "name": bill.name,
        "terms": _terms(bill.terms),
        "last_day": None if bill.last_day is None else bill.last_day.isoformat(),
        "there": not bill.gone,
    }


def _terms(terms: BillTerms) -> dict[str, Any]:
    account_id: UUID | None = terms.account_id
    return {
        "amount": money_text(terms.amount),
        "currency": terms.currency,
        "variable": terms.variable,
        "frequency": terms.schedule.frequency,
        "anchor": terms.schedule.anchor.isoformat(),
        "account_id": None if account_id is None else str(account_id),
        "category_id": terms.category_id,
        "remind_days": terms.remind_days,
    }
