"""Routes of erasing oneself: ask for it, see how far it is, call it off."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from mintflow.api.core.documentation import Documented, accepted, found
from mintflow.api.core.envelope import respond
from mintflow.api.core.routing import IdempotencyKey, JsonRoute
from mintflow.api.core.services import context_of, principal_of, services_of
from mintflow.api.core.subject import own_writes
from mintflow.commands.core.command import Command, Text
from mintflow.commands.erasure import CancelErasure, RequestErasure
from mintflow.domain.erasure import PHRASE, NoErasureWaits
from mintflow.domain.ledgers import LedgerNotFound
from mintflow.projections.erasure import erasures_of

router = APIRouter(prefix="/v1/me", tags=["erasure"], route_class=JsonRoute)


class ErasureWanted(BaseModel):
    """Which ledgers; all that the caller owns, where none is named."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", json_schema_extra={"examples": [{"confirm": PHRASE}]}
    )

    confirm: Text = Field(description="The phrase `erase everything`.")
    ledger_ids: list[UUID] | None = Field(None, min_length=1, max_length=1_000)


class ErasureShown(Documented):
    """state: none; waiting until due_at; cancelled; erasing, when the keys are gone and tables are
    being emptied; erased."""

    ledger_id: str
    state: str
    requested_at: str | None
    due_at: str | None
    ended_at: str | None


@router.post("/erasure", status_code=202, responses=accepted(list[ErasureShown], 202))
async def request_erasure(
    request: Request, body: ErasureWanted, key: IdempotencyKey = None
) -> Response:
    """Have everything personal erased once the waiting time is over.

    The keys of the ledgers are then destroyed. Amounts, dates, categories and every proof stay;
    what is sealed can never be read again by anybody. Asking again changes nothing.
    """
    asked = RequestErasure(confirm=body.confirm)
    states = ("none", "waiting", "cancelled")
    return await _each(request, states, body.ledger_ids, lambda: asked, key, 202)


@router.get("/erasure", responses=found(list[ErasureShown]))
async def erasure_status(request: Request) -> Response:
    """How the erasure of each of the caller's ledgers stands."""
    return respond(request, await _standing(request))


@router.delete("/erasure", responses=accepted(list[ErasureShown]))
async def cancel_erasure(request: Request, key: IdempotencyKey = None) -> Response:
    """Call off every erasure that still waits."""
    return await _each(request, ("waiting",), None, CancelErasure, key, 200)


async def _each(
    request: Request,
    states: Sequence[str],
    ledger_ids: Sequence[UUID] | None,
    command: Callable[[], Command],
    key: str | None,
    status: int,
) -> Response:
    """One command per ledger. One that fails leaves the others done; asking again goes on."""
    services = services_of(request)
    standing = await _standing(request)
    own = {row["ledger_id"]: row["state"] for row in standing}
    if ledger_ids is not None and not set(ledger_ids) <= own.keys():
        raise LedgerNotFound("there is no such ledger")
    wanted = [one for one in ledger_ids or own if own[one] in states]
    if not wanted and key is not None and status == 200:
        # It may be the repeat of what called them off; that is known by its key.
        wanted = [one for one in own if own[one] == "cancelled"]
    if not wanted:
        if status == 202 and own:
            return respond(request, standing, status=status)
        if status == 202:
            raise LedgerNotFound("you have no ledger")
        raise NoErasureWaits("no erasure of yours waits")
    replayed = True
    for ledger_id in wanted:
        answer = await services.bus.execute(command(), context_of(request, ledger_id, key))
        replayed &= answer.replayed
    return respond(request, await _standing(request), status=status, replayed=replayed)


async def _standing(request: Request) -> list[dict[str, Any]]:
    services, user_id = services_of(request), principal_of(request).user_id
    await own_writes(services, user_id)
    for again in (False, True):
        async with services.pool.connection() as conn:
            rows = await erasures_of(conn, str(user_id))
        if not again:
            for row in rows:
                await own_writes(services, row["ledger_id"])
    return rows
