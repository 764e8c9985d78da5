"""`worker` and `api`: processes of a deployment on Kafka, for whoever runs and restarts them."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import Annotated

import typer

from mintflow.hosts.cli import views
from mintflow.hosts.cli.options import DATA_DEFAULT, Data, Port
from mintflow.hosts.cli.serving import chosen_port, host_settings
from mintflow.hosts.cli.shell import refusals, run, shell_of
from mintflow.hosts.cli.upkeep import must_have_keys, opens_keys
from mintflow.hosts.session import open_database

ProbePort = Annotated[
    int,
    typer.Option(
        "--port",
        min=0,
        max=65_535,
        help="Port on loopback for /health, /ready and /metrics; 0 takes a free one.",
    ),
]


def worker(ctx: typer.Context, data: Data = DATA_DEFAULT, port: ProbePort = 0) -> None:
    """Fold what the relay brings to Kafka into the read models, until Ctrl-C or SIGTERM.

    Start as many as you like: they share the 32 partitions and take over from one that is gone
    within seconds. MINTFLOW_KAFKA says where Kafka is; MINTFLOW_DATABASE_URL which database, or
    the one of a host that runs on the data folder. Exit code 75: its read models stood still
    while there was more to fold; start it again.
    """
    shell = shell_of(ctx)

    def announce(url: str) -> None:
        if not shell.quiet:
            views.facts(shell.err, [("Health", f"{url}/health"), ("Metrics", f"{url}/metrics")])

    async def working() -> None:
        # Imported here: it brings Kafka and the whole product along.
        from mintflow.hosts.evidence import evidence_of
        from mintflow.hosts.worker import work

        settings = host_settings(terminal=shell.err.is_terminal)
        async with AsyncExitStack() as stack:
            url = await stack.enter_async_context(open_database(data, settings))
            must_have_keys(data, settings)
            evidence = evidence_of(data, settings)
            await work(url, opens_keys(data, settings), settings, port, announce, evidence)

    with refusals(shell, as_json=False):
        run(working())


def api(ctx: typer.Context, data: Data = DATA_DEFAULT, port: Port = None) -> None:
    """Serve the API alone, on loopback, until Ctrl-C or SIGTERM; others fold the read models.

    MINTFLOW_DATABASE_URL says which database. Start as many as you like, also on one data folder:
    it holds only who may ask (owner.json, tokens.json) and, unless MINTFLOW_KEYS_FOLDER is set, the
    keys, and has to be the same for all.
    """
    shell = shell_of(ctx)

    def announce(url: str) -> None:
        if not shell.quiet:
            kept = str(data / "owner.json")
            views.facts(shell.err, [("API", url), ("Docs", f"{url}/docs"), ("Token", f"in {kept}")])

    with refusals(shell, as_json=False):
        from mintflow.hosts.front import serve_api

        settings = host_settings(terminal=shell.err.is_terminal)
        run(serve_api(data, settings, chosen_port(port), announce))
