"""What can happen to the rules of a ledger."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Literal
from uuid import UUID

from mintflow.domain.core.aggregates import Created, Event
from mintflow.domain.rules.actions import Actions
from mintflow.domain.rules.rule import Rule, RuleSource, Stage

if TYPE_CHECKING:
    from mintflow.domain.rules.ruleset import RuleSet

# Conditions and names quote people and shops, and so may actions.
_SEALED = frozenset({"name", "condition", "actions"})
# Empty for a ledger whose key was destroyed.
SealedActions = Actions | Literal[""]


class RuleSetOpened(Created):
    """The ledger has rules from now on."""

    TOPIC = "rule_set.opened"

    def apply(self, aggregate: RuleSet) -> None:
        aggregate.rules = ()


class RuleAdded(Event):
    """A rule, at the end of its stage. source: made by the user, or learned from corrections."""

    TOPIC = "rule.added"
    SEALED: ClassVar[frozenset[str]] = _SEALED

    rule_id: UUID
    name: str
    condition: str
    actions: SealedActions
    stage: Stage
    source: RuleSource
    enabled: bool

    def apply(self, aggregate: RuleSet) -> None:
        aggregate.rules = (*aggregate.rules, _rule(self, enabled=self.enabled))


class RuleChanged(Event):
    """A rule as it is from now on; its place stays, unless its stage changes."""

    TOPIC = "rule.changed"
    SEALED: ClassVar[frozenset[str]] = _SEALED

    rule_id: UUID
    name: str
    condition: str
    actions: SealedActions
    stage: Stage
    stage_before: Stage
    source: RuleSource

    def apply(self, aggregate: RuleSet) -> None:
        before = aggregate.by_id()[self.rule_id]
        after = _rule(self, enabled=before.enabled)
        if after.stage == before.stage:
            aggregate.rules = tuple(
                after if one.rule_id == self.rule_id else one for one in aggregate.rules
            )
        else:
            others = (one for one in aggregate.rules if one.rule_id != self.rule_id)
            aggregate.rules = (*others, after)


class RuleSwitched(Event):
    """A rule was switched on or off."""

    TOPIC = "rule.switched"

    rule_id: UUID
    enabled: bool

    def apply(self, aggregate: RuleSet) -> None:
        aggregate.rules = tuple(
            replace(one, enabled=self.enabled) if one.rule_id == self.rule_id else one
            for one in aggregate.rules
        )


class RulesReordered(Event):
    """The rules of a stage in another order; `rule_ids` has all of them."""

    TOPIC = "rule.reordered"

    stage: Stage
    rule_ids: tuple[UUID, ...]

    def apply(self, aggregate: RuleSet) -> None:
        by_id = aggregate.by_id()
        others = [one for one in aggregate.rules if one.stage != self.stage]
        aggregate.rules = (*others, *(by_id[rule_id] for rule_id in self.rule_ids))


class RuleRemoved(Event):
    """A rule is no more; what it did stays as it is."""

    TOPIC = "rule.removed"

    rule_id: UUID

    def apply(self, aggregate: RuleSet) -> None:
        aggregate.rules = tuple(one for one in aggregate.rules if one.rule_id != self.rule_id)


def _rule(event: RuleAdded | RuleChanged, *, enabled: bool) -> Rule:
    return Rule(
        event.rule_id,
        event.name,
        event.condition,
        event.actions or Actions(),
        event.stage,
        event.source,
        enabled,
    )
