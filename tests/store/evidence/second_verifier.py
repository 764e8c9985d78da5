"""A second verifier of bundles, written from docs/reference/evidence-format.md alone.

Other code, another signature library (pycryptodome), the recursive definitions of the RFC.
"""

from __future__ import annotations

import base64
import hashlib
import json
import struct
import zipfile
from pathlib import Path
from typing import Any

from Crypto.Signature import eddsa
from store.evidence.reference import mth, root_by_path, roots_by_proof


def holds(bundle: Path, key: str) -> bool:
    """Whether everything that a bundle must show holds; anything unreadable does not."""
    try:
        with zipfile.ZipFile(bundle) as archive:
            _all_of_it({name: archive.read(name) for name in archive.namelist()}, key)
    # Whatever can not be read is not proven.
    except Exception:  # noqa: BLE001
        return False
    return True


def _all_of_it(files: dict[str, bytes], anchor: str) -> None:
    name = anchor.split("+")[0]
    trusted = {anchor}
    for entry in json.loads(files["keys.json"]):
        try:
            lines = _open(entry["endorsement"], trusted)
        except (AssertionError, AttributeError, ValueError):
            continue
        if lines[0] == f"{name}/key" and lines[1] == entry["key"]:
            trusted.add(entry["key"])
    older = _older(json.loads(files["keys.json"]), anchor)
    manifest = json.loads(files["manifest.json"])
    assert manifest["format"] == "mintflow bundle 1"
    ledger, shard = manifest["ledger_id"], manifest["shard"]
    head = _open(files["head.note"].decode(), trusted)
    assert head[0] == f"{name}/shard/{shard}"
    size, root = int(head[1]), _bytes(head[2])
    leaves = []
    last = 0
    for number, line in enumerate(files["events.jsonl"].splitlines(), 1):
        event = json.loads(line)
        assert event["ledger_seq"] == number
        assert last < event["position"] <= size
        last = event["position"]
        leaf = _leaf(event, ledger, shard)
        steps = [_bytes(step) for step in event["proof"]]
        assert root_by_path(leaf, last - 1, size, steps) == root
        record = json.loads(_bytes(event["record"]))
        assert record["ledger_id"] == ledger
        assert event["columns"].items() <= record.items()
        leaves.append(leaf)
    said = _open(files["ledger.note"].decode(), trusted)
    assert said[0] == f"{name}/ledger/{ledger}"
    assert (int(said[1]), _bytes(said[2])) == (len(leaves), mth(leaves))
    assert (manifest.get("events"), manifest.get("log")) == (len(leaves), name)
    assert f"tree {head[1]} {head[2]}" in said
    for line in files["heads.jsonl"].splitlines():
        row = json.loads(line)
        earlier = _open(row["note"], trusted | older)
        assert earlier[0] == head[0]
        old = _bytes(earlier[2])
        steps = [_bytes(step) for step in row["consistency"]]
        assert roots_by_proof(int(earlier[1]), size, steps, old) == (old, root)


def _older(listed: list[dict[str, Any]], key: str) -> set[str]:
    """Who vouched for a key, and for these."""
    found = set()
    for entry in listed:
        if entry["key"] == key and entry["endorsement"]:
            for other in (one["key"] for one in listed if one["key"] != key):
                try:
                    lines = _open(entry["endorsement"], {other})
                except (AssertionError, ValueError):
                    continue
                if lines[:2] == [f"{key.split('+')[0]}/key", key]:
                    found |= {other} | _older(listed[: listed.index(entry)], other)
    return found


def _leaf(event: dict[str, Any], ledger: str, shard: int) -> bytes:
    record = _bytes(event["record"])
    sealed = _bytes(event["sealed"])
    parts = [
        b"\x00",
        struct.pack(">i", shard),
        struct.pack(">q", event["position"]),
        bytes.fromhex(ledger.replace("-", "")),
        struct.pack(">q", event["ledger_seq"]),
        struct.pack(">q", event["recorded_us"]),
        struct.pack(">i", len(record)),
        record,
        sealed,
    ]
    return hashlib.sha256(b"".join(parts)).digest()


def _open(note: str, trusted: set[str]) -> list[str]:
    text, signatures = note[: note.rindex("\n\n") + 1], note[note.rindex("\n\n") + 2 :]
    for line in signatures.splitlines():
        dash, name, blob = line.split(" ")
        assert dash == "\u2014"
        raw = _bytes(blob)
        for key in trusted:
            known, number, body = key.split("+", 2)
            if known == name and bytes.fromhex(number) == raw[:4]:
                public = _bytes(body)[1:]
                named = hashlib.sha256(name.encode() + b"\n\x01" + public).digest()[:4]
                assert named == raw[:4]
                verifier = eddsa.new(eddsa.import_public_key(public), "rfc8032")
                verifier.verify(text.encode(), raw[4:])
                return text.splitlines()
    raise AssertionError("no trusted key signed this")


def _bytes(text: str) -> bytes:
    content = base64.b64decode(text, validate=True)
    assert base64.b64encode(content).decode() == text, "bytes have one spelling"
    return content
