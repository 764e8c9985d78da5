"""Routes of recurring streams: what comes again and again, found in the history."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, StringConstraints
from starlette.requests import Request
from starlette.responses import Response

from mintflow.api.bills.shown import BillShown, PriceChangeShown
from mintflow.api.core.documentation import Documented, accepted, found
from mintflow.api.core.envelope import respond
from mintflow.api.core.query import documented, read_query
from mintflow.api.core.read_models import read_models
from mintflow.api.core.routing import IdempotencyKey, JsonRoute, execute
from mintflow.api.core.services import services_of
from mintflow.api.core.subject import as_of, ledger_of, today_of
from mintflow.commands import bills as commands
from mintflow.commands.core.command import Day, Name, Text
from mintflow.projections import bills as queries

router = APIRouter(
    prefix="/v1/ledgers/{ledger_id}/recurring", tags=["bills"], route_class=JsonRoute
)

Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2,3}$")]


class RecurringShown(Documented):
    """amount: what is expected next, signed from the account's side; between amount_min and
    amount_max, which are equal where it is a price and not variable. yearly_amount: what a year of
    it comes to. status: early (few payments), mature, ended. next_date: the next one that has not
    come; null where it ended. missed: turns without a payment between the first and the last."""

    stream_id: UUID
    name: str
    dismissed: bool
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
    dismissed: bool = Field(False, description="Also those that were dismissed.")
    reckoned_on: Day | None = Field(
        None, alias="today", description="The day that it is reckoned from; today if left out."
    )


class JudgementShown(Documented):
    """name: null where the stream keeps its own."""

    stream_id: UUID
    dismissed: bool
    name: str | None


class NewName(BaseModel):
    """name: "" for the stream's own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Text


class HowToConfirm(BaseModel):
    """name: the stream's where left out."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name | None = None
    remind_days: commands.RemindDays = 3


@router.get("", responses=found(list[RecurringShown]), openapi_extra=documented(RecurringQuery))
async def list_recurring(request: Request) -> Response:
    """Recurring streams found in the history, those due next first, ended ones last."""
    asked = read_query(request, RecurringQuery)
    today = asked.reckoned_on or today_of(request)
    async with read_models(request) as conn:
        rows, position = await queries.list_recurring(
            conn,
            ledger_of(request),
            today=today,
            as_of=as_of(request),
            country=asked.country,
            dismissed=asked.dismissed,
        )
    kept = [
        row
        for row in rows
        if asked.status in (None, row["status"]) and asked.direction in (None, row["direction"])
    ]
    return respond(request, kept, position=position, day=today)


@router.post("/{stream_id}/confirm", responses=accepted(BillShown))
async def confirm_stream(
    request: Request, stream_id: UUID, body: HowToConfirm, key: IdempotencyKey = None
) -> Response:
    """Make a bill of a recurring stream: it is reminded of, and told when it is late."""
    one = await _stream(request, stream_id)
    schedule, row = one.stream.schedule, one.shown
    command = commands.ConfirmStream(
        stream_id=stream_id,
        transaction_id=row["transaction_id"],
        name=(body.name or one.name).strip()[:200],
        payee=one.payee,
        amount=one.sign * one.stream.amount,
        currency=row["currency"],
        variable=not one.stream.fixed,
        frequency=schedule.frequency,
        anchor=schedule.anchor,
        days=schedule.days,
        nth_weekday=schedule.nth_weekday,
        roll=schedule.roll,
        every_days=schedule.every_days,
        account_id=row["account_id"],
        category_id=row["category_id"],
        remind_days=body.remind_days,
    )
    return await execute(request, command, ledger_of(request), key)


@router.post("/{stream_id}/dismiss", responses=accepted(JudgementShown))
async def dismiss_stream(request: Request, stream_id: UUID, key: IdempotencyKey = None) -> Response:
    """Take a stream out of the lists; it stays out."""
    return await _judged(request, stream_id, key, verdict="dismissed")


@router.post("/{stream_id}/restore", responses=accepted(JudgementShown))
async def restore_stream(request: Request, stream_id: UUID, key: IdempotencyKey = None) -> Response:
    """Have a stream in the lists again."""
    return await _judged(request, stream_id, key, verdict="none")


@router.put("/{stream_id}/name", responses=accepted(JudgementShown))
async def name_stream(
    request: Request, stream_id: UUID, body: NewName, key: IdempotencyKey = None
) -> Response:
    """Call a stream otherwise."""
    return await _judged(request, stream_id, key, name=body.name)


async def _stream(request: Request, stream_id: UUID) -> queries.Detected:
    """Raises RecurringNotFound."""
    async with services_of(request).pool.connection() as conn:
        return await queries.stream_of(conn, ledger_of(request), stream_id, today=today_of(request))


async def _judged(
    request: Request, stream_id: UUID, key: str | None, *,
    verdict: Literal["none", "dismissed"] | None = None, name: str | None = None,
) -> Response:  # fmt: skip
    one = await _stream(request, stream_id)
    command = commands.JudgeStream(
        stream_id=stream_id,
        transaction_id=one.shown["transaction_id"],
        verdict=verdict,
        name=name,
    )
    return await execute(request, command, ledger_of(request), key)
