"""`takeout`, `import-takeout`: everything of a person to a file, and from one."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from mintflow.hosts.cli import views
from mintflow.hosts.cli.lookup import Row
from mintflow.hosts.cli.options import DATA_DEFAULT, Data, Json
from mintflow.hosts.cli.shell import Progress, perform, settings_of_command
from mintflow.hosts.cli.upkeep import key_store, operate
from mintflow.hosts.session import Session


def takeout(
    ctx: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The zip to write; a new file.")],
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """Everything of yours as a zip: events, read models as JSON and CSV, schema and manifest.

    What is sealed in the log stands open in it: keep it like a bank statement.
    """

    async def work(session: Session) -> Row:
        size = await session.download("/v1/me/takeout", file)
        return {"file": str(file), "bytes": size}

    def show(console: Console, answer: Row) -> None:
        console.print(Text(f"{answer['bytes']:,} bytes in {answer['file']}"))

    perform(ctx, work, show, data=data, as_json=as_json)


def import_takeout(
    ctx: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="A zip of GET /v1/me/takeout.", exists=True),
    ],
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """Bring the ledgers of a takeout into this installation, as its owner's.

    Ids and times stay, positions and keys are new. A ledger that is here already is refused.
    """

    async def work(url: str, _tell: Progress) -> Row:
        from mintflow.commands.core.ids import new_id
        from mintflow.hosts import takeout as hosts_takeout
        from mintflow.hosts.access import LocalOwner
        from mintflow.hosts.bootstrap import running
        from mintflow.hosts.embedded import prepare_database

        settings = settings_of_command()
        prepare_database(url)
        data.mkdir(0o700, parents=True, exist_ok=True)
        owner = LocalOwner.of(data, new_id())
        keys = key_store(data, settings)
        async with running(url, keys, settings, lambda _: None, react=False) as product:
            return {"ledgers": await hosts_takeout.import_takeout(product, file, owner.user_id)}

    def show(console: Console, answer: Row) -> None:
        made = views.table("Brought in", "Ledger", "Name", ">Events")
        for one in answer["ledgers"]:
            name = Text(one["name"])
            made.add_row(Text(one["ledger_id"], style="dim"), name, f"{one['events']:,}")
        console.print(made)

    operate(ctx, work, show, data=data, as_json=as_json, make=True)
