"""`goals`, and `goal add`, `fund`, `release`, `archive`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.text import Text

from mintflow.hosts.cli import views
from mintflow.hosts.cli.lookup import Row, named, settled, the_account, the_ledger
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
from mintflow.hosts.session import Refused, Session

Name = Annotated[str, typer.Argument(help="The goal, by name or id.")]
Amount = Annotated[str, typer.Argument(help="How much, like 300 or 62.50.")]
InAccount = Annotated[
    str, typer.Option("--account", metavar="NAME", help="In which account, by name or id.")
]
_STATUS = {"reached": "green", "on_track": "green", "behind": "yellow", "overdue": "red"}


def goals(
    ctx: typer.Context,
    ledger: Ledger = None,
    archived: Annotated[
        bool, typer.Option("--archived", help="Also those that are archived.")
    ] = False,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """How far each goal is, what it needs per month, and when it is there at the present rate."""

    async def work(session: Session) -> list[Row]:
        asked = {"archived": "true"} if archived else {}
        path = await _path(session, ledger)
        rows: list[Row] = (await session.get(path, as_of=as_of, known_at=known_at, **asked)).data
        return rows

    perform(ctx, work, _table, data=data, as_json=as_json)


def add(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="What it is called.")],
    target: Annotated[
        str | None,
        typer.Argument(help="What it takes; of a debt all of it, if left out.", show_default=False),
    ] = None,
    kind: Annotated[
        Literal["saving", "debt", "emergency"],
        typer.Option(help="Save for something, pay off a debt, or keep months of spending."),
    ] = "saving",
    months: Annotated[
        int | None, typer.Option(min=1, max=120, help="Of an emergency fund.")
    ] = None,
    due: Annotated[
        str | None,
        typer.Option(metavar="DATE", callback=date_of, help="By when, like 2026-07-01."),
    ] = None,
    priority: Annotated[
        int, typer.Option(min=1, max=1_000, help="1 goes first where goals share an account.")
    ] = 100,
    accounts: Annotated[
        list[str] | None,
        typer.Option(
            "--account",
            metavar="NAME",
            help="Whose balance counts; again for each of several. Without any, what is earmarked.",
        ),
    ] = None,
    percent: Annotated[
        str | None, typer.Option(metavar="SHARE", help="Set aside of each income, like 10.")
    ] = None,
    save: Annotated[
        str | None, typer.Option(metavar="AMOUNT", help="Or so much of each income.")
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="To be moved to this account, instead of an earmark."),
    ] = None,
    currency: Annotated[
        str | None, typer.Option(help="Like EUR. [default: the ledger's]", show_default=False)
    ] = None,
    ledger: Ledger = None,
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """Set a goal."""

    async def work(session: Session) -> Row:
        found = await the_ledger(session, ledger)
        ledger_id = found["ledger_id"]
        body: dict[str, Any] = {
            "name": name, "kind": kind, "target": target, "months": months, "due": due,
            "priority": priority, "currency": currency,
        }  # fmt: skip
        body = {field: value for field, value in body.items() if value is not None}
        held = [await the_account(session, ledger_id, one) for one in accounts or ()]
        body["accounts"] = [one["account_id"] for one in held]
        if percent is not None or save is not None or to is not None:
            rule = {"percent": percent, "amount": save}
            if to is not None:
                rule["to_account_id"] = (await the_account(session, ledger_id, to))["account_id"]
            body["saving"] = {field: value for field, value in rule.items() if value is not None}
        answer = await session.post(f"/v1/ledgers/{ledger_id}/goals", body)
        return await settled(session, ledger_id, answer)

    perform(ctx, work, _said("Goal set"), data=data, as_json=as_json)


def fund(
    ctx: typer.Context,
    name: Name,
    amount: Amount,
    account: InAccount,
    source: Annotated[
        str | None,
        typer.Option(
            "--from",
            metavar="NAME",
            help="It is going to be moved from this account: a pledge, met by the real transfer.",
        ),
    ] = None,
    ledger: Ledger = None,
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """Set money of an account aside for a goal, or pledge to move it there."""
    said = _said("Set aside" if source is None else "Pledged")
    _contribute(ctx, name, amount, account, source, ledger, data, as_json, said)


def release(
    ctx: typer.Context,
    name: Name,
    amount: Amount,
    account: InAccount,
    ledger: Ledger = None,
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """Take back money that was set aside."""
    taken = amount[1:] if amount.startswith("-") else f"-{amount}"
    _contribute(ctx, name, taken, account, None, ledger, data, as_json, _said("Taken back"))


def archive(
    ctx: typer.Context,
    name: Name,
    ledger: Ledger = None,
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """Archive a goal: it takes nothing any more, and its history stays."""

    async def work(session: Session) -> Row:
        path = await _path(session, ledger)
        goal = await _goal(session, path, name)
        answer = await session.delete(f"{path}/{goal['goal_id']}")
        return await settled(session, path.split("/")[3], answer)

    perform(ctx, work, _said("Archived"), data=data, as_json=as_json)


def _contribute(
    ctx: typer.Context, name: str, amount: str, account: str, source: str | None,
    ledger: str | None, data: Path, as_json: bool, show: Any,
) -> None:  # fmt: skip
    async def work(session: Session) -> Row:
        path = await _path(session, ledger)
        ledger_id = path.split("/")[3]
        goal = await _goal(session, path, name)
        where = await the_account(session, ledger_id, account)
        body = {"account_id": where["account_id"], "amount": amount}
        if source is not None:
            body["from_account_id"] = (await the_account(session, ledger_id, source))["account_id"]
        answer = await session.post(f"{path}/{goal['goal_id']}/contributions", body)
        return await settled(session, ledger_id, answer)

    perform(ctx, work, show, data=data, as_json=as_json)


async def _path(session: Session, ledger: str | None) -> str:
    return f"/v1/ledgers/{(await the_ledger(session, ledger))['ledger_id']}/goals"


async def _goal(session: Session, path: str, wanted: str) -> Row:
    """The goal of this name or id. Raises Refused."""
    rows: list[Row] = (await session.get(path)).data
    found = named(rows, wanted, "goal")
    if found is None:
        names = [one["name"] for one in rows]
        raise Refused("goal_not_found", f"there is no goal called “{wanted}”", {"goals": names})
    return found


def _said(verb: str) -> Any:
    def show(console: Console, goal: Row) -> None:
        line = Text(f"{verb}: {goal['name']}")
        if goal["target"] is not None:
            line.append(", target ").append(views.money(goal["target"], goal["currency"]))
        console.print(line)

    return show


def _table(console: Console, rows: list[Row]) -> None:
    if not rows:
        console.print(Text("No goals. Set one: mintflow goal add …", style="dim"))
        return
    made = views.table("Goals", "Goal", ">Saved", ">Target", "", ">A month", "There on", "")
    for row in rows:
        style = _STATUS.get(row["status"], "dim")
        share = "" if row["ratio"] is None else f"{row['ratio']:.0%}"
        made.add_row(
            Text(row["name"], style="dim" if row["archived"] else ""),
            views.money(row["saved"]),
            views.money(row["target"], row["currency"]),
            Text(share, style=style),
            views.money(row["needed_per_month"]),
            Text(row["projected_on"] or "", style="dim"),
            Text(row["status"].replace("_", " "), style=style),
        )
    console.print(made)
