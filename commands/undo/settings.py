"""Accounts, budgets and the ledger itself: what was set is set as it counts now."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from mintflow.commands.undo.course import Course
from mintflow.domain.accounts import Account, AccountNotFound
from mintflow.domain.budgets import Budget, BudgetNotFound, BudgetTerm, with_term
from mintflow.domain.core.money import money_text
from mintflow.domain.ledgers import Ledger, LedgerNotFound
from mintflow.store.mapper import RecordedEvent

Undo = Callable[[Course, Sequence[RecordedEvent]], Awaitable[None]]


async def _accounts(course: Course, events: Sequence[RecordedEvent]) -> None:
    for stream_id, history in (await course.streams(events)).items():
        account = await course.unit.change(Account, stream_id, AccountNotFound)
        spoken = {event.type for event in course.own(history)}
        opened = "account.opened" in spoken
        if opened or "account.opening_balance_changed" in spoken:
            _opening(course, account, history)
        if "account.renamed" in spoken:
            _rename(course, account, history, "account.renamed")
        if opened or spoken & {"account.closed", "account.reopened"}:
            _open_or_close(course, account, history)
        if "account.balance_reported" in spoken:
            _reported(course, account, history)
        if "account.import_profile_set" in spoken:
            _profile(course, account, history)


def _opening(course: Course, account: Account, history: Sequence[RecordedEvent]) -> None:
    words = _of(history, "account.opened", "account.opening_balance_changed")
    last, was = course.last(words), account.opening
    typed = course.unit.log.typed([last or history[0]])[0]
    opening = typed.after if last is not None else None
    account.restore_opening(opening, typed.opening_source, course.unit.now)
    if account.opening != was:
        shown = [None if one is None else money_text(one.amount) for one in (was, opening)]
        course.change("account", account.id, {"opening_balance": (shown[0], shown[1])})
    course.kept("account", account.id, "opening_balance", words)


def _rename(
    course: Course, named: Account | Ledger, history: Sequence[RecordedEvent], renamed: str
) -> None:
    """The first name is that of the opening, which counts in any case."""
    words, was = _of(history, renamed), named.name
    word = course.last(words) or history[0]
    named.rename(str((word.private() or {}).get("name", was)), course.unit.now)
    course.changed_fields(named.TOPIC, named.id, {"name": was}, {"name": named.name})
    course.kept(named.TOPIC, named.id, "name", words)


def _open_or_close(course: Course, account: Account, history: Sequence[RecordedEvent]) -> None:
    """An account whose opening is undone takes no more transactions; those that it has stay."""
    words = _of(history, "account.opened", "account.closed", "account.reopened")
    last, was, now = course.last(words), account.closed_on, course.unit.now
    if last is None or last.type == "account.closed":
        if was is None:
            day = now.date() if last is None else course.unit.log.typed([last])[0].closed_on
            account.close(day, now)
    elif was is not None:
        account.reopen(now)
    if account.closed_on != was:
        shown = [one.isoformat() if one else None for one in (was, account.closed_on)]
        course.change("account", account.id, {"closed_on": (shown[0], shown[1])})
    course.kept("account", account.id, "closed_on", words)


def _reported(course: Course, account: Account, history: Sequence[RecordedEvent]) -> None:
    """What the bank said of each day is what it said last, or nothing."""
    said = _of(history, "account.balance_reported")
    for day in dict.fromkeys(one.data["date"] for one in course.own(said)):
        words = [one for one in said if one.data["date"] == day]
        last = course.last(words)
        typed = course.unit.log.typed([last or words[0]])[0]
        was = account.reported.get(typed.date)
        if last is None:
            account.withdraw_report(typed.date, course.unit.now)
        else:
            account.report_balance(
                typed.date, typed.amount, typed.currency, typed.source, course.unit.now
            )
        now = account.reported.get(typed.date)
        shown = [None if one is None else money_text(one) for one in (was, now)]
        name = f"reported {day}"
        course.changed_fields("account", account.id, {name: shown[0]}, {name: shown[1]})
        course.kept("account", account.id, name, words)


def _profile(course: Course, account: Account, history: Sequence[RecordedEvent]) -> None:
    words = _of(history, "account.import_profile_set")
    last, was = course.last(words), account.import_profile
    if last is None:
        account.forget_import_profile(course.unit.now)
    else:
        profile = course.unit.log.typed([last])[0].profile
        account.remember_import_profile(profile, course.unit.now)
    name = "import_profile"
    course.changed_fields(account.TOPIC, account.id, {name: was}, {name: account.import_profile})
    course.kept(account.TOPIC, account.id, name, words)


async def _budgets(course: Course, events: Sequence[RecordedEvent]) -> None:
    kinds = ("budget.set", "budget.changed", "budget.archived")
    for stream_id, history in (await course.streams(events)).items():
        budget = await course.unit.change(Budget, stream_id, BudgetNotFound)
        words = _of(history, *kinds)
        if course.own(words):
            _terms(course, budget, words)
        _alerts(course, budget, history)


def _terms(course: Course, budget: Budget, words: Sequence[RecordedEvent]) -> None:
    said = course.unit.log.typed(words)
    terms: tuple[BudgetTerm, ...] = ()
    for event, typed in zip(words, said, strict=True):
        if course.counts(event):
            terms = with_term(terms, typed.term)
    if not terms:
        # A budget has terms for ever: without any word that counts it is none from the first.
        terms = (replace(said[0].term, amount=None, rollover="none", cap=None),)
    was = budget.terms
    if budget.restore(terms, course.unit.now):
        shown = [[_term(one) for one in held] for held in (was, budget.terms)]
        course.change("budget", budget.id, {"terms": (shown[0], shown[1])})
    for start in dict.fromkeys(one.data["term"]["start"] for one in course.own(words)):
        same = [one for one in words if one.data["term"]["start"] == start]
        course.kept("budget", budget.id, f"from {start}" if start else "always", same)


def _alerts(course: Course, budget: Budget, history: Sequence[RecordedEvent]) -> None:
    """Alerts that the operation dismissed: that they were raised follows from the books."""
    said = _of(history, "budget.alert_dismissed", "budget.alert_shown_again")
    for alert_id in dict.fromkeys(one.data["alert_id"] for one in course.own(said)):
        words = [one for one in said if one.data["alert_id"] == alert_id]
        was, now = words[-1].type == "budget.alert_dismissed", course.last(words) is not None
        if was != now:
            budget.show_alert(UUID(alert_id), not now, course.unit.now)
            course.change("alert", alert_id, {"dismissed": (was, now)})


def _term(term: BudgetTerm) -> dict[str, Any]:
    amount = None if term.amount is None else money_text(term.amount)
    return {"start": term.start, "amount": amount, "rollover": term.rollover}


async def _ledger(course: Course, events: Sequence[RecordedEvent]) -> None:
    renamed = [event for event in events if event.type == "ledger.renamed"]
    for stream_id, history in (await course.streams(renamed)).items():
        ledger = await course.unit.change(Ledger, stream_id, LedgerNotFound)
        _rename(course, ledger, history, "ledger.renamed")


def _of(history: Sequence[RecordedEvent], *types: str) -> list[RecordedEvent]:
    return [event for event in history if event.type in types]


KINDS: dict[str, Undo] = {"account": _accounts, "budget": _budgets, "ledger": _ledger}
