"""`keys`: a new key for what comes, a new lock for all keys, a beginning where they are lost."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.text import Text

from mintflow.hosts.cli.lookup import Row, the_ledger
from mintflow.hosts.cli.options import DATA_DEFAULT, Data, Json, Ledger
from mintflow.hosts.cli.shell import perform, present, refusals, settings_of_command, shell_of
from mintflow.hosts.cli.upkeep import key_store, must_have_keys
from mintflow.hosts.session import DataFolderNotFound, Session

if TYPE_CHECKING:
    from mintflow.store.keys import FolderKeyStore


def rotate(
    ctx: typer.Context, ledger: Ledger = None, data: Data = DATA_DEFAULT, as_json: Json = False
) -> None:
    """Seal what comes under a new key of the ledger; what was sealed stays as it is.

    The old keys are kept, because old events are opened by the key that they name: no byte of the
    log is written again. Running hosts take the new key within seconds.
    """

    async def work(session: Session) -> Row:
        from uuid import UUID

        found = await the_ledger(session, ledger)
        settings = settings_of_command()
        must_have_keys(data, settings)
        keys = key_store(data, settings)
        number = await asyncio.to_thread(keys.rotate, UUID(found["ledger_id"]))
        return {"ledger_id": found["ledger_id"], "key_number": number}

    def show(console: Console, answer: Row) -> None:
        console.print(Text(f"New facts are sealed under key {answer['key_number']}."))

    perform(ctx, work, show, data=data, as_json=as_json)


def rotate_master(ctx: typer.Context, data: Data = DATA_DEFAULT, as_json: Json = False) -> None:
    """Wrap all ledger keys by a new master key and forget the old one.

    Running hosts go on. One that was killed goes on where it stood when it is run again. Backups of
    the folder open with the master key that lies in them: make a new one, and remove those.
    """
    shell = shell_of(ctx)
    with refusals(shell, as_json=as_json):
        settings = settings_of_command()
        must_have_keys(data, settings)
        keys: FolderKeyStore = key_store(data, settings)
        answer = {"keys": keys.rotate_master()}

    def show(console: Console, made: Row) -> None:
        console.print(Text(f"{made['keys']:,} keys are wrapped by the new master key."))

    present(shell, answer, show, as_json=as_json)


def begin_anew(ctx: typer.Context, data: Data = DATA_DEFAULT, as_json: Json = False) -> None:
    """Make a master key where the old keys are lost for good, so that hosts start again.

    Amounts, days, categories and proofs of the old books stay; their names and descriptions stay
    closed, and they take no commands. If the old keys are found later, put them into a folder of
    their own: never over these.
    """
    shell = shell_of(ctx)
    with refusals(shell, as_json=as_json):
        from mintflow.hosts.key_folder import make_anew

        settings = settings_of_command()
        books = any((data / one).exists() for one in ("postgres", "owner.json"))
        if settings.keys_folder is None and not books:
            raise DataFolderNotFound(f"{data} holds no books; is --data right?", folder=str(data))
        answer = {"folder": str(make_anew(data, settings))}

    def show(console: Console, made: Row) -> None:
        console.print(Text(f"There is a new master key in {made['folder']}."))

    present(shell, answer, show, as_json=as_json)
