"""Commands that keep the rules: add, change, switch on and off, order, remove."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from mintflow.commands.core.command import (
    NO_NUL,
    Amount,
    CategoryPath,
    Command,
    Handler,
    Proportion,
    Tag,
    Text,
    example,
)
from mintflow.commands.core.unit import Unit
from mintflow.commands.rules.tree import tree_of
from mintflow.domain.categories import CategoryTree
from mintflow.domain.core.money import money_text
from mintflow.domain.core.query import QUERY_LENGTH_MAX
from mintflow.domain.rules import Actions, Rule, RuleNotFound, RuleSet, Share, rule_set_id

StageGiven = Literal["first", "main", "last"]
Condition = Annotated[str, StringConstraints(max_length=QUERY_LENGTH_MAX, pattern=NO_NUL)]
RuleName = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=NO_NUL)]
ORDER_MAX = 10_000


class ShareGiven(Command):
    """ratio: of the whole, like "0.5". amount: without a sign. Neither: what is left."""

    category: CategoryPath
    ratio: Proportion | None = None
    amount: Amount | None = None


class ActionsGiven(Command):
    """At least one. Of category, split and transfer at most one."""

    category: CategoryPath | None = None
    split: tuple[ShareGiven, ...] = Field((), max_length=50)
    merchant: Text | None = None
    tags: tuple[Tag, ...] = Field((), max_length=50)
    note: Text | None = None
    transfer: bool = False
    ignore_in_budgets: bool = False


_EXAMPLE = {
    "name": "Coffee on the way to work",
    "condition": "merchant:(starbucks, nero) amount:-10..0 weekday:(mon, tue, wed, thu, fri)",
    "actions": {"category": "food_dining.coffee_shops", "tags": ["work"]},
    "stage": "main",
}


class AddRule(Command):
    """condition: a query (docs/reference/queries.md). stage: first ones run before main ones, and
    these before last ones; within a stage the older rule first."""

    model_config = example(**_EXAMPLE)

    name: RuleName
    condition: Condition
    actions: ActionsGiven
    stage: StageGiven = "main"
    enabled: bool = True


class ChangeRule(Command):
    """The rule as it is from now on. One that was learned becomes the user's."""

    model_config = example(rule_id="01999999-0000-7000-8000-000000000001", **_EXAMPLE)

    rule_id: UUID
    name: RuleName
    condition: Condition
    actions: ActionsGiven
    stage: StageGiven = "main"
    enabled: bool = True


class SwitchRule(Command):
    rule_id: UUID
    enabled: bool


class ReorderRules(Command):
    """Every rule of a stage, once, in the order in which they are to run."""

    stage: StageGiven
    rule_ids: tuple[UUID, ...] = Field(max_length=ORDER_MAX)


class RemoveRule(Command):
    """What the rule did stays."""

    rule_id: UUID


async def add_rule(command: AddRule, unit: Unit) -> dict[str, Any]:
    """Raises QueryNotReadable, CategoryNotFound, CategoryIsArchived, RuleNotUsable, TooManyRules,
    TextTooLong."""
    tree = await tree_of(unit, guard=True)
    actions = actions_of(command.actions, tree)
    rules = await unit.find_to_change(RuleSet, rule_set_id(unit.ledger_id))
    if rules is None:
        rules = unit.add(RuleSet.open(unit.ledger_id, unit.now))
    rule = rules.add(
        unit.new_id(), command.name, command.condition, actions, command.stage, unit.now,
        enabled=command.enabled,
    )  # fmt: skip
    return view(rule, tree)


async def change_rule(command: ChangeRule, unit: Unit) -> dict[str, Any]:
    """Raises as add_rule, and RuleNotFound."""
    tree = await tree_of(unit, guard=True)
    rules = await _rules(unit, command.rule_id)
    rules.find(command.rule_id)
    actions = actions_of(command.actions, tree)
    rules.change(command.rule_id, command.name, command.condition, actions, command.stage, unit.now)
    return view(rules.switch(command.rule_id, command.enabled, unit.now), tree)


async def switch_rule(command: SwitchRule, unit: Unit) -> dict[str, Any]:
    """Raises RuleNotFound."""
    rules = await _rules(unit, command.rule_id)
    return view(rules.switch(command.rule_id, command.enabled, unit.now), await tree_of(unit))


async def reorder_rules(command: ReorderRules, unit: Unit) -> list[dict[str, Any]]:
    """Raises RuleNotUsable, RuleNotFound where the ledger has none."""
    rules = await unit.change(RuleSet, rule_set_id(unit.ledger_id), RuleNotFound)
    rules.reorder(command.stage, command.rule_ids, unit.now)
    tree = await tree_of(unit)
    return [view(rule, tree) for rule in rules.ordered()]


async def remove_rule(command: RemoveRule, unit: Unit) -> dict[str, Any]:
    """Raises RuleNotFound."""
    rules = await _rules(unit, command.rule_id)
    return view(rules.remove(command.rule_id, unit.now), await tree_of(unit))


def actions_of(given: ActionsGiven, tree: CategoryTree) -> Actions:
    """With categories by id. Raises CategoryNotFound, CategoryIsArchived."""
    return Actions(
        category_id=tree.resolve(given.category).category_id if given.category else None,
        split=tuple(
            Share(tree.resolve(share.category).category_id, share.ratio, share.amount)
            for share in given.split
        ),
        merchant=given.merchant,
        tags=tuple(dict.fromkeys(given.tags)),
        note=given.note,
        transfer=given.transfer,
        ignore_in_budgets=given.ignore_in_budgets,
    )


def view(rule: Rule, tree: CategoryTree) -> dict[str, Any]:
    """A rule as the API shows it."""

    def path(category_id: str) -> str:
        return tree.nodes[category_id].path if category_id in tree.nodes else category_id

    actions = rule.actions
    shown: dict[str, Any] = {}
    if actions.category_id is not None:
        shown["category"] = path(actions.category_id)
    if actions.split:
        shown["split"] = [
            {"category": path(share.category_id)}
            | ({"ratio": money_text(share.ratio)} if share.ratio is not None else {})
            | ({"amount": money_text(share.amount)} if share.amount is not None else {})
            for share in actions.split
        ]
    for name in ("merchant", "note"):
        if getattr(actions, name) is not None:
            shown[name] = getattr(actions, name)
    if actions.tags:
        shown["tags"] = list(actions.tags)
    for name in ("transfer", "ignore_in_budgets"):
        if getattr(actions, name):
            shown[name] = True
    return {
        "rule_id": str(rule.rule_id),
        "name": rule.name,
        "condition": rule.condition,
        "actions": shown,
        "stage": rule.stage,
        "source": rule.source,
        "enabled": rule.enabled,
    }


async def _rules(unit: Unit, rule_id: UUID) -> RuleSet:
    found = await unit.find_to_change(RuleSet, rule_set_id(unit.ledger_id))
    if found is None:
        raise RuleNotFound("there is no such rule", rule_id=str(rule_id))
    return found


HANDLERS: dict[type[Command], Handler] = {
    AddRule: add_rule,
    ChangeRule: change_rule,
    SwitchRule: switch_rule,
    ReorderRules: reorder_rules,
    RemoveRule: remove_rule,
}
