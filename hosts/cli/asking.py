"""`explain`, `what-if`, `audit replay`: why a figure is what it is, what would be, what was."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Annotated, Any, Literal

import orjson
import typer
from rich.console import Console
from rich.text import Text

from mintflow.hosts.cli import views
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
)
from mintflow.hosts.cli.shell import perform, print_json, shell_of
from mintflow.hosts.session import Session

PAGE = 1_000
FOLLOW_S = 0.5


def explain(
    ctx: typer.Context,
    figure: Annotated[
        Literal["balance", "category", "budget"], typer.Argument(help="What is to be explained.")
    ],
    ledger: Ledger = None,
    account: Account = None,
    category: Annotated[
        str | None, typer.Option(help="Of a total or a budget.", show_default=False)
    ] = None,
    month: MonthOf = None,
    below: Annotated[
        bool, typer.Option("--below", help="Of a category: with all below it.")
    ] = False,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """The events that make a figure, and that they sum to it exactly."""

    async def work(session: Session) -> Row:
        ledger_id = (await the_ledger(session, ledger))["ledger_id"]
        query: dict[str, Any] = {"figure": figure, "category": category, "month": month}
        query |= {
            "below": "true" if below else None,
            "as_of": as_of,
            "known_at": known_at,
            "limit": PAGE,
        }
        if account is not None:
            one = await the_account(session, ledger_id, account, known_at)
            query["account_id"] = one["account_id"]
        path, events, cursor = f"/v1/ledgers/{ledger_id}/explain", [], None
        while True:
            answer = await session.get(path, cursor=cursor, **query)
            events += answer.data["events"]
            cursor = answer.meta["pagination"]["next_cursor"]
            if cursor is None:
                return {**answer.data, "events": events, "position": answer.position}

    def show(console: Console, answer: Row) -> None:
        made = views.table(
            f"Events of this {figure}", "Effective", "Event", ">Amount", ">Sum", "By"
        )
        for one in answer["events"]:
            amounts = (views.money(one["amount"]), views.money(one["sum_so_far"], one["currency"]))
            made.add_row(one["effective_at"][:10], one["type"], *amounts, Text(one["actor"]))
        console.print(made)
        for one in answer["sums"]:
            line = Text("sum ").append(views.money(one["sum"], one["currency"]))
            line.append(", figure ").append(views.money(one["figure"], one["currency"]))
            console.print(line.append(": they agree" if one["agrees"] else ": THEY DIFFER"))
        for one in answer["totals"]:
            line = Text("its own ").append(views.money(one["own"], one["currency"]))
            line.append(", with all below it ")
            console.print(line.append(views.money(one["with_below"], one["currency"])))

    perform(ctx, work, show, data=data, as_json=as_json)


def what_if(
    ctx: typer.Context,
    commands: Annotated[
        list[str], typer.Argument(metavar="COMMAND…", help="Each a JSON object with its type.")
    ],
    queries: Annotated[
        list[str], typer.Option("--query", metavar="ADDRESS", help="What to ask; may be repeated.")
    ],
    ledger: Ledger = None,
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """What queries would answer if commands were carried out. Nothing is written."""
    try:
        parsed = [orjson.loads(one) for one in commands]
    except orjson.JSONDecodeError as error:
        raise typer.BadParameter(f"a command is a JSON object: {error.msg}") from None

    async def work(session: Session) -> Row:
        ledger_id = (await the_ledger(session, ledger))["ledger_id"]
        body = {"commands": parsed, "queries": queries}
        answer = await session.post(f"/v1/ledgers/{ledger_id}/what-if", body)
        return {**answer.data, "position": answer.position}

    def show(console: Console, answer: Row) -> None:
        for one in answer["queries"]:
            console.print(Text(one["query"], style="bold"))
            if not one["changed"]:
                console.print(Text("  the same", style="dim"))
                continue
            for sign, name in (("-", "before"), ("+", "after")):
                other = one["after" if name == "before" else "before"]
                kept = other.get("data") if isinstance(other.get("data"), list) else []
                rows = one[name].get("data", one[name])
                for row in rows if isinstance(rows, list) else [rows]:
                    if row not in kept:
                        console.print(Text(f"{sign} {orjson.dumps(row).decode()}"), soft_wrap=True)

    perform(ctx, work, show, data=data, as_json=as_json)


def replay(
    ctx: typer.Context,
    ledger: Ledger = None,
    start: Annotated[
        str | None, typer.Option("--from", metavar="TIME", help="Recorded then or later.")
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", metavar="TIME", help="Recorded before then.")
    ] = None,
    types: Annotated[
        str | None, typer.Option("--type", metavar="TYPES", help="With commas between.")
    ] = None,
    follow: Annotated[bool, typer.Option("--follow", help="Go on with what happens.")] = False,
    speed: Annotated[
        float | None,
        typer.Option(min=0.001, metavar="FACTOR", help="In time: 60 gives a minute per second."),
    ] = None,
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """Print a ledger's history, event by event; with --json as one list of events."""
    since, until = _time(start), _time(end)
    shell = shell_of(ctx)

    async def work(session: Session) -> list[Row]:
        ledger_id = (await the_ledger(session, ledger))["ledger_id"]
        path, after, shown = f"/v1/ledgers/{ledger_id}/events", 0, []
        before: dt.datetime | None = None
        while True:
            answer = await session.get(path, after=after, limit=PAGE, types=types)
            for event in answer.data:
                after, at = event["ledger_seq"], dt.datetime.fromisoformat(event["recorded_at"])
                if (since and at < since) or (until and at >= until):
                    continue
                if speed is not None and before is not None:
                    await asyncio.sleep((at - before).total_seconds() / speed)
                before = at
                if as_json and not follow:
                    shown.append(event)
                elif as_json:
                    print_json(event)
                else:
                    shell.out.print(_line(event), soft_wrap=True)
            if not answer.data or not answer.meta["pagination"]["has_next"]:
                if not follow:
                    return shown
                await asyncio.sleep(FOLLOW_S)

    perform(ctx, work, lambda _console, _rows: None, data=data, as_json=as_json)


def _line(event: Row) -> Text:
    line = Text(f"{event['ledger_seq']:>7}  ", style="dim")
    line.append(f"{event['recorded_at'][:19]}  ").append(f"{event['type']:<28}", style="cyan")
    return line.append(f"  {event['effective_at'][:10]}  {event['actor']}  {event['stream_id']}")


def _time(text: str | None) -> dt.datetime | None:
    if text is None:
        return None
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("a time is written like 2026-03-31 or 2026-03-31T09:30Z") from None
    return found if found.tzinfo else found.replace(tzinfo=dt.UTC)
