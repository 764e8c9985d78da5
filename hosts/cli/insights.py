"""`spending`, `insights`, `forecast`, `net-worth`: where money went, goes and is."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.text import Text

from mintflow.hosts.cli import views
from mintflow.hosts.cli.books import month_meant
from mintflow.hosts.cli.lookup import Row, the_account, the_ledger
from mintflow.hosts.cli.options import (
    DATA_DEFAULT,
    Account,
    AsOf,
    Data,
    Json,
    KnownAt,
    Ledger,
    MonthOf,
    date_of,
)
from mintflow.hosts.cli.shell import perform
from mintflow.hosts.session import Session

_SEVERITY = {"high": "red", "medium": "yellow", "low": "dim"}
_KEYS = {"category": "category", "merchant": "merchant", "account": "name", "tag": "tag"}


def spending(
    ctx: typer.Context,
    by: Annotated[
        Literal["category", "merchant", "account", "tag"],
        typer.Option("--by", help="What it is split by."),
    ] = "category",
    month: MonthOf = None,
    ledger: Ledger = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """What was spent in a month, beside the month before and the same one a year ago.

    A refund lowers spending. A category counts with all below it.
    """
    wanted = month or month_meant(known_at)

    async def work(session: Session) -> Row:
        found = await the_ledger(session, ledger)
        path = f"/v1/ledgers/{found['ledger_id']}/spending"
        asked = {"month": wanted, "as_of": as_of, "known_at": known_at}
        rows = [row async for row in session.pages(f"{path}/by-{by}", **asked)]
        answer = await session.get(f"{path}/summary", **asked)
        return {
            "spending": rows,
            "summary": answer.data,
            "month": wanted,
            "position": answer.position,
            "ledger": found,
        }

    def show(console: Console, answer: Row) -> None:
        title = f"{answer['ledger']['name']}: spending in {wanted}"
        if not answer["spending"]:
            console.print(Text(f"{title}: none.", style="dim"))
            return
        made = views.table(title, by.capitalize(), ">Spent", ">Before", ">A year ago", "")
        for row in answer["spending"]:
            name = row[_KEYS[by]]
            made.add_row(
                views.category_of(console, name) if by == "category" else Text(name or "-"),
                *(views.money(one["spent"]) for one in (row, row["previous"], row["year_ago"])),
                Text(row["currency"], style="dim"),
            )
        console.print(made)
        for row in answer["summary"]:
            _summary(console, row)

    perform(ctx, work, show, data=data, as_json=as_json)


def list_insights(
    ctx: typer.Context,
    today: Annotated[
        str | None,
        typer.Option(metavar="DATE", callback=date_of, help="The day that is taken for today."),
    ] = None,
    dismiss: Annotated[
        str | None, typer.Option(metavar="ID", help="Do not show this one any more.")
    ] = None,
    dismissed: Annotated[
        bool, typer.Option("--dismissed", help="Also those that were dismissed.")
    ] = False,
    ledger: Ledger = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """What stands out in this month and the one before, each with its reason."""

    async def work(session: Session) -> Row:
        found = await the_ledger(session, ledger)
        path = f"/v1/ledgers/{found['ledger_id']}/insights"
        if dismiss is not None:
            asked = f"?today={today}" if today else ""
            done = await session.post(f"{path}/{dismiss}/dismiss{asked}", {})
            await session.settle(found["ledger_id"], done.position)
        answer = await session.get(
            path, today=today, dismissed=dismissed, as_of=as_of, known_at=known_at
        )
        return {"insights": answer.data, "position": answer.position, "ledger": found}

    def show(console: Console, answer: Row) -> None:
        if not answer["insights"]:
            console.print(Text("Nothing stands out.", style="dim"))
            return
        made = views.table(f"{answer['ledger']['name']}: what stands out", "Date", "", "Why", "Id")
        for row in answer["insights"]:
            made.add_row(
                Text(row["date"], no_wrap=True),
                Text(row["severity"], style=_SEVERITY[row["severity"]]),
                Text(row["reason"]),
                Text(row["insight_id"], style="dim"),
            )
        console.print(made)

    perform(ctx, work, show, data=data, as_json=as_json)


def forecast(
    ctx: typer.Context,
    account: Account = None,
    days: Annotated[int, typer.Option(min=1, max=366, help="So many days ahead.")] = 90,
    today: Annotated[
        str | None,
        typer.Option(metavar="DATE", callback=date_of, help="The day that is taken for today."),
    ] = None,
    ledger: Ledger = None,
    known_at: KnownAt = None,
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """What each account will hold, with its lowest point.

    Shown only where it beats the month before repeated, on the last 90 days of the history.
    """

    async def work(session: Session) -> Row:
        found = await the_ledger(session, ledger)
        ledger_id = found["ledger_id"]
        asked: dict[str, Any] = {"days": days, "today": today, "known_at": known_at}
        if account is not None:
            one = await the_account(session, ledger_id, account, known_at)
            asked["account_id"] = one["account_id"]
        answer = await session.get(f"/v1/ledgers/{ledger_id}/forecast", **asked)
        return {"forecast": answer.data, "position": answer.position, "ledger": found}

    def show(console: Console, answer: Row) -> None:
        title = f"{answer['ledger']['name']}: the next {days} days"
        made = views.table(title, "Account", ">Now", ">Lowest", "On", ">At the end", "")
        for row in answer["forecast"]:
            low, points = row["low_point"] or {}, row["points"]
            made.add_row(
                Text(row["name"]),
                views.money(row["balance"]),
                views.money(low.get("balance")),
                Text(low.get("date", "-"), no_wrap=True),
                views.money(points[-1]["balance"] if points else None),
                Text(row["currency"], style="dim"),
            )
        console.print(made)
        for row in answer["forecast"]:
            if row["low_point"] and row["low_point"]["warning"]:
                console.print(Text(f"  {row['low_point']['text']}", style="red"))
            why = row["reason"] if row["shown"] else f"not shown: {row['reason']}"
            console.print(Text(f"  {row['name']}: {why}", style="dim"))

    perform(ctx, work, show, data=data, as_json=as_json)


def net_worth(
    ctx: typer.Context,
    interval: Annotated[
        Literal["day", "week", "month", "quarter", "year"], typer.Option(help="A row for each.")
    ] = "month",
    months: Annotated[int, typer.Option(min=1, max=1_200, help="So many, up to this one.")] = 12,
    ledger: Ledger = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """What is owned and owed at the end of each month; currencies stand apart."""

    async def work(session: Session) -> Row:
        found = await the_ledger(session, ledger)
        path = f"/v1/ledgers/{found['ledger_id']}/net-worth"
        asked: dict[str, Any] = {"interval": interval, "months": months}
        answer = await session.get(path, **asked, as_of=as_of, known_at=known_at)
        return {"net_worth": answer.data, "position": answer.position, "ledger": found}

    def show(console: Console, answer: Row) -> None:
        made = views.table(
            f"{answer['ledger']['name']}: net worth", "Date", ">Owned", ">Owed", ">Net worth", ""
        )
        for row in answer["net_worth"]:
            amounts = (views.money(row[name]) for name in ("assets", "liabilities", "net_worth"))
            made.add_row(Text(row["date"]), *amounts, Text(row["currency"], style="dim"))
        console.print(made)

    perform(ctx, work, show, data=data, as_json=as_json)


def _summary(console: Console, row: Row) -> None:
    line = Text("income ").append(views.money(row["income"]))
    line.append(", spent ").append(views.money(row["spent"]))
    line.append(", saved ").append(views.money(row["saved"], row["currency"]))
    if row["saving_rate"] is not None:
        line.append(f" ({Decimal(row['saving_rate']):.0%} of income)")
    console.print(line)
