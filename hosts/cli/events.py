"""`events`: the events of a ledger, one JSON document a line, and on request what comes after."""

from __future__ import annotations

import asyncio
import sys
from typing import Annotated

import orjson
import typer

from mintflow.hosts.cli.lookup import the_ledger
from mintflow.hosts.cli.options import DATA_DEFAULT, Data, Ledger
from mintflow.hosts.cli.shell import refusals, run, session_of, shell_of

_PAGE, _POLL_S = 500, 0.5


def events(
    ctx: typer.Context,
    ledger: Ledger = None,
    after: Annotated[
        int, typer.Option("--after", min=0, metavar="SEQ", help="The last ledger_seq you have.")
    ] = 0,
    types: Annotated[
        list[str] | None,
        typer.Option("--type", metavar="TYPE", help="Only this event type; may be given again."),
    ] = None,
    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with what happens, until Ctrl-C.")
    ] = False,
    data: Data = DATA_DEFAULT,
) -> None:
    """Print the events of a ledger in order, one JSON document a line.

    With --follow it looks for new ones twice a second; a program that wants them at once reads
    the stream of the API.
    """
    shell = shell_of(ctx)

    async def work() -> None:
        async with session_of(shell, data, "read") as session:
            path = f"/v1/ledgers/{(await the_ledger(session, ledger))['ledger_id']}/events"
            place, wanted = after, ",".join(types or ()) or None
            while True:
                answer = await session.get(path, after=place, limit=_PAGE, types=wanted)
                for event in answer.data:
                    sys.stdout.buffer.write(orjson.dumps(event) + b"\n")
                    place = event["ledger_seq"]
                sys.stdout.buffer.flush()
                if answer.meta["pagination"]["has_next"]:
                    continue
                if not follow:
                    return
                await asyncio.sleep(_POLL_S)

    with refusals(shell, as_json=False):
        run(work())
