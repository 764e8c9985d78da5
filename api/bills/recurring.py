"""Routes of recurring streams: what comes again and again, found in the history."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.requests import Request
from starlette.responses import Response

from mintflow.api.core.documentation import Documented, found
from mintflow.api.core.envelope import respond
from mintflow.api.core.query import documented, read_query
from mintflow.api.core.read_models import read_models
from mintflow.api.core.routing import JsonRoute
from mintflow.api.core.subject import as_of, ledger_of, today_of
from mintflow.commands.core.command import Day
from mintflow.projections import bills as queries

router = APIRouter(
    prefix="/v1/ledgers/{ledger_id}/recurring", tags=["bills"], route_class=JsonRoute
)

Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2,3}$")]


class PriceChangeShown(Documented):
    """since: the day of the first payment at the new price. percent: of the price before."""

    before: str
    after: str
    since: dt.date
    percent: str
    rise: bool


class RecurringShown(Documented):
    """amount: what is expected next, signed from the account's side; between amount_min and
    amount_max, which are equal where it is a price and not variable. yearly_amount: what a year of
    it comes to. status: early (few payments), mature, ended. next_date: the next one that has not
    come; null where it ended. missed: turns without a payment between the first and the last."""

    stream_id: UUID
    payee: str
    merchant: str | None
    description: str
    direction: str
    kind: str
    frequency: str
    status: str
    active: bool
    amount: str
    amount_min: str
    amount_max: str
    variable: bool
    last_amount: str
    currency: str
    yearly_amount: str
    category: str
    account_id: UUID
    first_date: dt.date
    last_date: dt.date
    next_date: dt.date | None
    hits: int
    missed: int
    price_change: PriceChangeShown | None
    confidence: float
    transaction_ids: list[UUID]


class RecurringQuery(BaseModel):
    model_config = ConfigDict(frozen=True)

    status: Literal["early", "mature", "ended"] | None = Field(
        None, description="Only streams that stand like this."
    )
    direction: Literal["inflow", "outflow"] | None = Field(
        None, description="Only what comes in, or only what goes out."
    )
    country: Country | None = Field(
        None,
        description="Whose holidays move days, like DE; those of each stream's currency if left "
        "out.",
    )
    reckoned_on: Day | None = Field(
        None, alias="today", description="The day that it is reckoned from; today if left out."
    )


@router.get("", responses=found(list[RecurringShown]), openapi_extra=documented(RecurringQuery))
async def list_recurring(request: Request) -> Response:
    """Recurring streams found in the history, those due next first, ended ones last."""
    asked = read_query(request, RecurringQuery)
    today = asked.reckoned_on or today_of(request)
    async with read_models(request) as conn:
        rows, position = await queries.list_recurring(
            conn, ledger_of(request), today=today, as_of=as_of(request), country=asked.country
        )
    kept = [
        row
        for row in rows
        if asked.status in (None, row["status"]) and asked.direction in (None, row["direction"])
    ]
    return respond(request, kept, position=position, day=today)
