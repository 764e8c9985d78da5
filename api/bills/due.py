"""Routes of bills: what is due, as a list and as a calendar; write down, change, end, mark."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from mintflow.api.bills.calendar import calendar_of
from mintflow.api.bills.shown import BillShown, PriceChangeShown
from mintflow.api.core.documentation import Documented, accepted, found, given_as
from mintflow.api.core.envelope import respond
from mintflow.api.core.query import documented, read_query
from mintflow.api.core.read_models import read_models
from mintflow.api.core.routing import IdempotencyKey, JsonRoute, execute
from mintflow.api.core.subject import as_of, day_asked, ledger_of
from mintflow.commands import bills as commands
from mintflow.commands.core.command import Amount, Day, Name, Text
from mintflow.domain.core.errors import Invalid
from mintflow.domain.core.time import check_date
from mintflow.projections import bills as queries

router = APIRouter(prefix="/v1/ledgers/{ledger_id}/bills", tags=["bills"], route_class=JsonRoute)

SPAN_DAYS_MAX = 1_098
_BEFORE_DAYS, _AHEAD_DAYS = 14, 45


class BillRangeNotUsable(Invalid):
    """What is due is asked for from a day to a later one, three years at most."""

    code = "bill_range_not_usable"


class OccurrenceShown(Documented):
    """due: by the schedule; expected_on: moved to a working day. status: upcoming, due, paid, late,
    missed or skipped. source: bill, or detected where a recurring stream expects it that is no
    bill. paid_on, paid_amount, transaction_id: what it was paid with. price_change: what the newest
    payments were, where that is not what the bill says or what it was before."""

    due: dt.date
    expected_on: dt.date
    status: str
    source: str
    bill_id: UUID | None
    stream_id: UUID | None
    name: str
    kind: str
    amount: str
    currency: str
    variable: bool
    frequency: str
    category: str | None
    account_id: UUID | None
    paid_on: dt.date | None
    paid_amount: str | None
    transaction_id: UUID | None
    price_change: PriceChangeShown | None


class ReminderShown(Documented):
    bill_id: UUID
    name: str
    due: dt.date
    days_ahead: int
    amount: str
    currency: str
    reminded_at: dt.datetime


class MarkShown(BillShown):
    due: dt.date
    mark: str


class WhichDays(BaseModel):
    model_config = ConfigDict(frozen=True)

    from_: Day | None = Field(
        None, alias="from", description="The first day; 14 days ago if left out."
    )
    to: Day | None = Field(None, description="The last day; in 45 days if left out.")
    detected: bool = Field(True, description="Also what streams expect that are no bills.")
    reckoned_on: Day | None = Field(
        None, alias="today", description="The day that it is reckoned from; today if left out."
    )


class BillChange(BaseModel):
    """What is left out stays."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Name | None = None
    payee: Text | None = None
    amount: Amount | None = None
    variable: bool | None = None
    remind_days: commands.RemindDays | None = None


class BillEnd(BaseModel):
    """last_day: today if left out. reopen: it goes on after all."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    last_day: Day | None = None
    reopen: bool = False


class BillMark(BaseModel):
    """due: as GET bills tells it. transaction_id: what it was paid with."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    due: Day
    mark: Literal["paid", "skipped", "open"]
    transaction_id: UUID | None = None


@router.get("", responses=found(list[OccurrenceShown]), openapi_extra=documented(WhichDays))
async def list_due(request: Request) -> Response:
    """What is due from a day to another, in order, with what became of it."""
    asked = read_query(request, WhichDays)
    today = day_asked(request, asked.reckoned_on)
    span = _span(asked, today)
    async with read_models(request) as conn:
        rows, position = await queries.list_due(
            conn,
            ledger_of(request),
            span,
            today=today,
            as_of=as_of(request),
            streams=asked.detected,
        )
    return respond(request, rows, position=position, day=today)


