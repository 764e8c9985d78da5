"""Routes of transfers: make, link two transactions, unlink, void."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from mintflow.api.core.documentation import Documented, accepted
from mintflow.api.core.routing import IdempotencyKey, JsonRoute, execute
from mintflow.api.core.subject import ledger_of
from mintflow.api.transactions import TransactionShown
from mintflow.commands import transfers as commands

router = APIRouter(
    prefix="/v1/ledgers/{ledger_id}/transfers", tags=["transfers"], route_class=JsonRoute
)


class TransferShown(Documented):
    """legs: first the one that leaves its account, then the one that enters the other."""

    transfer_id: str
    from_account_id: str
    to_account_id: str
    amount: str
    currency: str
    date: str
    legs: list[TransactionShown]


@router.post("", status_code=201, responses=accepted(TransferShown, 201))
async def make_transfer(
    request: Request,
    body: commands.MakeTransfer,
    key: IdempotencyKey = None,
) -> Response:
    """Move money between two own accounts; both legs are recorded in one commit."""
    return await execute(request, body, ledger_of(request), key, status=201)


@router.post("/link", status_code=201, responses=accepted(TransferShown, 201))
async def link_transactions(
    request: Request,
    body: commands.LinkTransactions,
    key: IdempotencyKey = None,
) -> Response:
    """Say that two transactions are the two sides of one movement."""
    return await execute(request, body, ledger_of(request), key, status=201)


@router.post("/{transfer_id}/unlink", responses=accepted(TransferShown))
async def unlink_transfer(
    request: Request, transfer_id: UUID, key: IdempotencyKey = None
) -> Response:
    """Let both legs stand on their own, with the categories they had."""
    return await execute(
        request, commands.UnlinkTransfer(transfer_id=transfer_id), ledger_of(request), key
    )


@router.delete("/{transfer_id}", responses=accepted(TransferShown))
async def void_transfer(
    request: Request, transfer_id: UUID, key: IdempotencyKey = None
) -> Response:
    """Void both legs."""
    return await execute(
        request, commands.VoidTransfer(transfer_id=transfer_id), ledger_of(request), key
    )
