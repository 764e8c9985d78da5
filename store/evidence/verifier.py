#!/usr/bin/env python3
"""Checks a bundle of one ledger with a public key: no database, no network, nothing of MintFlow.

    python verifier.py BUNDLE --key PUBKEY

It needs Python 3.11 and `cryptography`. docs/reference/evidence-format.md says all that it takes to
write it again in another language; docs/concepts/proof.md says what a bundle can prove.
"""

from __future__ import annotations

import argparse
import base64
import json
import struct
import sys
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

FORMAT = "mintflow bundle 1"
FILES = ("manifest.json", "head.note", "ledger.note", "keys.json", "heads.jsonl", "events.jsonl")
# One event is about 1 kB; a line beyond this is not of a bundle, whatever it is.
LINE_BYTES_MAX = 64 * 1024 * 1024
SMALL_FILE_BYTES_MAX = 16 * 1024 * 1024
FINDINGS_MAX = 100
_LEAF_HEAD = struct.Struct("!ciq16sqqi")
_ED25519 = b"\x01"


class NotProven(Exception):
    """Something in the bundle is not as it must be; the message says what and where."""


def node_hash(left: bytes, right: bytes) -> bytes:
    """The hash of an inner node."""
    return sha256(b"\x01" + left + right).digest()


def tree_root(leaves: Sequence[bytes]) -> bytes:
    """The root over leaf hashes, by halves that are full as far as possible."""
    if not leaves:
        return sha256(b"").digest()
    row = list(leaves)
    while len(row) > 1:
        pairs = [node_hash(row[i], row[i + 1]) for i in range(0, len(row) - 1, 2)]
        row = pairs + row[len(pairs) * 2 :]
    return row[0]


def inclusion_holds(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """Whether leaf number `index` (from 0) is in the tree of `size` leaves. RFC 9162, 2.1.3.2."""
    if not 0 <= index < size:
        return False
    number, last, found = index, size - 1, leaf
    for step in proof:
        if last == 0:
            return False
        if number & 1 or number == last:
            found = node_hash(step, found)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            found = node_hash(found, step)
        number, last = number >> 1, last >> 1
    return last == 0 and found == root


def consistency_holds(
    first: int, first_root: bytes, second: int, second_root: bytes, proof: Sequence[bytes]
) -> bool:
    """Whether the tree of `first` leaves is the beginning of that of `second`. RFC 9162, 2.1.4.2.

    A tree of nothing is the beginning of every tree, and there is nothing to prove.
    """
    if not 0 <= first <= second:
        return False
    if first in (0, second):
        empty = first == 0 and first_root == tree_root([])
        return not proof and (empty or (first == second and first_root == second_root))
    steps = [first_root, *proof] if first & (first - 1) == 0 else [*proof]
    if not steps:
        return False
    number, last = first - 1, second - 1
    while number & 1:
        number, last = number >> 1, last >> 1
    old = new = steps[0]
    for step in steps[1:]:
        if last == 0:
            return False
        if number & 1 or number == last:
            old, new = node_hash(step, old), node_hash(step, new)
            while not number & 1 and number:
                number, last = number >> 1, last >> 1
        else:
            new = node_hash(new, step)
        number, last = number >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root


@dataclass(frozen=True)
class PublicKey:
    """A verifier key: `<name>+<id in hex>+<base64 of 0x01 and the 32 bytes>`."""

    name: str
    raw: bytes

    @property
    def id(self) -> bytes:
        return sha256(self.name.encode() + b"\n" + _ED25519 + self.raw).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{base64.b64encode(_ED25519 + self.raw).decode()}"

    @classmethod
    def parse(cls, text: str) -> PublicKey:
        """Raises NotProven."""
        name, _, rest = text.strip().partition("+")
        given, _, encoded = rest.partition("+")
        body = unbase64(encoded, "a public key")
        if not name or len(body) != 33 or body[:1] != _ED25519:
            raise NotProven("this is not a public key: <name>+<id>+<base64>")
        key = cls(name, body[1:])
        if key.id.hex() != given:
            raise NotProven("the public key does not fit the id in it")
        return key


def open_note(note: str, keys: Sequence[PublicKey]) -> list[str]:
    """The lines of a note that one of the keys signed. Raises NotProven."""
    text, _, signatures = note.rpartition("\n\n")
    signed = text.encode() + b"\n"
    for line in signatures.splitlines():
        dash, _, rest = line.partition(" ")
        name, _, encoded = rest.partition(" ")
        if dash != "\u2014":
            raise NotProven("a signature line does not begin with a dash")
        blob = unbase64(encoded, "a signature")
        for key in keys:
            if key.name == name and blob[:4] == key.id and len(blob) == 68:
                try:
                    Ed25519PublicKey.from_public_bytes(key.raw).verify(blob[4:], signed)
                except InvalidSignature:
                    raise NotProven(f"a signature by {name} does not verify") from None
                return text.split("\n")
    raise NotProven("no trusted key signed this note")


@dataclass(frozen=True)
class Head:
    """A signed tree head: so many leaves, this root. more: its further lines, by first word."""

    origin: str
    size: int
    root: bytes
    more: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, lines: Sequence[str]) -> Head:
        """Raises NotProven."""
        if len(lines) < 3 or not lines[1].isascii() or not lines[1].isdigit():
            raise NotProven("a head has an origin, a size and a root")
        root = unbase64(lines[2], "the root of a head")
        if len(root) != 32:
            raise NotProven("the root of a head has 32 bytes")
        more = dict(line.split(" ", 1) for line in lines[3:] if " " in line)
        return cls(lines[0], int(lines[1]), root, more)