@router.get("/list", responses=found(list[BillShown]))
async def list_bills(request: Request) -> Response:
    """The bills themselves, by name, ended ones too."""
    async with read_models(request) as conn:
        rows, position = await queries.list_bills(conn, ledger_of(request))
    shown = [
        {**{name: row[name] for name in _SHOWN}, "frequency": row["schedule"]["frequency"]}
        for row in rows
    ]
    return respond(request, shown, position=position)


_SHOWN = (
    "bill_id", "name", "amount", "currency", "variable", "remind_days", "stream_id", "last_day",
)  # fmt: skip


@router.get("/reminders", responses=found(list[ReminderShown]))
async def list_reminders(
    request: Request, limit: Annotated[int, Query(ge=1, le=queries.REMINDERS_MAX)] = 100
) -> Response:
    """What was reminded of, newest first."""
    async with read_models(request) as conn:
        rows, position = await queries.list_reminders(conn, ledger_of(request), limit=limit)
    return respond(request, rows, position=position)


@router.get(
    "/calendar.ics",
    openapi_extra=documented(WhichDays),
    responses=given_as("text/calendar", "What is due, RFC 5545."),
)
async def calendar(request: Request) -> Response:
    """What is due as an iCalendar feed; it takes the token in the header, as every request does."""
    asked = read_query(request, WhichDays)
    today = day_asked(request, asked.reckoned_on)
    span = _span(asked, today)
    async with read_models(request) as conn:
        rows, position = await queries.list_due(
            conn,
            ledger_of(request),
            span,
            today=today,
            as_of=as_of(request),
            streams=asked.detected,
        )
    return Response(
        calendar_of(rows, ledger_of(request), today),
        media_type="text/calendar",
        headers={"Cache-Control": "private, no-store", "ETag": f'W/"{position}-{today:%Y%m%d}"'},
    )


@router.post("", status_code=201, responses=accepted(BillShown, status=201))
async def add_bill(
    request: Request, body: commands.AddBill, key: IdempotencyKey = None
) -> Response:
    """Write down a bill."""
    return await execute(request, body, ledger_of(request), key, status=201)


@router.put("/{bill_id}", responses=accepted(BillShown))
async def change_bill(
    request: Request, bill_id: UUID, body: BillChange, key: IdempotencyKey = None
) -> Response:
    """Change name, amount or reminder of a bill."""
    command = commands.ChangeBill(bill_id=bill_id, **body.model_dump(exclude_unset=True))
    return await execute(request, command, ledger_of(request), key)


@router.post("/{bill_id}/end", responses=accepted(BillShown))
async def end_bill(
    request: Request, bill_id: UUID, body: BillEnd, key: IdempotencyKey = None
) -> Response:
    """End a bill after a day, or have it go on."""
    command = commands.EndBill(bill_id=bill_id, **body.model_dump())
    return await execute(request, command, ledger_of(request), key)


@router.post("/{bill_id}/marks", responses=accepted(MarkShown))
async def mark_bill(
    request: Request, bill_id: UUID, body: BillMark, key: IdempotencyKey = None
) -> Response:
    """Say that one time was paid or is skipped, or take that back."""
    command = commands.MarkBill(bill_id=bill_id, **body.model_dump())
    return await execute(request, command, ledger_of(request), key)


def _span(asked: WhichDays, today: dt.date) -> tuple[dt.date, dt.date]:
    """Raises BillRangeNotUsable, DateOutOfRange."""
    first = check_date(asked.from_ or check_date(today) - dt.timedelta(days=_BEFORE_DAYS))
    last = check_date(asked.to or max(first, today) + dt.timedelta(days=_AHEAD_DAYS))
    if not 0 <= (last - first).days <= SPAN_DAYS_MAX:
        raise BillRangeNotUsable(
            "what is due is asked for from a day to a later one", days_max=SPAN_DAYS_MAX
        )
    return first, last
