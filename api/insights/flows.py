"""Routes of money over time: cash flow and net worth."""

from __future__ import annotations

import datetime as dt
from typing import Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from mintflow.api.core.documentation import Documented, found
from mintflow.api.core.envelope import respond
from mintflow.api.core.query import documented, read_query
from mintflow.api.core.read_models import read_models
from mintflow.api.core.routing import JsonRoute
from mintflow.api.core.subject import as_of, ledger_of
from mintflow.api.insights.spending import MONTHS_MAX, last_months
from mintflow.commands.core.command import Day
from mintflow.projections import insights as queries

router = APIRouter(prefix="/v1/ledgers/{ledger_id}", tags=["insights"], route_class=JsonRoute)


class FlowShown(Documented):
    """money_out is positive; net is money_in less it."""

    start: dt.date
    end: dt.date
    currency: str
    money_in: str
    money_out: str
    net: str
    transactions: int


class WorthShown(Documented):
    """At the end of a day. liabilities: what is owed, positive."""

    date: dt.date
    currency: str
    assets: str
    liabilities: str
    net_worth: str


class WorthQuery(BaseModel):
    """The last twelve months where no start and end are said."""

    model_config = ConfigDict(frozen=True)

    interval: Literal["day", "week", "month", "quarter", "year"] = "month"
    months: int = Field(12, ge=1, le=MONTHS_MAX, description="So many, up to this one.")
    start: Day | None = None
    end: Day | None = None


class FlowQuery(WorthQuery):
    account_id: UUID | None = Field(None, description="Of this account alone.")


@router.get("/cash-flow", responses=found(list[FlowShown]), openapi_extra=documented(FlowQuery))
async def cash_flow(request: Request) -> Response:
    """Money in and out of the accounts; transfers between own ones are neither."""
    asked = read_query(request, FlowQuery)
    span, day = last_months(request, asked.months, asked.start, asked.end)
    async with read_models(request) as conn:
        rows, position = await queries.cash_flow(
            conn,
            ledger_of(request),
            span,
            asked.interval,
            account_id=asked.account_id,
            as_of=as_of(request),
        )
    return respond(request, rows, position=position, day=day)


@router.get("/net-worth", responses=found(list[WorthShown]), openapi_extra=documented(WorthQuery))
async def net_worth(request: Request) -> Response:
    """What is owned and owed at the end of each day, week, month, quarter or year, none left out;
    currencies apart."""
    asked = read_query(request, WorthQuery)
    span, day = last_months(request, asked.months, asked.start, asked.end)
    async with read_models(request) as conn:
        rows, position = await queries.net_worth(
            conn, ledger_of(request), span, asked.interval, as_of=as_of(request)
        )
    return respond(request, rows, position=position, day=day)
