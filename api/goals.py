"""Routes of goals: what they are, how they stand, what is set aside, and their history."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import Response

from mintflow.api.core.documentation import Documented, accepted, found
from mintflow.api.core.envelope import respond
from mintflow.api.core.read_models import read_models
from mintflow.api.core.routing import IdempotencyKey, JsonRoute, execute
from mintflow.api.core.services import services_of
from mintflow.api.core.subject import as_of, ledger_of, today_of
from mintflow.api.events.shown import known
from mintflow.api.events.shown import shown_to_owner as event_shown
from mintflow.commands import goals as commands
from mintflow.commands.core.command import Amount, Day
from mintflow.commands.goals.managing import GoalTermsAsked
from mintflow.domain.core.ids import shard_of
from mintflow.domain.goals import GoalNotFound
from mintflow.projections import goals as queries
from mintflow.projections.core.reading import Row
from mintflow.store.reader import head_of, read_streams

router = APIRouter(prefix="/v1/ledgers/{ledger_id}/goals", tags=["goals"], route_class=JsonRoute)


class GoalAccount(Documented):
    account_id: UUID
    amount: str


class SavingShown(Documented):
    """percent or amount of income; as: earmark or transfer."""

    percent: str | None
    amount: str | None
    account_id: UUID | None
    to_account_id: UUID | None
    since: dt.date


class PledgeShown(Documented):
    """A transfer that is to come. status: open, met, expired or withdrawn."""

    pledge_id: UUID
    from_account_id: UUID
    to_account_id: UUID
    amount: str
    date: dt.date
    until: dt.date
    transfer_id: UUID | None
    met_on: dt.date | None
    status: str


class GoalSaid(Documented):
    """What was said of a goal."""

    goal_id: UUID
    name: str
    note: str
    kind: str
    currency: str
    target: str | None
    months: int | None
    due: dt.date | None
    priority: int
    funding: str
    saving: SavingShown | None
    archived: bool


class GoalShown(GoalSaid):
    """How it stands on a day. accounts: what it has of each, or what is owed of a debt. earmarked:
    what was set aside, maybe more than accounts hold. ratio: saved of target, a plain number.
    rate: per month, of the last quarter. status: reached, on_track, behind, overdue, open (no day
    or no rate to compare), unknown (no target yet)."""

    monthly_spending: str | None
    accounts: list[GoalAccount]
    started_on: dt.date
    reached_at: dt.datetime | None
    saved: str
    earmarked: str
    remaining: str | None
    ratio: float | None
    rate: str | None
    needed_per_month: str | None
    projected_on: dt.date | None
    status: str
    pledges: list[PledgeShown]


class Contributed(GoalSaid):
    """pledge_id: of the transfer that was pledged; null where money was earmarked."""

    pledge_id: UUID | None


class Contribution(BaseModel):
    """So much of an account; a negative amount takes it back. from_account_id: it is going to be
    moved from there, which is pledged. date: today where not given."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"account_id": "01999999-0000-7000-8000-000000000002", "amount": "50.00"}]
        },
    )

    account_id: UUID
    amount: Amount
    from_account_id: UUID | None = None
    date: Day | None = None


@router.post("", status_code=201, responses=accepted(GoalSaid, 201))
async def create_goal(
    request: Request, body: commands.CreateGoal, key: IdempotencyKey = None
) -> Response:
    """Save for something, pay off a debt, or keep months of spending."""
    return await execute(request, body, ledger_of(request), key, status=201)


@router.get("", responses=found(list[GoalShown]))
async def list_goals(
    request: Request,
    archived: Annotated[bool, Query(description="Also those that are archived.")] = False,
) -> Response:
    """All goals in order of priority, and how they stand; with as_of on that day."""
    day = _day(request)
    async with read_models(request) as conn:
        rows, position = await queries.list_goals(conn, ledger_of(request), day, archived=archived)
    return respond(request, [_shown(row) for row in rows], position=position, day=day)


@router.get("/{goal_id}", responses=found(GoalShown))
async def get_goal(request: Request, goal_id: UUID) -> Response:
    """One goal and how it stands."""
    day = _day(request)
    async with read_models(request) as conn:
        row, position = await queries.get_goal(conn, ledger_of(request), goal_id, day)
    return respond(request, _shown(row), position=position, day=day)


@router.put("/{goal_id}", responses=accepted(GoalSaid))
async def change_goal(
    request: Request, goal_id: UUID, body: GoalTermsAsked, key: IdempotencyKey = None
) -> Response:
    """Set all of its terms anew; kind, currency, and whether accounts or earmarks count, stay."""
    command = commands.ChangeGoal(goal_id=goal_id, **body.model_dump())
    return await execute(request, command, ledger_of(request), key)


@router.delete("/{goal_id}", responses=accepted(GoalSaid))
async def archive_goal(request: Request, goal_id: UUID, key: IdempotencyKey = None) -> Response:
    """Archive it: it takes nothing any more, and its history stays."""
    return await execute(request, commands.ArchiveGoal(goal_id=goal_id), ledger_of(request), key)


@router.post("/{goal_id}/contributions", status_code=201, responses=accepted(Contributed, 201))
async def contribute(
    request: Request, goal_id: UUID, body: Contribution, key: IdempotencyKey = None
) -> Response:
    """Earmark money, take it back, or pledge a transfer."""
    command = commands.ContributeToGoal(goal_id=goal_id, **body.model_dump())
    return await execute(request, command, ledger_of(request), key, status=201)


@router.delete("/{goal_id}/pledges/{pledge_id}", responses=accepted(Contributed))
async def withdraw_pledge(
    request: Request, goal_id: UUID, pledge_id: UUID, key: IdempotencyKey = None
) -> Response:
    """Withdraw a pledge that no transfer has met."""
    command = commands.WithdrawPledge(goal_id=goal_id, pledge_id=pledge_id)
    return await execute(request, command, ledger_of(request), key)


@router.get("/{goal_id}/history", responses=found(list[Any]))
async def goal_history(request: Request, goal_id: UUID) -> Response:
    """Everything that happened to a goal: its events in order."""
    services = services_of(request)
    async with services.pool.connection() as conn:
        # Asked first: what is read after it reflects no less.
        head = await head_of(conn, shard_of(ledger_of(request)))
        streams = await read_streams(conn, services.mapper, ledger_of(request), [goal_id])
    events = known(request, streams.get(goal_id, []))
    if not events or not events[0].type.startswith("goal."):
        raise GoalNotFound("there is no such goal", goal_id=str(goal_id))
    position = max(head, events[-1].position)
    return respond(request, [event_shown(event) for event in events], position=position)


def _day(request: Request) -> dt.date:
    """The day on which goals are looked at."""
    return as_of(request) or today_of(request)


def _shown(row: Row) -> Row:
    # A share and no money, so it may be a number.
    return {**row, "ratio": None if row["ratio"] is None else float(row["ratio"])}
