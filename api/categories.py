"""Routes of categories: the tree, and what was spent and earned in it."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import Response

from mintflow.api.core.documentation import Documented, accepted, found
from mintflow.api.core.envelope import respond
from mintflow.api.core.read_models import read_models
from mintflow.api.core.routing import IdempotencyKey, JsonRoute, execute
from mintflow.api.core.subject import as_of, ledger_of
from mintflow.commands import categories as commands
from mintflow.commands.core.command import CategoryPath, Command, Day
from mintflow.domain.core.errors import Invalid
from mintflow.domain.core.time import Month
from mintflow.projections import categories as queries

router = APIRouter(prefix="/v1/ledgers/{ledger_id}", tags=["categories"], route_class=JsonRoute)


class PeriodNotUsable(Invalid):
    """A period is either a month, or a start and an end that follows it."""

    code = "period_not_usable"


class ActionNotUsable(Invalid):
    """The action lacks its target, or has one that it does not take."""

    code = "action_not_usable"


class CategoryShown(Documented):
    category: str
    kind: str
    archived: bool


class CategoryTotal(Documented):
    """amount: from the account's side: spending negative, a refund lowers it, income positive."""

    category: str
    amount: str
    currency: str
    transactions: int


class CategoryAction(BaseModel):
    """move and merge need `to`."""

    model_config = ConfigDict(extra="forbid")

    action: Literal["move", "merge", "archive", "restore"]
    path: CategoryPath
    to: CategoryPath | None = None


@router.get("/categories", responses=found(list[CategoryShown]))
async def list_categories(request: Request) -> Response:
    """The category tree, in order of path."""
    async with read_models(request) as conn:
        rows, position = await queries.list_categories(conn, ledger_of(request))
    return respond(request, rows, position=position)


@router.post("/categories", status_code=201, responses=accepted(CategoryShown, 201))
async def add_category(
    request: Request, body: commands.AddCategory, key: IdempotencyKey = None
) -> Response:
    """Add a category below another one, or a new top one."""
    return await execute(request, body, ledger_of(request), key, status=201)


@router.post("/categories/actions", responses=accepted(CategoryShown))
async def change_category(
    request: Request, body: CategoryAction, key: IdempotencyKey = None
) -> Response:
    """Move (or rename), merge, archive or restore a category."""
    return await execute(request, _command(body), ledger_of(request), key)


@router.get("/category-totals", responses=found(list[CategoryTotal]))
async def category_totals(
    request: Request,
    month: Annotated[str | None, Query(description="Like 2025-03.", max_length=10)] = None,
    start: Annotated[Day | None, Query()] = None,
    end: Annotated[Day | None, Query(description="The last day that counts.")] = None,
) -> Response:
    """What was booked in each category; transfers are neither spent nor earned, so not here."""
    if month is not None and start is None and end is None:
        period = Month.parse(month)
        start, end = period.first, period.last
    elif month is not None or start is None or end is None or start > end:
        raise PeriodNotUsable("give month, or start and an end not before it")
    async with read_models(request) as conn:
        rows, position = await queries.category_totals(
            conn, ledger_of(request), start=start, end=end, as_of=as_of(request)
        )
    return respond(request, rows, position=position)


def _command(body: CategoryAction) -> Command:
    if (body.to is None) == (body.action in ("move", "merge")):
        raise ActionNotUsable("move and merge need `to`, the others do not take it")
    if body.action == "move":
        return commands.MoveCategory(path=body.path, to=body.to or "")
    if body.action == "merge":
        return commands.MergeCategories(path=body.path, into=body.to or "")
    if body.action == "archive":
        return commands.ArchiveCategory(path=body.path)
    return commands.RestoreCategory(path=body.path)
