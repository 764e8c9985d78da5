"""The demo, step by step, as a client of the API: import, categorize, budget, look.

Every step looks first at what is there, so the demo can be run again on the same folder: the files
then only hold rows that are known.
"""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from mintflow.hosts.cli.files import Wish, import_files
from mintflow.hosts.cli.lookup import Row, accounts_of, ledgers_of, named
from mintflow.hosts.demo.household import (
    ACCOUNTS,
    BUDGETS,
    CURRENCY,
    FILES,
    LEDGER,
    label_of,
    labels,
)
from mintflow.hosts.session import Answer, Session

PAGE = 1_000
IN_FLIGHT_MAX = 16
LOOK_BACK_MONTHS = 12
Tell = Callable[[str], None]

# Who sorts rows without being told how.
_SUGGESTED = frozenset({"merchant", "model"})


async def play(session: Session, tell: Tell) -> Row:
    """Run all steps; returns what there is to show, as JSON values."""
    tell("opening the books of the sample household…")
    ledger_id = await _ledger(session)
    accounts = await _accounts(session, ledger_id)
    imported = [
        await import_files(session, Wish(files, LEDGER, account), tell, tell)
        for account, files in FILES.items()
    ]
    tell("categorizing…")
    rows = await _rows(session, ledger_id, accounts)
    labelled = await _label(session, ledger_id, rows)
    linked = await _link(session, ledger_id, rows)
    newest = max(row["date"] for row in rows)
    month = newest[:7]
    budgeted = await _set_budgets(session, ledger_id, month)
    await session.settle(ledger_id, max(labelled, linked, budgeted))
    rows = await _rows(session, ledger_id, accounts)
    return {
        **await look(session, ledger_id, month, newest),
        "imported": imported,
        "suggested": sum(1 for row in rows if row["category_source"] in _SUGGESTED),
        "labelled": sum(1 for row in rows if row["category_source"] == "user"),
        "linked": sum(1 for row in rows if row["transfer_id"]) // 2,
    }


async def look(session: Session, ledger_id: str, month: str, today: str) -> Row:
    """Balances, category totals and budget status of a month, with the pace of a day in it."""
    path = f"/v1/ledgers/{ledger_id}"
    accounts = await session.get(f"{path}/accounts")
    totals = await session.get(f"{path}/category-totals", month=month)
    budgets = await session.get(f"{path}/budgets/status", month=month, today=today)
    bills = await session.get(f"{path}/bills", **{"from": today, "today": today})
    insights = await _newest_insights(session, path, today)
    forecast = await session.get(f"{path}/forecast", today=today)
    return {
        "insights": insights,
        "forecast": [
            {name: value for name, value in row.items() if name not in ("points", "expected")}
            for row in forecast.data
        ],
        "ledger_id": ledger_id,
        "ledger": LEDGER,
        "month": month,
        "accounts": accounts.data,
        "totals": totals.data,
        "budgets": budgets.data,
        "bills": [one for one in bills.data if one["status"] in ("due", "upcoming")],
        "position": budgets.position,
    }


async def _newest_insights(session: Session, path: str, today: str) -> list[Row]:
    """What stands out now, or stood out on the newest day, a month or some earlier, on which
    anything did: a quiet household has months in which nothing does."""
    day = dt.date.fromisoformat(today)
    for _ in range(LOOK_BACK_MONTHS):
        rows: list[Row] = (await session.get(f"{path}/insights", today=day.isoformat())).data
        if rows:
            return rows
        day = day.replace(day=1) - dt.timedelta(days=1)
    return []


async def _ledger(session: Session) -> str:
    found = named(await ledgers_of(session), LEDGER, "ledger")
    if found is None:
        body = {"name": LEDGER, "currency": CURRENCY}
        answer = await session.post("/v1/ledgers", body)
        await session.settle(answer.data["ledger_id"], answer.position)
        found = answer.data
    ledger_id: str = found["ledger_id"]
    return ledger_id


async def _accounts(session: Session, ledger_id: str) -> dict[str, str]:
    """account_id -> name; opens those that are missing."""
    known = await accounts_of(session, ledger_id)
    position = None
    names = {}
    for body in ACCOUNTS:
        found = named(known, body["name"], "account")
        if found is None:
            answer = await session.post(f"/v1/ledgers/{ledger_id}/accounts", body)
            found, position = answer.data, answer.position
        names[found["account_id"]] = body["name"]
    await session.settle(ledger_id, position)
    return names


async def _rows(session: Session, ledger_id: str, accounts: dict[str, str]) -> list[Row]:
    """Every transaction in the order in which it was imported, with its account's name."""
    path = f"/v1/ledgers/{ledger_id}/transactions"
    return [
        {**row, "account": accounts[row["account_id"]]}
        async for row in session.pages(path, limit=PAGE, sort="recorded")
        if row["account_id"] in accounts
    ]


async def _label(session: Session, ledger_id: str, rows: list[Row]) -> int:
    """Let the owner have the last word where a suggestion is missing or another one.

    Returns the position of the last change, 0 where there was none.
    """
    wanted = labels()
    asked = []
    for row in rows:
        said = wanted.get(label_of(row))
        category = said.pop(0) if said else row["category"]
        if category != row["category"] and row["transfer_id"] is None:
            row["category"] = category
            path = f"/v1/ledgers/{ledger_id}/transactions/{row['transaction_id']}/category"
            asked.append(session.put(path, {"category": category}))
    return await _all(asked)


async def _link(session: Session, ledger_id: str, rows: list[Row]) -> int:
    """Link payments of the card with their other side: one day, one amount, two accounts.

    Returns the position of the last transfer, 0 where there was none.
    """
    sides: defaultdict[tuple[str, str], list[Row]] = defaultdict(list)
    for row in rows:
        if row["category"] == "transfer" and row["transfer_id"] is None:
            sides[row["date"], row["amount"].removeprefix("-")].append(row)
    asked = []
    for pair in sides.values():
        leaves = [row for row in pair if row["amount"].startswith("-")]
        enters = [row for row in pair if not row["amount"].startswith("-")]
        if len(leaves) == len(enters) == 1 and leaves[0]["account"] != enters[0]["account"]:
            body: dict[str, Any] = {
                "from_transaction_id": leaves[0]["transaction_id"],
                "to_transaction_id": enters[0]["transaction_id"],
            }
            asked.append(session.post(f"/v1/ledgers/{ledger_id}/transfers/link", body))
    return await _all(asked)


async def _all(asked: Sequence[Awaitable[Answer]]) -> int:
    """Send them all, some at a time; the last position."""
    slots = asyncio.Semaphore(IN_FLIGHT_MAX)

    async def one(request: Awaitable[Answer]) -> int:
        async with slots:
            return (await request).position or 0

    positions = await asyncio.gather(*(one(request) for request in asked))
    return max(positions, default=0)


async def _set_budgets(session: Session, ledger_id: str, month: str) -> int:
    """Budgets begin the month before; those that are set already are left as they are."""
    path = f"/v1/ledgers/{ledger_id}/budgets"
    known = {one["category"] for one in (await session.get(path)).data}
    position = 0
    for body in BUDGETS:
        if body["category"] not in known:
            answer = await session.put(path, {**body, "start": _month_before(month)})
            position = answer.position or position
    return position


def _month_before(month: str) -> str:
    year, number = map(int, month.split("-"))
    return f"{year - 1}-12" if number == 1 else f"{year}-{number - 1:02}"
