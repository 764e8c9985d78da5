"""`topics apply` and `relay`: the side of Kafka, for whoever runs it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from mintflow.hosts.cli import views
from mintflow.hosts.cli.lookup import Row
from mintflow.hosts.cli.options import DATA_DEFAULT, Data, Json
from mintflow.hosts.cli.serving import host_settings
from mintflow.hosts.cli.shell import present, refusals, run, settings_of_command, shell_of
from mintflow.hosts.session import open_database

RELAY_PORT = 8378
ProbePort = Annotated[
    int,
    typer.Option(
        "--port",
        min=0,
        max=65_535,
        help="Port on loopback of /health, /ready and /metrics; 0 takes a free one.",
    ),
]


def apply_topics(
    ctx: typer.Context,
    yes: Annotated[
        bool, typer.Option("--yes", help="Do it; without it the plan is shown and nothing is done.")
    ] = False,
    replicas: Annotated[
        int,
        typer.Option(
            "--replicas",
            min=-1,
            max=32_767,
            help="Copies of each new topic; -1: as many as the broker's own default.",
        ),
    ] = -1,
    as_json: Json = False,
) -> None:
    """Make the topics that are missing and see to their settings; show the plan first.

    Nothing is ever deleted, no topic loses a partition, and settings that are not MintFlow's stay
    as they are. Needs MINTFLOW_KAFKA.
    """
    shell = shell_of(ctx)
    with refusals(shell, as_json=as_json):
        answer = _applied(yes, replicas)
    present(shell, answer, _show_plan, as_json=as_json)


def relay(ctx: typer.Context, data: Data = DATA_DEFAULT, port: ProbePort = RELAY_PORT) -> None:
    """Bring the log to Kafka, until Ctrl-C or SIGTERM.

    Any number of relays share the shards; those of one that died are taken over in seconds. Needs
    MINTFLOW_KAFKA and the topics of `mintflow topics apply`, and the database of
    MINTFLOW_DATABASE_URL or of the host that runs on the data folder.
    """
    shell = shell_of(ctx)

    def announce(url: str) -> None:
        if not shell.quiet:
            views.facts(shell.err, [("Relay", "is up"), ("Metrics", f"{url}/metrics")])

    with refusals(shell, as_json=False):
        run(_relaying(data, port, announce, terminal=shell.err.is_terminal))


async def _relaying(
    data: Path, port: int, announce: Callable[[str], None], *, terminal: bool
) -> None:
    from mintflow.hosts.kafka import kafka_target
    from mintflow.hosts.relaying import run_relay

    settings = host_settings(terminal=terminal)
    kafka_target(settings)
    async with AsyncExitStack() as stack:
        url = await stack.enter_async_context(open_database(data, settings))
        await run_relay(url, settings, port, announce)


def _applied(yes: bool, replicas: int) -> Row:
    from mintflow.domain.core.ids import SHARDS
    from mintflow.hosts.kafka import kafka_target
    from mintflow.streams.core.relay.plan import apply, plan

    target = kafka_target(settings_of_command())
    changes = plan(target, SHARDS)
    if yes:
        apply(target, changes, replicas)
    rows = [
        {key: value for key, value in asdict(one).items() if key in ("topic", "action", "detail")}
        for one in changes
    ]
    return {"applied": yes, "changes": rows}


def _show_plan(console: Console, answer: Row) -> None:
    if not answer["changes"]:
        console.print(Text("The topics are as they should be.", style="green"))
        return
    made = views.table("Topics", "Topic", "What", "How")
    for change in answer["changes"]:
        made.add_row(change["topic"], change["action"].replace("_", " "), Text(change["detail"]))
    console.print(made)
    if all(change["action"] == "keep" for change in answer["changes"]):
        console.print(Text("Nothing has to be done.", style="green"))
        return
    done = "Done." if answer["applied"] else "Nothing was done yet: --yes does it."
    console.print(Text(done, style="green" if answer["applied"] else "yellow"))
