"""Routes of insights: what stands out, and having seen it."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from mintflow.api.core.documentation import Documented, accepted, found
from mintflow.api.core.envelope import respond
from mintflow.api.core.read_models import read_models
from mintflow.api.core.routing import IdempotencyKey, JsonRoute, execute
from mintflow.api.core.services import services_of
from mintflow.api.core.subject import day_asked, ledger_of, today_of
from mintflow.commands import insights as commands
from mintflow.commands.core.command import Day
from mintflow.projections import insights as queries

router = APIRouter(
    prefix="/v1/ledgers/{ledger_id}/insights", tags=["insights"], route_class=JsonRoute
)

Today = Annotated[
    Day | None, Query(description="The day that is taken for today; the insights of that day.")
]


class InsightShown(Documented):
    """amount: what was spent. figures: those that the reason rests on. transactions: the ids of
    what explains it. about: what makes the insight the same one whenever it is found."""

    insight_id: UUID
    kind: str
    severity: str
    reason: str
    date: dt.date
    currency: str
    amount: str
    category: str | None
    merchant: str | None
    figures: dict[str, Any]
    transactions: list[UUID]
    about: list[str]
    dismissed_at: dt.datetime | None


class InsightSeen(Documented):
    insight_id: UUID
    dismissed: bool


@router.get("", responses=found(list[InsightShown]))
async def list_insights(
    request: Request,
    today: Today = None,
    dismissed: Annotated[bool, Query(description="Also those that were dismissed.")] = False,
) -> Response:
    """What stands out in this month and the one before, the gravest first, each with its reason."""
    day = day_asked(request, today)
    async with read_models(request) as conn:
        rows, position = await queries.insights(conn, ledger_of(request), day, dismissed=dismissed)
    return respond(request, rows, position=position, day=day)


@router.post("/{insight_id}/dismiss", responses=accepted(InsightSeen))
async def dismiss_insight(
    request: Request, insight_id: UUID, today: Today = None, key: IdempotencyKey = None
) -> Response:
    """Have seen it: it is not shown again. `today` as it was found with."""
    command = commands.DismissInsight(about=await _about(request, insight_id, today))
    return await execute(request, command, ledger_of(request), key)


@router.post("/{insight_id}/show", responses=accepted(InsightSeen))
async def show_insight(
    request: Request, insight_id: UUID, today: Today = None, key: IdempotencyKey = None
) -> Response:
    """Show again what was dismissed."""
    command = commands.ShowInsight(about=await _about(request, insight_id, today))
    return await execute(request, command, ledger_of(request), key)


async def _about(request: Request, insight_id: UUID, today: dt.date | None) -> tuple[str, ...]:
    """Raises InsightNotFound."""
    async with services_of(request).pool.connection() as conn:
        return await queries.about_of(
            conn, ledger_of(request), insight_id, today or today_of(request)
        )
