"""`audit bundle`, `check`, `heads`, `keys`, `rotate-key`: what an auditor takes away and checks."""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import orjson
import typer
from rich.console import Console
from rich.text import Text

from mintflow.hosts.cli import views
from mintflow.hosts.cli.auditing import text_of_key
from mintflow.hosts.cli.lookup import Row, the_ledger
from mintflow.hosts.cli.options import DATA_DEFAULT, Data, Json, Ledger
from mintflow.hosts.cli.shell import (
    REFUSED,
    Progress,
    perform,
    present,
    refusals,
    run,
    settings_of_command,
    shell_of,
)
from mintflow.hosts.cli.upkeep import operate
from mintflow.hosts.session import Refused, Session

if TYPE_CHECKING:
    from mintflow.store.evidence.keyring import Keyring


def bundle(
    ctx: typer.Context,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE", dir_okay=False, help="The zip. [default: named by ledger]"
        ),
    ] = None,
    ledger: Ledger = None,
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """Write one ledger with its proofs to a zip, for `mintflow audit check`.

    It holds every event of the ledger as it is stored, sealed facts still sealed, and nothing of
    any other ledger but hashes. Give the public key (`mintflow audit keys`) by another way.
    """

    async def work(session: Session) -> Row:
        import psycopg

        from mintflow.hosts.noting import note
        from mintflow.store.evidence.bundle import write_bundle

        found = await the_ledger(session, ledger)
        ledger_id = UUID(found["ledger_id"])
        path = out or Path(f"ledger-{ledger_id}.zip")
        if path.exists():
            raise Refused("file_exists", f"{path} is there already")
        await note(session.database_url, data, "audit bundle", "export", "bundle", str(ledger_id))
        await _signed(session, ledger_id)
        conn = await psycopg.AsyncConnection.connect(session.database_url, autocommit=True)
        async with conn:
            now = dt.datetime.now(dt.UTC)
            made = await write_bundle(conn, _keyring(data), ledger_id, path, now)
        return {"file": str(path), "ledger_id": str(ledger_id), **asdict(made)}

    def show(console: Console, answer: Row) -> None:
        said = f"{answer['events']:,} events and {answer['earlier_heads']:,} earlier heads"
        console.print(Text(f"{answer['file']}: {said}.", style="green"))
        console.print(Text(f"Key: {answer['key']}"))

    perform(ctx, work, show, data=data, as_json=as_json)


async def _signed(session: Session, ledger_id: UUID) -> None:
    """Have the host sign a head over the ledger's last event. Raises Refused."""
    import psycopg

    async with await psycopg.AsyncConnection.connect(session.database_url) as conn:
        cursor = await conn.execute(
            "select record from log.event where ledger_id = %s order by ledger_seq desc limit 1",
            [ledger_id],
        )
        row = await cursor.fetchone()
    if row is not None:
        event_id = orjson.loads(row[0])["event_id"]
        await session.get(f"/v1/ledgers/{ledger_id}/evidence/{event_id}")


def check(
    ctx: typer.Context,
    path: Annotated[
        Path, typer.Argument(metavar="BUNDLE", exists=True, help="A zip, or its unpacked folder.")
    ],
    key: Annotated[
        str, typer.Option("--key", metavar="PUBKEY", help="The public key, or a file with it.")
    ],
    as_json: Json = False,
) -> None:
    """Check a bundle with a public key alone: no database, no network, no data folder.

    Exit code 0: everything holds. 1: something does not. The same without MintFlow: copy
    store/evidence/verifier.py and run `python verifier.py BUNDLE --key PUBKEY`.
    """
    from mintflow.store.evidence.verifier import check as check_bundle

    verdict = check_bundle(path, text_of_key(key) or "")

    def show(console: Console, answer: Row) -> None:
        if answer["ok"]:
            said = f"{answer['events']:,} events, each as it was signed; none missing in between."
            console.print(Text(said, style="green"))
            head = answer["head"]
            console.print(Text(f"Signed at {head['time']}, over {head['size']:,} events."))
        else:
            console.print(Text("This bundle does not hold:", style="bold red"))
            for finding in answer["findings"]:
                console.print(Text(f"  {finding}", style="red"))

    present(shell_of(ctx), verdict, show, as_json=as_json, code=0 if verdict["ok"] else REFUSED)


