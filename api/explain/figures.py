"""The events that make a figure, and that they sum to it exactly.

The figure comes from its own query, the events from the log up to the position of that answer; the
two are never taken from each other.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from psycopg import AsyncConnection
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response

from mintflow.api.core.documentation import Documented, found
from mintflow.api.core.envelope import respond
from mintflow.api.core.paging import LIMIT_MAX, page
from mintflow.api.core.query import documented, read_query
from mintflow.api.core.read_models import read_models
from mintflow.api.core.routing import JsonRoute
from mintflow.api.core.services import services_of
from mintflow.api.core.subject import as_of, known_at, ledger_of
from mintflow.commands.core.command import NO_NUL, Day
from mintflow.domain.core.errors import Invalid, NotFound
from mintflow.domain.core.money import EXACT, ZERO, exact_figure
from mintflow.domain.core.time import DATE_MAX, DATE_MIN, Month
from mintflow.projections import accounts, budgets, categories
from mintflow.projections.explain import EXPLAINED_TYPES, Figure
from mintflow.store.mapper import RecordedEvent
from mintflow.store.moments import sequence_at
from mintflow.store.reader import read_ledger

router = APIRouter(
    prefix="/v1/ledgers/{ledger_id}/explain", tags=["explain"], route_class=JsonRoute
)
PAGE_EVENTS = 2_000
ATTEMPTS_MAX = 3


class FigureNotNamed(Invalid):
    """A figure is a balance (account_id), a category total (category and month, or start and end),
    or what was spent of a budget (category and month)."""

    code = "figure_not_named"


class FigureNotFound(NotFound):
    """There is no such category or budget, in this period."""

    code = "figure_not_found"


class WhichFigure(BaseModel):
    """What is to be explained."""

    figure: Literal["balance", "category", "budget"]
    account_id: UUID | None = Field(None, description="Of a balance.")
    category: str | None = Field(
        None, max_length=400, pattern=NO_NUL, description="Of a total or a budget."
    )
    month: str | None = Field(None, max_length=10, description="Like 2025-03.")
    start: Day | None = None
    end: Day | None = Field(None, description="The last day that counts.")
    below: bool = Field(
        False, description="Of a category: with all below it, as spending/by-category tells it; "
        "otherwise its own alone, as category-totals tells it."
    )  # fmt: skip
    cursor: Annotated[int, Query(ge=0, le=2**62)] = Field(
        0, ge=0, le=2**62, description="`next_cursor` of the page before."
    )
    limit: int = Field(100, ge=1, le=LIMIT_MAX, description="Events of a page.")


class SumShown(Documented):
    """figure: what the figure's own query answers. sum: what all events together come to.
    agrees: whether these are the same, to the last digit."""

    currency: str
    figure: str
    sum: str
    agrees: bool


class TotalShown(Documented):
    """A category's total: its own, and with all below it. Spending is negative."""

    currency: str
    own: str
    with_below: str


class PartShown(Documented):
    """One event and what it adds. sum_so_far: with all events before it, in its currency."""

    event_id: str
    type: str
    position: int
    ledger_seq: int
    recorded_at: dt.datetime
    effective_at: str
    actor: str
    correlation_id: str
    causation_id: str | None
    stream_id: str
    currency: str
    amount: str
    sum_so_far: str


class ExplanationShown(Documented):
    """events: a page of them, in order; sums: of all, not only of this page. left_out: of a budget,
    what somebody said that budgets do not count; it is in no event and in the sum. totals: of a
    category both figures, whichever of the two is explained."""

    figure: str
    sums: list[SumShown]
    left_out: str | None
    totals: list[TotalShown]
    events_total: int
    events: list[PartShown]


@dataclass(frozen=True, slots=True)
class _Asked:
    """A figure with what its query answered, per currency. sign: -1 where spending is positive."""

    figure: Figure
    amounts: dict[str, Decimal]
    position: int
    sign: int = 1
    left_out: Decimal | None = None
    totals: tuple[dict[str, Any], ...] = ()


@router.get("", responses=found(ExplanationShown), openapi_extra=documented(WhichFigure))
async def explain(request: Request) -> Response:
    """The events that make a balance, a category total or what was spent of a budget."""
    wanted, services = read_query(request, WhichFigure), services_of(request)
    ledger_id, moment = ledger_of(request), known_at(request)
    for _ in range(ATTEMPTS_MAX):
        async with read_models(request) as conn:
            asked = await _ASK[wanted.figure](conn, ledger_id, wanted, as_of(request) or DATE_MAX)
        async with services.pool.connection() as conn:
            until = (
                moment.ledger_seq
                if moment is not None
                else await sequence_at(conn, ledger_id, asked.position)
            )
            sums, parts = await _parts(conn, services.mapper, ledger_id, asked, until)
        # Some figures take two statements, between which the books can move.
        if all(asked.amounts.get(one, ZERO) == amount for one, amount in sums.items()):
            break
    shown = [one for one in parts if one["ledger_seq"] > wanted.cursor]
    more, shown = len(shown) > wanted.limit, shown[: wanted.limit]
    return respond(
        request,
        {
            "figure": wanted.figure,
            "sums": [
                {
                    "currency": currency,
                    "figure": exact_figure(asked.amounts.get(currency, ZERO), currency),
                    "sum": exact_figure(sums.get(currency, ZERO), currency),
                    "agrees": asked.amounts.get(currency, ZERO) == sums.get(currency, ZERO),
                }
                for currency in sorted({*asked.amounts, *sums})
            ],
            "left_out": asked.left_out,
            "totals": asked.totals,
            "events_total": len(parts),
            "events": shown,
        },
        position=asked.position,
        pagination=page(str(shown[-1]["ledger_seq"]) if more else None),
    )


