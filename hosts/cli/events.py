"""`events`: the events of a ledger, one JSON document a line, and on request what comes after."""

from __future__ import annotations

import asyncio
import sys
from dataclasses import dataclass
from typing import Annotated

import orjson
import typer

from mintflow.hosts.cli.lookup import the_ledger
from mintflow.hosts.cli.options import DATA_DEFAULT, Data, Json, Ledger
from mintflow.hosts.cli.shell import refusals, run, session_of, shell_of

_PAGE, _POLL_S = 500, 0.5


@dataclass(frozen=True, slots=True)
class _Separators:
    """What stands before the first event, between two of them, and after the last."""

    begin: bytes = b""
    between: bytes = b"\n"
    end: bytes = b""


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
    as_json: Json = False,
) -> None:
    """Print the events of a ledger in order, one JSON document a line.

    With --json all of them are one document, {"events": [...]}. With --follow it looks for new
    ones twice a second; a program that wants them at once reads the stream of the API.
    """
    if follow and as_json:
        raise typer.BadParameter("--json is one document, which --follow never ends")
    shell = shell_of(ctx)
    separators = _Separators(b'{"events":[', b",", b"]}\n") if as_json else _Separators()

    async def work() -> None:
        async with session_of(shell, data, "read") as session:
            path = f"/v1/ledgers/{(await the_ledger(session, ledger))['ledger_id']}/events"
            place, wanted = after, ",".join(types or ()) or None
            between, out = separators.begin, sys.stdout.buffer
            while True:
                answer = await session.get(path, after=place, limit=_PAGE, types=wanted)
                for event in answer.data:
                    out.write(between + orjson.dumps(event))
                    place, between = event["ledger_seq"], separators.between
                if not as_json and answer.data:
                    out.write(b"\n")
                    between = b""
                out.flush()
                if answer.meta["pagination"]["has_next"]:
                    continue
                if not follow:
                    break
                await asyncio.sleep(_POLL_S)
            if as_json:
                out.write((b"" if between == separators.between else between) + separators.end)
                out.flush()

    with refusals(shell, as_json=as_json):
        run(work())
