"""`bills`, `recurring`, `subscriptions`, `bill …`: what is due, and what comes again and again."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.text import Text

from mintflow.hosts.cli import views
from mintflow.hosts.cli.lookup import Row, settled, the_ledger
from mintflow.hosts.cli.options import (
    DATA_DEFAULT,
    AsOf,
    Data,
    Json,
    KnownAt,
    Ledger,
    date_of,
)
from mintflow.hosts.cli.shell import perform
from mintflow.hosts.session import Session

Frequency = Literal[
    "weekly", "two_weekly", "four_weekly", "semi_monthly", "monthly", "two_monthly", "quarterly",
    "half_yearly", "yearly",
]  # fmt: skip
StreamId = Annotated[str, typer.Argument(help="As `mintflow recurring` shows it.")]
BillId = Annotated[str, typer.Argument(help="As `mintflow bills` shows it.")]
_STYLE = {"late": "red", "missed": "red", "due": "yellow", "paid": "green"}


def bills(
    ctx: typer.Context,
    ledger: Ledger = None,
    first: Annotated[
        str | None,
        typer.Option("--from", metavar="DATE", callback=date_of, help="Two weeks ago if left out."),
    ] = None,
    last: Annotated[
        str | None,
        typer.Option("--to", metavar="DATE", callback=date_of, help="In 45 days if left out."),
    ] = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """What is due, and what became of what was: paid, late, missed, skipped.

    Bills that you wrote down or confirmed, and what recurring streams expect besides.
    """
    asked = {"from": first, "to": last, "as_of": as_of, "known_at": known_at}
    _get(ctx, ledger, "bills", asked, lambda c, rows: due(c, rows, "Bills"), data, as_json)


def recurring(
    ctx: typer.Context,
    ledger: Ledger = None,
    status: Annotated[
        Literal["early", "mature", "ended"] | None, typer.Option(help="Only these.")
    ] = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """What comes again and again, found in the history, with what comes next."""
    asked = {"status": status, "as_of": as_of, "known_at": known_at}
    _get(ctx, ledger, "recurring", asked, _streams, data, as_json)


def subscriptions(
    ctx: typer.Context,
    ledger: Ledger = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """Subscriptions that run, with what a year of each costs, and which look superfluous."""
    asked = {"as_of": as_of, "known_at": known_at}
    _get(ctx, ledger, "subscriptions", asked, _subscriptions, data, as_json)


def add(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="What you call it; its payee too, without --payee.")],
    amount: Annotated[str, typer.Argument(help="Money out is negative, like -42.00.")],
    frequency: Annotated[Frequency, typer.Argument(metavar="FREQUENCY", help="How often.")],
    first_due: Annotated[
        str, typer.Argument(metavar="DATE", callback=date_of, help="When it is due first.")
    ],
    payee: Annotated[
        str | None, typer.Option(help="As its payments say it.", show_default=False)
    ] = None,
    remind_days: Annotated[int, typer.Option("--remind", help="So many days ahead.")] = 3,
    variable: Annotated[bool, typer.Option("--variable", help="It is about so much.")] = False,
    roll: Annotated[
        Literal["none", "following", "preceding"],
        typer.Option(help="Which working day it moves to."),
    ] = "none",
    ledger: Ledger = None,
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """Write down a bill."""
    body: dict[str, Any] = {
        "name": name, "amount": amount, "frequency": frequency, "first_due": first_due,
        "remind_days": remind_days, "variable": variable, "roll": roll,
    }  # fmt: skip
    if payee is not None:
        body["payee"] = payee
    _post(ctx, ledger, "bills", body, data, as_json)


def confirm(
    ctx: typer.Context,
    stream_id: StreamId,
    name: Annotated[str | None, typer.Option(help="What you call it.", show_default=False)] = None,
    remind_days: Annotated[int, typer.Option("--remind", help="So many days ahead.")] = 3,
    ledger: Ledger = None,
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """Make a bill of a recurring stream: it is reminded of, and told when it is late."""
    body = {"remind_days": remind_days, **({} if name is None else {"name": name})}
    _post(ctx, ledger, f"recurring/{stream_id}/confirm", body, data, as_json)


def dismiss(
    ctx: typer.Context,
    stream_id: StreamId,
    ledger: Ledger = None,
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """Take a recurring stream out of the lists; it stays out."""
    _post(ctx, ledger, f"recurring/{stream_id}/dismiss", {}, data, as_json)


def end(
    ctx: typer.Context,
    bill_id: BillId,
    last_day: Annotated[
        str | None,
        typer.Option("--on", metavar="DATE", callback=date_of, help="Today if left out."),
    ] = None,
    ledger: Ledger = None,
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """End a bill: nothing of it is due after that day."""
    body = {} if last_day is None else {"last_day": last_day}
    _post(ctx, ledger, f"bills/{bill_id}/end", body, data, as_json)


def due(console: Console, rows: list[Row], title: str) -> None:
    """Times that are due, by day."""
    if not rows:
        console.print(Text("Nothing is due.", style="dim"))
        return
    made = views.table(title, "Day", "Bill", ">Amount", "", "Status", "How often", "Id")
    for one in rows:
        status = Text(one["status"], style=_STYLE.get(one["status"], ""))
        change = one["price_change"]
        if change is not None and change["rise"]:
            was = views.money(change["before"])
            status.append(" was ", style="yellow").append_text(was)
        known = one["bill_id"] or one["stream_id"]
        made.add_row(
            Text(one["expected_on"]),
            Text(one["name"]),
            views.money(one["paid_amount"] or one["amount"]),
            Text(one["currency"], style="dim"),
            status,
            Text(_often(one), style="dim"),
            Text(known, style="dim"),
        )
    console.print(made)


def _streams(console: Console, rows: list[Row]) -> None:
    made = views.table("Recurring", "Payee", "How often", ">Amount", "", "Next", "Status", "Id")
    for one in rows:
        made.add_row(
            Text(one["name"]),
            Text(_often(one), style="dim"),
            views.money(one["amount"]),
            Text(one["currency"], style="dim"),
            Text(one["next_date"] or "-"),
            Text(one["status"]),
            Text(one["stream_id"], style="dim"),
        )
    console.print(made)


def _subscriptions(console: Console, rows: list[Row]) -> None:
    made = views.table("Subscriptions", "Payee", "How often", ">Price", ">A year", "", "Look at")
    for one in rows:
        made.add_row(
            Text(one["name"]),
            Text(_often(one), style="dim"),
            views.money(one["amount"]),
            views.money(one["yearly_cost"]),
            Text(one["currency"], style="dim"),
            Text(", ".join(one["flags"]).replace("_", " "), style="yellow"),
        )
    console.print(made)


def _often(row: Row) -> str:
    text: str = row["frequency"]
    return text.replace("_", " ")


def _get(
    ctx: typer.Context, ledger: str | None, path: str, asked: dict[str, Any], show: Any, data: Any,
    as_json: bool,
) -> None:  # fmt: skip
    # What was known then is asked about then, and what day that was the host knows.
    if asked.get("known_at") is None:
        asked = {**asked, "today": dt.datetime.now().astimezone().date().isoformat()}

    async def work(session: Session) -> list[Row]:
        found = await the_ledger(session, ledger)
        answer = await session.get(f"/v1/ledgers/{found['ledger_id']}/{path}", **asked)
        rows: list[Row] = answer.data
        return rows

    perform(ctx, work, show, data=data, as_json=as_json)


def _post(
    ctx: typer.Context, ledger: str | None, path: str, body: dict[str, Any], data: Any,
    as_json: bool,
) -> None:  # fmt: skip
    async def work(session: Session) -> Row:
        found = await the_ledger(session, ledger)
        answer = await session.post(f"/v1/ledgers/{found['ledger_id']}/{path}", body)
        return await settled(session, found["ledger_id"], answer)

    def show(console: Console, answer: Row) -> None:
        named = answer.get("bill_id") or answer["stream_id"]
        console.print(Text(f"{answer.get('name') or 'done'}  ").append(named, style="dim"))

    perform(ctx, work, show, data=data, as_json=as_json)
