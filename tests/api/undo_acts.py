"""Random commands of all kinds in one ledger, few things of each kind, so that they overlap.

An act that the books refuse has done nothing; the refusals are counted by code.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from decimal import Decimal
from random import Random
from typing import Any

from api.undoable import COFFEE, Home

# The shipped model knows no category for these, and no two rows are alike by words alone.
TEXTS = ("zorp", "blip qux", "qux", "zzz shop", "coffee zorp")
AMOUNTS = ("-3.50", "-7.00", "7.00", "-20.00", "20.00")
DAYS = ("2025-03-01", "2025-03-02", "2025-03-03", "2025-03-14")
PLACES = ("travel", "travel.flights", "travel.hotels", "shopping", "shopping.home", "health",
          "shopping.toys", "shopping.toys.cards", "journeys", "journeys.flights")  # fmt: skip
NEW = ("shopping.toys", "shopping.toys.cards", "journeys", "travel.flights", "shopping.cards")

Act = Callable[["Household"], None]


class Refused(Exception):
    """The books did not let it be done; the code says why."""


class Household:
    """A ledger, what is done in it by chance, and how often each was done or refused."""

    def __init__(self, it: Home, random: Random) -> None:
        self.it, self.random = it, random
        self.refused: Counter[str] = Counter()
        self.done: Counter[str] = Counter()
        self.imports = 0
        self.connections: list[str] = []

    def act(self) -> str | None:
        """Do something; its operation, or None where nothing was done by it."""
        kind = self.random.choice(ACTS)
        head = self.last()
        try:
            kind(self)
        except Refused as refused:
            self.refused[str(refused)] += 1
            return None
        now = self.last()
        if now == head:
            return None
        self.done[kind.__name__] += 1
        return now

    def last(self) -> str | None:
        found = self.it.get("/operations", limit=1)
        return str(found[0]["operation_id"]) if found else None

    def send(self, method: str, address: str, **body: Any) -> Any:
        how: dict[str, Any] = {"json": body} if method != "DELETE" else {"params": body}
        return self._answer(self.it.client.send(method, f"{self.it.path}{address}", **how))

    def upload(self, content: bytes) -> Any:
        files = {"file": ("bank.csv", content)}
        return self._answer(
            self.it.client.send(
                "POST", f"{self.it.path}/imports", files=files, data={"account_id": self.account()}
            )
        )

    def _answer(self, answer: Any) -> Any:
        if answer.is_success:
            return answer.json()["data"]
        code = answer.json()["error"]["code"]
        assert answer.status_code in (404, 409), (answer.status_code, answer.json())
        raise Refused(code)

    def one_of(self, found: list[Any]) -> Any:
        if not found:
            raise Refused("nothing there")
        return self.random.choice(found)

    def account(self) -> str:
        return str(self.random.choice((self.it.checking, self.it.savings)))

    def row(self, **query: Any) -> dict[str, Any]:
        return dict(self.one_of(self.it.get("/transactions", limit=200, **query)))

    def address(self, **query: Any) -> str:
        return f"/transactions/{self.row(**query)['transaction_id']}"

    def place(self) -> str:
        return self.random.choice(PLACES)

    def amount(self) -> str:
        return f"{self.random.randrange(1, 90)}.00"


def record(home: Household) -> None:
    choose = home.random.choice
    facts = {"account_id": home.account(), "date": choose(DAYS), "amount": choose(AMOUNTS),
             "description": choose(TEXTS), "status": choose(("posted", "pending"))}  # fmt: skip
    if choose((True, False)):
        facts["category"] = home.place()
    home.send("POST", "/transactions", **facts)


def edit(home: Household) -> None:
    choose = home.random.choice
    facts = {"date": choose(DAYS), "amount": choose(AMOUNTS), "description": choose(TEXTS),
             "notes": choose("abc"), "tags": [choose("xyz")],
             "merchant": choose("MNO")}  # fmt: skip
    names = home.random.sample(sorted(facts), k=choose((1, 1, 2)))
    home.send("PATCH", home.address(), **{name: facts[name] for name in names})


def categorize(home: Household) -> None:
    home.send("PUT", f"{home.address()}/category", category=home.place())


def split(home: Household) -> None:
    row = home.row()
    rest = Decimal(row["amount"]) - 1
    parts = [{"category": home.place(), "amount": f"{rest:.2f}"}]
    parts.append({"category": home.place(), "amount": "1.00"})
    home.send("PUT", f"/transactions/{row['transaction_id']}/category", splits=parts)


def post(home: Household) -> None:
    home.send("POST", f"{home.address(status='pending')}/post", amount=home.random.choice(AMOUNTS))


def void(home: Household) -> None:
    home.send("DELETE", home.address())


def reinstate(home: Household) -> None:
    home.send("POST", f"{home.address(status='voided')}/reinstate")


def match(home: Household) -> None:
    one = home.row()
    other = home.row(account_id=one["account_id"])
    address = f"/transactions/{one['transaction_id']}/match"
    home.send("POST", address, imported_id=other["transaction_id"])


def unmatch(home: Household) -> None:
    home.send("DELETE", f"{home.address()}/match")


def transfer(home: Household) -> None:
    sides = [home.it.checking, home.it.savings]
    home.random.shuffle(sides)
    home.send(
        "POST", "/transfers", from_account_id=sides[0], to_account_id=sides[1],
        amount=home.random.choice(("5.00", "7.00")), date=home.random.choice(DAYS),
    )  # fmt: skip


def link(home: Household) -> None:
    rows = home.it.get("/transactions", limit=200)
    out = home.one_of([one for one in rows if one["amount"].startswith("-")])
    fits = [
        one
        for one in rows
        if one["amount"] == out["amount"][1:] and one["account_id"] != out["account_id"]
    ]
    into = home.one_of(fits)
    home.send(
        "POST", "/transfers/link", from_transaction_id=out["transaction_id"],
        to_transaction_id=into["transaction_id"],
    )  # fmt: skip


def accept(home: Household) -> None:
    pair = home.one_of(home.it.get("/transfers/suggestions"))
    names = ("from_transaction_id", "to_transaction_id")
    home.send("POST", "/transfers/link", **{name: pair[name] for name in names})


def reject(home: Household) -> None:
    pair = home.one_of(home.it.get("/transfers/suggestions"))
    names = ("from_transaction_id", "to_transaction_id")
    home.send("POST", "/transfers/suggestions/reject", **{name: pair[name] for name in names})


def _a_transfer(home: Household) -> str:
    rows = home.it.get("/transactions", limit=200)
    return str(home.one_of([one["transfer_id"] for one in rows if one["transfer_id"]]))


def unlink(home: Household) -> None:
    home.send("POST", f"/transfers/{_a_transfer(home)}/unlink")


def void_transfer(home: Household) -> None:
    home.send("DELETE", f"/transfers/{_a_transfer(home)}")


def budget(home: Household) -> None:
    start = home.random.choice(({}, {"start": "2025-03-01"}))
    home.send("PUT", "/budgets", category=home.place(), amount=home.amount(), **start)


def end_budget(home: Household) -> None:
    home.send("DELETE", "/budgets", category=home.place())


def assign(home: Household) -> None:
    home.send("POST", "/budgets/envelopes/assign", category=home.place(), amount=home.amount(),
              month="2025-03")  # fmt: skip


def goal(home: Household) -> None:
    home.send("POST", "/goals", name=home.random.choice("GHI"), target=home.amount())


def _a_goal(home: Household) -> str:
    return f"/goals/{home.one_of(home.it.get('/goals'))['goal_id']}"


def change_goal(home: Household) -> None:
    home.send("PUT", _a_goal(home), name=home.random.choice("GHI"), target=home.amount())


def contribute(home: Household) -> None:
    home.send("POST", f"{_a_goal(home)}/contributions", account_id=home.account(), amount="1.00")


def end_goal(home: Household) -> None:
    home.send("DELETE", _a_goal(home))


def add_category(home: Household) -> None:
    home.send("POST", "/categories", path=home.random.choice(NEW))


def move_category(home: Household) -> None:
    home.send("POST", "/categories/actions", action="move", path=home.place(),
              to=home.random.choice(NEW))  # fmt: skip


def merge_category(home: Household) -> None:
    home.send("POST", "/categories/actions", action="merge", path=home.place(), to=home.place())


def archive_category(home: Household) -> None:
    home.send("POST", "/categories/actions", action="archive", path=home.place())


def restore_category(home: Household) -> None:
    home.send("POST", "/categories/actions", action="restore", path=home.place())


def account(home: Household) -> None:
    facts: dict[str, Any] = {"name": home.random.choice("ABC"), "opening_balance": home.amount()}
    name = home.random.choice(sorted(facts))
    home.send("PATCH", f"/accounts/{home.account()}", **{name: facts[name]})


def close(home: Household) -> None:
    closed = home.random.choice((True, False, False))
    day = {"closed_on": "2025-04-01"} if closed else {}
    home.send("PATCH", f"/accounts/{home.account()}", closed=closed, **day)


def report(home: Household) -> None:
    home.send("POST", f"/accounts/{home.account()}/reported-balances",
              date=home.random.choice(DAYS), amount=home.amount(), currency="USD")  # fmt: skip


def bring(home: Household) -> None:
    lines = ["Date,Description,Amount"]
    for _ in range(home.random.choice((1, 2, 3))):
        choose = home.random.choice
        lines.append(f"{choose(DAYS)},{choose(TEXTS)},{choose(AMOUNTS)}")
    home.upload("\n".join(lines).encode() + b"\n")


def sync(home: Household) -> None:
    if not home.connections:
        home.connections.append(home.it.connection())
        return
    home.imports += 1
    row = {"external_id": home.random.choice("abcdef"), "amount": home.random.choice(AMOUNTS),
           "date": home.random.choice(DAYS), "description": home.random.choice(TEXTS),
           "status": home.random.choice(("posted", "pending"))}  # fmt: skip
    home.send(
        "POST", f"/connections/{home.connections[0]}/syncs", account_id=home.it.checking,
        transactions=[row], cursor=f"c{home.imports}",
    )  # fmt: skip


def rule(home: Household) -> None:
    actions = {"category": home.place(), "tags": [home.random.choice("xyz")]}
    home.send("POST", "/rules", **{**COFFEE, "condition": "amount<0", "actions": actions})


def _a_rule(home: Household) -> str:
    return f"/rules/{home.one_of(home.it.get('/rules'))['rule_id']}"


def change_rule(home: Household) -> None:
    body = {**COFFEE, "name": home.random.choice("RST"), "actions": {"category": home.place()}}
    home.send("PUT", _a_rule(home), **body)


def switch_rule(home: Household) -> None:
    home.send("PATCH", _a_rule(home), enabled=home.random.choice((True, False)))


def run_rule(home: Household) -> None:
    home.send("POST", f"{_a_rule(home)}/apply")


def remove_rule(home: Household) -> None:
    home.send("DELETE", _a_rule(home))


def rate(home: Household) -> None:
    pair = {"base": "EUR", "quote": "USD", "date": home.random.choice(DAYS)}
    home.send("POST", "/rates", rates=[{**pair, "rate": home.random.choice(("1.1", "1.2"))}])


def rename(home: Household) -> None:
    home.send("PATCH", "", name=home.random.choice("LMN"))


# Those that meet others most come up most.
ACTS: tuple[Act, ...] = (
    *(record, edit, categorize, bring, link) * 4,
    *(split, void, reinstate, unlink, transfer, run_rule, add_category, move_category) * 2,
    *(merge_category, archive_category, restore_category, sync, match) * 2,
    post, unmatch, accept, reject, void_transfer, budget, budget, end_budget, assign, goal,
    change_goal, contribute, end_goal, account, close, report, rule, change_rule, switch_rule,
    remove_rule, rate, rename,
)  # fmt: skip
