"""`budget recommend` and `budget template`: budgets from history."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.text import Text

from mintflow.hosts.cli import views
from mintflow.hosts.cli.lookup import Row, the_ledger
from mintflow.hosts.cli.options import DATA_DEFAULT, Data, Json, Ledger, MonthOf
from mintflow.hosts.cli.shell import perform
from mintflow.hosts.session import Session


def recommend(
    ctx: typer.Context,
    categories: Annotated[
        list[str] | None, typer.Argument(help="Only these; all where none is given.")
    ] = None,
    accept: Annotated[
        bool, typer.Option("--accept", help="Set them, from the running period on.")
    ] = False,
    ledger: Ledger = None,
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """What each budget could be, from history, with the reason."""

    async def work(session: Session) -> list[Row]:
        found = await the_ledger(session, ledger)
        path = f"/v1/ledgers/{found['ledger_id']}/budgets/recommendations"
        if accept:
            body = {"categories": categories} if categories else {}
            answer = await session.post(f"{path}/accept", body)
            await session.settle(found["ledger_id"], answer.position)
            accepted: list[Row] = answer.data
            return accepted
        rows: list[Row] = (await session.get(path)).data
        return [row for row in rows if not categories or row["category"] in categories]

    perform(ctx, work, _shown("Set" if accept else "Recommended"), data=data, as_json=as_json)


def template(
    ctx: typer.Context,
    category: Annotated[str, typer.Argument(help="Like food_dining.")],
    kind: Annotated[
        Literal["copy_last", "average", "fixed", "income_percent", "goal"],
        typer.Argument(help="How the amount comes about.", metavar="KIND"),
    ],
    amount: Annotated[str | None, typer.Option(metavar="AMOUNT", help="Of fixed and goal.")] = None,
    percent: Annotated[
        str | None, typer.Option(metavar="SHARE", help="Of income_percent, like 10.")
    ] = None,
    months: Annotated[int, typer.Option(min=1, max=12, help="Of average.")] = 3,
    by: Annotated[
        str | None, typer.Option(metavar="YYYY-MM", help="Of goal: when it is to be there.")
    ] = None,
    month: MonthOf = None,
    envelope: Annotated[
        bool, typer.Option("--envelope", help="Assign the amount instead of setting a limit.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what it would be.")] = False,
    ledger: Ledger = None,
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """Set a budget of a month, or fill an envelope, by a template."""
    given = {"amount": amount, "percent": percent, "by": by}
    wanted = {name: value for name, value in given.items() if value is not None}
    body: dict[str, Any] = {
        "templates": [{"category": category, "kind": kind, "months": months, **wanted}],
        "to": "envelope" if envelope else "budget",
        "dry_run": dry_run,
    }
    if month is not None:
        body["month"] = month

    async def work(session: Session) -> list[Row]:
        found = await the_ledger(session, ledger)
        path = f"/v1/ledgers/{found['ledger_id']}/budgets/templates/apply"
        answer = await session.post(path, body)
        await session.settle(found["ledger_id"], answer.position)
        rows: list[Row] = answer.data
        return rows

    perform(ctx, work, _shown("Would be" if dry_run else "Set"), data=data, as_json=as_json)


def _shown(title: str) -> Any:
    def show(console: Console, rows: list[Row]) -> None:
        if not rows:
            console.print(Text("Nothing: three periods of spending must be known.", style="dim"))
            return
        made = views.table(title, "Budget", ">Amount", "", "Why")
        for row in rows:
            made.add_row(
                views.category_of(console, row["category"]),
                views.money(row["amount"]),
                Text(row["currency"], style="dim"),
                Text(row["reason"]),
            )
        console.print(made)

    return show
