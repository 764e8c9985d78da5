"""The notary: grows the trees of all shards, signs their heads, and puts them into the register.

It stands behind the log and never in front of it. Before it signs anything it compares the log
with what was published last; a shard whose log does not continue what was signed gets no new head
until somebody has looked.
"""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
from collections.abc import Callable
from typing import Any

import structlog
from psycopg import AsyncConnection

from mintflow.domain.core.errors import Unavailable
from mintflow.store.evidence.growth import LogDoesNotContinue, ShardTree
from mintflow.store.evidence.keyring import Keyring
from mintflow.store.evidence.register import (
    Publication,
    Register,
    RegisterNotUsable,
    compose,
    unchecked_head,
)
from mintflow.store.evidence.tiles import TreeReader
from mintflow.store.evidence.verifier import Head, NotProven

log = structlog.get_logger(__name__)

_LOCK = 0x4D6E6F74  # Any fixed number: one notary works on a database at a time.
_SIZES = (
    "select shard, position from log.shard_head"
    " union all select shard, position from audit.trail_head order by 1"
)


class AnotherNotary(Unavailable):
    """Another process signs the heads of this database just now."""

    code = "another_notary"


class Notary:
    """One per database; `open` makes sure of it."""

    def __init__(
        self,
        conn: AsyncConnection[Any],
        keys: Keyring,
        register: Register,
        clock: Callable[[], dt.datetime],
    ) -> None:
        self._conn = conn
        self._keys = keys
        self._register = register
        self._clock = clock
        self._last: Publication | None = None
        self._trees: dict[int, ShardTree] = {}
        # Shard -> size of its last signed head.
        self.signed: dict[int, int] = {}
        # Shard -> why it gets no more heads.
        self.refused: dict[int, LogDoesNotContinue] = {}

    @classmethod
    async def open(
        cls,
        conn: AsyncConnection[Any],
        keys: Keyring,
        register: Register,
        clock: Callable[[], dt.datetime],
    ) -> Notary:
        """conn: its own; the lock goes with it. Raises AnotherNotary, RegisterNotUsable,
        SigningKeysUnreadable."""
        cursor = await conn.execute("select pg_try_advisory_lock(%s)", [_LOCK])
        row = await cursor.fetchone()
        if row is None or not row[0]:
            raise AnotherNotary("another process signs the heads of this database")
        notary = cls(conn, keys, register, clock)
        await notary._remember()
        return notary

    @property
    def published(self) -> int:
        """The number of the last object in the register."""
        return self._last.number if self._last is not None else 0

    async def unsigned(self) -> dict[int, int]:
        """Shard -> its position, for shards with events behind their last signed head."""
        cursor = await self._conn.execute(_SIZES, prepare=True)
        return {
            shard: position
            for shard, position in await cursor.fetchall()
            if position > self.signed.get(shard, 0) and shard not in self.refused
        }

    async def sign(self) -> list[Head]:
        """Sign a head for each shard that has grown, and put them into the register.

        Raises RegisterNotUsable, SigningKeysUnreadable, psycopg.Error; then nothing counts as
        signed, and the next call tries again.
        """
        grown: dict[int, ShardTree] = {}
        for shard, position in (await self.unsigned()).items():
            try:
                tree = self._trees.get(shard) or await ShardTree.load(self._conn, shard)
                self._trees.pop(shard, None)  # If it fails half way it is read anew.
                await tree.grow(self._conn, position)
            except LogDoesNotContinue as refusal:
                self._refuse(shard, refusal)
                continue
            grown[shard] = self._trees[shard] = tree
        if not grown:
            return []
        key, now = self._keys.current(), self._clock()
        notes = {
            shard: key.sign(_head_lines(key.public.name, tree, now))
            for shard, tree in grown.items()
        }
        publication = compose(key, self._last, notes, now)
        await asyncio.to_thread(self._register.put, publication)
        self._last = publication
        await self._keep(publication, grown, notes, now)
        self.signed |= {shard: tree.size for shard, tree in grown.items()}
        return [unchecked_head(note) for note in notes.values()]

    async def _keep(
        self,
        publication: Publication,
        grown: dict[int, ShardTree],
        notes: dict[int, str],
        now: dt.datetime,
    ) -> None:
        """A copy of the heads in the database, to answer from."""
        for shard, tree in grown.items():
            await self._conn.execute(
                "insert into audit.head (shard, size, root, signed_at, note, publication)"
                " values (%s, %s, %s, %s, %s, %s) on conflict do nothing",
                [shard, tree.size, tree.root(), now, notes[shard], publication.number],
            )

    async def _remember(self) -> None:
        """Take up the last published heads, as far as the log still agrees with them."""
        self._last = await asyncio.to_thread(self._register.last)
        cursor = await self._conn.execute("select max(publication) from audit.head")
        row = await cursor.fetchone()
        known = row[0] if row is not None and row[0] is not None else 0
        if known > self.published:
            # To begin anew here would give the log a second line of heads beside the first.
            raise RegisterNotUsable(
                "the folder of published heads ends before what the database knows of: it is"
                " another one, or was set back",
                folder_ends=self.published, database_ends=known,
            )  # fmt: skip
        if self._last is None:
            return
        keys = self._keys.public_keys()
        for shard, number in self._last.last.items():
            try:
                found = await asyncio.to_thread(self._register.get, number)
                heads = found.check(keys)
            except NotProven as trouble:
                raise RegisterNotUsable(str(trouble), number=number) from None
            head = next(one for one in heads if one.origin == f"{keys[0].name}/shard/{shard}")
            try:
                await self._compare(shard, head)
            except LogDoesNotContinue as refusal:
                self._refuse(shard, refusal)
            self.signed[shard] = head.size
            note = next(
                n for n, h in zip(found.heads, heads, strict=True) if h.origin == head.origin
            )
            await self._conn.execute(
                "insert into audit.head (shard, size, root, signed_at, note, publication)"
                " values (%s, %s, %s, %s, %s, %s) on conflict do nothing",
                [shard, head.size, head.root, head.more["time"], note, number],
            )

    async def _compare(self, shard: int, head: Head) -> None:
        cursor = await self._conn.execute(
            f"select position from ({_SIZES}) s where shard = %s",  # noqa: S608
            [shard],
        )
        row = await cursor.fetchone()
        if row is None or row[0] < head.size:
            raise LogDoesNotContinue(
                "the log is shorter than what was signed", shard=shard, position=head.size
            )
        try:
            (root,) = await TreeReader(self._conn, shard).roots([(0, head.size)])
        except LookupError:
            raise LogDoesNotContinue("tiles of the tree are missing", shard=shard) from None
        if root != head.root:
            raise LogDoesNotContinue(
                "the log is not the one that was signed", shard=shard, position=head.size
            )

    def _refuse(self, shard: int, refusal: LogDoesNotContinue) -> None:
        self.refused[shard] = refusal
        log.error("no_head_signed", reason=refusal.message, **refusal.details)


def _head_lines(name: str, tree: ShardTree, now: dt.datetime) -> list[str]:
    return [
        f"{name}/shard/{tree.shard}",
        str(tree.size),
        base64.b64encode(tree.root()).decode(),
        f"chain {base64.b64encode(tree.chain).decode()}",
        f"time {now.isoformat()}",
    ]
