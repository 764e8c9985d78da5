"""Routes of what is ahead: the forecast of each account, and what the month will take."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from mintflow.api.core.documentation import Documented, found
from mintflow.api.core.envelope import respond
from mintflow.api.core.read_models import read_models
from mintflow.api.core.routing import JsonRoute
from mintflow.api.core.subject import day_asked, ledger_of
from mintflow.api.insights.findings import Today
from mintflow.projections import insights as queries

router = APIRouter(prefix="/v1/ledgers/{ledger_id}", tags=["insights"], route_class=JsonRoute)

DAYS_MAX = 366


class BacktestShown(Documented):
    """Mean distance from the true balances of these days: of the forecast, and of the month before
    repeated."""

    start: dt.date
    end: dt.date
    error: str
    naive_error: str


class LowPoint(Documented):
    """warning: below zero, on an account that is not owed on."""

    date: dt.date
    balance: str
    warning: bool
    text: str


class ForecastShown(Documented):
    """points and expected are empty where it is not shown; reason says why."""

    account_id: UUID
    name: str
    kind: str
    currency: str
    balance: str
    shown: bool
    reason: str
    backtest: BacktestShown | None
    low_point: LowPoint | None
    points: list[dict[str, Any]]
    expected: list[dict[str, Any]]


class PredictionShown(Documented):
    """amount: what the month will take; spent: so far. basis: median, trend or season."""

    category: str
    currency: str
    month: str
    amount: str
    basis: str
    reason: str
    spent: str
    used: list[dict[str, Any]]


@router.get("/forecast", responses=found(list[ForecastShown]))
async def forecast(
    request: Request,
    account_id: UUID | None = None,
    days: Annotated[int, Query(ge=1, le=DAYS_MAX)] = 90,
    today: Today = None,
) -> Response:
    """What each account will hold on the days ahead, with its lowest point. Shown only where it
    beats plain seasonal-naive on the last 90 days of the account's history."""
    day = day_asked(request, today)
    async with read_models(request) as conn:
        rows, position = await queries.forecasts(
            conn, ledger_of(request), day, account_id=account_id, days=days
        )
    return respond(request, rows, position=position, day=day)


@router.get("/spending/predictions", responses=found(list[PredictionShown]))
async def predictions(request: Request, today: Today = None) -> Response:
    """What the running month will take in each branch of spending, from history, with the reason
    and the figures used."""
    day = day_asked(request, today)
    async with read_models(request) as conn:
        rows, position = await queries.predictions(conn, ledger_of(request), day)
    return respond(request, rows, position=position, day=day)
