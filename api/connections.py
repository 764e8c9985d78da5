"""Routes of connections: where rows come from without a file, and what each sync brings.

The connector that talks to the bank stands outside: it opens a connection once, and hands over
what is new since its cursor. The same rows handed over again add nothing.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from mintflow.api.core.documentation import Documented, accepted, found
from mintflow.api.core.envelope import respond
from mintflow.api.core.read_models import read_models
from mintflow.api.core.routing import IdempotencyKey, JsonRoute, execute
from mintflow.api.core.subject import ledger_of
from mintflow.commands import connections as commands
from mintflow.commands.core.command import Amount, Currency, Day, ForeignId, Text, example
from mintflow.commands.imports import SyncAccount
from mintflow.domain.statements import Statement, StatementBalance, StatementRow
from mintflow.projections import connections as queries

router = APIRouter(
    prefix="/v1/ledgers/{ledger_id}/connections", tags=["connections"], route_class=JsonRoute
)

# One commit; a connector that has more hands over more than once and moves its cursor each time.
SYNC_ROWS_MAX = 5_000


class SyncedRow(BaseModel):
    """amount: from the account's side, money out is negative. external_id: the bank's own."""

    model_config = ConfigDict(extra="forbid")

    external_id: ForeignId
    date: Day
    amount: Amount
    description: Text
    currency: Currency | None = None
    counterparty: Text = ""
    status: Literal["posted", "pending"] = "posted"


class SyncedBalance(BaseModel):
    """What the bank says the account held at the end of a day."""

    model_config = ConfigDict(extra="forbid")

    date: Day
    amount: Amount


class SyncBody(BaseModel):
    """cursor: the provider's place from which the next sync goes on. removed: ids of pending rows
    that the bank took back."""

    model_config = example(
        account_id="018f3a5e-7a53-7cc1-9b1f-0a4a3c6f2b11",
        cursor="2025-03-15T08:00:00Z",
        transactions=[
            {
                "external_id": "t-1001",
                "date": "2025-03-14",
                "amount": "-12.30",
                "description": "Corner shop",
            }
        ],
    ) | ConfigDict(extra="forbid")

    account_id: UUID
    cursor: Annotated[Text, Field(max_length=1_000)] = ""
    transactions: Annotated[list[SyncedRow], Field(max_length=SYNC_ROWS_MAX)]
    removed: Annotated[list[ForeignId], Field(max_length=SYNC_ROWS_MAX)] = []
    balance: SyncedBalance | None = None


class ConnectionShown(Documented):
    connection_id: str
    provider: str


class AccountSynced(Documented):
    """Rows by what became of them in the last sync; `cursor` is where the next one goes on."""

    account_id: str
    cursor: str
    added: int
    known: int
    updated: int
    skipped: int
    removed: int
    synced_at: dt.datetime


class ConnectionListed(ConnectionShown):
    institution: str | None
    opened_at: dt.datetime
    accounts: list[AccountSynced]


class SyncShown(Documented):
    """Rows by what became of them; findings as of an import."""

    import_id: str
    account_id: str
    added: int
    known: int
    updated: int
    skipped: int
    removed: int
    cursor: str
    findings: list[Any]


@router.post("", status_code=201, responses=accepted(ConnectionShown, 201))
async def open_connection(
    request: Request, body: commands.OpenConnection, key: IdempotencyKey = None
) -> Response:
    """Set up a way to a bank; it has brought nothing yet."""
    return await execute(request, body, ledger_of(request), key, status=201)


@router.get("", responses=found(list[ConnectionListed]))
async def list_connections(request: Request) -> Response:
    """The connections, each with what the last sync of each account brought."""
    async with read_models(request) as conn:
        rows, position = await queries.list_connections(conn, ledger_of(request))
    return respond(request, rows, position=position)


@router.post("/{connection_id}/syncs", status_code=201, responses=accepted(SyncShown, 201))
async def sync_account(
    request: Request, connection_id: UUID, body: SyncBody, key: IdempotencyKey = None
) -> Response:
    """Bring in what a bank has for one account, whole or not at all. What is known is not added
    again; a pending row becomes the posted one; a row of the user's own is matched."""
    command = SyncAccount(
        connection_id=connection_id,
        account_id=body.account_id,
        cursor=body.cursor,
        statement=_statement(body),
        removed=tuple(body.removed),
    )
    return await execute(request, command, ledger_of(request), key, status=201)


def _statement(body: SyncBody) -> Statement:
    rows = tuple(
        StatementRow(
            date=row.date,
            amount=row.amount,
            description=row.description,
            where=f"transactions[{number}]",
            currency=row.currency,
            bank_id=row.external_id,
            pending=row.status == "pending",
            counterparty=row.counterparty,
        )
        for number, row in enumerate(body.transactions)
    )
    balance = body.balance
    closing = StatementBalance(balance.date, balance.amount) if balance else None
    return Statement(rows=rows, closing=closing)
