"""A ledger over HTTP, and what undoing does to it."""

from __future__ import annotations

from typing import Any

from acceptance.product import Client

CSV = (
    b"Date,Description,Amount\n2025-03-01,Coffee,-3.50\n2025-03-01,Coffee,-3.50\n"
    b"2025-03-02,Zzz shop,-20.00\n"
)


class Undoing:
    """A ledger, and what undoing does to it."""

    def __init__(self, ledger: Any) -> None:
        self.client: Client = ledger.client
        self.path, self.checking, self.savings = ledger.path, ledger.checking, ledger.savings
        self.record = ledger.record

    def bring(self, content: bytes = CSV) -> dict[str, Any]:
        found: dict[str, Any] = self.client.upload(
            f"{self.path}/imports", "bank.csv", content, account_id=self.checking
        )
        return found

    def undo(self, **which: Any) -> dict[str, Any]:
        return dict(self.client.post(f"{self.path}/undo", which))

    def last(self, what: str | None = None) -> str:
        """The newest operation, of a kind."""
        found = self.client.get(f"{self.path}/operations")
        return str(next(one for one in found if what in (None, one["what"]))["operation_id"])

    def operations(self) -> list[dict[str, Any]]:
        return list(self.client.get(f"{self.path}/operations"))

    def undoing_of(self, operation_id: str) -> str:
        """The newest operation that undid or redid one."""
        found = self.operations()
        return str(next(one for one in found if one["undoes"] == operation_id)["operation_id"])

    def shown(self, transaction_id: str) -> dict[str, Any]:
        return dict(self.client.get(f"{self.path}/transactions/{transaction_id}"))

    def categorize(self, transaction_id: str, category: str) -> str:
        path = f"{self.path}/transactions/{transaction_id}/category"
        self.client.put(path, {"category": category})
        return self.last()

    def balance(self) -> str:
        return str(self.client.get(f"{self.path}/accounts/{self.checking}")["balance"])

    def standing(self) -> list[tuple[str, str, str]]:
        """What a person sees of each transaction."""
        rows = self.client.pages(f"{self.path}/transactions")
        return sorted((one["date"], one["amount"], one["category"]) for one in rows)
