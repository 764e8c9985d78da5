"""`lag`, `migrate`, `bench`: what an operator does, and how his commands are run."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from mintflow.domain.core.errors import Unavailable
from mintflow.hosts.cli import views
from mintflow.hosts.cli.lookup import Row
from mintflow.hosts.cli.options import DATA_DEFAULT, Data, Json
from mintflow.hosts.cli.shell import (
    Progress,
    present,
    refusals,
    run,
    settings_of_command,
    shell_of,
)
from mintflow.hosts.session import Refused, open_database

if TYPE_CHECKING:
    from mintflow.hosts.settings import Settings
    from mintflow.store.keys import FolderKeyStore

BENCHES = (
    "append",
    "import",
    "rebuild",
    "query",
    "visible",
    "http",
    "growth",
    "export",
    "sse",
    "household",
    "relay",
    "verify",
    "evidence",
    "worker",
    "visible_kafka",
)


def key_store(data: Path, settings: Settings) -> FolderKeyStore:
    """The key store of a data folder."""
    return opens_keys(data, settings)()


def opens_keys(data: Path, settings: Settings) -> partial[FolderKeyStore]:
    """Opens the key store of a data folder, in processes that fold too: they need not load this
    command line for it."""
    from mintflow.hosts.key_folder import keys_folder
    from mintflow.store.keys import FolderKeyStore

    return partial(FolderKeyStore, keys_folder(data, settings))


def has_keys(data: Path, settings: Settings) -> bool:
    from mintflow.hosts.key_folder import keys_folder
    from mintflow.store.keys import has_master_key

    return has_master_key(keys_folder(data, settings))


def must_have_keys(data: Path, settings: Settings) -> None:
    """With a folder of no keys every ledger would look erased, and be served like that.

    Raises KeysNotFound.
    """
    from mintflow.hosts.key_folder import KeysNotFound, keys_folder

    if not has_keys(data, settings):
        folder = keys_folder(data, settings)
        raise KeysNotFound("there is no master key; is --data right?", folder=str(folder))


def lag(ctx: typer.Context, data: Data = DATA_DEFAULT, as_json: Json = False) -> None:
    """How far each read model, and Kafka, is behind the log, per projection or topics and shard.

    behind: events that are not applied yet. parked: events that could not be folded and were set
    aside; the rest goes on, and a rebuild with code that can fold them applies them.
    """

    async def work(url: str, _tell: Progress) -> Row:
        import psycopg

        from mintflow.projections.core.checkpoints import lag
        from mintflow.streams.core.relay.lag import relay_lag

        async with await psycopg.AsyncConnection.connect(url) as conn:
            rows = await lag(conn)
            relayed = await relay_lag(conn)
        return {
            "behind": sum(row["behind"] for row in rows),
            "parked": sum(row["parked"] for row in rows),
            "projections": rows,
            "relay": relayed,
        }

    operate(ctx, work, _show_lag, data=data, as_json=as_json)


def operate(
    ctx: typer.Context,
    work: Callable[[str, Progress], Awaitable[Row]],
    show: Callable[[Console, Row], None],
    *,
    data: Path,
    as_json: bool,
    exit_code: Callable[[Row], int] = lambda _: 0,
    unreachable: Callable[[Unavailable], Row] | None = None,
    make: bool = False,
) -> None:
    """Run an operator's work on the database alone, with a bar on a terminal.

    make: also in a data folder that has none yet.
    unreachable: the answer where the database can not be opened; without it that is a refusal.
    """
    shell = shell_of(ctx)

    async def with_database() -> Row:
        async with AsyncExitStack() as stack:
            with shell.progress() as tell:
                opening = open_database(data, settings_of_command(), tell=tell, make=make)
                url = await stack.enter_async_context(opening)
            with shell.bar() as tell_more:
                return await work(url, tell_more)

    with refusals(shell, as_json=as_json):
        try:
            answer = run(answered(with_database()))
        except Unavailable as trouble:
            if unreachable is None:
                raise
            answer = unreachable(trouble)
    present(shell, answer, show, as_json=as_json, code=exit_code(answer))


async def answered(work: Coroutine[Any, Any, Row]) -> Row:
    """What work on a database gives. Its own words can hold an address, and are not repeated.

    Raises Refused where the database does not answer, or has not what this release reads.
    """
    import psycopg
    from psycopg import errors

    try:
        return await work
    except psycopg.OperationalError as trouble:
        reason = {"reason": type(trouble).__name__}
        raise Refused("database_unreachable", "the database does not answer", reason) from None
    except (errors.UndefinedTable, errors.UndefinedColumn, errors.UndefinedFunction):
        raise Refused(
            "database_not_migrated",
            "the database is not of this release; `mintflow migrate` brings it there",
        ) from None


def _show_lag(console: Console, answer: Row) -> None:
    made = views.table("Read models", "Projection", ">Events", ">Behind", ">Parked", "Shards")
    by_name: dict[str, list[Row]] = {}
    for row in answer["projections"]:
        by_name.setdefault(row["projection"], []).append(row)
    for name, rows in by_name.items():
        behind, parked = (sum(row[column] for row in rows) for column in ("behind", "parked"))
        late = [str(row["shard"]) for row in rows if row["behind"] or row["parked"]]
        made.add_row(
            Text(name),
            f"{sum(row['head'] for row in rows):,}",
            Text(f"{behind:,}", style="yellow" if behind else "green"),
            Text(f"{parked:,}", style="red" if parked else "green"),
            Text(", ".join(late) or "all up to date", style="dim"),
        )
    console.print(made)
    if answer["relay"]:
        _show_relay_lag(console, answer["relay"])


def _show_relay_lag(console: Console, relay: list[Row]) -> None:
    made = views.table("Kafka", "Topics", "Of", ">Events", ">Behind", "Shards without a relay")
    by_target: dict[tuple[str, str], list[Row]] = {}
    for row in relay:
        by_target.setdefault((row["target"], row["source"]), []).append(row)
    for (target, source), rows in by_target.items():
        behind = sum(row["behind"] for row in rows)
        alone = [str(row["shard"]) for row in rows if not row["held"]]
        made.add_row(
            f"{target}*",
            source,
            f"{sum(row['head'] for row in rows):,}",
            Text(f"{behind:,}", style="yellow" if behind else "green"),
            Text(", ".join(alone) or "none", style="red" if alone else "dim"),
        )
    console.print(made)


def migrate(ctx: typer.Context, data: Data = DATA_DEFAULT, as_json: Json = False) -> None:
    """Bring the database to this release; hosts do the same when they start.

    With MINTFLOW_DATABASE_URL it is that server's database, else the embedded one of the data
    folder. What is there already is checked and left as it is.
    """

    async def work(url: str, _tell: Progress) -> Row:
        return await asyncio.to_thread(_migrated, url)

    def show(console: Console, answer: Row) -> None:
        done = ", ".join(answer["applied"]) or "nothing to do"
        console.print(Text(f"Schema version {answer['version']}: {done}"))
        for name in answer["projections_to_rebuild"]:
            console.print(Text(f"  mintflow rebuild --projection {name}", style="yellow"))

    operate(ctx, work, show, data=data, as_json=as_json)


def _migrated(url: str) -> Row:
    """Raises Refused."""
    from mintflow.migrations.runner import MigrationRefused
    from mintflow.migrations.runner import migrate as run_migrations
    from mintflow.projections.core.install import install
    from mintflow.projections.core.series import install_series

    try:
        report = run_migrations(url)
        behind = install(url)
        install_series(url, report.timescale)
    except MigrationRefused as refusal:
        raise Refused("migration_refused", str(refusal)) from refusal
    return {
        "version": report.version,
        "applied": list(report.applied),
        "timescale": report.timescale,
        "projections_to_rebuild": behind,
    }


def bench(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help=f"One of {', '.join(BENCHES)}.")],
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """Measure this machine: each bench with its own baseline in the same run.

    The benchmarks are not part of the installed package: this runs those of the source checkout,
    in databases of their own: on the server of the data folder, or on one made for the run.
    """
    shell = shell_of(ctx)
    checkout = Path(__file__).resolve().parents[2]
    with refusals(shell, as_json=as_json):
        if not (checkout / "benchmarks" / "__main__.py").is_file():
            raise Refused(
                "benchmarks_not_here",
                "the benchmarks are not in the installed package; run this from a source checkout",
            )
    command = [sys.executable, "-m", "benchmarks", name, *(["--json"] if as_json else [])]
    if data.is_dir():
        command += ["--data", str(data.absolute())]
    done = subprocess.run(command, cwd=checkout, check=False)
    if done.returncode:
        raise typer.Exit(done.returncode)
