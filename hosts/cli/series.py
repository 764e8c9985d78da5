"""`series`: the series per day, brought up to the read models."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from mintflow.hosts.cli.lookup import Row
from mintflow.hosts.cli.options import DATA_DEFAULT, Data, Json
from mintflow.hosts.cli.shell import Progress, settings_of_command
from mintflow.hosts.cli.upkeep import key_store, must_have_keys, operate


def series(
    ctx: typer.Context,
    everything: Annotated[
        bool, typer.Option("--all", help="Make every day again, not only those that changed.")
    ] = False,
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """Bring the series per day (balances, spending, prices, rates) up to the read models.

    A running host does the same every few seconds. They are for charts and SQL, in the schema
    `series`; what the API answers does not come from them.
    """

    async def work(url: str, _tell: Progress) -> Row:
        from mintflow.commands.core.command import utc_now
        from mintflow.hosts.series import keep_up_series, refresh_series
        from mintflow.store.mapper import Mapper
        from mintflow.store.sealing import Sealer

        settings = settings_of_command()
        must_have_keys(data, settings)
        mapper = Mapper(Sealer(key_store(data, settings)))
        done = await refresh_series(url, mapper, everything=everything)
        kept = await asyncio.to_thread(keep_up_series, url, settings, utc_now().date())
        return {**asdict(done), **asdict(kept)}

    operate(ctx, work, _show, data=data, as_json=as_json)


def _show(console: Console, answer: Row) -> None:
    rows = f"{answer['balances']:,} balances and {answer['spending']:,} sums of spending"
    console.print(Text(f"{rows} written, from {answer['events']:,} events."))
    if answer["behind"]:
        text = f"{answer['behind']:,} events are not in the read models yet."
        console.print(Text(text, style="yellow"))
    console.print(Text(f"Kept in {answer['mode']} mode.", style="dim"))
