"""Evidence over HTTP: what a client gets proves its event, to whoever has the public key."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from acceptance.product import TOKENS, Product, product
from api.conftest import open_ledger
from services import PostgresService

from mintflow.hosts.notarizing import Evidence
from mintflow.hosts.settings import Settings
from mintflow.store.chain import leaf_hash
from mintflow.store.evidence.keyring import Keyring
from mintflow.store.evidence.register import Register
from mintflow.store.evidence.verifier import (
    Head,
    PublicKey,
    consistency_holds,
    inclusion_holds,
    open_note,
)


@pytest.fixture(scope="module")
def proven(
    postgres: PostgresService, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Product]:
    folder: Path = tmp_path_factory.mktemp("evidence")
    evidence = Evidence(Keyring(folder / "signing", uuid4()), Register(folder / "heads"))
    settings = Settings.from_environment({"MINTFLOW_WAIT_S_MAX": "10"})
    with postgres.migrated() as url, product(url, settings=settings, evidence=evidence) as started:
        yield started


def _bytes(text: str) -> bytes:
    return base64.b64decode(text)


def _proof_of(client: Any, path: str, event: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = client.get(f"{path}/evidence/{event['event_id']}")
    return found


def test_every_event_of_a_ledger_is_proven(proven: Product) -> None:
    client = proven.client()
    ledger = open_ledger(client)
    for number in range(5):
        ledger.record(description=f"Row {number}")
    (key,) = [PublicKey.parse(one["key"]) for one in client.get("/v1/audit/keys")]
    events = client.get(f"{ledger.path}/events")
    assert len(events) > 5
    for event in events:
        found = _proof_of(client, ledger.path, event)
        leaf = leaf_hash(
            found["shard"],
            found["position"],
            bytes.fromhex(found["envelope"]["ledger_id"].replace("-", "")),
            found["ledger_seq"],
            found["recorded_us"],
            _bytes(found["record"]),
            _bytes(found["sealed"]),
        )
        assert leaf == _bytes(found["leaf"])
        head = Head.of(open_note(found["head"]["note"], [key]))
        proof = [_bytes(step) for step in found["proof"]]
        assert inclusion_holds(leaf, found["position"] - 1, head.size, proof, head.root)
        assert found["envelope"]["event_id"] == event["event_id"]


def test_a_later_head_grows_out_of_an_earlier_one(proven: Product) -> None:
    client = proven.client()
    ledger = open_ledger(client)
    key = PublicKey.parse(client.get("/v1/audit/keys")[0]["key"])
    notes = []
    for _ in range(2):
        ledger.record()
        last = client.get(f"{ledger.path}/events", limit=1000)[-1]
        notes.append(_proof_of(client, ledger.path, last)["head"])
    first, second = (Head.of(open_note(one["note"], [key])) for one in notes)
    assert first.size < second.size
    shard = notes[0]["shard"]
    found = client.get("/v1/audit/consistency", shard=shard, first=first.size, second=second.size)
    proof = [_bytes(step) for step in found["proof"]]
    assert consistency_holds(first.size, first.root, second.size, second.root, proof)
    assert (found["first_head"], found["second_head"]) == (notes[0]["note"], notes[1]["note"])
    heads = {one["shard"]: one["note"] for one in client.get("/v1/audit/heads")}
    assert heads[shard] == notes[1]["note"]


@pytest.mark.parametrize(("first", "second"), [(2, 1), (1, 1_000_000), (1_000_000, 2**62)])
def test_refuses_a_consistency_proof_beyond_what_is_signed(
    proven: Product, first: int, second: int
) -> None:
    answer = proven.client().send(
        "GET", "/v1/audit/consistency", params={"shard": 3, "first": first, "second": second}
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "sizes_do_not_fit")


def test_another_persons_event_is_not_there(proven: Product) -> None:
    ada, bob = (proven.client(token) for token in TOKENS)
    hers, his = open_ledger(ada), open_ledger(bob)
    event = ada.get(f"{hers.path}/events")[0]["event_id"]
    answer = bob.send("GET", f"{his.path}/evidence/{event}")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "event_not_found")
    assert bob.send("GET", f"{hers.path}/evidence/{event}").status_code == 404
    assert bob.send("GET", f"{his.path}/evidence/nonsense").status_code == 404


def test_without_evidence_it_says_so(database_url: str) -> None:
    with product(database_url) as without:
        client = without.client()
        ledger = open_ledger(client)
        event = client.get(f"{ledger.path}/events")[0]["event_id"]
        for path in (f"{ledger.path}/evidence/{event}", "/v1/audit/heads", "/v1/audit/keys"):
            answer = client.send("GET", path)
            assert (answer.status_code, answer.json()["error"]["code"]) == (503, "evidence_is_off")


def test_readiness_says_whether_heads_are_signed(proven: Product) -> None:
    parts = proven.client().get("/ready")["parts"]
    assert parts["evidence"] == {"state": "ok", "signing": "ok"}
