"""Routes of accounts: open, rename, close; balances and their history."""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import Response

from mintflow.api.core.documentation import Documented, accepted, found
from mintflow.api.core.envelope import respond
from mintflow.api.core.read_models import read_models
from mintflow.api.core.routing import IdempotencyKey, JsonRoute, execute
from mintflow.api.core.subject import as_of, ledger_of
from mintflow.commands import accounts as commands
from mintflow.commands.core.command import Amount, Currency, Day, Name
from mintflow.connectors.files import profile_from_json, profile_to_json
from mintflow.projections import accounts as queries

router = APIRouter(
    prefix="/v1/ledgers/{ledger_id}/accounts", tags=["accounts"], route_class=JsonRoute
)


class AccountShown(Documented):
    """balance: what is posted. pending: what is not yet. available: the balance less what pending
    transactions will take out; pending income counts when it is posted."""

    account_id: str
    name: str
    kind: str
    currency: str
    balance: str
    pending: str
    available: str


class AccountOpened(Documented):
    account_id: str
    name: str
    kind: str
    currency: str


class BalancePoint(Documented):
    date: Day
    balance: str


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class AccountChanges(_Body):
    """What is given changes, what is not given stays: an opening balance keeps its opening_date,
    and a date alone moves it; null makes it undated. closed: true closes the account today, false
    re-opens it."""

    name: Name | None = None
    closed: bool | None = None
    closed_on: Day | None = None
    opening_balance: Amount | None = None
    opening_date: Day | None = None


class BalanceReport(_Body):
    date: Day
    amount: Amount
    currency: Currency | None = None


@router.post("", status_code=201, responses=accepted(AccountOpened, 201))
async def open_account(
    request: Request,
    body: commands.OpenAccount,
    key: IdempotencyKey = None,
) -> Response:
    """Open an account; opening_balance is signed from its side, a debt is negative."""
    return await execute(request, body, ledger_of(request), key, status=201)


@router.get("", responses=found(list[AccountShown]))
async def list_accounts(request: Request) -> Response:
    """All accounts with their balances, in the order in which they were opened."""
    async with read_models(request) as conn:
        rows, position = await queries.list_accounts(conn, ledger_of(request), as_of=as_of(request))
    return respond(request, rows, position=position)


@router.get("/{account_id}", responses=found(AccountShown))
async def get_account(request: Request, account_id: UUID) -> Response:
    """One account with its balance."""
    async with read_models(request) as conn:
        row, position = await queries.get_account(
            conn, ledger_of(request), account_id, as_of=as_of(request)
        )
    return respond(request, row, position=position)


@router.get("/{account_id}/history", responses=found(list[BalancePoint]))
async def account_history(
    request: Request,
    account_id: UUID,
    interval: Annotated[Literal["day", "month"], Query()] = "day",
    start: Annotated[Day | None, Query()] = None,
    end: Annotated[Day | None, Query()] = None,
) -> Response:
    """The balance at the end of each day or month."""
    async with read_models(request) as conn:
        rows, position = await queries.account_history(
            conn,
            ledger_of(request),
            account_id,
            interval=interval,
            start=start,
            end=end,
            as_of=as_of(request),
        )
    return respond(request, rows, position=position)


@router.patch("/{account_id}", responses=accepted(AccountOpened))
async def change_account(
    request: Request,
    account_id: UUID,
    body: AccountChanges,
    key: IdempotencyKey = None,
) -> Response:
    """Rename, close, re-open, or correct the opening balance."""
    return await execute(
        request,
        commands.ChangeAccount(account_id=account_id, **body.model_dump(exclude_unset=True)),
        ledger_of(request),
        key,
    )


@router.post("/{account_id}/reported-balances", status_code=201, responses=accepted(Any, 201))
async def report_balance(
    request: Request,
    account_id: UUID,
    body: BalanceReport,
    key: IdempotencyKey = None,
) -> Response:
    """Note what the bank says the account held at the end of a day; drift is shown against it."""
    command = commands.ReportBalance(account_id=account_id, **body.model_dump())
    return await execute(request, command, ledger_of(request), key, status=201)


@router.put("/{account_id}/import-profile", responses=accepted(Any))
async def set_import_profile(
    request: Request,
    account_id: UUID,
    body: dict[str, Any],
    key: IdempotencyKey = None,
) -> Response:
    """Say how CSV files of this account are read; the reference of bank files lists the fields."""
    profile = profile_to_json(profile_from_json(body))
    command = commands.SetImportProfile(account_id=account_id, profile=profile)
    return await execute(request, command, ledger_of(request), key)