def trusted_keys(anchor: PublicKey, listed: Sequence[dict[str, Any]]) -> list[PublicKey]:
    """The anchor and the keys that it, or a trusted one, vouched for; listed: the oldest first."""
    trusted = [anchor]
    for one in listed:
        key = PublicKey.parse(one["key"])
        with suppress(NotProven):
            lines = open_note(one["endorsement"] or "", trusted)
            if lines[:2] == [f"{anchor.name}/key", str(key)] and key.name == anchor.name:
                trusted.append(key)
    return trusted


def older_keys(anchor: PublicKey, listed: Sequence[dict[str, Any]]) -> list[PublicKey]:
    """Those that vouched for the anchor, at last: what they signed proves nothing, but must fit."""
    keys = [PublicKey.parse(one["key"]) for one in listed[:1_000]]
    return [one for one in keys if one != anchor and anchor in trusted_keys(one, listed)]


def unbase64(text: str, what: str) -> bytes:
    """Raises NotProven, also for another spelling of the same bytes: none would see the change."""
    with suppress(ValueError):
        content = base64.b64decode(text, validate=True)
        if base64.b64encode(content).decode() == text:
            return content
    raise NotProven(f"{what} is not base64")


def leaf_hash(
    shard: int, position: int, ledger: bytes, seq: int,
    recorded_us: int, record: bytes, sealed: bytes,
) -> bytes:  # fmt: skip
    """SHA-256 over 0x00 and the event as it is stored."""
    head = _LEAF_HEAD.pack(b"\0", shard, position, ledger, seq, recorded_us, len(record))
    return sha256(head + record + sealed).digest()