def heads(ctx: typer.Context, data: Data = DATA_DEFAULT, as_json: Json = False) -> None:
    """The newest signed head of each shard. Keep them elsewhere: `audit verify --heads FILE`.

    Shard -1 is the trail.
    """

    async def work(session: Session) -> Row:
        return {"heads": (await session.get("/v1/audit/heads")).data}

    def show(console: Console, answer: Row) -> None:
        made = views.table("Signed heads", ">Shard", ">Events", "Root", "Signed at")
        for one in answer["heads"]:
            row = (str(one["shard"]), f"{one['size']:,}", one["root"], one["signed_at"])
            made.add_row(*row)
        console.print(made)

    perform(ctx, work, show, data=data, as_json=as_json)


def trail(
    ctx: typer.Context,
    after: Annotated[int, typer.Option("--after", min=0, help="Only entries after this one.")] = 0,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many entries.")] = 1_000,
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """Who was refused, who came in, what was taken out, which keys were used, what auditors read.

    A running host writes entries a second after they happen.
    """
    from mintflow.hosts.audit import Places

    async def work(url: str, _tell: Progress) -> Row:
        import psycopg

        from mintflow.store.keys import MemoryKeyStore
        from mintflow.store.trail import read_trail

        opened = Places.of(data, settings_of_command()).key_store()
        async with await psycopg.AsyncConnection.connect(url) as conn:
            entries = await read_trail(conn, opened() if opened else MemoryKeyStore(), after, limit)
        return {"entries": entries}

    def show(console: Console, answer: Row) -> None:
        made = views.table("Trail", ">Nr", "When", "What", "Who", "From", "Why", "Where", ">Times")
        for one in answer["entries"]:
            texts = (one[name] or "" for name in ("what", "actor", "address", "reason", "route"))
            when = f"{one['recorded_at']:%Y-%m-%d %H:%M:%S}"
            made.add_row(str(one["position"]), when, *map(Text, texts), str(one["count"]))
        console.print(made)

    operate(ctx, work, show, data=data, as_json=as_json)


def keys(ctx: typer.Context, data: Data = DATA_DEFAULT, as_json: Json = False) -> None:
    """The public keys that heads are and were signed with, the oldest first.

    Publish the newest where your auditors look it up; each one vouches for the next.
    """
    shell = shell_of(ctx)

    def show(console: Console, answer: Row) -> None:
        for one in answer["keys"]:
            console.print(Text(one["key"]), soft_wrap=True)

    with refusals(shell, as_json=as_json):
        answer = {"keys": _keyring(data).listed()}
    present(shell, answer, show, as_json=as_json)


def rotate_key(ctx: typer.Context, data: Data = DATA_DEFAULT, as_json: Json = False) -> None:
    """Make a new signing key; the present one vouches for it and is then removed.

    A running host takes it up with its next head. What was signed before still verifies.
    """
    shell = shell_of(ctx)

    def show(console: Console, answer: Row) -> None:
        console.print(Text(answer["key"]), soft_wrap=True)

    with refusals(shell, as_json=as_json):
        from mintflow.hosts.noting import note_if_possible

        made = _keyring(data).rotate(dt.datetime.now(dt.UTC))
        noting = note_if_possible(
            data, settings_of_command(), "audit rotate-key", "key.rotated", made.id.hex()
        )
        answer = {"key": str(made), "noted": run(noting)}
    present(shell, answer, show, as_json=as_json)


def _keyring(data: Path) -> Keyring:
    """Raises Refused where no host has signed anything yet."""
    from mintflow.hosts.audit import Places
    from mintflow.store.evidence.keyring import Keyring

    places = Places.of(data, settings_of_command())
    found = Keyring.existing(places.signing)
    if found is None:
        raise Refused("no_signing_key", f"there is no signing key in {places.signing}")
    return found
