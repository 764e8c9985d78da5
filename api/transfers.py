"""Routes of transfers: make, link two transactions, unlink, void."""

from __future__ import annotations

from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from mintflow.api.core.documentation import Documented, accepted, found
from mintflow.api.core.envelope import respond
from mintflow.api.core.paging import LIMIT_MAX
from mintflow.api.core.query import documented, read_query
from mintflow.api.core.read_models import read_models
from mintflow.api.core.routing import IdempotencyKey, JsonRoute, execute
from mintflow.api.core.subject import as_of, ledger_of
from mintflow.api.transactions import TransactionShown
from mintflow.commands import transfers as commands
from mintflow.projections import transfers as queries
from mintflow.projections.fx import known_rates

router = APIRouter(
    prefix="/v1/ledgers/{ledger_id}/transfers", tags=["transfers"], route_class=JsonRoute
)


class TransferShown(Documented):
    """amount leaves one account, to_amount enters the other. legs: in this order."""

    transfer_id: str
    from_account_id: str
    to_account_id: str
    amount: str
    currency: str
    to_amount: str
    to_currency: str
    date: str
    legs: list[TransactionShown]


class SuggestionShown(Documented):
    """amount leaves one account, to_amount enters the other. confidence: 0 to 1. certain: sure
    enough to be linked by itself when rows come in. reasons: in words."""

    from_transaction_id: str
    to_transaction_id: str
    from_account_id: str
    to_account_id: str
    from_date: str
    to_date: str
    amount: str
    currency: str
    to_amount: str
    to_currency: str
    confidence: str
    certain: bool
    reasons: list[str]


class RejectedShown(Documented):
    from_transaction_id: str
    to_transaction_id: str
    rejected: bool


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


class SuggestionQuery(BaseModel):
    model_config = ConfigDict(frozen=True)

    limit: int = Field(100, ge=1, le=LIMIT_MAX, description="At most so many.")


@router.get(
    "/suggestions",
    responses=found(list[SuggestionShown]),
    openapi_extra=documented(SuggestionQuery),
)
async def transfer_suggestions(request: Request) -> Response:
    """Pairs that may be the two sides of one movement, surest first. One that was rejected never
    comes back."""
    asked = read_query(request, SuggestionQuery)
    async with read_models(request) as conn:
        rates = await known_rates(conn, ledger_of(request))
        rows, position = await queries.transfer_suggestions(
            conn, ledger_of(request), limit=asked.limit, as_of=as_of(request), rates=rates
        )
    return respond(request, rows, position=position)


@router.post("/suggestions/accept", status_code=201, responses=accepted(TransferShown, 201))
async def accept_suggestion(
    request: Request,
    body: commands.LinkTransactions,
    key: IdempotencyKey = None,
) -> Response:
    """They are one movement, as `link`."""
    return await execute(request, body, ledger_of(request), key, status=201)


@router.post("/suggestions/reject", responses=accepted(RejectedShown))
async def reject_suggestion(
    request: Request,
    body: commands.RejectPair,
    key: IdempotencyKey = None,
) -> Response:
    """They are not one movement, and never suggested again; if they are linked, the link ends and
    both have back what they had."""
    return await execute(request, body, ledger_of(request), key)


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
