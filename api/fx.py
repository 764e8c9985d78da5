"""Routes of exchange rates: record them, and see which are known."""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from mintflow.api.core.documentation import Documented, accepted, found
from mintflow.api.core.envelope import respond
from mintflow.api.core.read_models import read_models
from mintflow.api.core.routing import IdempotencyKey, JsonRoute, execute
from mintflow.api.core.subject import as_of, ledger_of
from mintflow.commands import fx as commands
from mintflow.commands.core.command import Currency, Day
from mintflow.projections import fx as queries

router = APIRouter(prefix="/v1/ledgers/{ledger_id}/rates", tags=["rates"], route_class=JsonRoute)


class RatesRecorded(Documented):
    """recorded: rates that are news; known: those that were there already."""

    recorded: int
    known: int


class RateShown(Documented):
    """rate: units of quote for one of base."""

    base: str
    quote: str
    date: dt.date
    rate: str
    recorded_at: dt.datetime


@router.post("", status_code=201, responses=accepted(RatesRecorded, 201))
async def record_rates(
    request: Request, body: commands.RecordRates, key: IdempotencyKey = None
) -> Response:
    """Record exchange rates of days. Where a budget is kept in another currency than something was
    spent in, the rate of the day converts it; without one it stays apart and is said."""
    return await execute(request, body, ledger_of(request), key, status=201)


@router.get("", responses=found(list[RateShown]))
async def list_rates(
    request: Request,
    base: Annotated[Currency | None, Query()] = None,
    quote: Annotated[Currency | None, Query()] = None,
    start: Annotated[Day | None, Query()] = None,
    end: Annotated[Day | None, Query(description="The last day that counts.")] = None,
    limit: Annotated[int, Query(ge=1, le=5_000)] = 1_000,
) -> Response:
    """The rates that were recorded, newest day first."""
    last = min((one for one in (end, as_of(request)) if one is not None), default=None)
    async with read_models(request) as conn:
        rows, position = await queries.list_rates(
            conn, ledger_of(request), base=base, quote=quote, start=start, end=last, limit=limit
        )
    return respond(request, rows, position=position)
