"""Routes of budgets: set, end, and how a month stands."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from mintflow.api.core.documentation import Documented, accepted, found
from mintflow.api.core.envelope import respond
from mintflow.api.core.read_models import read_models
from mintflow.api.core.routing import IdempotencyKey, JsonRoute, execute
from mintflow.api.core.subject import as_of, ledger_of, today_of
from mintflow.commands import budgets as commands
from mintflow.domain.core.time import Month
from mintflow.projections import budgets as queries

router = APIRouter(
    prefix="/v1/ledgers/{ledger_id}/budgets", tags=["budgets"], route_class=JsonRoute
)


class BudgetShown(Documented):
    category: str
    amount: str | None
    currency: str
    period: str
    start: str | None
    rollover: str


class BudgetStatusShown(Documented):
    """remaining = budgeted + carried_in - spent. ratio: spent of what there is to spend, a plain
    number, null where that is nothing. status: ok, warning (from alert_threshold on), exceeded."""

    category: str
    budgeted: str
    carried_in: str
    spent: str
    remaining: str
    ratio: float | None
    status: str


@router.put("", responses=accepted(BudgetShown))
async def set_budget(
    request: Request, body: commands.SetBudget, key: IdempotencyKey = None
) -> Response:
    """Set or change the budget of a category; months that are over keep what they had."""
    return await execute(request, body, ledger_of(request), key)


@router.delete("", responses=accepted(BudgetShown))
async def archive_budget(
    request: Request,
    category: Annotated[str, Query(min_length=1, max_length=400)],
    start: Annotated[str | None, Query(pattern=r"^\d{4}-\d{2}(-\d{2})?$")] = None,
    key: IdempotencyKey = None,
) -> Response:
    """End the budget of a category from a month on."""
    command = commands.ArchiveBudget(category=category, start=start)
    return await execute(request, command, ledger_of(request), key)


@router.get("", responses=found(list[BudgetShown]))
async def list_budgets(request: Request) -> Response:
    """All budgets with their terms, in order of category."""
    async with read_models(request) as conn:
        rows, position = await queries.list_budgets(conn, ledger_of(request))
    return respond(request, rows, position=position)


@router.get("/status", responses=found(list[BudgetStatusShown]))
async def budget_status(
    request: Request,
    month: Annotated[str | None, Query(description="Like 2025-03; this month if left out.")] = None,
) -> Response:
    """How each budget stands in a month."""
    period = Month.parse(month) if month else Month.of(today_of(request))
    async with read_models(request) as conn:
        rows, position = await queries.budget_status(
            conn, ledger_of(request), period, as_of=as_of(request)
        )
    for row in rows:
        # A share and no money, so it may be a number.
        row["ratio"] = None if row["ratio"] is None else float(row["ratio"])
    return respond(request, rows, position=position)
