"""What a row gets: category, merchant, tags, note, and why, by the order of who may say it.

The user's own value, the user's rules, what was learned from this ledger, the bank's own category,
what is known of merchants, the model; else uncategorized. Sorting appends nothing.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from uuid import UUID

from mintflow.commands.core.unit import Unit
from mintflow.commands.rules.tree import tree_of, where_it_went
from mintflow.domain.accounts import Account
from mintflow.domain.categories import CategoryTree
from mintflow.domain.core.postings import UNCATEGORIZED, Allocation, whole
from mintflow.domain.core.query import Facts
from mintflow.domain.rules import Engine, Outcome, Rule, RuleSet, rule_set_id
from mintflow.domain.transactions import Transaction
from mintflow.domain.transactions.events import CategorySource
from mintflow.ml.categorize import Categorizer, Row, Silent, Suggestion
from mintflow.ml.peers import with_peers

_RULEBOOKS_MAX = 1_000
_CONFIDENCE_DIGITS = 4
_TAKES_ROWS = ("expense", "income", "transfer")


@dataclass(frozen=True, slots=True)
class Given:
    """A row to be sorted. bank: the parts that the bank's own file names, if it does. mcc: the
    merchant category code that it gives; nothing keeps it, so it counts when the row comes in."""

    facts: Facts
    currency: str
    account_kind: str
    bank: tuple[Allocation, ...] | None = None
    mcc: str | None = None


@dataclass(frozen=True, slots=True)
class Labels:
    """What a row gets. rule_id, reason, confidence: why it has its category. budgeted: whether
    budgets count it."""

    allocations: tuple[Allocation, ...]
    source: CategorySource
    reason: str = ""
    confidence: Decimal | None = None
    rule_id: UUID | None = None
    merchant: str = ""
    notes: str = ""
    tags: tuple[str, ...] = ()
    budgeted: bool = True


@dataclass(frozen=True, slots=True)
class Rulebook:
    """The rules of a ledger, ready to run. paths: of the categories that take rows, by id.
    names: the other way round."""

    engine: Engine
    paths: Mapping[str, str]
    names: Mapping[str, str]


class Sorter:
    """One per process; may be shared between threads."""

    def __init__(self, categorizer: Categorizer | None = None) -> None:
        self._categorizer: Categorizer = categorizer or Silent()
        self._books: OrderedDict[tuple[UUID, int, int], Rulebook] = OrderedDict()

    async def rulebook(self, unit: Unit) -> Rulebook:
        """The ledger's rules as they stand in this command, which is decided again if they move."""
        tree = await tree_of(unit, guard=True)
        rules = await unit.find(RuleSet, rule_set_id(unit.ledger_id))
        return self.rulebook_of(rules, tree)

    def rulebook_of(self, rules: RuleSet | None, tree: CategoryTree) -> Rulebook:
        """Kept for the next row that asks at the same versions of both."""
        pending = rules is not None and bool(rules.pending_events)
        key = (tree.id, tree.version, rules.version if rules is not None else 0)
        held = None if pending else self._books.get(key)
        if held is not None:
            return held
        made = _rulebook(rules.ordered() if rules is not None else (), tree)
        if not pending:
            self._books[key] = made
            if len(self._books) > _RULEBOOKS_MAX:
                self._books.popitem(last=False)
        return made

    def suggestions(self, rows: Sequence[Given], *, together: bool = False) -> list[Suggestion]:
        """What is known of merchants, and the model, say of each row, its merchant in any case.
        together: they came together, so a payee's rows may speak for each other."""
        asked = [_row(row) for row in rows]
        found = self._categorizer.suggest(asked) if asked else []
        switched_off = isinstance(self._categorizer, Silent)
        return with_peers(asked, found) if together and not switched_off else found

    def merchant_of(self, transaction: Transaction, account: Account | None) -> str:
        """Who a transaction is with, as far as known without its user's saying so."""
        if transaction.merchant and "merchant" not in transaction.user_fields:
            return transaction.merchant
        booking = transaction.booking or transaction.withdrawn
        assert booking is not None
        kind = account.kind if account is not None else ""
        facts = Facts(
            description=transaction.description,
            counterparty=transaction.counterparty,
            memo=transaction.memo,
            amount=booking.amount,
            date=booking.date,
        )
        return self.suggestions([Given(facts, booking.currency, kind)])[0].merchant or ""

    def rulebook_of_one(self, rule: Rule, tree: CategoryTree) -> Rulebook:
        """A single rule, whether it is switched on or not."""
        return _rulebook([replace(rule, enabled=True)], tree)

    def sort(
        self,
        book: Rulebook,
        rows: Sequence[Given],
        *,
        suggest: bool = True,
        suggestions: Sequence[Suggestion] | None = None,
    ) -> list[Labels]:
        """What each row gets. suggest: also what is only known or guessed, beside the rules; then
        `suggestions` are the answers where they were asked for before. Without it the facts of the
        rows name their merchants as far as they are known."""
        found = suggestions or self.suggestions(rows) if suggest else None
        nothing = [None] * len(rows)
        return [
            _labels(book, row, suggestion)
            for row, suggestion in zip(rows, found or nothing, strict=True)
        ]


