"""`up` and `status`: the embedded host, and whether one runs."""

from __future__ import annotations

import asyncio
import os
import shlex
import socket
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.text import Text

from mintflow.hosts.cli import views
from mintflow.hosts.cli.lookup import Row
from mintflow.hosts.cli.options import DATA_DEFAULT, Data, Json, Port
from mintflow.hosts.cli.shell import print_json, refusals, run, shell_of
from mintflow.hosts.session import HostFacts, Refused, running_host

if TYPE_CHECKING:
    from mintflow.hosts.settings import Settings

PORT_DEFAULT = 8377
LOOPBACK = "127.0.0.1"
_POLL_S = 0.05


def up(ctx: typer.Context, data: Data = DATA_DEFAULT, port: Port = None) -> None:
    """Serve the books of a data folder: Postgres, projections and the API, on loopback.

    Runs until Ctrl-C or SIGTERM. While it serves, DIR/api.json (readable by you alone) holds its
    url, the bearer token and the address of its database; other commands find the host by it.
    """
    shell = shell_of(ctx)

    def announce(facts: HostFacts) -> None:
        if shell.quiet:
            return
        shell.err.print(Text("MintFlow is up. Ctrl-C ends it.", style="bold"))
        docs, kept = f"{facts.url}/docs", str(data / "api.json")
        views.facts(shell.err, [("API", facts.url), ("Docs", docs), ("Token", f"in {kept}")])

    with refusals(shell, as_json=False):
        settings = host_settings(terminal=shell.err.is_terminal)
        run(serving(data, settings, chosen_port(port), announce))


async def serving(
    data: Path, settings: Settings, port: int, announce: Callable[[HostFacts], None]
) -> None:
    """Serve, and announce it once the host answers. Raises Refused, DataFolderInUse."""
    other = await running_host(data)
    if other is not None:
        raise Refused("data_folder_in_use", f"a host serves {data} already, at {other.url}")
    # Imported here: it brings Postgres and the whole product along.
    from mintflow.hosts.embedded import serve

    task = asyncio.create_task(serve(data, settings, port))
    try:
        facts = await until_ready(data, task)
        if facts is not None:
            announce(facts)
        await task
    finally:
        task.cancel()


async def until_ready(data: Path, task: asyncio.Task[None]) -> HostFacts | None:
    """The facts of the host that `task` starts, or None if it ended without serving."""
    while not task.done():
        facts = await running_host(data)
        if facts is not None:
            return facts
        await asyncio.wait({task}, timeout=_POLL_S)
    return None


def host_settings(*, terminal: bool) -> Settings:
    """A host that people look at logs only trouble; another one a line per request."""
    from mintflow.hosts.logs import configure_logs
    from mintflow.hosts.settings import PREFIX, Settings

    settings = Settings.from_environment(os.environ)
    if terminal and not os.environ.get(f"{PREFIX}LOG_LEVEL"):
        settings = settings.model_copy(update={"log_level": "WARNING"})
    configure_logs(settings.log_level)
    return settings


def chosen_port(wanted: int | None) -> int:
    """The port to serve on; the default one gives way to a free one. Raises Refused."""
    port = PORT_DEFAULT if wanted is None else wanted
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((LOOPBACK, port))
        except OSError as trouble:
            if wanted is None:
                return 0
            reason = {"reason": trouble.strerror or type(trouble).__name__}
            raise Refused("port_in_use", f"port {port} can not be used", reason) from None
    return port


def status(
    ctx: typer.Context,
    env: Annotated[
        bool,
        typer.Option(
            "--env",
            help="Print what a shell needs to call the API: eval it. It holds the token.",
        ),
    ] = False,
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """Whether a host runs on the data folder, and where. Starts nothing.

    With --env it ends with exit code 1 if no host runs.
    """
    shell = shell_of(ctx)
    with refusals(shell, as_json=as_json):
        facts = run(running_host(data))
    answer = {
        "running": facts is not None,
        "data": str(data),
        "exists": data.is_dir(),
        "url": facts.url if facts else None,
        "docs": f"{facts.url}/docs" if facts else None,
    }
    if env:
        with refusals(shell, as_json=False):
            if facts is None:
                raise Refused("no_host", f"no host runs on {data}; `mintflow up` starts one")
            typer.echo(f"export MINTFLOW_URL={shlex.quote(facts.url)}")
            typer.echo(f"export MINTFLOW_TOKEN={shlex.quote(facts.token)}")
    elif as_json:
        print_json(answer)
    else:
        _show_status(shell.out, answer)


def _show_status(console: Console, answer: Row) -> None:
    if answer["running"]:
        console.print(Text("A host is up.", style="green"))
        views.facts(console, [(name.upper(), answer[name]) for name in ("url", "docs", "data")])
    elif answer["exists"]:
        console.print(Text(f"No host runs on {answer['data']}; `mintflow up` starts one."))
    else:
        console.print(Text(f"There is no data folder at {answer['data']} yet."))
