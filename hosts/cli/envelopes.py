"""`budget assign`, `budget move`, `budget envelopes`, `budget alerts`."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from mintflow.hosts.cli import views
from mintflow.hosts.cli.lookup import Row, settled, the_ledger
from mintflow.hosts.cli.options import DATA_DEFAULT, AsOf, Data, Json, KnownAt, Ledger, MonthOf
from mintflow.hosts.cli.shell import perform
from mintflow.hosts.session import Session

Amount = Annotated[str, typer.Argument(help="How much, like 300 or 62.50.")]
Currency = Annotated[
    str | None, typer.Option(help="Like EUR. [default: the ledger's]", show_default=False)
]
# What is taken back is below zero, which would be read as an option.
NEGATIVE = {"ignore_unknown_options": True}


def assign(
    ctx: typer.Context,
    category: Annotated[str, typer.Argument(help="Whose envelope, like food_dining.")],
    amount: Amount,
    ledger: Ledger = None,
    month: MonthOf = None,
    currency: Currency = None,
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """Put money into an envelope; a negative amount takes it back."""
    body = {"category": category, "amount": amount, "month": month, "currency": currency}
    _tell(ctx, "assign", ledger, body, data, as_json)


def move(
    ctx: typer.Context,
    source: Annotated[str, typer.Argument(help="The envelope that it leaves.")],
    target: Annotated[str, typer.Argument(help="The envelope that it goes to.")],
    amount: Amount,
    ledger: Ledger = None,
    month: MonthOf = None,
    currency: Currency = None,
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """Move money from one envelope to another."""
    body = {
        "source": source, "target": target, "amount": amount, "month": month,
        "currency": currency,
    }  # fmt: skip
    _tell(ctx, "move", ledger, body, data, as_json)


def envelopes(
    ctx: typer.Context,
    ledger: Ledger = None,
    month: MonthOf = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """What each envelope holds at the end of a month, and what is ready to assign.

    Both together are the cash of the accounts on budget: checking, savings, cash, wallets, and
    credit cards with what is owed on them.
    """

    async def work(session: Session) -> list[Row]:
        found = await the_ledger(session, ledger)
        path = f"/v1/ledgers/{found['ledger_id']}/budgets/envelopes"
        rows: list[Row] = (
            await session.get(path, month=month, as_of=as_of, known_at=known_at)
        ).data
        return rows

    perform(ctx, work, _show, data=data, as_json=as_json)


def alerts(
    ctx: typer.Context,
    ledger: Ledger = None,
    dismissed: Annotated[
        bool, typer.Option("--dismissed", help="Also those that were dismissed.")
    ] = False,
    dismiss: Annotated[
        str | None, typer.Option(metavar="ID", help="Take this one out of the list first.")
    ] = None,
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """What budgets warned of, newest first."""

    async def work(session: Session) -> list[Row]:
        found = await the_ledger(session, ledger)
        path = f"/v1/ledgers/{found['ledger_id']}/alerts"
        if dismiss is not None:
            answer = await session.post(f"{path}/{dismiss}/dismiss", {})
            await session.settle(found["ledger_id"], answer.position)
        asked = {"dismissed": "true"} if dismissed else {}
        rows: list[Row] = (await session.get(path, **asked)).data
        return rows

    def show(console: Console, rows: list[Row]) -> None:
        made = views.table("Alerts", "Budget", "Period", "", ">Spent", ">Of", "", "Id")
        for row in rows:
            made.add_row(
                Text(row["category"]),
                Text(f"{row['start']} to {row['end']}", style="dim"),
                Text(row["level"], style="red" if row["level"] == "exceeded" else "yellow"),
                views.money(row["spent"]),
                views.money(row["to_spend"]),
                Text("over" if row["cleared_at"] else "", style="dim"),
                Text(row["alert_id"], style="dim"),
            )
        console.print(made if rows else Text("No alerts.", style="dim"))

    perform(ctx, work, show, data=data, as_json=as_json)


def _tell(
    ctx: typer.Context, verb: str, ledger: str | None, body: dict[str, Any], data: Any,
    as_json: bool,
) -> None:  # fmt: skip
    async def work(session: Session) -> Row:
        found = await the_ledger(session, ledger)
        path = f"/v1/ledgers/{found['ledger_id']}/budgets/envelopes"
        given = {name: value for name, value in body.items() if value is not None}
        answer = await session.post(f"{path}/{verb}", given)
        return await settled(session, found["ledger_id"], answer)

    def show(console: Console, answer: Row) -> None:
        where = answer.get("category") or f"{answer['source']} to {answer['target']}"
        line = Text(f"{where} in {answer['month']}: ")
        console.print(line.append(views.money(answer["amount"], answer["currency"])))

    perform(ctx, work, show, data=data, as_json=as_json)


def _show(console: Console, rows: list[Row]) -> None:
    for row in rows:
        title = f"Envelopes in {row['month']}, {row['currency']}"
        made = views.table(title, "Envelope", ">Before", ">Assigned", ">Activity", ">Available")
        for one in row["envelopes"]:
            made.add_row(
                views.category_of(console, one["category"]),
                *(
                    views.money(one[name])
                    for name in ("carried_in", "assigned", "activity", "available")
                ),
            )
        console.print(made)
        line = Text("  Ready to assign: ").append(views.money(row["ready_to_assign"]))
        console.print(line.append(" of cash ").append(views.money(row["cash"])))
