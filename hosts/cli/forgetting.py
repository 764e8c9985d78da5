"""`audit forget-addresses`: the addresses of a month in the trail become noise."""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from mintflow.hosts.cli.lookup import Row
from mintflow.hosts.cli.options import DATA_DEFAULT, Data, Json
from mintflow.hosts.cli.shell import Progress, settings_of_command
from mintflow.hosts.cli.upkeep import key_store, must_have_keys, operate
from mintflow.hosts.session import Refused

_MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])\Z")


def _month(text: str) -> str:
    if not _MONTH.match(text) or text.startswith("0000"):
        raise typer.BadParameter("a month is written like 2026-03")
    return text


def forget_addresses(
    ctx: typer.Context,
    month: Annotated[
        str,
        typer.Option("--month", metavar="YYYY-MM", callback=_month, help="A month that is over."),
    ],
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """Destroy the key under which the addresses of a month were sealed in the trail.

    The entries, their proofs and heads stay and verify as before; the addresses can not be read any
    more, by nobody, in no copy of the database. Remove the key from backups of the keys folder as
    well. Afterwards nothing brings it back.
    """

    async def work(url: str, _tell: Progress) -> Row:
        from mintflow.commands.core.command import utc_now
        from mintflow.hosts.noting import note
        from mintflow.store.trail import month_key

        settings = settings_of_command()
        must_have_keys(data, settings)
        if month >= f"{utc_now():%Y-%m}":
            raise Refused("month_not_over", f"{month} is not over: its key is still in use")
        keys = key_store(data, settings)
        name = month_key(dt.datetime.fromisoformat(f"{month}-01").replace(tzinfo=dt.UTC))
        there = keys.get(name) is not None
        await note(url, data, "audit forget-addresses", "addresses.forgotten", month)
        keys.destroy(name)
        return {"month": month, "forgotten": there}

    def show(console: Console, answer: Row) -> None:
        said = "are forgotten." if answer["forgotten"] else "were forgotten before, or never kept."
        console.print(Text(f"The addresses of {answer['month']} {said}"))

    operate(ctx, work, show, data=data, as_json=as_json)
