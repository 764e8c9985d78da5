"""Routes of merchants: who the money went to and came from."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import Response

from mintflow.api.core.documentation import Documented, found
from mintflow.api.core.envelope import respond
from mintflow.api.core.query import documented, read_query
from mintflow.api.core.read_models import read_models
from mintflow.api.core.routing import JsonRoute
from mintflow.api.core.subject import as_of, ledger_of
from mintflow.commands.core.command import NO_NUL
from mintflow.projections import merchants as queries

router = APIRouter(
    prefix="/v1/ledgers/{ledger_id}/merchants", tags=["merchants"], route_class=JsonRoute
)


class MerchantShown(Documented):
    """category: the most frequent one. amounts: per currency, money out is negative."""

    merchant: str
    transactions: int
    category: str
    first_date: str
    last_date: str
    amounts: list[dict[str, Any]]


class MerchantQuery(BaseModel):
    model_config = ConfigDict(frozen=True)

    q: str = Field("", max_length=200, pattern=NO_NUL, description="The name contains it.")
    limit: int = Field(100, ge=1, le=queries.MERCHANTS_MAX, description="At most so many.")


@router.get("", responses=found(list[MerchantShown]), openapi_extra=documented(MerchantQuery))
async def list_merchants(request: Request) -> Response:
    """Merchants, those with the most transactions first."""
    asked = read_query(request, MerchantQuery)
    async with read_models(request) as conn:
        rows, position = await queries.list_merchants(
            conn, ledger_of(request), q=asked.q, limit=asked.limit, as_of=as_of(request)
        )
    return respond(request, rows, position=position)
