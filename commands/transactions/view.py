"""A transaction as the API shows it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from mintflow.domain.categories import CategoryTree
from mintflow.domain.core.money import money_text
from mintflow.domain.transactions import Transaction, band_of


def view(transaction: Transaction, tree: CategoryTree | None) -> dict[str, Any]:
    """A transaction as the API shows it; the same fields as the query of the read model.

    tree: may be left out where the transaction has no category of its own.
    """
    booking = transaction.booking or transaction.withdrawn
    assert booking is not None
    paths = [
        tree.nodes[part.category_id].path if tree else part.category_id
        for part in booking.allocations
    ]
    split = len(paths) > 1
    confidence = transaction.confidence
    status: str = booking.status
    if transaction.booking is None:
        status = "voided" if transaction.absorbed_by is None else "absorbed"
    return {
        "transaction_id": str(transaction.id),
        "account_id": str(booking.account_id),
        "date": booking.date.isoformat(),
        "amount": money_text(booking.amount),
        "currency": booking.currency,
        "description": transaction.description,
        "merchant": transaction.merchant or transaction.counterparty or None,
        "category": None if split else paths[0],
        "splits": [
            {"category": path, "amount": money_text(part.amount)}
            for path, part in zip(paths, booking.allocations, strict=True)
            if split
        ],
        "category_source": transaction.category_source,
        "category_reason": transaction.reason or None,
        "category_confidence": confidence and money_text(confidence),
        "category_band": band_of(confidence),
        "rule_id": _text(transaction.rule_id),
        "budgeted": transaction.budgeted,
        "status": status,
        "notes": transaction.notes,
        "tags": list(transaction.tags),
        "memo": transaction.memo,
        "origin": transaction.origin,
        "external_id": transaction.external_id,
        "import_id": _text(transaction.import_id),
        "transfer_id": _text(transaction.transfer_id),
        "matched_with": _text(transaction.matched_with),
    }


def _text(value: UUID | None) -> str | None:
    return str(value) if value is not None else None