class Check:
    """One run over one bundle. findings: what does not hold, the first places first."""

    def __init__(self, files: Files, anchor: PublicKey) -> None:
        self._files, self._anchor = files, anchor
        self.findings: list[str] = []
        self.facts: dict[str, Any] = {}

    def run(self) -> None:
        """Raises NotProven where nothing further can be checked; else see `findings`."""
        manifest = self._files.json("manifest.json")
        if manifest.get("format") != FORMAT:
            raise NotProven(f"this is not a bundle of the format {FORMAT!r}")
        listed = self._files.json("keys.json")
        self._keys = trusted_keys(self._anchor, listed)
        self._older = older_keys(self._anchor, listed)
        ledger, shard = bytes.fromhex(manifest["ledger_id"].replace("-", "")), manifest["shard"]
        head = Head.of(open_note(self._files.text("head.note"), self._keys))
        if head.origin != (origin := f"{self._anchor.name}/shard/{shard}"):
            raise NotProven(f"the head is of {head.origin}, not of {origin}")
        self.facts = {
            "ledger_id": manifest["ledger_id"],
            "shard": shard,
            "head": {"size": head.size, "root": head.root.hex(), **head.more},
            "signed_by": str(self._anchor),
            "older_keys": [str(one) for one in self._older],
        }
        leaves = self._events(ledger, shard, head)
        self._statement(manifest["ledger_id"], leaves, head)
        self._earlier(origin, head)
        self.facts["events"] = len(leaves)
        if [manifest.get("events"), manifest.get("log")] != [len(leaves), self._anchor.name]:
            self._note("manifest.json: its count or log is not that of the proofs")

    def _events(self, ledger: bytes, shard: int, head: Head) -> list[bytes]:
        leaves: list[bytes] = []
        position = 0
        for number, line in enumerate(self._files.lines("events.jsonl"), 1):
            leaf = bytes(32)
            try:
                position, leaf = self._event(line, number, position, ledger, shard, head)
            except NotProven as trouble:
                self._note(f"event {number}: {trouble}")
            except (KeyError, TypeError, ValueError, AttributeError, struct.error) as trouble:
                self._note(f"event {number}: not readable ({type(trouble).__name__})")
            leaves.append(leaf)
        return leaves

    def _event(
        self, line: bytes, number: int, before: int, ledger: bytes, shard: int, head: Head
    ) -> tuple[int, bytes]:
        row = json.loads(line)
        position, seq = row["position"], row["ledger_seq"]
        if type(position) is not int or type(seq) is not int:
            raise NotProven("position and ledger_seq are whole numbers")
        if seq != number:
            raise NotProven(f"ledger_seq {seq} stands where {number} belongs")
        if position <= before:
            raise NotProven(f"position {position} does not come after {before}")
        record = unbase64(row["record"], "the record")
        sealed = unbase64(row["sealed"], "the sealed facts")
        leaf = leaf_hash(shard, position, ledger, seq, row["recorded_us"], record, sealed)
        proof = [unbase64(step, "a step of the proof") for step in row["proof"]]
        if not inclusion_holds(leaf, position - 1, head.size, proof, head.root):
            raise NotProven(f"position {position} is not in the signed tree as it stands here")
        envelope = json.loads(record)
        if bytes.fromhex(envelope["ledger_id"].replace("-", "")) != ledger:
            raise NotProven("the record is of another ledger")
        for name, value in row["columns"].items():
            if (name, value) not in envelope.items():
                raise NotProven(f"the column {name} says something else than the record")
        return position, leaf

    def _statement(self, ledger_id: str, leaves: list[bytes], head: Head) -> None:
        """The operator's word on how many events the ledger has, and which."""
        try:
            said = Head.of(open_note(self._files.text("ledger.note"), self._keys))
        except NotProven as trouble:
            self._note(f"ledger.note: {trouble}")
            return
        if said.origin != f"{self._anchor.name}/ledger/{ledger_id}":
            self._note("ledger.note: it is about another ledger")
        elif said.size != len(leaves):
            self._note(f"ledger.note: it says {said.size} events, here are {len(leaves)}")
        elif said.root != tree_root(leaves):
            self._note("ledger.note: its root is not that of these events")
        elif said.more.get("tree") != f"{head.size} {base64.b64encode(head.root).decode()}":
            self._note("ledger.note: it was made for another head")

    def _earlier(self, origin: str, head: Head) -> None:
        count = 0
        for number, line in enumerate(self._files.lines("heads.jsonl"), 1):
            try:
                row = json.loads(line)
                earlier = Head.of(open_note(row["note"], [*self._keys, *self._older]))
                proof = [unbase64(step, "a step of the proof") for step in row["consistency"]]
                if earlier.origin != origin or not consistency_holds(
                    earlier.size, earlier.root, head.size, head.root, proof
                ):
                    raise NotProven("the signed tree does not grow out of this earlier head")
                count += 1
            except NotProven as trouble:
                self._note(f"earlier head {number}: {trouble}")
            except (KeyError, TypeError, ValueError, AttributeError) as trouble:
                self._note(f"earlier head {number}: not readable ({type(trouble).__name__})")
        self.facts["earlier_heads"] = count

    def _note(self, finding: str) -> None:
        if len(self.findings) < FINDINGS_MAX:
            self.findings.append(finding)


