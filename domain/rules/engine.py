"""The rules over the facts of transactions: what each transaction would get, and from which rule.

Pure and fast: what was learned of a payee is found by the merchant or by the first word of the
description, so thousands of learned rules cost a row two looks. Nothing is appended here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from mintflow.domain.core.postings import TRANSFER, Allocation
from mintflow.domain.core.query import Facts, Predicate, parse, predicate
from mintflow.domain.core.query.tree import And, Node, TextIs
from mintflow.domain.rules.rule import STAGES, Rule
from mintflow.domain.transactions.parts import TAGS_MAX


@dataclass(slots=True)
class Outcome:
    """What rules say of one transaction; None and empty: nothing. hits: all that fit, in order.

    category_from: the rule that gives the category. note, merchant: of the first rule that says
    them. tags: of all.
    """

    allocations: tuple[Allocation, ...] | None = None
    category_from: Rule | None = None
    merchant: str | None = None
    note: str | None = None
    tags: tuple[str, ...] = ()
    budgeted: bool | None = None
    hits: list[Rule] = field(default_factory=list)


_Key = tuple[str, str]


class _Ready(NamedTuple):
    """place: unique within its stage, so that sorting never looks further."""

    place: int
    rule: Rule
    holds: Predicate


class Engine:
    """Made once of the rules that are switched on; may be shared between threads."""

    def __init__(self, rules: Iterable[Rule]) -> None:
        """rules: in any order of stages; within a stage as they run."""
        self._stages: list[tuple[list[_Ready], Mapping[_Key, list[_Ready]]]] = []
        wanted = [rule for rule in rules if rule.enabled]
        for stage in STAGES:
            anyone: list[_Ready] = []
            by_key: defaultdict[_Key, list[_Ready]] = defaultdict(list)
            for place, rule in enumerate(one for one in wanted if one.stage == stage):
                tree = parse(rule.condition)
                ready = _Ready(place, rule, predicate(tree))
                # Rules of the user may name the merchant for those after them: each is asked.
                keys = _keys(tree) if stage == "learned" else None
                if keys is None:
                    anyone.append(ready)
                for key in keys or ():
                    by_key[key].append(ready)
            if anyone or by_key:
                self._stages.append((anyone, dict(by_key)))

    def __bool__(self) -> bool:
        return bool(self._stages)

    def run(self, facts: Facts, currency: str, paths: Mapping[str, str]) -> Outcome:
        """What the rules give a transaction. facts: changed as the rules go, for those after.

        paths: category id to path. A category that is not in it (archived, merged away) is given
        to nothing.
        """
        found = Outcome()
        for anyone, by_key in self._stages:
            asked: Sequence[_Ready] = anyone
            if by_key:
                found_by = [ready for key in _keys_of(facts) for ready in by_key.get(key, ())]
                asked = sorted([*anyone, *found_by]) if found_by else anyone
            for _, rule, holds in asked:
                if holds(facts):
                    _take(rule, found, facts, currency, paths)
        return found


def _take(
    rule: Rule, found: Outcome, facts: Facts, currency: str, paths: Mapping[str, str]
) -> None:
    """Add what a rule says; what an earlier one said stays."""
    actions = rule.actions
    found.hits.append(rule)
    if found.allocations is None:
        parts = actions.allocations(facts.amount, currency)
        if parts is not None and all(
            part.category_id in paths or part.category_id == TRANSFER for part in parts
        ):
            found.allocations, found.category_from = parts, rule
            facts.change(categories=tuple(paths.get(p.category_id, TRANSFER) for p in parts))
    if found.merchant is None and actions.merchant is not None:
        found.merchant = actions.merchant
        facts.change(merchant=actions.merchant)
    if found.note is None and actions.note is not None:
        found.note = actions.note
        facts.change(notes=actions.note)
    # Where a transaction is full of tags, no rule shall be the reason that it is refused.
    room = max(TAGS_MAX - len(facts.tags), 0)
    new = tuple(tag for tag in actions.tags if tag not in facts.tags)[:room]
    if new:
        found.tags = (*found.tags, *new)
        facts.change(tags=(*facts.tags, *new))
    if actions.ignore_in_budgets:
        found.budgeted = False


def _keys(tree: Node) -> tuple[_Key, ...] | None:
    """What the facts of every hit have at least one of; None where that can not be said."""
    match tree:
        case TextIs(field="merchant", operator="equals", values=values):
            return tuple(("merchant", value) for value in dict.fromkeys(values))
        case TextIs(field="description", operator="equals", values=values) if all(
            value.strip() for value in values
        ):
            return tuple({("description", value.split()[0]): None for value in values})
        case TextIs(field="description", operator="starts", values=values) if all(
            len(value.split(None, 1)) > 1 or (value.strip() and value[-1].isspace())
            for value in values
        ):
            return tuple({("description", value.split()[0]): None for value in values})
        case And(parts):
            return next((found for part in parts if (found := _keys(part)) is not None), None)
    return None


def _keys_of(facts: Facts) -> tuple[_Key, ...]:
    words = facts.folded("description")[0].split(None, 1)
    merchant = ("merchant", facts.folded("merchant")[0])
    return (merchant, ("description", words[0])) if words else (merchant,)
