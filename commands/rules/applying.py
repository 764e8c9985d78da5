"""The commands that sort history: by one rule, or by everything that may say a category.

What changes goes into one commit under one correlation id, by which it can be found and undone.
What the user set stays, and so does what a stronger one said.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import Field

from mintflow.commands.core.command import Command, Handler, example
from mintflow.commands.core.ports import Books, StandingRow
from mintflow.commands.core.unit import Unit
from mintflow.commands.rules.keeping import ActionsGiven, Condition, actions_of
from mintflow.commands.rules.sorting import Given, Labels, Rulebook, Sorter
from mintflow.commands.rules.tree import tree_of
from mintflow.domain.core.money import money_text
from mintflow.domain.core.postings import UNCATEGORIZED
from mintflow.domain.core.query import Facts, parse
from mintflow.domain.rules import Rule, RuleNotFound, RuleSet, rule_set_id
from mintflow.domain.rules.actions import check_actions
from mintflow.domain.transactions import Transaction
from mintflow.domain.transactions.labels import may_overwrite

# From this attempt on it does not insist that the ledger stood still meanwhile: each transaction is
# guarded by itself, so all that can be missed is one that came in after the question.
INSIST_ATTEMPTS = 3
SHOWN_MAX = 1_000
_NOBODY = frozenset({"none", "model", "merchant"})


class Categorize(Command):
    """Sort the transactions that fit a query, or all.

    rule_id: by this rule alone. suggest: ask what is known of merchants, and the model, about those
    without a category. dry_run: say what would change, keep nothing.
    """

    q: Condition | None = None
    rule_id: UUID | None = None
    suggest: bool = True
    dry_run: bool = False
    shown: int = Field(100, ge=0, le=SHOWN_MAX)


class PreviewRule(Command):
    """What a rule would hit and change, before it is kept. shown: how many hits are listed."""

    model_config = example(
        condition="merchant:starbucks",
        actions={"category": "food_dining.coffee_shops"},
        shown=20,
    )

    condition: Condition
    actions: ActionsGiven
    shown: int = Field(100, ge=0, le=SHOWN_MAX)


@dataclass(frozen=True, slots=True)
class ChangedRow:
    """A transaction that is to change, and what it gets."""

    row: StandingRow
    labels: Labels


def categorize_handler(books: Books, sorter: Sorter) -> Handler:
    """The handler, with what it asks."""

    async def categorize(command: Categorize, unit: Unit) -> dict[str, Any]:
        """Raises QueryNotReadable, RuleNotFound, NotYetVisible."""
        parse(command.q or "")
        book = await _rulebook(command, unit, sorter)
        seq = await books.caught_up(unit.ledger_id)
        if unit.attempt < INSIST_ATTEMPTS:
            unit.expected_seq = seq
        rows = await books.standing(unit.ledger_id, command.q)
        suggest = command.suggest and command.rule_id is None
        wanted = await asyncio.to_thread(_wanted, rows, book, sorter, suggest=suggest)
        changed: list[dict[str, Any]] = []
        count = 0
        for one, transaction in await _given(wanted, unit):
            count += 1
            if len(changed) < command.shown:
                changed.append(_shown(transaction, one, book))
        if command.dry_run:
            unit.discard()
        return {
            "batch_id": None if command.dry_run else str(unit.context.correlation_id),
            "looked_at": len(rows),
            "changed": count,
            "dry_run": command.dry_run,
            "transactions": changed,
        }

    return categorize


def preview_handler(books: Books, sorter: Sorter) -> Handler:
    """The handler, with what it asks."""

    async def preview(command: PreviewRule, unit: Unit) -> dict[str, Any]:
        """Raises QueryNotReadable, CategoryNotFound, CategoryIsArchived, RuleNotUsable,
        NotYetVisible."""
        parse(command.condition)
        tree = await tree_of(unit)
        actions = check_actions(actions_of(command.actions, tree))
        rule = Rule(unit.new_id(), "this rule", command.condition, actions, "main", "user")
        book = sorter.rulebook_of_one(rule, tree)
        await books.caught_up(unit.ledger_id)
        rows = await books.standing(unit.ledger_id, command.condition)
        wanted = await asyncio.to_thread(_wanted, rows, book, sorter, suggest=False)
        changing = {transaction.id for _, transaction in await _given(wanted, unit)}
        unit.discard()
        newest = sorted(rows, key=lambda row: row.facts.date, reverse=True)[: command.shown]
        return {
            "hits": len(rows),
            "would_change": len(changing),
            "transactions": [
                {
                    "transaction_id": str(row.transaction_id),
                    "date": row.facts.date.isoformat(),
                    "amount": money_text(row.facts.amount),
                    "currency": row.currency,
                    "description": row.facts.description,
                    "merchant": row.facts.merchant or row.facts.counterparty or None,
                    "category": book.paths.get(row.category_ids[0], row.category_ids[0])
                    if len(row.category_ids) == 1
                    else None,
                    "category_source": row.category_source,
                    "would_change": row.transaction_id in changing,
                }
                for row in newest
            ],
        }

    return preview


async def _given(wanted: Sequence[ChangedRow], unit: Unit) -> list[tuple[ChangedRow, Transaction]]:
    """Those that change by what they get: what their user set himself is known to them alone."""
    found = await unit.prefetch(Transaction, [one.row.transaction_id for one in wanted])
    changed = []
    for one in wanted:
        transaction = found.get(one.row.transaction_id)
        if transaction is None or transaction.booking is None or transaction.transfer_id:
            continue
        before = len(transaction.pending_events)
        give(transaction, one.labels, unit)
        if len(transaction.pending_events) > before:
            changed.append((one, transaction))
    return changed


def give(transaction: Transaction, labels: Labels, unit: Unit) -> None:
    """Put what a row gets on a transaction, as far as nobody stronger said it."""
    now = unit.now
    if labels.source != "none":
        transaction.categorize(
            labels.allocations, labels.source, now, labels.reason,
            confidence=labels.confidence, rule_id=labels.rule_id,
        )  # fmt: skip
    if labels.merchant:
        transaction.name_merchant(labels.merchant, now, by="rule")
    if labels.tags:
        transaction.tag((*transaction.tags, *labels.tags), now, by="rule")
    if labels.notes and not transaction.notes:
        transaction.note(labels.notes, now, by="rule")
    if not labels.budgeted:
        transaction.budget(False, now, by="rule")


async def _rulebook(command: Categorize, unit: Unit, sorter: Sorter) -> Rulebook:
    if command.rule_id is None:
        return await sorter.rulebook(unit)
    tree = await tree_of(unit, guard=True)
    rules = await unit.find(RuleSet, rule_set_id(unit.ledger_id))
    if rules is None:
        raise RuleNotFound("there is no such rule", rule_id=str(command.rule_id))
    return sorter.rulebook_of_one(rules.find(command.rule_id), tree)


def _wanted(
    rows: Sequence[StandingRow], book: Rulebook, sorter: Sorter, *, suggest: bool
) -> list[ChangedRow]:
    """The rows that would get something that they do not have."""
    asked: list[StandingRow] = []
    silent: list[StandingRow] = []
    for row in rows:
        open_ = row.category_source in _NOBODY and row.category_ids == (UNCATEGORIZED,)
        (asked if suggest and open_ else silent).append(row)
    found = []
    for part, suggested in ((asked, True), (silent, False)):
        before = [_before(row) for row in part]
        given = [Given(row.facts, row.currency, row.account_kind) for row in part]
        labels = sorter.sort(book, given, suggest=suggested)
        for row, held, one in zip(part, before, labels, strict=True):
            if _changes(row, held, one):
                found.append(ChangedRow(row, one))
    return found


def _before(row: StandingRow) -> tuple[str, str, tuple[str, ...]]:
    """What the rules may change in the facts, as it was."""
    facts: Facts = row.facts
    return facts.merchant, facts.notes, facts.tags


def _changes(row: StandingRow, before: tuple[str, str, tuple[str, ...]], labels: Labels) -> bool:
    merchant, notes, _ = before
    parts = labels.allocations
    other_category = (
        labels.source != "none"
        and may_overwrite(labels.source, row.category_source)
        and (
            tuple(part.category_id for part in parts) != row.category_ids
            or len(parts) > 1
            or row.category_source != labels.source
        )
    )
    return bool(
        other_category
        or (labels.merchant and labels.merchant != merchant)
        or labels.tags
        or (labels.notes and not notes)
        or (not labels.budgeted and row.budgeted)
    )


def _shown(transaction: Transaction, one: ChangedRow, book: Rulebook) -> dict[str, Any]:
    booking = transaction.booking
    assert booking is not None
    paths = [book.paths.get(part.category_id, part.category_id) for part in booking.allocations]
    return {
        "transaction_id": str(transaction.id),
        "date": booking.date.isoformat(),
        "amount": money_text(booking.amount),
        "currency": booking.currency,
        "description": transaction.description,
        "merchant": transaction.merchant or transaction.counterparty or None,
        "category": paths[0] if len(paths) == 1 else None,
        "category_before": [
            book.paths.get(category_id, category_id) for category_id in one.row.category_ids
        ],
        "category_source": transaction.category_source,
        "category_reason": transaction.reason or None,
        "rule_id": str(transaction.rule_id) if transaction.rule_id else None,
    }
