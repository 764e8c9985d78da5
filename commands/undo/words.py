"""What is said in one word: dismissed insights and alerts, judgements, rates, pairs, envelopes."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from mintflow.commands.undo.course import Course
from mintflow.domain.bills.judgement import Judgement, Verdict
from mintflow.domain.budgets.envelopes import Envelopes, Taken
from mintflow.domain.core.errors import NotFound
from mintflow.domain.core.money import money_text, negated
from mintflow.domain.fx import DayRate, RateYear
from mintflow.domain.insights.dismissal import Dismissal, InsightNotFound
from mintflow.domain.transfers import TransferNotFound, TransferRejection
from mintflow.store.mapper import RecordedEvent

_DISMISSES = ("insight.dismissed", "insight.dismissed_again")


class _NotFound(NotFound):
    """What the log has an event of is there."""

    code = "stream_not_found"


async def insights(course: Course, events: Sequence[RecordedEvent]) -> None:
    """Each is dismissed or shown, as the last word that counts says."""
    for stream_id, history in (await course.streams(events)).items():
        held = await course.unit.change(Dismissal, stream_id, InsightNotFound)
        last = course.last(history)
        dismissed = last is not None and last.type in _DISMISSES
        if held.dismissed != dismissed:
            course.change("insight", stream_id, {"dismissed": (held.dismissed, dismissed)})
            (held.dismiss if dismissed else held.show)(course.unit.now)
        course.kept("insight", stream_id, "dismissed", history)


async def judgements(course: Course, events: Sequence[RecordedEvent]) -> None:
    """Verdict and name of recurring streams; without a word that counts there is none."""
    for stream_id, history in (await course.streams(events)).items():
        held = await course.unit.change(Judgement, stream_id, _NotFound)
        last = course.last(history)
        typed = course.unit.log.typed([last or history[0]])[0]
        verdict: Verdict = "none" if last is None else typed.verdict
        name = "" if last is None else typed.name
        was = {"verdict": held.verdict, "name": held.name}
        held.again(typed.transaction_id, verdict, name, course.unit.now)
        course.changed_fields(
            "recurring", stream_id, was, {"verdict": held.verdict, "name": held.name}
        )
        course.kept("recurring", stream_id, "verdict", history)


async def rates(course: Course, events: Sequence[RecordedEvent]) -> None:
    """The rate of each day is what was said of it last, or unknown."""
    now = course.unit.now
    for stream_id, history in (await course.streams(events)).items():
        year = await course.unit.change(RateYear, stream_id, _NotFound)
        said = defaultdict(list)
        for event in history:
            said[event.data["on"]].append(event)
        for day in dict.fromkeys(one.data["on"] for one in course.own(history)):
            last = course.last(said[day])
            typed = course.unit.log.typed([last or said[day][0]])[0]
            was = year.rates.get(typed.on)
            if last is None:
                year.withdraw(typed.on, now)
            else:
                year.record(DayRate(typed.on, typed.rate), now)
            course.changed_fields(
                "rate", f"{year.base}/{year.quote}",
                {day: None if was is None else money_text(was)},
                {day: None if last is None else money_text(typed.rate)},
            )  # fmt: skip
            course.kept("rate", f"{year.base}/{year.quote}", day, said[day])


async def rejections(course: Course, events: Sequence[RecordedEvent]) -> None:
    """Pairs that somebody said are no transfer."""
    for stream_id, history in (await course.streams(events)).items():
        held = await course.unit.change(TransferRejection, stream_id, TransferNotFound)
        stands = course.last(history) is not None
        if held.stands != stands:
            course.change("pair", stream_id, {"rejected": (held.stands, stands)})
            held.set_standing(stands, course.unit.now)


async def envelopes(course: Course, events: Sequence[RecordedEvent]) -> None:
    """Assignments are added up, so one that does not count is taken out of the sum."""
    [stream_id] = dict.fromkeys(UUID(event.stream_id) for event in events)
    held = await course.unit.change(Envelopes, stream_id, _NotFound)
    sign = 1 if course.redo else -1
    taken = [
        Taken(
            one.category_id,
            one.month,
            one.currency,
            one.amount if course.redo else negated(one.amount),
            one.times * sign,
        )
        for one in _assignments(course, events)
    ]
    if taken:
        held.restore(taken, course.unit.now)
    for one in taken:
        amount = ("0", money_text(one.amount))
        course.change("envelope", one.category_id, {f"assigned {one.month}": amount})


def _assignments(course: Course, events: Sequence[RecordedEvent]) -> list[Taken]:
    found = []
    said = [one for one in events if one.type in ("envelopes.assigned", "envelopes.moved")]
    for one in course.unit.log.typed(said):
        if one.TOPIC == "envelopes.assigned":
            sides = [(one.category_id, one.amount)]
        else:
            sides = [
                (one.from_category_id, negated(one.amount)),
                (one.to_category_id, one.amount),
            ]
        found += [Taken(at, one.month, one.currency, amount, 1) for at, amount in sides]
    return found
