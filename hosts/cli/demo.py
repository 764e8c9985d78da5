"""`demo`: the sample household, from bank files to budgets, and what to try next."""

from __future__ import annotations

import asyncio
import shutil
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from mintflow.domain.core.errors import Conflict
from mintflow.hosts.cli import views
from mintflow.hosts.cli.bills import due
from mintflow.hosts.cli.lookup import Row
from mintflow.hosts.cli.options import Json, Port
from mintflow.hosts.cli.serving import (
    LOOPBACK,
    PORT_DEFAULT,
    chosen_port,
    host_settings,
    until_ready,
)
from mintflow.hosts.cli.shell import Shell, print_json, refusals, run, session_of, shell_of
from mintflow.hosts.session import Session, running_host

DEMO_DATA = Path("demo-data")
# Says that a folder holds nothing but the demo and may be thrown away.
MARK = "demo.mark"
_BILLS_SHOWN = 8


class NotADemoFolder(Conflict):
    """The folder was not made by the demo, so the demo does not throw it away."""

    code = "not_a_demo_folder"


def demo(
    ctx: typer.Context,
    data: Annotated[
        Path,
        typer.Option(
            "--data", metavar="DIR", help="Where the demo keeps its books.", file_okay=False
        ),
    ] = DEMO_DATA,
    serve: Annotated[
        bool, typer.Option("--serve/--no-serve", help="Go on serving the API until Ctrl-C.")
    ] = False,
    fresh: Annotated[
        bool, typer.Option("--fresh", help="Throw the demo's folder away first and begin anew.")
    ] = False,
    port: Port = None,
    as_json: Json = False,
) -> None:
    """Try MintFlow on a sample household.

    Imports its four bank files, categorizes the rows, sets budgets, and shows balances, the
    newest month's categories and how the budgets stand. Run again it shows that every row is
    known already.
    """
    shell = shell_of(ctx)
    with refusals(shell, as_json=as_json):
        if fresh:
            _throw_away(data)
        mark = not data.exists()
        if serve and run(running_host(data)) is None:
            run(_played_while_serving(shell, data, port, mark=mark, as_json=as_json))
        else:
            run(_played(shell, data, port, mark=mark, as_json=as_json))


async def _played(shell: Shell, data: Path, port: int | None, *, mark: bool, as_json: bool) -> None:
    async with session_of(shell, data) as session:
        _mark(data, wanted=mark)
        url = session.url or f"http://{LOOPBACK}:{port or PORT_DEFAULT}"
        await _play(shell, session, data, url, as_json=as_json, served=session.url is not None)


async def _played_while_serving(
    shell: Shell, data: Path, port: int | None, *, mark: bool, as_json: bool
) -> None:
    from mintflow.hosts.embedded import serve

    settings = host_settings(terminal=True)
    host = asyncio.create_task(serve(data, settings, chosen_port(port)))
    try:
        with shell.progress() as tell:
            tell("starting Postgres and the API…")
            facts = await until_ready(data, host)
        if facts is not None:
            async with session_of(shell, data) as session:
                _mark(data, wanted=mark)
                story = asyncio.create_task(
                    _play(shell, session, data, facts.url, as_json=as_json, served=True)
                )
                # Ctrl-C ends the host, in the middle of the story too.
                await asyncio.wait({story, host}, return_when=asyncio.FIRST_COMPLETED)
                if story.done():
                    story.result()
                    shell.say("Serving. Ctrl-C ends it.")
                story.cancel()
        await host
    finally:
        host.cancel()


async def _play(
    shell: Shell, session: Session, data: Path, url: str, *, as_json: bool, served: bool
) -> None:
    # Imported here: it brings the readers of bank files along.
    from mintflow.hosts.demo.story import play

    with shell.progress() as tell:
        answer = await play(session, tell)
    answer |= {"url": url, "docs": f"{url}/docs"}
    if as_json:
        print_json(answer)
    else:
        _show(shell.out, answer, data, served=served)
        # A pipe would keep it until the host ends.
        shell.out.file.flush()


def _show(console: Console, answer: Row, data: Path, *, served: bool) -> None:
    files = [one for report in answer["imported"] for one in report["files"]]
    added, known = (sum(one[name] for one in files) for name in ("added", "known"))
    console.print()
    console.print(
        Text(f"{len(files)} bank files: {added:,} rows added, {known:,} known already. ").append(
            f"{answer['suggested']:,} rows are categorized by their words, "
            f"{answer['labelled']:,} by the household itself; {answer['linked']:,} card payments "
            "are linked with their other side.",
            style="dim",
        )
    )
    console.print()
    month = answer["month"]
    views.balances(console, answer["accounts"])
    views.totals(
        console, answer["totals"], f"Categories this month ({month}, the newest in the sample)"
    )
    views.budgets(console, answer["budgets"], f"Budgets this month ({month})")
    due(console, answer["bills"][:_BILLS_SHOWN], "The next bills, found in the history")
    if answer["insights"]:
        one = answer["insights"][0]
        told = Text(f"What stood out, on {one['date']}: ").append(one["reason"], style="yellow")
        console.print(told)
        console.print()
    if served:
        views.facts(console, [("API", answer["url"]), ("Docs", answer["docs"])])
    else:
        when = f"  (while `mintflow up --data {data}` runs)"
        views.facts(console, [("API", answer["url"] + when), ("Docs", answer["docs"])])
    console.print()
    console.print(Text("Three things to try next", style="bold"))
    for number, (line, why) in enumerate(_next(data), 1):
        console.print(Text(f"  {number}. ").append(line, style="cyan"), soft_wrap=True)
        console.print(Text(f"     {why}", style="dim"))
    console.print()


def _next(data: Path) -> list[tuple[str, str]]:
    own = "mintflow import FILE --ledger Mine --account Checking --dry-run"
    return [
        (f"{own} --data {data}", "what MintFlow reads in a bank file of yours; nothing is kept"),
        (
            f"mintflow transactions coffee --data {data}",
            "search the sample; with --json for programs",
        ),
        (
            f"mintflow audit verify --data {data}",
            "prove that no event was changed, removed or put in between",
        ),
    ]


def _mark(data: Path, *, wanted: bool) -> None:
    if wanted:
        (data / MARK).write_text("Made by `mintflow demo`; `--fresh` throws this folder away.\n")


def _throw_away(data: Path) -> None:
    """Raises NotADemoFolder, DataFolderInUse."""
    from contextlib import suppress

    from mintflow.domain.core.errors import MintFlowError
    from mintflow.hosts.folder_lock import FolderLock
    from mintflow.hosts.postgres import EmbeddedPostgres

    if not data.exists():
        return
    if not (data / MARK).is_file():
        raise NotADemoFolder(
            f"{data} was not made by the demo, so it is not thrown away; choose another folder",
            folder=str(data),
        )
    with FolderLock(data) as lock:
        # A host that was killed may have left its server running; starting takes it over.
        with suppress(MintFlowError):
            server = EmbeddedPostgres(data, lock=lock)
            server.start()
            server.stop()
        shutil.rmtree(data)
