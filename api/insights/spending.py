"""Routes of spending: by category, merchant, account and tag, beside earlier periods; income,
spending and saving over time."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

from fastapi import APIRouter
from psycopg import AsyncConnection
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from mintflow.api.categories import PeriodNotUsable
from mintflow.api.core.documentation import Documented, found
from mintflow.api.core.envelope import respond
from mintflow.api.core.paging import LIMIT_MAX, page
from mintflow.api.core.query import documented, read_query
from mintflow.api.core.read_models import read_models
from mintflow.api.core.routing import JsonRoute
from mintflow.api.core.subject import as_of, ledger_of, today_of
from mintflow.commands.core.command import NO_NUL, Day
from mintflow.domain.core.time import Month
from mintflow.domain.insights import Span, checked_span
from mintflow.projections import insights as queries
from mintflow.projections.transactions import CursorNotReadable

router = APIRouter(
    prefix="/v1/ledgers/{ledger_id}/spending", tags=["insights"], route_class=JsonRoute
)

MONTHS_MAX = 1_200


class Compared(Documented):
    """Another span. difference: now less then; ratio: that as a share of then, null where that
    was not above zero."""

    start: dt.date
    end: dt.date
    spent: str
    transactions: int
    difference: str
    ratio: str | None


class SpentShown(Documented):
    """spent: money out is positive, a refund lowers it."""

    currency: str
    spent: str
    transactions: int
    previous: Compared
    year_ago: Compared


class SpentByCategory(SpentShown):
    """The category with all below it; own: without those."""

    category: str
    own: str


class SpentByMerchant(SpentShown):
    merchant: str | None


class SpentByAccount(SpentShown):
    account_id: str
    name: str


class SpentByTag(SpentShown):
    tag: str | None


class Saved(Documented):
    """saved: income less spent; saving_rate: that as a share of income, null without income."""

    income: str
    spent: str
    saved: str
    saving_rate: str | None
    transactions: int


class SavedThen(Saved):
    start: dt.date
    end: dt.date


class SummaryShown(Saved):
    currency: str
    previous: SavedThen
    year_ago: SavedThen


class TrendShown(SavedThen):
    currency: str


class SpanQuery(BaseModel):
    """A month, or start and end; this month where neither is said."""

    model_config = ConfigDict(frozen=True)

    month: str | None = Field(None, max_length=10, description="Like 2025-03.")
    start: Day | None = None
    end: Day | None = Field(None, description="The last day that counts.")


class SpendingQuery(SpanQuery):
    limit: int = Field(LIMIT_MAX, ge=1, le=LIMIT_MAX, description="Rows of a page.")
    cursor: str | None = Field(
        None, max_length=20, description="`next_cursor` of the page before; rows that come in "
        "meanwhile may shift what it holds."
    )  # fmt: skip


class TrendQuery(BaseModel):
    """The last twelve months where no start and end are said."""

    model_config = ConfigDict(frozen=True)

    interval: Literal["day", "week", "month", "quarter", "year"] = "month"
    months: int = Field(12, ge=1, le=MONTHS_MAX, description="So many, up to this one.")
    start: Day | None = None
    end: Day | None = None
    category: Annotated[str, Field(max_length=400, pattern=NO_NUL)] | None = Field(
        None, description="Only this one with all below it."
    )


def span_of(request: Request, asked: SpanQuery) -> tuple[Span, dt.date | None]:
    """What is asked for, and the day that it depends on, if it does. Raises PeriodNotUsable,
    MonthNotReadable, SpanNotUsable."""
    if asked.month is not None and asked.start is None and asked.end is None:
        month = Month.parse(asked.month)
        return Span(month.first, month.last), None
    if asked.month is None and asked.start is not None and asked.end is not None:
        return checked_span(asked.start, asked.end), None
    if asked.month is not None or asked.start is not None or asked.end is not None:
        raise PeriodNotUsable("give month, or start and an end not before it")
    today = today_of(request)
    return Span(Month.of(today).first, Month.of(today).last), today


def last_months(
    request: Request, months: int, start: dt.date | None, end: dt.date | None
) -> tuple[Span, dt.date | None]:
    """From start to end, or the last months up to this one. Raises PeriodNotUsable."""
    if start is not None and end is not None:
        return checked_span(start, end), None
    if start is not None or end is not None:
        raise PeriodNotUsable("give start and an end not before it, or neither")
    today = today_of(request)
    month = today.year * 12 + today.month - months
    return Span(dt.date(month // 12, month % 12 + 1, 1), Month.of(today).last), today


async def _spent(request: Request, conn: AsyncConnection[Any], by: queries.Dimension) -> Response:
    asked = read_query(request, SpendingQuery)
    span, day = span_of(request, asked)
    begin = _place(asked.cursor)
    rows, position = await queries.spending(
        conn, ledger_of(request), span, by=by, as_of=as_of(request)
    )
    end = begin + asked.limit
    more = page(str(end) if len(rows) > end else None)
    return respond(request, rows[begin:end], position=position, day=day, pagination=more)


def _place(cursor: str | None) -> int:
    if cursor is None:
        return 0
    if not (cursor.isascii() and cursor.isdigit()):
        raise CursorNotReadable("the cursor does not belong to this list")
    return int(cursor)


_SPENDING: dict[str, Any] = documented(SpendingQuery)


@router.get("/by-category", responses=found(list[SpentByCategory]), openapi_extra=_SPENDING)
async def by_category(request: Request) -> Response:
    """What was spent in each category with all below it, the most first, beside the last period of
    equal length and the same one a year ago."""
    async with read_models(request) as conn:
        return await _spent(request, conn, "category")


@router.get("/by-merchant", responses=found(list[SpentByMerchant]), openapi_extra=_SPENDING)
async def by_merchant(request: Request) -> Response:
    """What each merchant took, the most first; null for rows that name none."""
    async with read_models(request) as conn:
        return await _spent(request, conn, "merchant")


@router.get("/by-account", responses=found(list[SpentByAccount]), openapi_extra=_SPENDING)
async def by_account(request: Request) -> Response:
    """What was spent from each account, the most first."""
    async with read_models(request) as conn:
        return await _spent(request, conn, "account")


@router.get("/by-tag", responses=found(list[SpentByTag]), openapi_extra=_SPENDING)
async def by_tag(request: Request) -> Response:
    """What was spent under each tag; a transaction with two tags counts under both."""
    async with read_models(request) as conn:
        return await _spent(request, conn, "tag")


@router.get("/summary", responses=found(list[SummaryShown]), openapi_extra=documented(SpanQuery))
async def summary(request: Request) -> Response:
    """Income, spending, what was saved and the saving rate of a period, beside earlier ones."""
    span, day = span_of(request, read_query(request, SpanQuery))
    async with read_models(request) as conn:
        rows, position = await queries.summary(conn, ledger_of(request), span, as_of=as_of(request))
    return respond(request, rows, position=position, day=day)


@router.get("/trends", responses=found(list[TrendShown]), openapi_extra=documented(TrendQuery))
async def trends(request: Request) -> Response:
    """Income, spending and saving of each month (or day, week, quarter, year), none left out."""
    asked = read_query(request, TrendQuery)
    span, day = last_months(request, asked.months, asked.start, asked.end)
    async with read_models(request) as conn:
        rows, position = await queries.trends(
            conn,
            ledger_of(request),
            span,
            asked.interval,
            category=asked.category,
            as_of=as_of(request),
        )
    return respond(request, rows, position=position, day=day)