def _labels(book: Rulebook, row: Given, suggestion: Suggestion | None) -> Labels:
    facts = row.facts
    if suggestion is not None and suggestion.merchant and not facts.merchant:
        facts.change(merchant=suggestion.merchant)
    given = _before_rules(book, row, suggestion)
    if not book.engine:
        return given
    if given.source != "none":
        ids = [part.category_id for part in given.allocations]
        facts.change(categories=tuple(book.paths.get(one, UNCATEGORIZED) for one in ids))
    outcome = book.engine.run(facts, row.currency, book.paths)
    return _after_rules(given, outcome)


def _before_rules(book: Rulebook, row: Given, suggestion: Suggestion | None) -> Labels:
    facts = row.facts
    if row.bank is not None:
        return Labels(row.bank, "bank", "the bank's file says so", merchant=facts.merchant)
    category_id = None
    if suggestion is not None and suggestion.category is not None:
        category_id = book.names.get(suggestion.category)
    if suggestion is None or category_id is None:
        return Labels(whole(facts.amount, UNCATEGORIZED), "none", merchant=facts.merchant)
    source: CategorySource = "model" if suggestion.source == "model" else "merchant"
    return Labels(
        whole(facts.amount, category_id),
        source,
        suggestion.reason,
        Decimal(str(round(suggestion.confidence, _CONFIDENCE_DIGITS))),
        merchant=facts.merchant,
    )


def _after_rules(given: Labels, outcome: Outcome) -> Labels:
    found = replace(
        given,
        merchant=outcome.merchant if outcome.merchant is not None else given.merchant,
        notes=outcome.note or "",
        tags=outcome.tags,
        budgeted=outcome.budgeted is not False,
    )
    rule = outcome.category_from
    if outcome.allocations is None or rule is None:
        return found
    return replace(
        found,
        allocations=outcome.allocations,
        source=source_of(rule),
        reason=reason_of(rule),
        confidence=None,
        rule_id=rule.rule_id,
    )


def source_of(rule: Rule) -> CategorySource:
    return "learned" if rule.source == "learned" else "rule"


def reason_of(rule: Rule) -> str:
    """In words, for people."""
    if rule.source == "learned":
        return f"learned from what you said of {rule.name}"
    return f"your rule “{rule.name}”"


def _rulebook(rules: Sequence[Rule], tree: CategoryTree) -> Rulebook:
    usable = {
        node.category_id: node.path
        for node in tree.nodes.values()
        if not node.archived and node.kind in (*_TAKES_ROWS, "uncategorized")
    }
    names = {path: category_id for category_id, path in usable.items()}
    return Rulebook(Engine([_followed(rule, tree) for rule in rules]), usable, names)


def _followed(rule: Rule, tree: CategoryTree) -> Rule:
    """The rule with categories that were merged away followed to where they went."""

    def follow(category_id: str) -> str:
        return where_it_went(category_id, tree) if category_id in tree.nodes else category_id

    actions = rule.actions
    if actions.category_id is not None:
        actions = replace(actions, category_id=follow(actions.category_id))
    if actions.split:
        shares = tuple(
            replace(share, category_id=follow(share.category_id)) for share in actions.split
        )
        actions = replace(actions, split=shares)
    return rule if actions == rule.actions else replace(rule, actions=actions)


def _row(given: Given) -> Row:
    facts = given.facts
    return Row(
        facts.description,
        facts.amount,
        given.currency,
        facts.date,
        given.account_kind or None,
        counterparty=facts.counterparty,
        memo=facts.memo,
        mcc=given.mcc,
    )
