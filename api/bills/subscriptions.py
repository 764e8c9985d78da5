"""Routes of subscriptions."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from mintflow.api.bills.recurring import RecurringShown
from mintflow.api.core.documentation import found
from mintflow.api.core.envelope import respond
from mintflow.api.core.query import documented, read_query
from mintflow.api.core.read_models import read_models
from mintflow.api.core.routing import JsonRoute
from mintflow.api.core.subject import as_of, ledger_of, today_of
from mintflow.commands.core.command import Day
from mintflow.projections import bills as queries

router = APIRouter(
    prefix="/v1/ledgers/{ledger_id}/subscriptions", tags=["bills"], route_class=JsonRoute
)


class SubscriptionShown(RecurringShown):
    """yearly_cost: what a year of it costs, without a sign. flags: duplicate (the same payee at the
    same price twice; duplicate_of is the one that was there before), unused, price_rise."""

    yearly_cost: str
    flags: list[str]
    duplicate_of: UUID | None


class SubscriptionQuery(BaseModel):
    model_config = ConfigDict(frozen=True)

    reckoned_on: Day | None = Field(
        None, alias="today", description="The day that it is reckoned from; today if left out."
    )


@router.get(
    "", responses=found(list[SubscriptionShown]), openapi_extra=documented(SubscriptionQuery)
)
async def list_subscriptions(request: Request) -> Response:
    """Subscriptions that run, the dearest first, with what a year costs."""
    today = read_query(request, SubscriptionQuery).reckoned_on or today_of(request)
    async with read_models(request) as conn:
        rows, position = await queries.list_subscriptions(
            conn, ledger_of(request), today=today, as_of=as_of(request)
        )
    return respond(request, rows, position=position, day=today)