class Files:
    """A folder or a zip. Raises NotProven where it is neither, or a file is missing or twice."""

    def __init__(self, path: Path) -> None:
        self._zip: zipfile.ZipFile | None = None
        self._folder = path
        if not path.is_dir():
            try:
                self._zip = zipfile.ZipFile(path)
            except (OSError, zipfile.BadZipFile):
                raise NotProven("the bundle is neither a folder nor a zip that opens") from None
        names = self._zip.namelist() if self._zip else [one.name for one in path.iterdir()]
        if sorted(names) != sorted({*names}) or not {*FILES} <= {*names}:
            raise NotProven(f"a bundle has each of {', '.join(FILES)} once")

    def lines(self, name: str) -> Iterator[bytes]:
        with self._open(name) as stream:
            while line := stream.readline(LINE_BYTES_MAX):
                if not line.endswith(b"\n"):
                    raise NotProven(f"{name} ends in the middle of a line, or has one too long")
                yield line

    def text(self, name: str) -> str:
        with self._open(name) as stream:
            content = stream.read(SMALL_FILE_BYTES_MAX + 1)
        if len(content) > SMALL_FILE_BYTES_MAX:
            raise NotProven(f"{name} is too large")
        try:
            return content.decode()
        except UnicodeDecodeError:
            raise NotProven(f"{name} is not UTF-8") from None

    def json(self, name: str) -> Any:
        return json.loads(self.text(name))

    def _open(self, name: str) -> BinaryIO:
        if self._zip is not None:
            return self._zip.open(name)  # type: ignore[return-value]
        return (self._folder / name).open("rb")


def check(bundle: Path, key: str) -> dict[str, Any]:
    """The verdict: {"ok", "findings", "events", "head", …}. key: a public key, not a file."""
    facts: dict[str, Any] = {}
    try:
        run = Check(Files(bundle), PublicKey.parse(key))
        try:
            run.run()
        finally:
            findings, facts = run.findings, run.facts
    except NotProven as trouble:
        findings = [str(trouble)]
    except (
        *(KeyError, TypeError, ValueError, AttributeError, RecursionError, OSError),
        *(struct.error, zipfile.BadZipFile, NotImplementedError, EOFError),
    ) as trouble:
        findings = [f"the bundle is not readable ({type(trouble).__name__})"]
    return {"ok": not findings, "findings": findings, **facts}


def main() -> int:
    """Exit code 0 where everything holds, 1 where something does not."""
    parser = argparse.ArgumentParser(description="Check a bundle of one ledger.")
    parser.add_argument("bundle", type=Path)
    parser.add_argument("--key", required=True, help="the public key, or a file that holds it")
    asked = parser.parse_args()
    key = Path(asked.key).read_text() if Path(asked.key).is_file() else asked.key
    verdict = check(asked.bundle, key)
    sys.stdout.write(json.dumps(verdict, indent=2) + "\n")
    return 0 if verdict["ok"] else 1


if __name__ == "__main__":
    sys.exit(main())
