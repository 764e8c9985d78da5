"""Routes of the alerts of budgets."""

from __future__ import annotations

import datetime as dt
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from mintflow.api.core.documentation import Documented, accepted, found
from mintflow.api.core.envelope import respond
from mintflow.api.core.read_models import read_models
from mintflow.api.core.routing import IdempotencyKey, JsonRoute, execute
from mintflow.api.core.services import services_of
from mintflow.api.core.subject import as_of, ledger_of
from mintflow.commands import budgets as commands
from mintflow.projections import budgets as queries

router = APIRouter(prefix="/v1/ledgers/{ledger_id}/alerts", tags=["budgets"], route_class=JsonRoute)


class AlertShown(Documented):
    """level: warning or exceeded. spent, to_spend: as they were when it was raised. cleared_at:
    when the period fell below that level again."""

    alert_id: UUID
    kind: str
    level: str
    category: str
    currency: str
    start: dt.date
    end: dt.date
    spent: str
    to_spend: str
    raised_at: dt.datetime
    cleared_at: dt.datetime | None
    dismissed_at: dt.datetime | None


class AlertDismissed(Documented):
    alert_id: UUID
    dismissed: bool


@router.get("", responses=found(list[AlertShown]))
async def list_alerts(
    request: Request,
    dismissed: Annotated[bool, Query(description="Also those that were dismissed.")] = False,
    limit: Annotated[int, Query(ge=1, le=queries.ALERTS_MAX)] = 100,
) -> Response:
    """The alerts of budgets, newest first; with as_of those of periods that had begun by then."""
    async with read_models(request) as conn:
        rows, position = await queries.list_alerts(
            conn, ledger_of(request), dismissed=dismissed, limit=limit, as_of=as_of(request)
        )
    return respond(request, rows, position=position)


@router.post("/{alert_id}/dismiss", responses=accepted(AlertDismissed))
async def dismiss_alert(request: Request, alert_id: UUID, key: IdempotencyKey = None) -> Response:
    """Take an alert out of the list."""
    async with services_of(request).pool.connection() as conn:
        budget_id = await queries.alert_budget(conn, ledger_of(request), alert_id)
    command = commands.DismissAlert(alert_id=alert_id, budget_id=budget_id)
    return await execute(request, command, ledger_of(request), key)
