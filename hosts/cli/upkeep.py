"""`audit verify`, `rebuild`, `lag`, `migrate`, `bench`: what an operator and an auditor do."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from mintflow.hosts.cli import views
from mintflow.hosts.cli.lookup import Row
from mintflow.hosts.cli.options import DATA_DEFAULT, Data, Json
from mintflow.hosts.cli.shell import (
    perform,
    print_json,
    refusals,
    session_of,
    settings_of_command,
    shell_of,
)
from mintflow.hosts.session import Refused, Session

BENCHES = ("append", "import", "rebuild", "query", "visible", "http", "growth")


def lag(ctx: typer.Context, data: Data = DATA_DEFAULT, as_json: Json = False) -> None:
    """How far each read model is behind the log, per projection and shard.

    behind: events that are not applied yet. parked: events that could not be folded and were set
    aside; the rest goes on, and a rebuild with code that can fold them applies them.
    """

    async def work(session: Session) -> Row:
        import psycopg

        from mintflow.projections.core.checkpoints import lag

        async with await psycopg.AsyncConnection.connect(session.database_url) as conn:
            rows = await lag(conn)
        return {
            "behind": sum(row["behind"] for row in rows),
            "parked": sum(row["parked"] for row in rows),
            "projections": rows,
        }

    perform(ctx, work, _show_lag, data=data, as_json=as_json)


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


def migrate(ctx: typer.Context, data: Data = DATA_DEFAULT, as_json: Json = False) -> None:
    """Bring the database to this release; hosts do the same when they start.

    With MINTFLOW_DATABASE_URL it is that server's database, else the embedded one of the data
    folder. What is there already is checked and left as it is.
    """
    shell = shell_of(ctx)

    async def embedded() -> Row:
        async with session_of(shell, data) as session:
            return await asyncio.to_thread(_migrated, session.database_url)

    with refusals(shell, as_json=as_json):
        settings = settings_of_command()
        if settings.database_url is not None:
            answer = _migrated(settings.database_url)
        else:
            answer = asyncio.run(embedded())
    if as_json:
        print_json(answer)
        return
    done = ", ".join(answer["applied"]) or "nothing to do"
    shell.out.print(Text(f"Schema version {answer['version']}: {done}"))


def _migrated(url: str) -> Row:
    """Raises Refused."""
    import psycopg

    from mintflow.migrations.runner import MigrationRefused
    from mintflow.migrations.runner import migrate as run_migrations
    from mintflow.projections.core.install import install

    try:
        report = run_migrations(url)
        behind = install(url)
    except MigrationRefused as refusal:
        raise Refused("migration_refused", str(refusal)) from refusal
    except psycopg.OperationalError as trouble:
        reason = {"reason": type(trouble).__name__}
        raise Refused("database_unreachable", "the database does not answer", reason) from None
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

    The benchmarks are not part of the installed package: this runs those of the source checkout.
    """
    shell = shell_of(ctx)
    checkout = Path(__file__).resolve().parents[2]
    with refusals(shell, as_json=as_json):
        if not (checkout / "benchmarks" / "__main__.py").is_file():
            raise Refused(
                "benchmarks_not_here",
                "the benchmarks are not in the installed package; run this from a source checkout",
            )
    command = [sys.executable, "-m", "benchmarks", name, "--data", str(data.absolute())]
    done = subprocess.run([*command, "--json"] if as_json else command, cwd=checkout, check=False)
    if done.returncode:
        raise typer.Exit(done.returncode)
