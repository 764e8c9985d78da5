"""The register: published heads in a folder that only takes new objects.

Each object is a file of its own, `NNNNNNNNNNNN-<SHA-256 of its bytes>.json`, and names the digest
of the object before it, under a signature. So none can be changed, removed from the middle or put
in between unseen; the end is what whoever copies the folder has seen. It lies outside the database
and is the notary's memory: what is in the database is believed only as far as it agrees.
"""

from __future__ import annotations

import base64
import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import orjson

from mintflow.domain.core.errors import Unavailable
from mintflow.store.durable import make_private_folder, put_new
from mintflow.store.evidence.keyring import SigningKey
from mintflow.store.evidence.verifier import Head, NotProven, PublicKey, open_note, unbase64

# Files below one folder; more make listing it slow.
_PER_FOLDER = 1_000


class RegisterNotUsable(Unavailable):
    """The folder of published heads can not be read or written, or its chain is broken."""

    code = "register_not_usable"


@dataclass(frozen=True, slots=True)
class Publication:
    """One object. heads: notes that are new in it. last: shard -> number of the publication with
    its newest head."""

    number: int
    digest: bytes
    previous: bytes
    heads: tuple[str, ...]
    last: dict[int, int]
    note: str
    body: str

    @property
    def name(self) -> str:
        return f"{self.number:012d}-{self.digest.hex()}.json"

    @property
    def content(self) -> bytes:
        return orjson.dumps({"note": self.note, "body": self.body})

    @classmethod
    def parse(cls, content: bytes) -> Publication:
        """Raises NotProven. Who signed it is not looked at: see `check`."""
        try:
            outer = orjson.loads(content)
            note, body = outer["note"], outer["body"]
            inner = orjson.loads(body)
            said = unchecked_head(note)
            last = {int(shard): int(number) for shard, number in inner["last"].items()}
            heads = tuple(str(one) for one in inner["heads"])
        except (orjson.JSONDecodeError, LookupError, TypeError, ValueError, AttributeError):
            raise NotProven("a published object is not readable") from None
        if said.root != sha256(body.encode()).digest():
            raise NotProven("a published object's body is not the one that was signed")
        previous = unbase64(said.more.get("previous", ""), "the digest of the object before")
        return cls(said.size, sha256(content).digest(), previous, heads, last, note, body)

    def check(self, keys: Sequence[PublicKey]) -> list[Head]:
        """The heads in it, every signature checked. Raises NotProven."""
        lines = open_note(self.note, keys)
        if lines[0] != f"{keys[0].name}/publication":
            raise NotProven("a published object is of another log")
        return [Head.of(open_note(one, keys)) for one in self.heads]


def compose(
    key: SigningKey, before: Publication | None, heads: dict[int, str], now: dt.datetime
) -> Publication:
    """The next object. heads: shard -> its new head, a signed note."""
    number = before.number + 1 if before else 1
    previous = before.digest if before else bytes(32)
    last = {**(before.last if before else {}), **dict.fromkeys(heads, number)}
    inner = {
        "heads": list(heads.values()),
        "last": {str(shard): at for shard, at in sorted(last.items())},
    }
    body = orjson.dumps(inner).decode()
    note = key.sign(
        [
            f"{key.public.name}/publication",
            str(number),
            base64.b64encode(sha256(body.encode()).digest()).decode(),
            f"previous {base64.b64encode(previous).decode()}",
            f"time {now.isoformat()}",
        ]
    )
    content = orjson.dumps({"note": note, "body": body})
    digest = sha256(content).digest()
    return Publication(number, digest, previous, tuple(heads.values()), last, note, body)


class Register:
    """The folder. One writer at a time; any number of readers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def last(self) -> Publication | None:
        """The newest object. Raises RegisterNotUsable."""
        names = self._names_from_the_end()
        name = next(names, None)
        return self._read(name) if name is not None else None

    def get(self, number: int) -> Publication:
        """Raises RegisterNotUsable."""
        found = list(self._folder_of(number).glob(f"{number:012d}-*.json"))
        if len(found) != 1:
            raise RegisterNotUsable(
                "a published object is missing or there twice", number=number, found=len(found)
            )
        return self._read(found[0])

    def put(self, publication: Publication) -> None:
        """Durable when it returns. Raises RegisterNotUsable; never writes over anything."""
        try:
            folder = self._folder_of(publication.number)
            make_private_folder(folder)
            kept = put_new(folder / publication.name, publication.content, mode=0o444)
        except OSError as trouble:
            raise RegisterNotUsable(
                "the register can not be written", reason=str(trouble.strerror)
            ) from None
        if kept != publication.content:
            raise RegisterNotUsable("an object of this name is there", number=publication.number)

    def read(self) -> Iterator[Publication]:
        """Every object from the first on. Raises RegisterNotUsable where the chain is broken."""
        number, digest = 0, bytes(32)
        for folder in sorted(self.folder.glob("[0-9]*")):
            for path in sorted(folder.glob("[0-9]*.json")):
                found = self._read(path)
                if found.number != number + 1 or found.previous != digest:
                    raise RegisterNotUsable(
                        "published objects are missing or were put in between", number=number + 1
                    )
                number, digest = found.number, found.digest
                yield found

    def _read(self, path: Path) -> Publication:
        try:
            found = Publication.parse(path.read_bytes())
        except OSError as trouble:
            raise RegisterNotUsable(
                "a published object can not be read", reason=str(trouble.strerror)
            ) from None
        except NotProven as trouble:
            raise RegisterNotUsable(str(trouble), file=path.name) from None
        if found.name != path.name:
            raise RegisterNotUsable("a published object was changed", file=path.name)
        return found

    def _names_from_the_end(self) -> Iterator[Path]:
        for folder in sorted(self.folder.glob("[0-9]*"), reverse=True):
            yield from sorted(folder.glob("[0-9]*.json"), reverse=True)

    def _folder_of(self, number: int) -> Path:
        return self.folder / f"{(number - 1) // _PER_FOLDER:09d}"


def unchecked_head(note: str) -> Head:
    """What a note says, without looking at who signed it. Raises NotProven."""
    return Head.of(note.rpartition("\n\n")[0].split("\n"))
