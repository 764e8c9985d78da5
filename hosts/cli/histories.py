"""`history`: what happened to an account, a transaction, a budget or a rule, or what a user did."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.text import Text

from mintflow.hosts.cli import views
from mintflow.hosts.cli.lookup import Row, named, the_account, the_ledger
from mintflow.hosts.cli.options import DATA_DEFAULT, Data, Json, KnownAt, Ledger
from mintflow.hosts.cli.shell import perform
from mintflow.hosts.session import Refused, Session

Kind = Literal["account", "transaction", "budget", "rule", "user"]
PAGE = 1_000


def history(
    ctx: typer.Context,
    kind: Annotated[
        Kind, typer.Argument(help="Of what: account, transaction, budget, rule, user.")
    ],
    thing: Annotated[
        str,
        typer.Argument(
            metavar="ID",
            help="Its id; of an account or a rule also its name, of a budget its category, of a "
            "user me.",
        ),
    ],
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, help="The newest so many.")
    ] = 100,
    ledger: Ledger = None,
    known_at: KnownAt = None,
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """What happened to one thing, or what a user did, in order and in words, with before and
    after."""

    async def work(session: Session) -> Row:
        ledger_id = (await the_ledger(session, ledger))["ledger_id"]
        query = await _query(session, f"/v1/ledgers/{ledger_id}", kind, thing, known_at)
        rows: list[Row] = []
        after: str | None = None
        while True:
            answer = await session.get(
                f"/v1/ledgers/{ledger_id}/history",
                known_at=known_at, after=after, limit=PAGE, **query,
            )  # fmt: skip
            rows = [*rows, *answer.data][-limit:]
            after = answer.meta["pagination"]["next_cursor"]
            if after is None:
                return {"events": rows}

    def show(console: Console, answer: Row) -> None:
        made = views.table(f"What happened: {kind}", "When", ">Number", "What", "By")
        for one in answer["events"]:
            when = one["recorded_at"][:19].replace("T", " ")
            who = Text(one["actor"].partition(":")[0])
            made.add_row(when, str(one["ledger_seq"]), Text(one["words"]), who)
        console.print(made)

    perform(ctx, work, show, data=data, as_json=as_json)


async def _query(
    session: Session, path: str, kind: Kind, thing: str, known_at: str | None
) -> dict[str, Any]:
    """What the address of histories is asked. Raises Refused."""
    if kind == "user":
        if thing == "me":
            opened = await session.get(f"{path}/events", limit=1)
            thing = str(opened.data[0]["actor"])
        return {"actor": thing if ":" in thing else f"user:{thing}"}
    if kind == "account":
        one = await the_account(session, path.rpartition("/")[2], thing, known_at)
        return {"of": one["account_id"]}
    if kind == "budget":
        rows = (await session.get(f"{path}/budgets", known_at=known_at)).data
        found = [one for one in rows if thing in (one["budget_id"], one["category"])]
        return {"of": found[0]["budget_id"] if found else _id(thing, "budget")}
    if kind == "rule":
        held = named((await session.get(f"{path}/rules", known_at=known_at)).data, thing, "rule")
        return {"of": held["rule_id"] if held is not None else _id(thing, "rule")}
    return {"of": thing}


def _id(thing: str, kind: str) -> str:
    """What was removed since has a history still, by its id."""
    if len(thing) != 36:
        raise Refused(f"{kind}_not_found", f"there is no {kind} called “{thing}” in this ledger")
    return thing
