"""Routes of transactions: record, list, search, categorize, split, void; and their history."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from mintflow.api.core.documentation import Documented, accepted, found
from mintflow.api.core.envelope import respond
from mintflow.api.core.paging import LIMIT_MAX, page
from mintflow.api.core.query import documented, read_query
from mintflow.api.core.read_models import read_models
from mintflow.api.core.routing import IdempotencyKey, JsonRoute, execute
from mintflow.api.core.services import services_of
from mintflow.api.core.subject import as_of, ledger_of
from mintflow.api.events.shown import known
from mintflow.api.events.shown import shown_to_owner as event_shown
from mintflow.commands import transactions as commands
from mintflow.commands.core.command import (
    AMOUNT_PATTERN,
    NO_NUL,
    Amount,
    CategoryPath,
    Day,
    ForeignId,
    Tag,
    Text,
)
from mintflow.domain.core.ids import shard_of
from mintflow.domain.core.money import exact_amount
from mintflow.domain.transactions import TransactionNotFound
from mintflow.projections import transactions as queries
from mintflow.store.reader import head_of, read_streams

router = APIRouter(
    prefix="/v1/ledgers/{ledger_id}/transactions", tags=["transactions"], route_class=JsonRoute
)


class TransactionShown(Documented):
    """amount: signed from the account's side, money out is negative. category: null when split;
    then `splits` has the parts."""

    transaction_id: str
    account_id: str
    date: Day
    amount: str
    currency: str
    description: str
    merchant: str | None
    category: str | None
    category_source: str
    category_reason: str | None
    category_confidence: str | None
    category_band: str | None
    rule_id: str | None
    budgeted: bool
    status: str


class RecordedShown(Documented):
    transaction_id: str
    known: bool


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class CategoryBody(_Body):
    """Either category or splits."""

    category: CategoryPath | None = None
    splits: tuple[commands.SplitPart, ...] | None = Field(None, min_length=1, max_length=100)


class Amendment(_Body):
    """What is given changes; what is not given stays."""

    date: Day | None = None
    amount: Amount | None = None
    description: Text | None = None
    counterparty: Text | None = None
    notes: Text | None = None
    tags: tuple[Tag, ...] | None = Field(None, max_length=50)
    merchant: Text | None = Field(None, description="Who it was with; an empty one forgets it.")
    budgeted: bool | None = Field(None, description="false: budgets leave it out.")


class Posting(_Body):
    """How the bank booked a pending one; what is not given stays."""

    amount: Amount | None = None
    date: Day | None = None
    bank_id: ForeignId | None = None


class Match(_Body):
    imported_id: UUID


@router.post("", status_code=201, responses=accepted(TransactionShown, 201))
async def record_transaction(
    request: Request,
    body: commands.RecordTransaction,
    key: IdempotencyKey = None,
) -> Response:
    """Record a transaction; with an `external_id` that is known, the one that has it is given."""
    return await execute(request, body, ledger_of(request), key, status=201)


@router.post("/batch", status_code=201, responses=accepted(list[RecordedShown], 201))
async def record_transactions(
    request: Request,
    body: commands.RecordTransactions,
    key: IdempotencyKey = None,
) -> Response:
    """Record up to 1,000, all or nothing; a refusal names the index of the one it is about."""
    return await execute(request, body, ledger_of(request), key, status=201)


class TransactionQuery(BaseModel):
    """The filters of a list; amounts are signed."""

    model_config = ConfigDict(frozen=True)

    account_id: UUID | None = None
    category: str | None = Field(
        None, max_length=400, pattern=NO_NUL, description="A category with all below it."
    )
    start_date: Day | None = None
    end_date: Day | None = None
    min_amount: str | None = Field(None, pattern=AMOUNT_PATTERN, description="Signed.")
    max_amount: str | None = Field(None, pattern=AMOUNT_PATTERN, description="Signed.")
    q: str | None = Field(
        None,
        max_length=2_000,
        pattern=NO_NUL,
        description="Words that must all occur, or a query (docs/reference/queries.md) such as "
        "`merchant:starbucks amount<-20`.",
    )
    tag: str | None = Field(None, max_length=100, pattern=NO_NUL)
    status: Literal["pending", "posted", "voided", "absorbed"] | None = Field(
        None, description="Voided and absorbed ones are listed only when asked for."
    )
    sort: Literal["-date", "date", "-amount", "amount", "-recorded", "recorded"] = "-date"
    limit: int = Field(100, ge=1, le=LIMIT_MAX, description="Rows of a page.")
    cursor: str | None = Field(
        None, max_length=500, description="`next_cursor` of the page before."
    )


@router.get("", responses=found(list[TransactionShown]), openapi_extra=documented(TransactionQuery))
async def list_transactions(request: Request) -> Response:
    """Transactions that fit all filters, a page at a time; pages stay right while rows come in."""
    asked = read_query(request, TransactionQuery)
    filters = queries.TransactionFilter(
        account_id=asked.account_id,
        category=asked.category,
        start_date=asked.start_date,
        end_date=asked.end_date,
        min_amount=_amount(asked.min_amount),
        max_amount=_amount(asked.max_amount),
        q=asked.q,
        tag=asked.tag,
        status=asked.status,
    )
    async with read_models(request) as conn:
        found_page = await queries.list_transactions(
            conn,
            ledger_of(request),
            filters,
            sort=asked.sort,
            limit=asked.limit,
            cursor=asked.cursor,
            as_of=as_of(request),
        )
    return respond(
        request,
        found_page.rows,
        position=found_page.position,
        pagination=page(found_page.next_cursor),
    )


@router.get("/{transaction_id}", responses=found(TransactionShown))
async def get_transaction(request: Request, transaction_id: UUID) -> Response:
    """One transaction, voided or not."""
    async with read_models(request) as conn:
        row, position = await queries.get_transaction(
            conn, ledger_of(request), transaction_id, as_of=as_of(request)
        )
    return respond(request, row, position=position)


@router.get("/{transaction_id}/history", responses=found(list[Any]))
async def transaction_history(request: Request, transaction_id: UUID) -> Response:
    """Everything that happened to a transaction: its events in order. Raises 404 as `get`."""
    services = services_of(request)
    async with services.pool.connection() as conn:
        # Asked first: what is read after it reflects no less.
        head = await head_of(conn, shard_of(ledger_of(request)))
        streams = await read_streams(conn, services.mapper, ledger_of(request), [transaction_id])
    events = known(request, streams.get(transaction_id, []))
    if not events or not events[0].type.startswith("transaction."):
        raise TransactionNotFound(
            "there is no such transaction", transaction_id=str(transaction_id)
        )
    position = max(head, events[-1].position)
    return respond(request, [event_shown(event) for event in events], position=position)


@router.put("/{transaction_id}/category", responses=accepted(TransactionShown))
async def categorize_transaction(
    request: Request,
    transaction_id: UUID,
    body: CategoryBody,
    key: IdempotencyKey = None,
) -> Response:
    """Set the category, or split the amount between several."""
    command = commands.CategorizeTransaction(
        transaction_id=transaction_id, category=body.category, splits=body.splits
    )
    return await execute(request, command, ledger_of(request), key)


@router.patch("/{transaction_id}", responses=accepted(TransactionShown))
async def amend_transaction(
    request: Request,
    transaction_id: UUID,
    body: Amendment,
    key: IdempotencyKey = None,
) -> Response:
    """Correct date, amount, texts, merchant, note or tags, or leave it out of budgets; no bank and
    no rule overwrites what is set here."""
    command = commands.AmendTransaction(transaction_id=transaction_id, **body.model_dump())
    return await execute(request, command, ledger_of(request), key)


@router.post("/{transaction_id}/post", responses=accepted(TransactionShown))
async def post_transaction(
    request: Request,
    transaction_id: UUID,
    body: Posting,
    key: IdempotencyKey = None,
) -> Response:
    """Post a pending transaction."""
    command = commands.PostTransaction(transaction_id=transaction_id, **body.model_dump())
    return await execute(request, command, ledger_of(request), key)


@router.post("/{transaction_id}/match", responses=accepted(TransactionShown))
async def match_transactions(
    request: Request,
    transaction_id: UUID,
    body: Match,
    key: IdempotencyKey = None,
) -> Response:
    """Say that an imported row is this hand-made transaction, which keeps its own fields."""
    command = commands.MatchTransactions(
        transaction_id=transaction_id, imported_id=body.imported_id
    )
    return await execute(request, command, ledger_of(request), key)


@router.delete("/{transaction_id}/match", responses=accepted(TransactionShown))
async def unmatch_transaction(
    request: Request, transaction_id: UUID, key: IdempotencyKey = None
) -> Response:
    """Undo a match: both count on their own again."""
    command = commands.UnmatchTransaction(transaction_id=transaction_id)
    return await execute(request, command, ledger_of(request), key)


@router.delete("/{transaction_id}", responses=accepted(TransactionShown))
async def void_transaction(
    request: Request, transaction_id: UUID, key: IdempotencyKey = None
) -> Response:
    """Void it: it counts no more, and its history stays."""
    command = commands.VoidTransaction(transaction_id=transaction_id)
    return await execute(request, command, ledger_of(request), key)


@router.post("/{transaction_id}/reinstate", responses=accepted(TransactionShown))
async def reinstate_transaction(
    request: Request, transaction_id: UUID, key: IdempotencyKey = None
) -> Response:
    """Undo a void."""
    command = commands.ReinstateTransaction(transaction_id=transaction_id)
    return await execute(request, command, ledger_of(request), key)


def _amount(text: str | None) -> Any:
    """A bound of a filter, in any currency's digits. Raises AmountNotReadable, TooManyDigits."""
    return exact_amount(text, "ETH") if text is not None else None
