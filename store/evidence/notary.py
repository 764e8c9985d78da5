"""The notary: grows the trees of all shards, signs their heads, and puts them into the register.

It stands behind the log and never in front of it. Before it signs anything it compares the log
with what was published last; a shard whose log does not continue what was signed gets no new head
until somebody has looked.
"""

from __future__ import annotations

import asyncio
import base64
import datetime as dt
from collections.abc import Callable, Sequence
from typing import Any

import structlog
from psycopg import AsyncConnection

from mintflow.domain.core.errors import Unavailable
from mintflow.store.evidence.growth import LogDoesNotContinue, ShardTree, grow
from mintflow.store.evidence.keyring import Keyring
from mintflow.store.evidence.register import (
    Publication,
    Register,
    RegisterNotUsable,
    compose,
    unchecked_head,
)
from mintflow.store.evidence.tiles import TreeReader
from mintflow.store.evidence.verifier import Head, NotProven, PublicKey

log = structlog.get_logger(__name__)

_LOCK = 0x4D6E6F74  # Any fixed number: one notary works on a database at a time.
_SIZES = (
    "select shard, position from log.shard_head"
    " union all select shard, position from audit.trail_head order by 1"
)
_KEEP = (
    "insert into audit.head (shard, size, root, signed_at, note, publication)"
    " select * from unnest(%s::int[], %s::bigint[], %s::bytea[], %s::timestamptz[], %s::text[],"
    " %s::bigint[]) on conflict do nothing"
)
# libpq takes in what it has room for at once: 16 kB, until a row needs more, and then it stays as
# large. A step of the log in twenty pieces, each a turn of the event loop among all the appends,
# took twice as long and half as much processor time again.
_WIDEN = "select repeat(' ', 300000)"
# A row of audit.head: shard, size, root, signed_at, note, publication.
_Row = tuple[int, int, bytes, dt.datetime, str, int]


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
        await conn.execute(_WIDEN, prepare=False)
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
        grown = await self._grow(await self.unsigned())
        if not grown:
            return []
        key, now = self._keys.current(), self._clock()
        roots: dict[int, bytes] = {}
        notes: dict[int, str] = {}
        for shard, tree in grown.items():
            # Others on the event loop wait for one shard at a time and not for all of them.
            await asyncio.sleep(0)
            root = roots[shard] = tree.root()
            notes[shard] = key.sign(_head_lines(key.public.name, tree, root, now))
        publication = compose(key, self._last, notes, now)
        await asyncio.to_thread(self._register.put, publication)
        self._last = publication
        await self._keep(
            [
                (shard, tree.size, roots[shard], now, notes[shard], publication.number)
                for shard, tree in grown.items()
            ]
        )
        self.signed |= {shard: tree.size for shard, tree in grown.items()}
        return [unchecked_head(note) for note in notes.values()]

    async def _grow(self, until: dict[int, int]) -> dict[int, ShardTree]:
        """The trees of shards up to these positions, without those that are refused."""
        trees: dict[int, ShardTree] = {}
        for shard in until:
            try:
                # If anything fails half way it is read anew.
                tree = self._trees.pop(shard, None)
                trees[shard] = tree or await ShardTree.load(self._conn, shard)
            except LogDoesNotContinue as refusal:
                self._refuse(shard, refusal)
        refused = await grow(self._conn, list(trees.values()), until)
        for shard in refused:
            self._refuse(shard, refused[shard])
            del trees[shard]
        self._trees |= trees
        return trees

    async def _keep(self, heads: Sequence[_Row]) -> None:
        """A copy of the heads in the database, to answer from; one commit for all of them."""
        if heads:
            columns = [list(column) for column in zip(*heads, strict=True)]
            await self._conn.execute(_KEEP, columns)

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
        heads: dict[int, dict[str, tuple[str, Head]]] = {}
        copies: list[_Row] = []
        for shard, number in self._last.last.items():
            if number not in heads:
                heads[number] = await self._published_in(number, keys)
            note, head = heads[number][f"{keys[0].name}/shard/{shard}"]
            try:
                await self._compare(shard, head)
            except LogDoesNotContinue as refusal:
                self._refuse(shard, refusal)
            self.signed[shard] = head.size
            time = dt.datetime.fromisoformat(head.more["time"])
            copies.append((shard, head.size, head.root, time, note, number))
        await self._keep(copies)

    async def _published_in(
        self, number: int, keys: Sequence[PublicKey]
    ) -> dict[str, tuple[str, Head]]:
        """Origin -> the note and what it says, of one publication."""
        try:
            found = await asyncio.to_thread(self._register.get, number)
            heads = found.check(keys)
        except NotProven as trouble:
            raise RegisterNotUsable(str(trouble), number=number) from None
        return {head.origin: (note, head) for note, head in zip(found.heads, heads, strict=True)}

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


def _head_lines(name: str, tree: ShardTree, root: bytes, now: dt.datetime) -> list[str]:
    return [
        f"{name}/shard/{tree.shard}",
        str(tree.size),
        base64.b64encode(root).decode(),
        f"chain {base64.b64encode(tree.chain).decode()}",
        f"time {now.isoformat()}",
    ]
