"""Accounts, categories, budgets and the ledger itself: what was set is set as it counts now."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from mintflow.commands.undo.course import Course
from mintflow.domain.accounts import Account, AccountNotFound
from mintflow.domain.budgets import Budget, BudgetNotFound, BudgetTerm, with_term
from mintflow.domain.categories import CategoryNotFound, CategoryTree
from mintflow.domain.core.errors import MintFlowError
from mintflow.domain.core.ids import category_tree_id
from mintflow.domain.core.money import money_text
from mintflow.domain.ledgers import Ledger, LedgerNotFound
from mintflow.store.mapper import RecordedEvent

Undo = Callable[[Course, Sequence[RecordedEvent]], Awaitable[None]]


async def _accounts(course: Course, events: Sequence[RecordedEvent]) -> None:
    for stream_id in dict.fromkeys(UUID(event.stream_id) for event in events):
        account = await course.unit.change(Account, stream_id, AccountNotFound)
        history = await _history(course, stream_id)
        spoken = {event.type for event in events if UUID(event.stream_id) == stream_id}
        opened = "account.opened" in spoken
        if opened or "account.opening_balance_changed" in spoken:
            _opening(course, account, history)
        if "account.renamed" in spoken:
            name = _last(course, history, "account.renamed") or history[0]
            _rename(course, account, str((name.private() or {}).get("name", account.name)))
        if opened or spoken & {"account.closed", "account.reopened"}:
            _open_or_close(course, account, history)
        for kind in ("account.balance_reported", "account.import_profile_set"):
            if kind in spoken:
                course.stays[kind] += 1


def _opening(course: Course, account: Account, history: Sequence[RecordedEvent]) -> None:
    last = _last(course, history, "account.opened", "account.opening_balance_changed")
    was = account.opening
    typed = course.unit.log.typed([last or history[0]])[0]
    opening = typed.after if last is not None else None
    account.restore_opening(opening, typed.opening_source, course.unit.now)
    if account.opening != was:
        shown = [None if one is None else money_text(one.amount) for one in (was, opening)]
        course.change("account", account.id, {"opening_balance": (shown[0], shown[1])})


def _rename(course: Course, account: Account | Ledger, name: str) -> None:
    was = account.name
    account.rename(name, course.unit.now)
    if account.name != was:
        course.change(account.TOPIC, account.id, {"name": (was, account.name)})


def _open_or_close(course: Course, account: Account, history: Sequence[RecordedEvent]) -> None:
    """An account whose opening is undone takes no more transactions; those that it has stay."""
    last = _last(course, history, "account.opened", "account.closed", "account.reopened")
    was, now = account.closed_on, course.unit.now
    if last is None or last.type == "account.closed":
        if was is None:
            day = now.date() if last is None else course.unit.log.typed([last])[0].closed_on
            account.close(day, now)
    elif was is not None:
        account.reopen(now)
    if account.closed_on != was:
        shown = [one.isoformat() if one else None for one in (was, account.closed_on)]
        course.change("account", account.id, {"closed_on": (shown[0], shown[1])})


async def _tree(course: Course, events: Sequence[RecordedEvent]) -> None:
    ledger_id = course.unit.ledger_id
    tree = await course.unit.change(CategoryTree, category_tree_id(ledger_id), CategoryNotFound)
    # What is above comes back before what is below it, which is the order of its going.
    archived = [one for one in events if one.type == "category.archived"]
    others = [one for one in reversed(events) if one.type != "category.archived"]
    goes_back = [*others, *archived]
    for event in events if course.redo else goes_back:
        data = event.data
        category_id = data.get("category_id") or data["category"]["category_id"]
        before = tree.nodes[category_id]
        try:
            _category(course, tree, event, category_id)
        except MintFlowError as refusal:
            course.refused("category", category_id, refusal)
            continue
        after = tree.nodes[category_id]
        shown = {
            name: (getattr(before, name), getattr(after, name))
            for name in ("path", "archived", "merged_into")
            if getattr(before, name) != getattr(after, name)
        }
        if shown:
            course.change("category", category_id, shown)


def _category(course: Course, tree: CategoryTree, event: RecordedEvent, category_id: str) -> None:
    """Do again what the event did, or the opposite."""
    node, now = tree.nodes[category_id], course.unit.now
    archives = event.type in ("category.archived", "category.merged")
    if event.type == "category.moved":
        came, goes = event.data["before"], event.data["after"]
        came, goes = (came, goes) if course.redo else (goes, came)
        if node.path == came:
            tree.move(came, goes, now)
        elif node.path != goes:
            course.conflict("category", category_id, "moved since", ["path"])
    elif event.type == "category.merged" and course.redo:
        tree.merge(node.path, tree.nodes[event.data["into"]].path, now)
    elif archives is course.redo:
        if not node.archived:
            tree.archive(node.path, now)
    elif node.archived:
        tree.restore(node.path, now)


async def _budgets(course: Course, events: Sequence[RecordedEvent]) -> None:
    kinds = ("budget.set", "budget.changed", "budget.archived")
    course.stays["budget.alert"] += sum(event.type not in kinds for event in events)
    course.stays += {}
    for stream_id in dict.fromkeys(UUID(one.stream_id) for one in events if one.type in kinds):
        budget = await course.unit.change(Budget, stream_id, BudgetNotFound)
        history = [one for one in await _history(course, stream_id) if one.type in kinds]
        terms: tuple[BudgetTerm, ...] = ()
        for event in history:
            if course.counts(event):
                terms = with_term(terms, course.unit.log.typed([event])[0].term)
        if not terms:
            # A budget has terms for ever: without any word that counts it is none from the first.
            first = course.unit.log.typed([history[0]])[0].term
            terms = (replace(first, amount=None, rollover="none", cap=None),)
        was = budget.terms
        if budget.restore(terms, course.unit.now):
            shown = [[_term(one) for one in held] for held in (was, budget.terms)]
            course.change("budget", budget.id, {"terms": (shown[0], shown[1])})


def _term(term: BudgetTerm) -> dict[str, Any]:
    amount = None if term.amount is None else money_text(term.amount)
    return {"start": term.start, "amount": amount, "rollover": term.rollover}


async def _ledger(course: Course, events: Sequence[RecordedEvent]) -> None:
    renamed = [event for event in events if event.type == "ledger.renamed"]
    if len(renamed) < len(events):
        course.stays["ledger.opened"] += 1
    if renamed:
        stream_id = UUID(renamed[0].stream_id)
        history = await _history(course, stream_id)
        ledger = await course.unit.change(Ledger, stream_id, LedgerNotFound)
        name = _last(course, history, "ledger.renamed") or history[0]
        _rename(course, ledger, str((name.private() or {}).get("name", ledger.name)))


async def _history(course: Course, stream_id: UUID) -> Sequence[RecordedEvent]:
    found = await course.unit.log.histories(course.unit.ledger_id, [stream_id])
    return found[stream_id]


def _last(course: Course, history: Sequence[RecordedEvent], *types: str) -> RecordedEvent | None:
    """The last event of these types that counts."""
    said = [event for event in history if event.type in types and course.counts(event)]
    return said[-1] if said else None


KINDS: dict[str, Undo] = {
    "category": _tree,
    "account": _accounts,
    "budget": _budgets,
    "ledger": _ledger,
}
