"""Routes of undo: what was done lately, and the undoing of it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from mintflow.api.core.documentation import Documented, accepted, found
from mintflow.api.core.envelope import respond
from mintflow.api.core.paging import page
from mintflow.api.core.routing import IdempotencyKey, JsonRoute, execute
from mintflow.api.core.services import services_of
from mintflow.api.core.subject import known_until, ledger_of
from mintflow.commands.undo import UndoOperation
from mintflow.domain.core.ids import shard_of
from mintflow.store.operations import read_operations
from mintflow.store.reader import SEQ_MAX, head_of

router = APIRouter(prefix="/v1/ledgers/{ledger_id}", tags=["undo"], route_class=JsonRoute)


class OperationShown(Documented):
    """All that one request did. what: the type of event that says most of it. undone: whether it
    was undone. undoes: the operation that this one undid, or redid."""

    operation_id: str
    what: str
    actor: str
    recorded_at: str
    first_seq: int
    last_seq: int
    events: dict[str, int]
    undone: bool
    undoes: str | None


class Change(Documented):
    """fields: field -> {"from", "to"}."""

    kind: str
    id: str
    fields: dict[str, Any]


class ConflictShown(Documented):
    """What is kept as it is, and why."""

    kind: str
    id: str
    reason: str
    fields: list[str]


class Undone(Documented):
    """operation_id: of the undoing itself, to undo it; null for a dry run. stays: events by kind
    that say what happened and that nothing takes back. why: for each of these, opens_the_ledger,
    holds_nothing, came_in, names_a_row, was_told, follows_from_the_books or has_its_own_way.
    changed and conflicting count all; changes and conflicts list the first `listed_max` of them."""

    operation_id: str | None
    undoes: str
    redo: bool
    dry_run: bool
    changed: int
    changes: list[Change]
    conflicting: int
    conflicts: list[ConflictShown]
    stays: dict[str, int]
    why: dict[str, str]
    listed_max: int


@router.get("/operations", responses=found(list[OperationShown]))
async def list_operations(
    request: Request,
    before: Annotated[
        int | None, Query(ge=1, le=SEQ_MAX, description="`next_cursor` of the page before.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """What was done in the ledger, newest first: one entry for each request that did something."""
    services = services_of(request)
    async with services.pool.connection() as conn:
        # Asked first: the list may hold more than this, and never less.
        head = await head_of(conn, shard_of(ledger_of(request)))
        shown, more = await read_operations(
            conn,
            services.mapper,
            ledger_of(request),
            until_seq=known_until(request),
            before=before,
            limit=limit,
        )
    last = str(shown[-1]["first_seq"]) if more else None
    return respond(request, shown, position=head, pagination=page(last))


@router.post("/undo", responses=accepted(Undone))
async def undo_operation(
    request: Request, body: UndoOperation, key: IdempotencyKey = None
) -> Response:
    """Undo an operation, or with `dry_run` say exactly what that would change.

    Later edits by the user win and are listed as conflicts. Undo can be undone.
    """
    return await execute(request, body, ledger_of(request), key)
