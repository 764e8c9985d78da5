"""`audit verify` and its kin: what an auditor does."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from mintflow.domain.core.errors import Unavailable
from mintflow.hosts.cli import views
from mintflow.hosts.cli.lookup import Row
from mintflow.hosts.cli.options import DATA_DEFAULT, Data, Json
from mintflow.hosts.cli.shell import REFUSED, Progress, settings_of_command
from mintflow.hosts.cli.upkeep import operate

NOT_ALL_SEEN = 3

Heads = Annotated[
    list[Path] | None,
    typer.Option(
        "--heads",
        metavar="FILE",
        exists=True,
        help="Heads that you kept: the --json of an earlier audit, the answer of "
        "GET /v1/audit/heads, or a copy of the folder of published heads. May be given again.",
    ),
]
TrustedKey = Annotated[
    str | None,
    typer.Option(
        "--key",
        metavar="PUBKEY",
        help="The public key that you trust, or a file that holds it. Without it: those of the "
        "data folder.",
    ),
]


def verify(
    ctx: typer.Context,
    heads: Heads = None,
    key: TrustedKey = None,
    models: Annotated[
        bool,
        typer.Option(
            "--models/--no-models",
            help="Fold the read models anew and compare them with what is served.",
        ),
    ] = True,
    resume: Annotated[
        Path | None,
        typer.Option(
            "--resume",
            metavar="FILE",
            dir_okay=False,
            help="Note each finished shard here, and go on from there if the file exists.",
        ),
    ] = None,
    jobs: Annotated[int, typer.Option("--jobs", min=1, max=64, help="Processes that read.")] = 2,
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """Read every event again and prove that none was changed, removed, added or put in between.

    Also compared: the tree of the log with every published head that can be found, and what is
    served with what the log gives. Exit code 0: everything was looked at and nothing is wrong. 1:
    something is wrong. 3: nothing wrong was found, but not everything could be looked at. Keep the
    heads elsewhere: the next audit has to find them in the log.
    """

    async def work(url: str, tell: Progress) -> Row:
        from mintflow.hosts.audit import Asked, Places, audit

        asked = Asked(tuple(heads or ()), text_of_key(key), models, resume, jobs)
        places = Places.of(data, settings_of_command())
        return asdict(await asyncio.to_thread(audit, url, places, asked, tell))

    def verdict(answer: Row) -> int:
        if any(one["code"] != "UNREADABLE" for one in answer["findings"]):
            return REFUSED
        return 0 if answer["complete"] else NOT_ALL_SEEN

    def unseen(trouble: Unavailable) -> Row:
        from mintflow.store.verify import Finding, VerifyReport

        finding = Finding(0, 0, "UNREADABLE", trouble.message)
        return asdict(VerifyReport(False, False, 0, [finding], 0, []))

    operate(
        ctx, work, _show_audit, data=data, as_json=as_json, exit_code=verdict, unreachable=unseen
    )


def text_of_key(key: str | None) -> str | None:
    """A key as it is written, or as it stands in a file."""
    if key is not None and Path(key).is_file():
        return Path(key).read_text().strip()
    return key


def _show_audit(console: Console, answer: Row) -> None:
    if answer["ok"]:
        console.print(Text(f"{answer['events']:,} events, every one as written.", style="green"))
    else:
        wrong = "Something is wrong." if answer["complete"] else "Not everything could be read."
        console.print(Text(wrong, style="bold red"))
        made = views.table("Findings", "Code", ">Shard", ">Position", "Detail")
        for one in answer["findings"]:
            made.add_row(one["code"], str(one["shard"]), str(one["position"]), Text(one["detail"]))
        console.print(made)
        if answer["left_out"]:
            console.print(Text(f"and {answer['left_out']:,} more", style="dim"))
    tables = answer["models_compared"]
    said = "read models not compared" if tables is None else f"{tables} tables folded anew"
    console.print(Text(f"{answer['heads_compared']:,} published heads compared; {said}."))
    made = views.table("Heads: keep them elsewhere", ">Shard", ">Position", "Hash")
    for head in answer["heads"]:
        if head["position"]:
            made.add_row(str(head["shard"]), f"{head['position']:,}", head["hash"])
    console.print(made)
