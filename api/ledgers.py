"""Routes of ledgers: open books, list one's own."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from mintflow.api.core.documentation import Documented, accepted, found
from mintflow.api.core.envelope import respond
from mintflow.api.core.read_models import read_models
from mintflow.api.core.routing import IdempotencyKey, JsonRoute, execute
from mintflow.api.core.services import principal_of, services_of
from mintflow.api.core.subject import as_of, ledger_of, own_writes
from mintflow.commands.ledgers import OpenLedger, RenameLedger
from mintflow.projections import ledgers as queries

router = APIRouter(prefix="/v1/ledgers", tags=["ledgers"], route_class=JsonRoute)


class LedgerShown(Documented):
    ledger_id: str
    name: str
    currency: str


class TrialBalance(Documented):
    """debits: what real accounts hold and categories cost; credits: what they owe and earn."""

    currency: str
    debits: str
    credits: str
    difference: str


@router.post("", status_code=201, responses=accepted(LedgerShown, 201))
async def open_ledger(request: Request, body: OpenLedger, key: IdempotencyKey = None) -> Response:
    """Open new books with the default category tree."""
    return await execute(request, body, None, key, status=201)


@router.get("", responses=found(list[LedgerShown]))
async def list_ledgers(request: Request) -> Response:
    """The caller's ledgers, oldest first."""
    await own_writes(services_of(request), principal_of(request).user_id)
    async with services_of(request).pool.connection() as conn:
        rows = await queries.list_ledgers(conn, str(principal_of(request).user_id))
    return respond(request, rows)


@router.get("/{ledger_id}", responses=found(LedgerShown))
async def get_ledger(request: Request) -> Response:
    """One ledger."""
    async with read_models(request) as conn:
        row, position = await queries.get_ledger(conn, ledger_of(request))
    return respond(request, row, position=position)


@router.get("/{ledger_id}/trial-balance", responses=found(list[TrialBalance]))
async def trial_balance(request: Request) -> Response:
    """The proof that the books balance: `difference` is always 0."""
    async with read_models(request) as conn:
        rows, position = await queries.trial_balance(conn, ledger_of(request), as_of=as_of(request))
    return respond(request, rows, position=position)


@router.patch("/{ledger_id}", responses=accepted(LedgerShown))
async def rename_ledger(
    request: Request, body: RenameLedger, key: IdempotencyKey = None
) -> Response:
    """Give a ledger another name."""
    return await execute(request, body, ledger_of(request), key)
