"""One rule: a condition in the query language, and what becomes of what fits it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from mintflow.domain.rules.actions import Actions

# In this order. `learned` holds what was learned from corrections, so every rule of the user goes
# before it.
Stage = Literal["first", "main", "last", "learned"]
STAGES: tuple[Stage, ...] = ("first", "main", "last", "learned")
RuleSource = Literal["user", "learned"]


@dataclass(frozen=True, slots=True)
class Rule:
    """condition: a query. source: who made it; a learned one that is edited is the user's."""

    rule_id: UUID
    name: str
    condition: str
    actions: Actions
    stage: Stage
    source: RuleSource
    enabled: bool = True
