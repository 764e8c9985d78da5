"""`balances`, `categories`, `accounts`, `ledgers`: what the books say."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from mintflow.hosts.cli import views
from mintflow.hosts.cli.lookup import Row, ledgers_of, settled, the_ledger
from mintflow.hosts.cli.options import (
    DATA_DEFAULT,
    AsOf,
    Data,
    Json,
    Kind,
    KnownAt,
    Ledger,
    MonthOf,
    date_of,
)
from mintflow.hosts.cli.shell import perform
from mintflow.hosts.session import Session


def balances(
    ctx: typer.Context,
    ledger: Ledger = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """What every account holds.

    Balance is what is posted, pending what is not yet, and available the balance less what pending
    rows will take out. Money that is owed is negative.
    """

    async def work(session: Session) -> Row:
        found = await the_ledger(session, ledger)
        path = f"/v1/ledgers/{found['ledger_id']}/accounts"
        answer = await session.get(path, as_of=as_of, known_at=known_at)
        return {"accounts": answer.data, "position": answer.position, "ledger": found}

    def show(console: Console, answer: Row) -> None:
        day = f" at the end of {as_of}" if as_of else ""
        views.balances(console, answer["accounts"], f"{answer['ledger']['name']}: balances{day}")

    perform(ctx, work, show, data=data, as_json=as_json)


def categories(
    ctx: typer.Context,
    ledger: Ledger = None,
    month: MonthOf = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """What was earned and spent in a month, by category.

    Amounts are seen from the account's side: spending is negative, a refund lowers it, income is
    positive. Transfers between own accounts are neither and stay out.
    """
    wanted = month or month_meant(known_at)

    async def work(session: Session) -> Row:
        found = await the_ledger(session, ledger)
        path = f"/v1/ledgers/{found['ledger_id']}/category-totals"
        answer = await session.get(path, month=wanted, as_of=as_of, known_at=known_at)
        return {
            "totals": answer.data,
            "month": wanted,
            "position": answer.position,
            "ledger": found,
        }

    def show(console: Console, answer: Row) -> None:
        views.totals(
            console, answer["totals"], f"{answer['ledger']['name']}: categories in {wanted}"
        )

    perform(ctx, work, show, data=data, as_json=as_json)


def list_accounts(
    ctx: typer.Context,
    ledger: Ledger = None,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """The accounts of a ledger, with their ids. `mintflow accounts open` opens one."""
    if ctx.invoked_subcommand is not None:
        return

    async def work(session: Session) -> Row:
        found = await the_ledger(session, ledger)
        path = f"/v1/ledgers/{found['ledger_id']}/accounts"
        answer = await session.get(path, as_of=as_of, known_at=known_at)
        return {"accounts": answer.data, "position": answer.position, "ledger": found}

    def show(console: Console, answer: Row) -> None:
        made = views.table(
            f"{answer['ledger']['name']}: accounts", "Account", "Kind", "", "Closed", "Id"
        )
        for one in answer["accounts"]:
            shown = (one["name"], one["kind"], one["currency"], one["closed_on"] or "")
            made.add_row(*(Text(part) for part in shown), Text(one["account_id"], style="dim"))
        console.print(made)

    perform(ctx, work, show, data=data, as_json=as_json)


def open_account(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="What you call it.")],
    ledger: Ledger = None,
    kind: Annotated[Kind, typer.Option(help="What it is.")] = "checking",
    currency: Annotated[
        str | None, typer.Option(help="Like EUR. [default: the ledger's]", show_default=False)
    ] = None,
    opening_balance: Annotated[
        str | None,
        typer.Option(
            metavar="AMOUNT",
            help="What it held at first; a debt is negative. Without it the statement that "
            "reaches back furthest says it.",
        ),
    ] = None,
    opening_date: Annotated[
        str | None, typer.Option(metavar="DATE", callback=date_of, help="When it held that.")
    ] = None,
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """Open an account."""

    async def work(session: Session) -> Row:
        found = await the_ledger(session, ledger)
        body = {"name": name, "kind": kind, "currency": currency or found["currency"]}
        if opening_balance is None:
            body["opening_from_files"] = True
        else:
            body |= {"opening_balance": opening_balance, "opening_date": opening_date}
        answer = await session.post(f"/v1/ledgers/{found['ledger_id']}/accounts", body)
        return await settled(session, found["ledger_id"], answer)

    perform(ctx, work, _opened("account"), data=data, as_json=as_json, purpose="write")


def list_ledgers(ctx: typer.Context, data: Data = DATA_DEFAULT, as_json: Json = False) -> None:
    """The ledgers of this data folder. `mintflow ledgers open` opens one."""
    if ctx.invoked_subcommand is not None:
        return

    async def work(session: Session) -> Row:
        return {"ledgers": await ledgers_of(session)}

    def show(console: Console, answer: Row) -> None:
        made = views.table("Ledgers", "Ledger", "", "Id")
        for one in answer["ledgers"]:
            made.add_row(Text(one["name"]), one["currency"], Text(one["ledger_id"], style="dim"))
        console.print(made)

    perform(ctx, work, show, data=data, as_json=as_json)


def open_ledger(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="What you call these books.")],
    currency: Annotated[str, typer.Option(help="The currency that they are shown in.")] = "USD",
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """Open new books, with the default category tree."""

    async def work(session: Session) -> Row:
        answer = await session.post("/v1/ledgers", {"name": name, "currency": currency})
        return await settled(session, answer.data["ledger_id"], answer)

    perform(ctx, work, _opened("ledger"), data=data, as_json=as_json, purpose="write")


def month_meant(known_at: str | None) -> str:
    """The month of the day or time that is asked about, or else of today."""
    day = (known_at or "")[:10]
    try:
        dt.date.fromisoformat(day)
    except ValueError:
        return this_month()
    return day[:7] if "-" in day else this_month()


def this_month() -> str:
    """The month of today, on this machine's calendar."""
    return dt.datetime.now().astimezone().strftime("%Y-%m")


def _opened(what: str) -> Any:
    def show(console: Console, answer: Row) -> None:
        line = Text(f"Opened the {what} “{answer['name']}” in {answer['currency']}  ")
        console.print(line.append(answer[f"{what}_id"], style="dim"))

    return show
