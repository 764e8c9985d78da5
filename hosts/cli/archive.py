"""`export` and `import-history`: the history as files, to take away and to bring back."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.text import Text

from mintflow.hosts.cli.lookup import Row, the_ledger
from mintflow.hosts.cli.options import DATA_DEFAULT, Data, Json, Ledger
from mintflow.hosts.cli.shell import (
    present,
    refusals,
    run,
    session_of,
    settings_of_command,
    shell_of,
)
from mintflow.hosts.cli.upkeep import answered, has_keys, key_store, must_have_keys, opens_keys
from mintflow.hosts.session import open_database

_POSITIONS = re.compile(r"(\d{1,18})?-(\d{1,18})?\Z")


def _span(text: str | None) -> str | None:
    if text is not None and (text == "-" or not _POSITIONS.match(text)):
        raise typer.BadParameter("positions are written like 1-5000, 5001- or -5000")
    first, last = _bounds(text)
    if 0 in (first, last):
        raise typer.BadParameter("positions begin with 1")
    if first is not None and last is not None and first > last:
        raise typer.BadParameter("the first of the positions is behind the last")
    return text


def _time(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        read = dt.datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("a time is written like 2026-03-31T12:00:00Z") from None
    return (read if read.tzinfo else read.replace(tzinfo=dt.UTC)).isoformat()


def export(
    ctx: typer.Context,
    folder: Annotated[
        Path, typer.Argument(help="A new folder, or one in which this export was begun.")
    ],
    form: Annotated[
        Literal["parquet", "jsonl", "csv"],
        typer.Option("--format", help="CSV can be read everywhere, and not be restored."),
    ] = "parquet",
    ledger: Ledger = None,
    types: Annotated[
        list[str] | None,
        typer.Option("--type", metavar="TYPE", help="Only this event type; may be given again."),
    ] = None,
    positions: Annotated[
        str | None,
        typer.Option(
            "--positions", metavar="FIRST-LAST", callback=_span, help="Only these, of every shard."
        ),
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            "--since", metavar="TIME", callback=_time, help="Only what was recorded from then on."
        ),
    ] = None,
    before: Annotated[
        str | None,
        typer.Option(
            "--before", metavar="TIME", callback=_time, help="Only what was recorded before."
        ),
    ] = None,
    open_sealed: Annotated[
        bool,
        typer.Option(
            "--open", help="Also write descriptions, names and notes in the clear; with --ledger."
        ),
    ] = False,
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """Take the history away as files, with a manifest of counts, positions and hashes.

    Without a filter it is all events of all ledgers, and can be restored by import-history. Sealed
    facts stay sealed, and the keys stay here. Interrupted or killed, it goes on where it stood when
    the same command is given again.
    """
    if open_sealed and ledger is None:
        raise typer.BadParameter("--open needs --ledger: your own books alone can be opened")
    first, last = _bounds(positions)
    shell = shell_of(ctx)

    async def work() -> Row:
        from mintflow.hosts.noting import note
        from mintflow.store.archive import Selection
        from mintflow.store.archive import export as write
        from mintflow.store.schemas.filtering import checked_types
        from mintflow.store.sealing import Sealer

        wanted = tuple(checked_types(types or ()))
        settings = settings_of_command()
        async with AsyncExitStack() as stack:
            ledger_id = None
            if ledger is None:
                with shell.progress() as tell:
                    opening = open_database(data, settings, tell=tell)
                    url = await stack.enter_async_context(opening)
            else:
                session = await stack.enter_async_context(session_of(shell, data, "read"))
                url = session.database_url
                ledger_id = str((await the_ledger(session, ledger))["ledger_id"])
            opened_by = None
            if open_sealed:
                must_have_keys(data, settings)
                opened_by = Sealer(key_store(data, settings))
            chosen = Selection(ledger_id, wanted, first, last, since, before)
            everything = ledger_id is None and chosen == Selection()
            reason = "opened" if open_sealed else "whole" if everything else "part"
            await note(url, data, "export", "export", reason, ledger_id)
            with shell.bar() as bar:
                manifest = await asyncio.to_thread(
                    write,
                    url,
                    folder,
                    form,
                    chosen,
                    opened_by=opened_by,
                    progress=lambda done, total: bar("writing events", done, total),
                )
            return {"folder": str(folder), **manifest.document()}

    with refusals(shell, as_json=as_json):
        answer = run(answered(work()))
    present(shell, answer, _show_export, as_json=as_json)


def import_history(
    ctx: typer.Context,
    folder: Annotated[Path, typer.Argument(help="What `mintflow export` wrote.")],
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """Restore an exported history into an installation that has no events yet.

    Positions, times and hashes are those of the export; every hash is computed again, and an
    export that was altered is refused with file and position, and nothing of it is kept. The read
    models are made anew.

    Bring `keys` and `owner.json` of the old data folder into the new one first: without the keys
    all sealed facts stay closed, without the owner nobody sees the ledgers.
    """
    shell = shell_of(ctx)

    async def work() -> Row:
        from mintflow.hosts.data_folder import make_data_folder
        from mintflow.hosts.embedded import prepare_database
        from mintflow.hosts.noting import note
        from mintflow.projections.core.rebuild import rebuild
        from mintflow.store.archive import restore
        from mintflow.store.archive.manifest import read_manifest

        read_manifest(folder)
        settings = settings_of_command()
        make_data_folder(data)
        async with AsyncExitStack() as stack:
            with shell.progress() as tell:
                opening = open_database(data, settings, tell=tell, make=True)
                url = await stack.enter_async_context(opening)
            await asyncio.to_thread(prepare_database, url)
            with shell.bar() as bar:
                manifest = await asyncio.to_thread(
                    restore, url, folder, progress=lambda done, total: bar("reading", done, total)
                )
                await note(url, data, "import-history", "history.restored", "empty_log")
                rebuilt = has_keys(data, settings)
                if rebuilt:
                    keys = opens_keys(data, settings)
                    await asyncio.to_thread(rebuild, url, keys, progress=bar)
        return {"events": manifest.events, "rebuilt": rebuilt, "heads": manifest.heads}

    with refusals(shell, as_json=as_json):
        answer = run(answered(work()))
    present(shell, answer, _show_import, as_json=as_json)


def _bounds(text: str | None) -> tuple[int | None, int | None]:
    if text is None:
        return None, None
    first, _, last = text.partition("-")
    return int(first) if first else None, int(last) if last else None


def _show_export(console: Console, answer: Row) -> None:
    what = f"{answer['events']:,} events in {len(answer['files'])} files in {answer['folder']}"
    console.print(Text(what, style="green"))
    if answer["whole"]:
        console.print(Text(f"  mintflow import-history {answer['folder']}", style="dim"))
    if answer["opened"]:
        console.print(Text("  Descriptions and names stand in it in the clear.", style="yellow"))


def _show_import(console: Console, answer: Row) -> None:
    console.print(Text(f"{answer['events']:,} events, every hash as exported.", style="green"))
    if not answer["rebuilt"]:
        console.print(Text("  Bring the keys, then: mintflow rebuild", style="yellow"))
