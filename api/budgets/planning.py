"""Routes of recommendations and templates."""

from __future__ import annotations

import datetime as dt

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from mintflow.api.budgets.tracking import BudgetShown
from mintflow.api.core.documentation import Documented, accepted, found
from mintflow.api.core.envelope import respond
from mintflow.api.core.read_models import read_models
from mintflow.api.core.routing import IdempotencyKey, JsonRoute, execute
from mintflow.api.core.subject import day_asked, ledger_of
from mintflow.commands.budgets.planning import AcceptRecommendations, ApplyTemplates
from mintflow.projections.budgets import advice as queries

router = APIRouter(
    prefix="/v1/ledgers/{ledger_id}/budgets", tags=["budgets"], route_class=JsonRoute
)


class PeriodUsed(Documented):
    start: dt.date
    end: dt.date
    spent: str


class RecommendationShown(Documented):
    """basis: median of the last periods, trend of the newest, or season: the same period of other
    years. used: the periods that it rests on. budgeted: what holds now."""

    category: str
    amount: str
    currency: str
    period: str
    start: dt.date
    basis: str
    reason: str
    used: list[PeriodUsed]
    budgeted: str | None


class TemplateApplied(Documented):
    """kept: false for a dry run."""

    category: str
    kind: str
    amount: str
    currency: str
    month: str
    reason: str
    kept: bool


@router.get("/recommendations", responses=found(list[RecommendationShown]))
async def recommendations(request: Request) -> Response:
    """What each budget could be, from history, with the reason and the figures used."""
    today = day_asked(request)
    async with read_models(request) as conn:
        rows, position = await queries.recommendations(conn, ledger_of(request), today)
    return respond(
        request, [queries.for_templates(row) for row in rows], position=position, day=today
    )


@router.post("/recommendations/accept", responses=accepted(list[BudgetShown]))
async def accept_recommendations(
    request: Request, body: AcceptRecommendations, key: IdempotencyKey = None
) -> Response:
    """Set what is recommended, from the running period on; all of it or nothing."""
    return await execute(request, body, ledger_of(request), key)


@router.post("/templates/apply", responses=accepted(list[TemplateApplied]))
async def apply_templates(
    request: Request, body: ApplyTemplates, key: IdempotencyKey = None
) -> Response:
    """Set budgets, or fill envelopes, by templates; `dry_run` shows what would be."""
    return await execute(request, body, ledger_of(request), key)
