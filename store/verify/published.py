"""Heads that were published or kept elsewhere: what a rewritten log can not agree with.

They are looked for in the register (the folder of published objects), in the database's own copy,
and in what an auditor hands over: a copy of the register, the `--json` of an earlier audit, or
heads as the API gives them. A signed head counts only if its signature holds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import orjson
import psycopg

from mintflow.domain.core.errors import Invalid
from mintflow.store.evidence.register import Register, RegisterNotUsable
from mintflow.store.evidence.verifier import Head, NotProven, PublicKey, open_note, unbase64
from mintflow.store.verify.report import Code


def published_last(url: str) -> int:
    """The number of the last published object that the database knows of. Raises psycopg.Error."""
    with psycopg.connect(url, autocommit=True) as conn:
        row = conn.execute("select max(publication) from audit.head").fetchone()
    return row[0] if row is not None and row[0] is not None else 0


class HeadsNotReadable(Invalid):
    """What was given as heads is neither a register nor a file of heads."""

    code = "heads_not_readable"


@dataclass(frozen=True, slots=True, order=True)
class Published:
    """What a head says of a shard: after `size` events the tree has this root, the chain this hash.

    root or chain is None where the head does not say.
    """

    shard: int
    size: int
    root: bytes | None
    chain: bytes | None
    source: str


@dataclass(slots=True)
class PublishedHeads:
    """All that was found. troubles: (code, shard, position, detail) of what can not be trusted."""

    heads: list[Published] = field(default_factory=list)
    troubles: list[tuple[Code, int, int, str]] = field(default_factory=list)

    def of(self, shard: int) -> list[Published]:
        """Those of a shard, the smallest first, each said once."""
        wanted = [one for one in self.heads if one.shard == shard]
        said = {(one.size, one.root, one.chain): one for one in reversed(wanted)}
        return sorted(said.values(), key=lambda one: one.size)

    def from_register(self, folder: Path, keys: Sequence[PublicKey], *, at_least: int = 0) -> None:
        """Every head of a register. One that is broken is a trouble, up to where it is; so is one
        that ends before an object that is known of."""
        number = 0
        try:
            for publication in Register(folder).read():
                number = publication.number
                for head in publication.check(keys):
                    self._take(head, f"published object {number}")
            if number < at_least:
                raise RegisterNotUsable(f"the database knows of object {at_least}")
        except (RegisterNotUsable, NotProven) as trouble:
            self.troubles.append(("REGISTER_BROKEN", 0, 0, f"after object {number}: {trouble}"))

    def from_database(self, url: str, keys: Sequence[PublicKey]) -> None:
        """The copies in `audit.head`. Raises psycopg.Error."""
        with psycopg.connect(url, autocommit=True) as conn:
            rows = conn.execute("select shard, size, root, note from audit.head").fetchall()
        for shard, size, root, note in rows:
            if None in (shard, size, root, note):
                what = "the database's copy: a column is null"
                self.troubles.append(("HEAD_NOT_SIGNED", shard or 0, size or 0, what))
                continue
            self._take_note(note, keys, "the database's copy", (shard, size, bytes(root)))

    def from_file(self, path: Path, keys: Sequence[PublicKey]) -> None:
        """What an auditor kept. Raises HeadsNotReadable."""
        if path.is_dir():
            self.from_register(path, keys)
            return
        try:
            found = orjson.loads(path.read_bytes())
            rows = found if isinstance(found, list) else found.get("heads", found.get("data"))
            for row in rows:
                if "note" in row:
                    self._take_note(row["note"], keys, path.name, None)
                else:
                    chain = bytes.fromhex(row["hash"])
                    kept = Published(
                        int(row["shard"]), int(row["position"]), None, chain, path.name
                    )
                    self.heads.append(kept)
        except OSError as trouble:
            raise HeadsNotReadable("the heads can not be read", reason=trouble.strerror) from None
        except (orjson.JSONDecodeError, LookupError, TypeError, ValueError, AttributeError):
            raise HeadsNotReadable("this is not a file of heads", file=path.name) from None

    def _take_note(
        self,
        note: str,
        keys: Sequence[PublicKey],
        source: str,
        beside: tuple[int, int, bytes] | None,
    ) -> None:
        shard, size = beside[:2] if beside else (0, 0)
        try:
            head = Head.of(open_note(note, keys))
            taken = self._take(head, source)
            if beside is not None and beside != taken:
                raise NotProven("the columns beside a head say something else")
        except NotProven as trouble:
            self.troubles.append(("HEAD_NOT_SIGNED", shard, size, f"{source}: {trouble}"))

    def _take(self, head: Head, source: str) -> tuple[int, int, bytes]:
        kind, _, shard = head.origin.rpartition("/")
        if not kind.endswith("/shard"):
            raise NotProven("a head of something else than a shard")
        chain = head.more.get("chain")
        try:
            number = int(shard)
        except ValueError:
            raise NotProven("a head of something else than a shard") from None
        self.heads.append(
            Published(
                number,
                head.size,
                head.root,
                unbase64(chain, "the chain of a head") if chain else None,
                source,
            )
        )
        return number, head.size, head.root
