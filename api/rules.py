"""Routes of rules: keep them, try them, apply them to history."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from mintflow.api.core.documentation import Documented, accepted, found
from mintflow.api.core.envelope import respond
from mintflow.api.core.read_models import read_models
from mintflow.api.core.routing import IdempotencyKey, JsonRoute, execute
from mintflow.api.core.subject import ledger_of
from mintflow.commands import rules as commands
from mintflow.commands.rules.applying import SHOWN_MAX
from mintflow.commands.rules.keeping import Condition, RuleName, StageGiven
from mintflow.projections import rules as queries

router = APIRouter(prefix="/v1/ledgers/{ledger_id}", tags=["rules"], route_class=JsonRoute)


class RuleShown(Documented):
    """source: user, or learned from what the user corrected. stage: first, main, last or learned,
    which run in this order."""

    rule_id: str
    name: str
    condition: str
    actions: dict[str, Any]
    stage: str
    source: str
    enabled: bool


class PreviewShown(Documented):
    """hits: transactions that the condition fits. would_change: those that would get something."""

    hits: int
    would_change: int
    transactions: list[dict[str, Any]]


class BatchShown(Documented):
    """batch_id: the correlation id of everything that was changed, null for a dry run."""

    batch_id: str | None
    looked_at: int
    changed: int
    dry_run: bool
    transactions: list[dict[str, Any]]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class RuleBody(_Body):
    """The rule as it is from now on."""

    name: RuleName
    condition: Condition
    actions: commands.ActionsGiven
    stage: StageGiven = "main"
    enabled: bool = True


class SwitchBody(_Body):
    enabled: bool


class ApplyBody(_Body):
    """q: only transactions that fit this query too."""

    q: Condition | None = None
    dry_run: bool = False
    shown: int = Field(100, ge=0, le=SHOWN_MAX, description="How many changed ones are listed.")


@router.get("/rules", responses=found(list[RuleShown]))
async def list_rules(request: Request) -> Response:
    """All rules in the order in which they run, those that were learned last."""
    async with read_models(request) as conn:
        rows, position = await queries.list_rules(conn, ledger_of(request))
    return respond(request, rows, position=position)


@router.post("/rules", status_code=201, responses=accepted(RuleShown, 201))
async def add_rule(
    request: Request, body: commands.AddRule, key: IdempotencyKey = None
) -> Response:
    """Add a rule at the end of its stage. It is asked about every row that comes in from now on;
    to what is there already it is applied by `apply`."""
    return await execute(request, body, ledger_of(request), key, status=201)


@router.post("/rules/preview", responses=accepted(PreviewShown))
async def preview_rule(
    request: Request, body: commands.PreviewRule, key: IdempotencyKey = None
) -> Response:
    """What a rule would hit and change, exactly; nothing is kept."""
    return await execute(request, body, ledger_of(request), key)


@router.put("/rules/order", responses=accepted(list[RuleShown]))
async def reorder_rules(
    request: Request, body: commands.ReorderRules, key: IdempotencyKey = None
) -> Response:
    """The rules of a stage in another order."""
    return await execute(request, body, ledger_of(request), key)


@router.get("/rules/{rule_id}", responses=found(RuleShown))
async def get_rule(request: Request, rule_id: UUID) -> Response:
    """One rule."""
    async with read_models(request) as conn:
        row, position = await queries.get_rule(conn, ledger_of(request), rule_id)
    return respond(request, row, position=position)


@router.put("/rules/{rule_id}", responses=accepted(RuleShown))
async def change_rule(
    request: Request, rule_id: UUID, body: RuleBody, key: IdempotencyKey = None
) -> Response:
    """Say a rule anew. One that was learned is the user's from then on, and is learned no more."""
    command = commands.ChangeRule(
        rule_id=rule_id,
        name=body.name,
        condition=body.condition,
        actions=body.actions,
        stage=body.stage,
        enabled=body.enabled,
    )
    return await execute(request, command, ledger_of(request), key)


@router.patch("/rules/{rule_id}", responses=accepted(RuleShown))
async def switch_rule(
    request: Request, rule_id: UUID, body: SwitchBody, key: IdempotencyKey = None
) -> Response:
    """Switch a rule on or off. A learned one that is off stays off."""
    command = commands.SwitchRule(rule_id=rule_id, enabled=body.enabled)
    return await execute(request, command, ledger_of(request), key)


@router.delete("/rules/{rule_id}", responses=accepted(RuleShown))
async def remove_rule(request: Request, rule_id: UUID, key: IdempotencyKey = None) -> Response:
    """Remove a rule; what it did stays."""
    return await execute(request, commands.RemoveRule(rule_id=rule_id), ledger_of(request), key)


@router.post("/rules/{rule_id}/apply", responses=accepted(BatchShown))
async def apply_rule(
    request: Request, rule_id: UUID, body: ApplyBody, key: IdempotencyKey = None
) -> Response:
    """Apply one rule to history, switched on or not, as one batch; what the user set stays."""
    command = commands.Categorize(rule_id=rule_id, q=body.q, dry_run=body.dry_run, shown=body.shown)
    return await execute(request, command, ledger_of(request), key)


class CategorizeBody(ApplyBody):
    """suggest: ask also what is known of merchants, and the model."""

    suggest: bool = True


@router.post("/categorize", responses=accepted(BatchShown))
async def categorize(
    request: Request, body: CategorizeBody, key: IdempotencyKey = None
) -> Response:
    """Sort history by everything that may say a category, as one batch: the rules, what was
    learned, what is known of merchants, the model. What the user set stays."""
    command = commands.Categorize(
        q=body.q, suggest=body.suggest, dry_run=body.dry_run, shown=body.shown
    )
    return await execute(request, command, ledger_of(request), key)
