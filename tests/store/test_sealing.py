"""Sealed facts: under the key of their ledger, bound to their event, and erasable."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest
from store.appending import assert_whole, connect, ledger_in
from store.bookkeeping import Bookkeeper

from mintflow.store.keys import MemoryKeyStore
from mintflow.store.mapper import Mapper
from mintflow.store.sealing import FRESH_S, LedgerIsErased, Sealer
from mintflow.store.verify import verify

FACTS = {"description": "Käse & Brot", "notes": ""}


@pytest.fixture
def keys() -> MemoryKeyStore:
    return MemoryKeyStore()


@pytest.fixture
def sealer(keys: MemoryKeyStore) -> Sealer:
    return Sealer(keys)


@pytest.fixture
def ledger(sealer: Sealer) -> UUID:
    ledger_id = uuid4()
    sealer.prepare(ledger_id)
    return ledger_id


def test_what_is_sealed_opens_again_and_shows_nothing(sealer: Sealer, ledger: UUID) -> None:
    sealed = sealer.seal(ledger, b"event", FACTS)
    assert sealer.unseal(ledger, b"event", sealed) == FACTS
    assert "Käse".encode() not in sealed
    assert sealer.seal(ledger, b"event", FACTS) != sealed


def test_nothing_sealed_is_no_facts(sealer: Sealer, ledger: UUID) -> None:
    assert sealer.unseal(ledger, b"event", b"") == {}


def test_does_not_open_beside_another_event(sealer: Sealer, ledger: UUID) -> None:
    assert sealer.unseal(ledger, b"other", sealer.seal(ledger, b"event", FACTS)) is None


def test_does_not_open_under_the_key_of_another_ledger(sealer: Sealer, ledger: UUID) -> None:
    other = uuid4()
    sealer.prepare(other)
    assert sealer.unseal(other, b"event", sealer.seal(ledger, b"event", FACTS)) is None


def test_does_not_open_when_a_bit_was_changed_or_cut_off(sealer: Sealer, ledger: UUID) -> None:
    sealed = sealer.seal(ledger, b"event", FACTS)
    for place in range(len(sealed)):
        changed = bytearray(sealed)
        changed[place] ^= 1
        assert sealer.unseal(ledger, b"event", bytes(changed)) is None
        if place:
            assert sealer.unseal(ledger, b"event", sealed[:place]) is None


def test_other_processes_open_it_with_the_same_keys(
    sealer: Sealer, ledger: UUID, keys: MemoryKeyStore
) -> None:
    assert Sealer(keys).unseal(ledger, b"event", sealer.seal(ledger, b"event", FACTS)) == FACTS


def test_what_was_sealed_under_an_earlier_key_still_opens(
    sealer: Sealer, ledger: UUID, keys: MemoryKeyStore
) -> None:
    old = sealer.seal(ledger, b"event", FACTS)
    keys.rotate(ledger)
    new = Sealer(keys).seal(ledger, b"event", FACTS)
    assert (old[1:5], new[1:5]) == (b"\0\0\0\1", b"\0\0\0\2")
    for reader in (Sealer(keys), sealer):
        assert reader.unseal(ledger, b"event", old) == FACTS
    assert Sealer(keys).unseal(ledger, b"event", new) == FACTS
    # The number is no way to have it opened by another key.
    assert Sealer(keys).unseal(ledger, b"event", new[:1] + old[1:5] + new[5:]) is None


def test_a_process_forgets_within_seconds_what_another_destroyed_or_replaced(
    ledger: UUID, keys: MemoryKeyStore
) -> None:
    now = 100
    running = Sealer(keys, clock=lambda: now)
    sealed = running.seal(ledger, b"event", FACTS)
    keys.rotate(ledger)
    assert running.seal(ledger, b"event", FACTS)[1:5] == b"\0\0\0\1"
    now += FRESH_S * 1_000_000_000
    assert running.seal(ledger, b"event", FACTS)[1:5] == b"\0\0\0\2"
    keys.destroy(ledger)
    now += FRESH_S * 1_000_000_000
    assert not running.holds(ledger)
    assert running.unseal(ledger, b"event", sealed) is None
    with pytest.raises(LedgerIsErased):
        running.seal(ledger, b"event", FACTS)


def test_refuses_to_seal_for_an_erased_ledger(
    sealer: Sealer, ledger: UUID, keys: MemoryKeyStore
) -> None:
    keys.destroy(ledger)
    sealer.forget(ledger)
    with pytest.raises(LedgerIsErased):
        sealer.seal(ledger, b"event", FACTS)


def test_an_erased_ledger_keeps_its_sums_its_hashes_and_its_proof(
    database_url: str, keys: MemoryKeyStore
) -> None:
    sealer = Sealer(keys)
    mapper = Mapper(sealer)
    erased, other = ledger_in(2), ledger_in(2)
    with connect(database_url) as conn:
        for ledger_id in (erased, other):
            sealer.prepare(ledger_id)
            keeper = Bookkeeper(conn, mapper, ledger_id)
            keeper.open()
            keeper.live(10)
        before = verify(database_url, jobs=1)

        keys.destroy(erased)
        sealer.forget(erased)

        after = verify(database_url, jobs=1)
        assert after.ok
        assert after == before
        assert_whole(conn)
        rows = conn.execute(
            "select shard, position, ledger_id, ledger_seq, recorded_at, record, sealed"
            " from log.event order by shard, position"
        ).fetchall()
    for row in rows:
        event = mapper.recorded(*row)
        decoded = mapper.domain_event(event)  # everything else still reads
        if event.ledger_id == other:
            assert event.private() is not None
        elif event.sealed:
            assert event.private() is None
            assert not any(getattr(decoded, name) for name in decoded.SEALED)


def test_no_personal_word_stands_in_the_open(database_url: str, sealer: Sealer) -> None:
    ledger_id = ledger_in(2)
    sealer.prepare(ledger_id)
    with connect(database_url) as conn:
        keeper = Bookkeeper(conn, Mapper(sealer), ledger_id)
        keeper.open()
        keeper.live(5)
        found = conn.execute(
            "select count(*) from log.event where position(%s::bytea in record) > 0"
            " or position(%s::bytea in record) > 0 or position(%s::bytea in sealed) > 0",
            [b"Row ", b"Checking", b"Row "],
        ).fetchone()
    assert found == (0,)
