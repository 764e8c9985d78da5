"""The commands that make read models anew, and that go back to the ones before."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from mintflow.hosts.cli.lookup import Row
from mintflow.hosts.cli.options import DATA_DEFAULT, Data, Json
from mintflow.hosts.cli.shell import Progress, settings_of_command
from mintflow.hosts.cli.upkeep import must_have_keys, opens_keys, operate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from mintflow.projections.core.rebuild import RebuildReport
    from mintflow.store.keys import KeyStore

Projections = Annotated[
    list[str] | None,
    typer.Option("--projection", metavar="NAME", help="Only this one; may be given again."),
]
Everything = Annotated[bool, typer.Option("--all", help="All of them, as without it.")]


def rebuild(
    ctx: typer.Context,
    projection: Projections = None,
    everything: Everything = False,
    throttle: Annotated[
        int | None,
        typer.Option(
            "--throttle",
            metavar="N",
            min=1,
            help="Fold at most N events per second, to leave the machine to others.",
        ),
    ] = None,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Do not go on with a rebuild that was killed.")
    ] = False,
    keep: Annotated[
        bool,
        typer.Option(
            "--keep/--no-keep",
            help="Keep the tables that are replaced, for `mintflow rollback`.",
        ),
    ] = True,
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """Make read models anew from the log, compare them with the served ones, and switch.

    The present ones answer queries all the while. identical says whether the rebuilt rows were the
    served ones at the same positions. Killed at any moment, the next rebuild goes on where it
    stood.
    """
    _one_of(projection, everything=everything)

    async def work(url: str, tell: Progress) -> Row:
        from mintflow.hosts.noting import note
        from mintflow.projections.core.rebuild import Options, rebuild

        keys = _keys(data)
        await note(url, data, "rebuild", "models.rebuilt", _named(projection))
        options = Options(throttle, resume=not fresh, keep_old=keep)
        report = await asyncio.to_thread(
            rebuild, url, keys, projection or None, options=options, progress=tell
        )
        return _told(report)

    operate(ctx, work, _show_rebuild, data=data, as_json=as_json)


def rollback(
    ctx: typer.Context,
    projection: Projections = None,
    everything: Everything = False,
    drop: Annotated[
        bool, typer.Option("--drop", help="Do not go back: drop the tables that are kept for it.")
    ] = False,
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """Serve again the tables that the last rebuild replaced, brought up to date.

    What is served now is kept in their place, so going back twice changes nothing. Tables of
    another version are served by the release that folds it, not by this one.
    """
    _one_of(projection, everything=everything)

    async def work(url: str, _tell: Progress) -> Row:
        from mintflow.hosts.noting import note
        from mintflow.projections.core.rebuild import forget_previous, rollback

        if drop:
            await note(url, data, "rollback", "models.dropped", _named(projection))
            gone = await asyncio.to_thread(forget_previous, url, projection or None)
            return {"served": [], "dropped": gone, "events": 0}
        keys = _keys(data)
        await note(url, data, "rollback", "models.rolled_back", _named(projection))
        again, events = await asyncio.to_thread(rollback, url, keys, projection or None)
        served = [
            {"projection": one.projection, "version": one.version, "replaced_at": one.replaced_at}
            for one in again
        ]
        return {"served": served, "dropped": [], "events": events}

    operate(ctx, work, _show_rollback, data=data, as_json=as_json)


def _keys(data: Path) -> Callable[[], KeyStore]:
    """Raises SettingNotUsable, Refused."""
    settings = settings_of_command()
    must_have_keys(data, settings)
    return opens_keys(data, settings)


def _one_of(projection: list[str] | None, *, everything: bool) -> None:
    if projection and everything:
        raise typer.BadParameter("either --projection or --all")


def _named(projection: list[str] | None) -> str:
    """The reason in the trail: names that the product knows, so nothing that was only typed."""
    from mintflow.projections.registry import PROJECTIONS

    known = {one.name for one in PROJECTIONS}
    return ",".join(sorted(known.intersection(projection))) if projection else "all"


def _told(report: RebuildReport) -> Row:
    tables = [
        {
            "table": one.name,
            "rows": one.rebuilt.rows,
            "rows_served": one.served.rows if one.served else None,
            "identical": one.served == one.rebuilt if one.served else None,
            "sums": dict(one.rebuilt.sums),
            "ledgers_that_differ": list(one.ledgers),
        }
        for one in report.tables
    ]
    return {**asdict(report), "tables": tables}


def _show_rebuild(console: Console, answer: Row) -> None:
    speed = f"{answer['events']:,} events in {answer['seconds']} s"
    console.print(Text(f"{speed} ({answer['events_per_second']:,.0f} per second)"))
    if answer["resumed"]:
        text = f"{answer['resumed']:,} of them by the rebuild that was killed before."
        console.print(Text(text, style="dim"))
    said, style = {
        True: ("The rebuilt rows are the served ones.", "green"),
        False: ("The rebuilt rows were not the served ones; they are served now.", "bold red"),
        None: ("There was nothing to compare with.", "dim"),
    }[answer["identical"]]
    console.print(Text(said, style=style))
    for one in answer["tables"]:
        if one["identical"] is False:
            rows = f"{one['rows_served']:,} rows served, {one['rows']:,} rebuilt"
            where = ", ".join(one["ledgers_that_differ"])
            console.print(Text(f"  {one['table']}: {rows}; ledgers {where}", style="red"))


def _show_rollback(console: Console, answer: Row) -> None:
    for one in answer["served"]:
        text = f"{one['projection']}: served again as before {one['replaced_at']}"
        console.print(Text(text, style="green"))
    if answer["served"]:
        console.print(Text(f"{answer['events']:,} events were missing in them.", style="dim"))
    for name in answer["dropped"]:
        console.print(Text(f"{name}: the tables from before are dropped."))
    if not answer["served"] and not answer["dropped"]:
        console.print(Text("Nothing was kept.", style="dim"))
