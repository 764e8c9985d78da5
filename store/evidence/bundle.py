"""A bundle: one ledger with its proofs, for somebody who trusts nobody (`verifier.py` checks it).

It holds the events of one ledger and nothing of any other but hashes. Sealed facts stay sealed, so
a bundle verifies the same after the ledger's key was destroyed. The format is described in
docs/reference/evidence-format.md.
"""

from __future__ import annotations

import base64
import datetime as dt
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from psycopg import AsyncConnection

from mintflow.domain.core.errors import Conflict, NotFound
from mintflow.domain.core.ids import shard_of
from mintflow.store.evidence.events import StoredEvent, read_stored
from mintflow.store.evidence.keyring import Keyring, SigningKey
from mintflow.store.evidence.merkle import Growing
from mintflow.store.evidence.proofs import (
    SignedHead,
    consistency_proof,
    covering_head,
    earlier_heads,
    inclusion_proof,
)
from mintflow.store.evidence.tiles import TreeReader
from mintflow.store.evidence.verifier import FORMAT

# Earlier heads of the shard that go along: who kept one of them sees that the log only grew.
EARLIER_MAX = 100
_COLUMNS = (
    *("event_id", "type", "schema_version", "stream_id", "stream_version"),
    *("effective_at", "actor", "correlation_id", "causation_id"),
)
_README = """A bundle of one ledger, with proofs. To check it, with the public key from a source
that you trust:

    mintflow audit check BUNDLE --key PUBKEY

or, with nothing of MintFlow but one file: python verifier.py BUNDLE --key PUBKEY
"""


class LedgerHasNoEvents(NotFound):
    """There is nothing of this ledger in the log."""

    code = "ledger_has_no_events"


class NothingSigned(Conflict):
    """No head was signed yet that covers an event of this ledger."""

    code = "nothing_signed"


@dataclass(frozen=True, slots=True)
class Bundled:
    """What is in a bundle. key: the public key that its notes are signed with."""

    events: int
    size: int
    earlier_heads: int
    key: str


async def write_bundle(
    conn: AsyncConnection[Any], keys: Keyring, ledger_id: UUID, path: Path, now: dt.datetime
) -> Bundled:
    """Write a zip with the events that the newest head covers. Raises LedgerHasNoEvents,
    NothingSigned, FileExistsError."""
    shard = shard_of(ledger_id)
    head = await covering_head(conn, shard, 1)
    if head is None:
        raise NothingSigned("no head of the ledger's shard was signed yet", shard=shard)
    cursor = await conn.execute(
        "select from log.event where ledger_id = %s and position <= %s limit 1",
        [ledger_id, head.size],
    )
    if await cursor.fetchone() is None:
        raise LedgerHasNoEvents("there is nothing of this ledger in the signed log")
    signer = keys.current()
    reader = TreeReader(conn, shard)
    with zipfile.ZipFile(path, "x", zipfile.ZIP_DEFLATED, compresslevel=6) as bundle:
        count, root = await _events(conn, reader, bundle, ledger_id, head)
        earlier = await _earlier(conn, reader, bundle, head)
        for name, content in (
            ("manifest.json", _manifest(ledger_id, shard, count, signer, now)),
            ("head.note", head.note.encode()),
            ("ledger.note", _statement(signer, ledger_id, count, root, head, now).encode()),
            ("keys.json", orjson.dumps(keys.listed(), option=orjson.OPT_INDENT_2)),
            ("README.txt", _README.encode()),
        ):
            bundle.writestr(name, content)
    return Bundled(count, head.size, earlier, str(signer.public))


async def _events(
    conn: AsyncConnection[Any],
    reader: TreeReader,
    bundle: zipfile.ZipFile,
    ledger_id: UUID,
    head: SignedHead,
) -> tuple[int, bytes]:
    own = Growing()
    with bundle.open("events.jsonl", "w", force_zip64=True) as lines:
        async for event in read_stored(conn, ledger_id):
            if event.position > head.size:
                break
            own.add(event.leaf())
            proof = await inclusion_proof(reader, event.position, head.size)
            lines.write(orjson.dumps(_line(event, proof)) + b"\n")
    return own.size, own.root()


async def _earlier(
    conn: AsyncConnection[Any], reader: TreeReader, bundle: zipfile.ZipFile, head: SignedHead
) -> int:
    found = await earlier_heads(conn, head.shard, head.size, EARLIER_MAX)
    with bundle.open("heads.jsonl", "w") as lines:
        for one in reversed(found):
            proof = await consistency_proof(reader, one.size, head.size)
            row = {"note": one.note, "consistency": [_text(step) for step in proof]}
            lines.write(orjson.dumps(row) + b"\n")
    return len(found)


def _line(event: StoredEvent, proof: list[bytes]) -> dict[str, Any]:
    envelope = event.envelope
    return {
        "ledger_seq": event.ledger_seq,
        "position": event.position,
        "recorded_us": event.recorded_us,
        "record": _text(event.record),
        "sealed": _text(event.sealed),
        "columns": {name: envelope.get(name) for name in _COLUMNS},
        "proof": [_text(step) for step in proof],
    }


def _manifest(
    ledger_id: UUID, shard: int, count: int, signer: SigningKey, now: dt.datetime
) -> bytes:
    return orjson.dumps(
        {
            "format": FORMAT,
            "ledger_id": str(ledger_id),
            "shard": shard,
            "events": count,
            "log": signer.public.name,
            "made_at": now.isoformat(),
        },
        option=orjson.OPT_INDENT_2,
    )


def _statement(
    signer: SigningKey,
    ledger_id: UUID,
    count: int,
    root: bytes,
    head: SignedHead,
    now: dt.datetime,
) -> str:
    """The operator's signed word: these are all events of the ledger among the head's."""
    return signer.sign(
        [
            f"{signer.public.name}/ledger/{ledger_id}",
            str(count),
            _text(root),
            f"tree {head.size} {_text(head.root)}",
            f"time {now.isoformat()}",
        ]
    )


def _text(blob: bytes) -> str:
    return base64.b64encode(blob).decode()
