"""A household's life at random, as a client lives it; every screen can be written down."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import psycopg
from acceptance.product import Client, Product
from known_at.routes import questions

from mintflow.domain.core.ids import shard_of

CATEGORIES = (
    "food_dining", "food_dining.groceries", "food_dining.coffee_shops", "housing.rent",
    "income.salary", "shopping", "uncategorized",
)  # fmt: skip
WORDS = ("Coffee", "Corner shop", "Rent", "Müller & Sons", "salary, March", "№ 7 \\ tab\tx")


@dataclass(frozen=True)
class Screen:
    """What one question was answered at one position."""

    position: int
    address: str
    query: dict[str, Any]
    status: int
    body: bytes


class Life:
    """One ledger; `live` does something at random, which may be refused."""

    def __init__(
        self,
        product: Product,
        client: Client,
        chance: random.Random,
        kinds: Sequence[str] = ("checking", "savings", "credit_card"),
    ) -> None:
        self.product, self.client, self.chance = product, client, chance
        opened = client.send("POST", "/v1/ledgers", json={"name": "Life", "currency": "USD"})
        self.path = f"/v1/ledgers/{opened.json()['data']['ledger_id']}"
        self.position: int = opened.json()["meta"]["position"]
        self.moved = 0
        for kind in kinds:
            body = {"name": kind, "kind": kind, "currency": "USD", "opening_from_files": True}
            self.do("POST", "/accounts", **body)

    def upload(self, account_id: str, name: str, content: bytes) -> None:
        """A bank file."""
        form, files = {"account_id": account_id}, {"file": (name, content)}
        self._noted(self.client.send("POST", f"{self.path}/imports", files=files, data=form))

    def live(self) -> None:
        acts: list[Callable[[], None]] = [
            *[self._record] * 5, *[self._categorize] * 3, self._split, self._amend, self._void,
            self._reinstate, self._transfer, self._budget, self._end_budget, self._move, self._add,
            self._merge, self._account, self._report, self._import, self._rename, self._pending,
            self._goal, self._fund, self._leave_out,
        ]  # fmt: skip
        self.chance.choice(acts)()

    def screens(self, count: int = 1_000) -> list[Screen]:
        """Every answer that there is now, or so many of them at random."""
        asked = questions(self.product, self.client, self.path)
        asked = self.chance.sample(asked, min(count, len(asked)))
        while True:
            # What follows from a command by itself, an alert for one, comes a moment later.
            before = self._settled()
            answers = self.client.send_all(
                [("GET", one, {"params": query}) for one, query in asked]
            )
            if self._settled() == before:
                break
        self.position = before
        return [
            Screen(self.position, address, query, answer.status_code, without_meta(answer.content))
            for (address, query), answer in zip(asked, answers, strict=True)
        ]

    def _settled(self) -> int:
        """The position at which the log stands, once all of it is to be seen."""
        while True:
            with psycopg.connect(self.product.database_url) as conn:
                row = conn.execute(
                    "select position from log.shard_head where shard = %s",
                    [shard_of(UUID(self.path[-36:]))],
                ).fetchone()
            seen = self.client.send("GET", f"{self.path}/accounts").json()["meta"]["position"]
            if row is not None and row[0] == seen:
                return int(seen)

    def do(self, method: str, where: str, **body: Any) -> None:
        """A command, which may be refused."""
        how = {"json": body} if body else {}
        self._noted(self.client.send(method, f"{self.path}{where}", **how))

    def _noted(self, answer: Any) -> None:
        assert answer.status_code < 500, answer.text
        self.position = answer.json()["meta"].get("position") or self.position

    def _day(self) -> str:
        return f"2025-0{self.chance.randint(1, 3)}-{self.chance.randint(1, 28):02d}"

    def _amount(self) -> str:
        return f"{self.chance.choice(['-', '-', ''])}{self.chance.randint(1, 99_999) / 100:.2f}"

    def _accounts(self) -> list[str]:
        return [one["account_id"] for one in self.client.get(f"{self.path}/accounts")]

    def _transaction(self) -> str:
        rows = self.client.get(f"{self.path}/transactions")
        return self.chance.choice(rows)["transaction_id"] if rows else str(self.path[-36:])

    def _facts(self, **more: Any) -> dict[str, Any]:
        return {
            "account_id": self.chance.choice(self._accounts()),
            "date": self._day(),
            "amount": self._amount(),
            "description": self.chance.choice(WORDS),
            **more,
        }

    def _record(self) -> None:
        category = (
            {"category": self.chance.choice(CATEGORIES)} if self.chance.random() < 0.7 else {}
        )
        self.do("POST", "/transactions", **self._facts(**category, tags=["a b"]))

    def _pending(self) -> None:
        self.do("POST", "/transactions", **self._facts(status="pending"))

    def _categorize(self) -> None:
        where = f"/transactions/{self._transaction()}/category"
        self.do("PUT", where, category=self.chance.choice(CATEGORIES))

    def _split(self) -> None:
        rows = self.client.get(f"{self.path}/transactions")
        if rows:
            row = self.chance.choice(rows)
            whole = row["amount"]
            part = f"{float(whole) / 2:.2f}"
            rest = f"{float(whole) - float(part):.2f}"
            parts = [("food_dining", part), ("shopping", rest)]
            splits = [{"category": one, "amount": amount} for one, amount in parts]
            self.do("PUT", f"/transactions/{row['transaction_id']}/category", splits=splits)

    def _amend(self) -> None:
        where = f"/transactions/{self._transaction()}"
        self.do("PATCH", where, date=self._day(), amount=self._amount(), notes="seen")

    def _leave_out(self) -> None:
        """Of budgets, or let it count again."""
        where = f"/transactions/{self._transaction()}"
        self.do("PATCH", where, budgeted=self.chance.random() < 0.3)

    def _void(self) -> None:
        self.do("DELETE", f"/transactions/{self._transaction()}")

    def _reinstate(self) -> None:
        rows = self.client.get(f"{self.path}/transactions", status="voided")
        if rows:
            self.do("POST", f"/transactions/{rows[0]['transaction_id']}/reinstate")

    def _transfer(self) -> None:
        first, second = self.chance.sample(self._accounts(), 2)
        self.do(
            "POST", "/transfers",
            from_account_id=first, to_account_id=second, amount="25.00", date=self._day(),
        )  # fmt: skip

    def _budget(self) -> None:
        self.do(
            "PUT", "/budgets",
            category=self.chance.choice(CATEGORIES[:4]), amount=f"{self.chance.randint(1, 900)}",
            period="monthly", rollover=self.chance.choice(["none", "surplus"]),
            start=f"2025-0{self.chance.randint(1, 3)}",
        )  # fmt: skip

    def _goal(self) -> None:
        """A new one, or other terms of one that is there."""
        terms = {"name": self.chance.choice(WORDS[:4]), "target": f"{self.chance.randint(1, 900)}"}
        goals = self.client.get(f"{self.path}/goals")
        if goals and self.chance.random() < 0.5:
            goal = self.chance.choice(goals)
            if self.chance.random() < 0.3:
                self._noted(self.client.send("DELETE", f"{self.path}/goals/{goal['goal_id']}"))
            else:
                self.do("PUT", f"/goals/{goal['goal_id']}", **terms)
        elif self.chance.random() < 0.5:
            self.do("POST", "/goals", **terms, accounts=[self.chance.choice(self._accounts())])
        else:
            self.do("POST", "/goals", **terms, saving={"percent": "10", "since": "2025-01-15"})

    def _fund(self) -> None:
        goals, accounts = self.client.get(f"{self.path}/goals"), self._accounts()
        if goals:
            where = f"/goals/{self.chance.choice(goals)['goal_id']}/contributions"
            amount = self.chance.choice(["5", "20", "-3", "25.00"])
            pledged = {"from_account_id": self.chance.choice(accounts)}
            more = pledged if self.chance.random() < 0.4 else {}
            account = self.chance.choice(accounts)
            self.do("POST", where, account_id=account, amount=amount, date=self._day(), **more)

    def _end_budget(self) -> None:
        self._noted(
            self.client.send(
                "DELETE", f"{self.path}/budgets",
                params={"category": self.chance.choice(CATEGORIES[:4]), "start": "2025-03"},
            )
        )  # fmt: skip

    def _move(self) -> None:
        self.moved += 1
        tree = self.client.get(f"{self.path}/categories")
        path = self.chance.choice(tree)["category"]
        to = f"moved_{self.moved}"
        self.do("POST", "/categories/actions", action="move", path=path, to=to)

    def _add(self) -> None:
        self.do("POST", "/categories", path=f"shopping.new_{self.chance.randint(1, 9)}")

    def _merge(self) -> None:
        tree = self.client.get(f"{self.path}/categories")
        one, two = (row["category"] for row in self.chance.sample(tree, 2))
        self.do("POST", "/categories/actions", action="merge", path=one, to=two)

    def _account(self) -> None:
        where = f"/accounts/{self.chance.choice(self._accounts())}"
        change = self.chance.choice(
            [
                {"name": self.chance.choice(WORDS)},
                {"opening_balance": self._amount(), "opening_date": "2025-01-01"},
                {"closed": self.chance.random() < 0.5},
            ]
        )
        self.do("PATCH", where, **change)

    def _report(self) -> None:
        where = f"/accounts/{self.chance.choice(self._accounts())}/reported-balances"
        self.do("POST", where, date=self._day(), amount=self._amount())

    def _import(self) -> None:
        rows = [f"{self._day()},{self.chance.choice(WORDS[:3])},{self._amount()}" for _ in "123"]
        content = "\n".join(["Date,Description,Amount", *rows]).encode()
        self.upload(self.chance.choice(self._accounts()), "a.csv", content)

    def _rename(self) -> None:
        self.do("PATCH", "", name=f"Life {self.chance.randint(1, 99)}")


def without_meta(content: bytes) -> bytes:
    """The bytes of an answer up to its last member."""
    return content[: content.rindex(b',"meta":')]
