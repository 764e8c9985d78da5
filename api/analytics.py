"""Routes that tell about rows of no ledger: what category and merchant a bank row has.

Nothing is read and nothing kept: neither the caller's books nor what was learned from them answer
here; rows of a ledger are sorted as they come in.
"""

from __future__ import annotations

import asyncio
from typing import Any, Self

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.requests import Request
from starlette.responses import Response

from mintflow.api.core.documentation import Documented, found
from mintflow.api.core.envelope import respond
from mintflow.api.core.routing import IdempotencyKey, JsonRoute
from mintflow.api.core.services import services_of
from mintflow.commands.core.command import Amount, Currency, Day, Text
from mintflow.domain.accounts import AccountKind
from mintflow.ml.categorize import Band, Categorizer, Row, Suggestion, SuggestionSource

router = APIRouter(prefix="/v1/analytics", tags=["analytics"], route_class=JsonRoute)

BATCH_MAX = 1_000
_CONFIDENCE_DIGITS = 4


class RowToCategorize(BaseModel):
    """A bank row as far as it is known. amount: money out is negative."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    description: Text
    amount: Amount | None = None
    currency: Currency | None = None
    date: Day | None = None
    account_kind: AccountKind | None = None
    country: str | None = Field(
        None, pattern=r"^[A-Za-z]{2}$", description="ISO 3166: where the account is."
    )
    counterparty: Text = ""
    memo: Text = ""
    mcc: str | None = Field(
        None,
        pattern=r"^[0-9]{4}$",
        description="ISO 18245: the merchant category code of a card payment.",
    )


class RowsToCategorize(RowToCategorize):
    """One row, or up to 1,000 as `transactions`."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"description": "STARBUCKS #1234 NEW YORK", "amount": "-5.75", "currency": "USD"},
                {
                    "transactions": [
                        {"description": "REWE SAGT DANKE. 45021//Koeln/DE", "amount": "-43.12"},
                        {"description": "POS 4829103", "amount": "-45.00", "currency": "USD"},
                    ]
                },
            ]
        },
    )

    description: Text = ""
    transactions: tuple[RowToCategorize, ...] | None = Field(
        None, min_length=1, max_length=BATCH_MAX
    )

    @model_validator(mode="after")
    def _one_of_both(self) -> Self:
        given = self.model_fields_set - {"transactions"}
        if (self.transactions is None) == (not given):
            raise ValueError("give either the fields of one row or transactions")
        if self.transactions is None and "description" not in given:
            raise ValueError("a row has a description")
        return self


class SuggestionShown(Documented):
    """category: null where nothing is sure enough. confidence: 0 to 1, how often such an answer is
    right. confidence_level: the same as band. version: of the knowledge or model that answered."""

    category: str | None
    merchant: str | None
    confidence: float
    band: Band
    confidence_level: Band
    source: SuggestionSource
    reason: str
    version: str


@router.post("/categorize", responses=found(SuggestionShown | list[SuggestionShown]))
async def categorize(
    request: Request,
    body: RowsToCategorize,
    key: IdempotencyKey = None,  # noqa: ARG001 - a repeat gives the same answer anyway
) -> Response:
    """What category and merchant a row has, how sure that is, and why; a list for a list.

    Merchant knowledge and the model answer, as for a row of a ledger without rules and history.
    """
    asked = [body] if body.transactions is None else body.transactions
    rows = [Row(**one.model_dump(exclude={"transactions"})) for one in asked]
    categorizer = services_of(request).categorizer
    # A batch is CPU work of tens of milliseconds: other requests go on meanwhile.
    shown = await asyncio.to_thread(_suggested, categorizer, rows)
    return respond(request, shown[0] if body.transactions is None else shown)


def _suggested(categorizer: Categorizer, rows: list[Row]) -> list[dict[str, Any]]:
    return [_shown(one) for one in categorizer.suggest(rows)]


def _shown(one: Suggestion) -> dict[str, Any]:
    return {
        "category": one.category,
        "merchant": one.merchant,
        "confidence": round(one.confidence, _CONFIDENCE_DIGITS),
        "band": one.band,
        "confidence_level": one.band,
        "source": one.source,
        "reason": one.reason,
        "version": one.version,
    }
