"""Routes of envelopes: how they stand, assign money, move it."""

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
from mintflow.projections.budgets import envelopes as queries

router = APIRouter(
    prefix="/v1/ledgers/{ledger_id}/budgets/envelopes", tags=["budgets"], route_class=JsonRoute
)


class EnvelopeShown(Documented):
    """available = carried_in + assigned + activity; below zero it is overspent."""

    category: str
    carried_in: str
    assigned: str
    activity: str
    available: str


class InflowShown(Documented):
    kind: str
    amount: str


class EnvelopesShown(Documented):
    """One currency at the end of a month: available + ready_to_assign = cash, always. overspent:
    of the envelopes below zero now; the next month begins with them empty, and with so much less to
    assign. overdrawn_before: what months before overdrew. assigned_later: in months to come."""

    currency: str
    month: str
    cash: str
    ready_to_assign: str
    available: str
    assigned: str
    activity: str
    overspent: str
    overdrawn_before: str
    assigned_later: str
    inflow: list[InflowShown]
    envelopes: list[EnvelopeShown]


class MoneyAssigned(Documented):
    category: str
    month: str
    amount: str
    currency: str


class MoneyMoved(Documented):
    source: str
    target: str
    month: str
    amount: str
    currency: str


@router.get("", responses=found(list[EnvelopesShown]))
async def envelopes(
    request: Request,
    month: Annotated[str | None, Query(description="Like 2025-03; this month if left out.")] = None,
) -> Response:
    """How the envelopes stand at the end of a month, and what is ready to assign."""
    wanted = Month.parse(month) if month else Month.of(today_of(request))
    async with read_models(request) as conn:
        rows, position = await queries.envelopes(
            conn, ledger_of(request), wanted, as_of=as_of(request)
        )
    return respond(request, rows, position=position, day=today_of(request))


@router.post("/assign", responses=accepted(MoneyAssigned))
async def assign(
    request: Request, body: commands.AssignMoney, key: IdempotencyKey = None
) -> Response:
    """Put money into an envelope; a negative amount takes it back."""
    return await execute(request, body, ledger_of(request), key)


@router.post("/move", responses=accepted(MoneyMoved))
async def move(request: Request, body: commands.MoveMoney, key: IdempotencyKey = None) -> Response:
    """Move money from one envelope to another."""
    return await execute(request, body, ledger_of(request), key)
