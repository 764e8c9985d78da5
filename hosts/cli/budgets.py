"""`budgets`, `budget set`: what may be spent, and how it stands."""

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
    month_of,
)
from mintflow.hosts.cli.shell import perform
from mintflow.hosts.session import Session

Period = Literal["day", "week", "two_weeks", "four_weeks", "month", "quarter", "year", "custom"]
_EACH = {
    "day": "a day", "week": "a week", "two_weeks": "in two weeks", "four_weeks": "in four weeks",
    "month": "a month", "quarter": "a quarter", "year": "a year",
}  # fmt: skip


def budgets(
    ctx: typer.Context,
    ledger: Ledger = None,
    month: Annotated[
        str | None,
        typer.Option(
            "--month",
            metavar="YYYY-MM",
            callback=month_of,
            help="The budgets by month, in this one. Without it: all budgets, today.",
        ),
    ] = None,
    date: Annotated[
        str | None,
        typer.Option(
            "--date",
            metavar="DATE",
            callback=date_of,
            help="Every budget in its period of this day.",
        ),
    ] = None,
    period: Annotated[
        Period | None, typer.Option(help="Only budgets by this period.", metavar="PERIOD")
    ] = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """How each budget stands in a month, or in its period of a day.

    Spent counts a category with all below it. A budget warns from its threshold on (80 % where
    none was set) and is exceeded above what there is to spend. In a period that is running it says
    on which day you run over at the rate until today.
    """
    # What was known then is asked about then, and what day that was the host knows.
    today = None if known_at else dt.datetime.now().astimezone().date().isoformat()
    asked = {"month": month, "date": date, "period": period, "as_of": as_of, "today": today}
    if month is None and date is None:
        asked["date"] = today
    asked["known_at"] = known_at
    day = asked["date"] or "the day asked about"
    title = f"Budgets in {month}" if month else f"Budgets on {day}"

    async def work(session: Session) -> list[Row]:
        found = await the_ledger(session, ledger)
        path = f"/v1/ledgers/{found['ledger_id']}/budgets/status"
        rows: list[Row] = (await session.get(path, **asked)).data
        return rows

    perform(
        ctx,
        work,
        lambda console, rows: views.budgets(console, rows, title),
        data=data,
        as_json=as_json,
    )


def set_budget(
    ctx: typer.Context,
    category: Annotated[
        str,
        typer.Argument(
            help="Like food_dining or food_dining.groceries; several with commas between them "
            "have one budget together."
        ),
    ],
    amount: Annotated[str, typer.Argument(help="What may be spent, like 400 or 62.50.")],
    ledger: Ledger = None,
    period: Annotated[
        Period, typer.Option(help="How long that is for.", metavar="PERIOD")
    ] = "month",
    anchor: Annotated[
        str | None,
        typer.Option(
            metavar="DATE", callback=date_of, help="A day on which a period begins, e.g. pay-day."
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(metavar="DATE", callback=date_of, help="Last day of a custom period."),
    ] = None,
    start: Annotated[
        str | None,
        typer.Option("--from", metavar="YYYY-MM", help="First month, or day, that it holds for."),
    ] = None,
    rollover: Annotated[
        Literal["none", "surplus", "both", "capped"],
        typer.Option(
            help="surplus carries what is left into the next period, both also what was "
            "overspent, capped what is left up to --cap."
        ),
    ] = "none",
    cap: Annotated[
        str | None, typer.Option(metavar="AMOUNT", help="The most that capped carries on.")
    ] = None,
    alert_threshold: Annotated[
        str, typer.Option("--warn-at", metavar="SHARE", help="Share of it at which it warns.")
    ] = "0.8",
    currency: Annotated[
        str | None,
        typer.Option(
            help="Like EUR. [default: the budget's, of a first one the ledger's]",
            show_default=False,
        ),
    ] = None,
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """Set or change the budget of a category.

    Without --from a first budget holds for every period, and a change begins with the one that is
    running: periods that are over keep what they had.
    """
    named: dict[str, Any] = {"category": category}
    if "," in category:
        named = {"categories": [part.strip() for part in category.split(",")]}
    given = {
        "anchor": anchor, "until": until, "start": start, "cap": cap, "currency": currency,
    }  # fmt: skip
    body: dict[str, Any] = {
        **named,
        "amount": amount,
        "period": period,
        "rollover": rollover,
        "alert_threshold": alert_threshold,
        **{name: value for name, value in given.items() if value is not None},
    }

    async def work(session: Session) -> Row:
        found = await the_ledger(session, ledger)
        path = f"/v1/ledgers/{found['ledger_id']}/budgets"
        answer = await session.put(path, body)
        return await settled(session, found["ledger_id"], answer)

    def show(console: Console, answer: Row) -> None:
        line = Text(f"{answer['category']}: ")
        each = _EACH.get(answer["period"], f"until {answer['until']}")
        line.append(views.money(answer["amount"], answer["currency"])).append(f" {each}")
        console.print(line)

    perform(ctx, work, show, data=data, as_json=as_json)
