"""Every command that there is, done once in a ledger that holds something of everything.

Each is a generator: what comes before its `yield` leads to it, and what comes after is the one
command. The keys are the commands' names, which the test compares with those that the bus takes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from uuid import UUID

from acceptance.product import TOKENS, Client, Product, authenticate, data_of

from mintflow.commands.core.command import Command, Context

CSV = b"Date,Description,Amount\n2025-03-01,Coffee,-3.50\n2025-03-02,Zzz shop,-20.00\n"
COFFEE = {"name": "Coffee", "condition": "description:coffee", "actions": {"category": "travel"}}
OTHER = {"name": "Shop", "condition": "description:zzz", "actions": {"category": "health"}}


class Home:
    """A ledger of Ada's with two accounts, and short ways to what the commands are about."""

    def __init__(self, ledger: Any, books: Product) -> None:
        self.client: Client = ledger.client
        self.path, self.checking, self.savings = ledger.path, ledger.checking, ledger.savings
        self.ledger, self.books = ledger, books

    def get(self, address: str, **query: Any) -> Any:
        return self.client.get(f"{self.path}{address}", **query)

    def post(self, address: str, **body: Any) -> Any:
        return self.client.post(f"{self.path}{address}", body)

    def put(self, address: str, **body: Any) -> Any:
        return self.client.put(f"{self.path}{address}", body)

    def patch(self, address: str, **body: Any) -> Any:
        return self.client.patch(f"{self.path}{address}", body)

    def delete(self, address: str, **query: Any) -> Any:
        return self.client.delete(f"{self.path}{address}", **query)

    def record(self, **facts: Any) -> str:
        return str(self.ledger.record(**facts)["transaction_id"])

    def execute(self, command: Command) -> Any:
        """What no address asks for."""
        principal = authenticate(TOKENS[0])
        assert principal is not None
        bus = self.books.running.services.bus
        context = Context(principal, UUID(self.path.rpartition("/")[2]), bus._ids())
        return self.books.call(bus.execute(command, context)).data

    def pair(self) -> dict[str, str]:
        """Two transactions that may be one movement."""
        leaves = self.record(amount="-7.00", category="shopping")
        enters = self.record(account_id=self.savings, amount="7.00")
        return {"from_transaction_id": leaves, "to_transaction_id": enters}

    def move(self) -> Any:
        return self.post(
            "/transfers", from_account_id=self.checking, to_account_id=self.savings, amount="5",
            date="2025-03-01",
        )  # fmt: skip

    def upload(self) -> Any:
        return self.client.upload(f"{self.path}/imports", "bank.csv", CSV, account_id=self.checking)

    def insight(self) -> str:
        rows = [{"date": f"2024-{month:02}-{day:02}", "amount": "-20.00"}
                for month in range(3, 13) for day in (3, 17)]  # fmt: skip
        rows.append({"date": "2025-02-05", "amount": "-500.00"})
        plain = {"account_id": self.checking, "description": "Shop", "category": "travel"}
        self.post("/transactions/batch", transactions=[{**plain, **one} for one in rows])
        return str(self.get("/insights", today="2025-02-10")[0]["insight_id"])

    def stream(self) -> str:
        for month in range(1, 7):
            self.record(date=f"2025-{month:02}-14", amount="-9.99", description="NETFLIX.COM 4711")
        return str(self.get("/recurring")[0]["stream_id"])

    def bill(self) -> str:
        return str(
            self.post(
                "/bills", name="Acme Insurance", amount="-42.00", frequency="monthly",
                first_due="2025-03-10",
            )["bill_id"]
        )  # fmt: skip

    def goal(self) -> str:
        body = {"name": "Holiday", "target": "200", "accounts": [self.savings]}
        return str(self.post("/goals", **body)["goal_id"])

    def pledge(self, goal: str) -> str:
        self.post(
            f"/goals/{goal}/contributions", account_id=self.savings, amount="5",
            from_account_id=self.checking,
        )  # fmt: skip
        return str(self.get(f"/goals/{goal}")["pledges"][0]["pledge_id"])

    def connection(self) -> str:
        return str(
            self.post("/connections", provider="sandbox", institution="Bank")["connection_id"]
        )

    def sync(self, connection: str, cursor: str, *ids: str) -> Any:
        rows = [
            {"external_id": one, "amount": "-5.00", "date": "2025-03-14", "description": "Shop"}
            for one in ids
        ]
        balance = {"date": "2025-03-14", "amount": f"-{len(cursor)}.00"}
        return self.post(
            f"/connections/{connection}/syncs", account_id=self.checking, transactions=rows,
            cursor=cursor, balance=balance,
        )  # fmt: skip

    def send(self, method: str, address: str, **body: Any) -> Any:
        return data_of(self.client.send(method, f"{self.path}{address}", json=body))


Steps = Callable[[Home], Iterator[None]]
EVERY: dict[str, Steps] = {}


def done_by(name: str) -> Callable[[Steps], Steps]:
    def keep(steps: Steps) -> Steps:
        EVERY[name] = steps
        return steps

    return keep
