"""Routes of budgets: set, end, and how a month stands."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from mintflow.api.core.documentation import Documented, accepted, found
from mintflow.api.core.envelope import respond
from mintflow.api.core.query import documented, read_query
from mintflow.api.core.read_models import read_models
from mintflow.api.core.routing import IdempotencyKey, JsonRoute, execute
from mintflow.api.core.subject import as_of, ledger_of, today_of
from mintflow.commands import budgets as commands
from mintflow.commands.core.command import CategoryPath, Day
from mintflow.domain.budgets import PeriodKind
from mintflow.domain.core.time import Month, check_date
from mintflow.projections import budgets as queries

router = APIRouter(
    prefix="/v1/ledgers/{ledger_id}/budgets", tags=["budgets"], route_class=JsonRoute
)


class BudgetShown(Documented):
    """amount: per period; null where the budget ends. start: null where it holds for every period
    before too. anchor: a day on which a period begins; null for calendar months."""

    budget_id: str
    category: str
    categories: list[str]
    amount: str | None
    currency: str
    period: str
    start: str | None
    rollover: str
    cap: str | None
    anchor: dt.date | None
    until: dt.date | None


class PaceShown(Documented):
    """Where the running period is heading at the rate until today: projected is what will be spent
    at its end, runs_over_on the day on which that is more than there is to spend."""

    elapsed_days: int
    days: int
    daily: str
    projected: str
    runs_over_on: dt.date | None
    text: str


class ForeignShown(Documented):
    currency: str
    amount: str


class BudgetStatusShown(Documented):
    """remaining = budgeted + carried_in - spent. ratio: spent of what there is to spend, a plain
    number, null where that is nothing. status: ok, warning (from alert_threshold on), exceeded.
    adjustments: how much of spent was recorded after the period was over. unconverted: spent in
    other currencies without a rate, which is unknown and in no figure; complete: there is none."""

    category: str
    budgeted: str
    carried_in: str
    spent: str
    remaining: str
    ratio: float | None
    status: str
    currency: str
    period: str
    rollover: str
    start: dt.date
    end: dt.date
    adjustments: str
    complete: bool
    unconverted: list[ForeignShown]
    pace: PaceShown | None


class WhichPeriods(BaseModel):
    """Either a month or a day; this very day if both are left out."""

    month: str | None = Field(
        default=None, description="Like 2025-03: the budgets by month, and no others."
    )
    date: Day | None = Field(
        default=None, description="Every budget, with its period of this day; today if left out."
    )
    period: PeriodKind | None = Field(default=None, description="Only budgets by this period.")
    reckoned_on: Day | None = Field(
        default=None,
        alias="today",
        description="The day that the pace is reckoned from; today if left out.",
    )


@router.put("", responses=accepted(BudgetShown))
async def set_budget(
    request: Request, body: commands.SetBudget, key: IdempotencyKey = None
) -> Response:
    """Set or change the budget of a category, or of several together; periods that are over keep
    what they had."""
    return await execute(request, body, ledger_of(request), key)


@router.delete("", responses=accepted(BudgetShown))
async def archive_budget(
    request: Request,
    category: Annotated[
        list[CategoryPath],
        Query(min_length=1, max_length=50, description="Again for each of several."),
    ],
    start: Annotated[str | None, Query(pattern=r"^\d{4}-\d{2}(-\d{2})?$")] = None,
    key: IdempotencyKey = None,
) -> Response:
    """End the budget of a category from a period on."""
    if len(category) == 1:
        command = commands.ArchiveBudget(category=category[0], start=start)
    else:
        command = commands.ArchiveBudget(categories=tuple(category), start=start)
    return await execute(request, command, ledger_of(request), key)


@router.get("", responses=found(list[BudgetShown]))
async def list_budgets(request: Request) -> Response:
    """All budgets with their terms, by category; with as_of those that had begun."""
    async with read_models(request) as conn:
        rows, position = await queries.list_budgets(conn, ledger_of(request), as_of=as_of(request))
    return respond(request, rows, position=position)


@router.get(
    "/status", responses=found(list[BudgetStatusShown]), openapi_extra=documented(WhichPeriods)
)
async def budget_status(request: Request) -> Response:
    """How each budget stands in a month, or in its period of a day."""
    asked = read_query(request, WhichPeriods)
    today = asked.reckoned_on or today_of(request)
    when: Month | dt.date = check_date(asked.date or today)
    if asked.month is not None:
        when = Month.parse(asked.month)
    async with read_models(request) as conn:
        rows, position = await queries.budget_status(
            conn,
            ledger_of(request),
            when,
            period=asked.period,
            as_of=as_of(request),
            today=today,
        )
    for row in rows:
        # A share and no money, so it may be a number.
        row["ratio"] = None if row["ratio"] is None else float(row["ratio"])
    return respond(request, rows, position=position, day=today)