async def _parts(
    conn: AsyncConnection[Any], mapper: Any, ledger_id: UUID, asked: _Asked, until: int
) -> tuple[dict[str, Decimal], list[dict[str, Any]]]:
    """What all events come to per currency, and each that adds anything."""
    sums: dict[str, Decimal] = {}
    if asked.left_out:
        [currency] = asked.amounts
        sums[currency] = -asked.left_out
    parts: list[dict[str, Any]] = []
    after = 0
    while True:
        events = await read_ledger(
            conn, mapper, ledger_id, after, PAGE_EVENTS, EXPLAINED_TYPES,
            until_seq=until, marks=asked.figure.marks(),
        )  # fmt: skip
        await asyncio.to_thread(_add, asked, events, sums, parts)
        if len(events) < PAGE_EVENTS:
            return sums, parts
        after = events[-1].ledger_seq


def _add(
    asked: _Asked,
    events: Sequence[RecordedEvent],
    sums: dict[str, Decimal],
    parts: list[dict[str, Any]],
) -> None:
    for event in events:
        for currency, amount in asked.figure.added_by(event).items():
            if asked.sign < 0 and currency not in asked.amounts:
                continue  # A budget is in one currency; others are not converted here.
            part = EXACT.multiply(amount, Decimal(asked.sign))
            sums[currency] = EXACT.add(sums.get(currency, ZERO), part)
            envelope = event.envelope
            parts.append(
                {
                    "event_id": event.event_id,
                    "type": event.type,
                    "position": event.position,
                    "ledger_seq": event.ledger_seq,
                    "recorded_at": event.recorded_at,
                    "effective_at": event.effective_at,
                    "actor": event.actor,
                    "correlation_id": event.correlation_id,
                    "causation_id": envelope["causation_id"],
                    "stream_id": event.stream_id,
                    "currency": currency,
                    "amount": exact_figure(part, currency),
                    "sum_so_far": exact_figure(sums[currency], currency),
                }
            )


async def _balance(
    conn: AsyncConnection[Any], ledger_id: UUID, wanted: WhichFigure, until: dt.date
) -> _Asked:
    if wanted.account_id is None or wanted.category or wanted.month or wanted.start or wanted.end:
        raise FigureNotNamed("a balance is named by account_id, and as_of if it is of a day")
    day = None if until == DATE_MAX else until
    row, position = await accounts.get_account(conn, ledger_id, wanted.account_id, as_of=day)
    figure = Figure(dt.date.min, until, account_id=str(wanted.account_id))
    return _Asked(figure, {row["currency"]: row["balance"]}, position)


async def _category(
    conn: AsyncConnection[Any], ledger_id: UUID, wanted: WhichFigure, until: dt.date
) -> _Asked:
    start, end = wanted.start or DATE_MIN, wanted.end or DATE_MAX
    if wanted.month is not None:
        month = Month.parse(wanted.month)
        start, end = month.first, month.last
    if wanted.category is None or wanted.account_id is not None or start > end:
        raise FigureNotNamed("a category total is named by category, and month or start and end")
    tree, _ = await categories.list_categories(conn, ledger_id)
    ids = frozenset(
        one["category_id"]
        for one in tree
        if _is_of(one["category"], wanted) and one["kind"] not in ("transfer", "equity")
    )
    if not ids:
        raise FigureNotFound("there is no such category")
    rows, position = await categories.category_totals(
        conn, ledger_id, start=start, end=end, as_of=None if until == DATE_MAX else until
    )
    own = _summed(rows, wanted.model_copy(update={"below": False}))
    whole = _summed(rows, wanted.model_copy(update={"below": True}))
    totals = tuple(
        {
            "currency": currency,
            "own": exact_figure(own.get(currency, ZERO), currency),
            "with_below": exact_figure(whole[currency], currency),
        }
        for currency in sorted(whole)
    )
    figure = Figure(start, min(end, until), category_ids=ids)
    return _Asked(figure, whole if wanted.below else own, position, totals=totals)


def _is_of(path: str, wanted: WhichFigure) -> bool:
    below = wanted.below and path.startswith(f"{wanted.category}.")
    return path == wanted.category or below


def _summed(rows: Sequence[Any], wanted: WhichFigure) -> dict[str, Decimal]:
    sums: dict[str, Decimal] = {}
    for one in rows:
        if _is_of(one["category"], wanted):
            held = sums.get(one["currency"], ZERO)
            sums[one["currency"]] = EXACT.add(held, one["amount"])
    return sums


async def _budget(
    conn: AsyncConnection[Any], ledger_id: UUID, wanted: WhichFigure, until: dt.date
) -> _Asked:
    if wanted.category is None or wanted.month is None or wanted.account_id is not None:
        raise FigureNotNamed("what was spent of a budget is named by its category and month")
    day = None if until == DATE_MAX else until
    rows, position = await budgets.budget_status(
        conn, ledger_id, Month.parse(wanted.month), as_of=day
    )
    held = [one for one in rows if one["category"] == wanted.category]
    if not held:
        raise FigureNotFound("no budget of this category holds in this month")
    [row] = held
    tree, _ = await categories.list_categories(conn, ledger_id)
    ids = frozenset(
        one["category_id"]
        for one in tree
        if any(f"{one['category']}.".startswith(f"{top}.") for top in row["categories"])
    )
    figure = Figure(row["start"], min(row["end"], until), category_ids=ids)
    left_out = await budgets.left_out(
        conn, ledger_id, sorted(ids), figure.start, figure.end, row["currency"]
    )
    amounts = {row["currency"]: row["spent"]}
    return _Asked(figure, amounts, position, sign=-1, left_out=left_out)


_ASK = {"balance": _balance, "category": _category, "budget": _budget}
