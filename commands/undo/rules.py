"""Rules: each rule that the operation spoke of is again what counts; what rules did is not here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID

from mintflow.commands.undo.course import Course
from mintflow.domain.core.errors import MintFlowError, NotFound
from mintflow.domain.rules import Actions, Rule, RuleSet, rule_set_id
from mintflow.domain.rules.events import (
    RuleAdded,
    RuleChanged,
    RuleRemoved,
    RulesReordered,
    RuleSwitched,
)
from mintflow.store.mapper import RecordedEvent


class RuleSetNotFound(NotFound):
    """The ledger has no rules yet."""

    code = "rule_set_not_found"


async def undo(course: Course, events: Sequence[RecordedEvent]) -> None:
    """Bring the rules of the operation, and their order, to what counts."""
    unit, stream_id = course.unit, rule_set_id(course.unit.ledger_id)
    rules = await unit.change(RuleSet, stream_id, RuleSetNotFound)
    history = (await unit.log.histories(unit.ledger_id, [stream_id]))[stream_id]
    said = list(zip(history, unit.log.typed(history), strict=True))
    touched = [UUID(event.data["rule_id"]) for event in events if "rule_id" in event.data]
    for rule_id in dict.fromkeys(touched):
        about = [(e, typed) for e, typed in said if getattr(typed, "rule_id", None) == rule_id]
        try:
            _bring(course, rules, rule_id, about)
        except MintFlowError as refusal:
            course.refused("rule", rule_id, refusal)
    for event in events:
        if event.type == "rule.reordered":
            _reorder(course, rules, event, said)


def _bring(
    course: Course,
    rules: RuleSet,
    rule_id: UUID,
    about: Sequence[tuple[RecordedEvent, Any]],
) -> None:
    now = course.unit.now
    is_now, shall = rules.by_id().get(rule_id), _settled(course, about)
    changed_since = [e.type for e, typed in about if course.counts(e) and is_change(typed)]
    if shall is None and is_now is not None and not course.counts(about[0][0]) and changed_since:
        course.conflict("rule", rule_id, "changed since")
        return
    if shall == is_now:
        return
    if shall is None:
        rules.remove(rule_id, now)
    elif is_now is None:
        rules.add(
            rule_id, shall.name, shall.condition, shall.actions, shall.stage, now,
            source=shall.source, enabled=shall.enabled,
        )  # fmt: skip
    else:
        rules.change(
            rule_id, shall.name, shall.condition, shall.actions, shall.stage, now,
            source=shall.source,
        )  # fmt: skip
        rules.switch(rule_id, shall.enabled, now)
    course.change("rule", rule_id, {"rule": (_shown(is_now), _shown(shall))})


def is_change(typed: Any) -> bool:
    return isinstance(typed, RuleChanged | RuleSwitched)


def _settled(course: Course, about: Sequence[tuple[RecordedEvent, Any]]) -> Rule | None:
    """The rule by the words that count."""
    held: Rule | None = None
    for event, typed in about:
        if not course.counts(event):
            continue
        if isinstance(typed, RuleAdded):
            held = Rule(
                typed.rule_id, typed.name, typed.condition, typed.actions or Actions(),
                typed.stage, typed.source, typed.enabled,
            )  # fmt: skip
        elif isinstance(typed, RuleRemoved):
            held = None
        elif held is not None and isinstance(typed, RuleSwitched):
            held = replace(held, enabled=typed.enabled)
        elif held is not None and isinstance(typed, RuleChanged):
            held = replace(
                held, name=typed.name, condition=typed.condition,
                actions=typed.actions or Actions(), stage=typed.stage, source=typed.source,
            )  # fmt: skip
    return held


def _reorder(
    course: Course,
    rules: RuleSet,
    event: RecordedEvent,
    said: Sequence[tuple[RecordedEvent, Any]],
) -> None:
    """The order of a stage: that of the last word that counts, new rules behind."""
    stage = event.data["stage"]
    held = [one.rule_id for one in rules.rules if one.stage == stage]
    order = [typed.rule_id for _, typed in said if isinstance(typed, RuleAdded)]
    for one, typed in said:
        if isinstance(typed, RulesReordered) and typed.stage == stage and course.counts(one):
            order = [*typed.rule_ids, *(each for each in order if each not in typed.rule_ids)]
    wanted = [one for one in order if one in held]
    if wanted != held:
        rules.reorder(stage, wanted, course.unit.now)
        course.change(
            "rules", stage, {"order": ([str(one) for one in held], [str(one) for one in wanted])}
        )


def _shown(rule: Rule | None) -> dict[str, Any] | None:
    if rule is None:
        return None
    return {"name": rule.name, "condition": rule.condition, "enabled": rule.enabled}
