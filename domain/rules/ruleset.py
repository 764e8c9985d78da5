"""All rules of one ledger, in order; one stream, because their order is what they mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Self
from uuid import UUID, uuid5

from mintflow.domain.core.aggregates import Aggregate
from mintflow.domain.core.query import parse
from mintflow.domain.rules import events as e
from mintflow.domain.rules.actions import Actions, check_actions
from mintflow.domain.rules.errors import RuleNotFound, RuleNotUsable, TooManyRules
from mintflow.domain.rules.rule import STAGES, Rule, RuleSource, Stage
from mintflow.domain.transactions.parts import check_texts

RULES_MAX = 1_000  # Each is asked about each new row.
# Each is found by the merchant it is about and asked about no other row.
LEARNED_MAX = 10_000
NAME_LENGTH_MAX = 200


class RuleSet(Aggregate):
    """rules: in the order in which they came into their stages; `ordered` has them as they run."""

    TOPIC = "rule_set"
    rules: tuple[Rule, ...]

    def __init__(self) -> None:
        """Attributes come from RuleSetOpened."""

    @classmethod
    def open(cls, ledger_id: UUID, now: datetime) -> Self:
        """No rules yet."""
        return cls._create(e.RuleSetOpened, id=rule_set_id(ledger_id), timestamp=now)

    def ordered(self) -> list[Rule]:
        """All rules as they run: stage by stage."""
        return sorted(self.rules, key=lambda one: STAGES.index(one.stage))

    def by_id(self) -> Mapping[UUID, Rule]:
        return {one.rule_id: one for one in self.rules}

    def find(self, rule_id: UUID) -> Rule:
        """Raises RuleNotFound."""
        found = next((one for one in self.rules if one.rule_id == rule_id), None)
        if found is None:
            raise RuleNotFound("there is no such rule", rule_id=str(rule_id))
        return found

    def add(
        self,
        rule_id: UUID,
        name: str,
        condition: str,
        actions: Actions,
        stage: Stage,
        now: datetime,
        *,
        source: RuleSource = "user",
        enabled: bool = True,
    ) -> Rule:
        """A rule at the end of its stage. Raises QueryNotReadable, RuleNotUsable, TextTooLong,
        TooManyRules."""
        _check(name, condition, actions)
        held = sum(one.source == source for one in self.rules)
        most = RULES_MAX if source == "user" else LEARNED_MAX
        if held >= most:
            raise TooManyRules("the ledger has as many rules as it can hold", rules_max=most)
        self.trigger_event(
            e.RuleAdded, timestamp=now, rule_id=rule_id, name=name, condition=condition,
            actions=actions, stage=stage, source=source, enabled=enabled,
        )  # fmt: skip
        return self.find(rule_id)

    def change(
        self,
        rule_id: UUID,
        name: str,
        condition: str,
        actions: Actions,
        stage: Stage,
        now: datetime,
        *,
        source: RuleSource = "user",
    ) -> Rule:
        """Say a rule anew. Raises as `add`, and RuleNotFound."""
        before = self.find(rule_id)
        _check(name, condition, actions)
        after = Rule(rule_id, name, condition, actions, stage, source, before.enabled)
        if after != before:
            self.trigger_event(
                e.RuleChanged, timestamp=now, rule_id=rule_id, name=name, condition=condition,
                actions=actions, stage=stage, stage_before=before.stage, source=source,
            )  # fmt: skip
        return after

    def switch(self, rule_id: UUID, enabled: bool, now: datetime) -> Rule:
        """Switch a rule on or off. Raises RuleNotFound."""
        if self.find(rule_id).enabled != enabled:
            self.trigger_event(e.RuleSwitched, timestamp=now, rule_id=rule_id, enabled=enabled)
        return self.find(rule_id)

    def reorder(self, stage: Stage, rule_ids: Sequence[UUID], now: datetime) -> None:
        """The rules of a stage in this order. Raises RuleNotUsable unless all are named once."""
        held = [one.rule_id for one in self.rules if one.stage == stage]
        if len(rule_ids) != len(set(rule_ids)) or set(rule_ids) != set(held):
            raise RuleNotUsable("an order names every rule of its stage once", rules=len(held))
        if list(rule_ids) != held:
            self.trigger_event(
                e.RulesReordered, timestamp=now, stage=stage, rule_ids=tuple(rule_ids)
            )

    def remove(self, rule_id: UUID, now: datetime) -> Rule:
        """Forget a rule; what it did stays. Raises RuleNotFound."""
        gone = self.find(rule_id)
        self.trigger_event(e.RuleRemoved, timestamp=now, rule_id=rule_id)
        return gone


@lru_cache(maxsize=65_536)
def rule_set_id(ledger_id: UUID) -> UUID:
    """The one rule set of a ledger."""
    return uuid5(ledger_id, "rule-set")


def _check(name: str, condition: str, actions: Actions) -> None:
    check_texts(name[: NAME_LENGTH_MAX + 1])
    if len(name) > NAME_LENGTH_MAX:
        raise RuleNotUsable("the name of a rule has up to 200 characters", length=len(name))
    parse(condition)
    check_actions(actions)
