"""The trail: what must be in it is, nothing personal is in the clear, and a flood is bounded."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest
from acceptance.product import TOKENS, Product
from api.conftest import open_ledger

from mintflow.store.keys import MemoryKeyStore
from mintflow.store.trail import read_trail
from mintflow.store.verify import verify

AUDITOR = "token-of-an-auditor-33ae"
WHO = "auditor:of-the-tests"
CANARY = "canary-of-a-description"


def _entries(books: Product, token: str = AUDITOR) -> list[dict[str, Any]]:
    return books.client(token).pages("/v1/audit/trail", limit=500)


def _last(books: Product, what: str) -> dict[str, Any]:
    return [one for one in _entries(books) if one["what"] == what][-1]


def test_a_refused_command_is_in_the_trail(books: Product) -> None:
    client = books.client()
    ledger = open_ledger(client)
    body = ledger.transaction(description=CANARY, category="no.such.category", amount="x")
    refused = client.send("POST", f"{ledger.path}/transactions", json=body)
    assert refused.status_code == 422
    entry = _last(books, "command.refused")
    assert entry["reason"] == refused.json()["error"]["code"]
    assert entry["actor"].startswith("user:")
    assert entry["address"] == "127.0.0.1"
    assert entry["route"] == "POST /v1/ledgers/{ledger_id}/transactions"
    assert entry["ledger_id"] == ledger.path.rpartition("/")[2]
    assert entry["at"]


def test_a_token_that_is_not_good_is_in_the_trail_without_the_token(books: Product) -> None:
    for _ in range(3):
        assert books.client("secret-of-somebody").send("GET", "/v1/ledgers").status_code == 401
    entry = _last(books, "token.refused")
    assert (entry["actor"], entry["reason"]) == (None, "unauthenticated")
    assert entry["count"] >= 1
    assert "secret-of-somebody" not in str(_entries(books))


def test_who_came_in_which_keys_were_used_and_what_was_read_is_in_the_trail(
    books: Product,
) -> None:
    ledger = open_ledger(books.client())
    ledger_id = ledger.path.rpartition("/")[2]
    _entries(books)
    found = _entries(books)
    assert {"token.used", "key.made", "read"} <= {one["what"] for one in found}
    assert ledger_id in {one["ledger_id"] for one in found if one["what"] == "key.made"}
    read = _last(books, "read")
    assert (read["actor"], read["route"]) == (WHO, "GET /v1/audit/trail")


def test_what_a_token_is_not_enough_for_is_in_the_trail(books: Product) -> None:
    assert books.client(AUDITOR).send("GET", "/v1/ledgers").status_code == 403
    entry = _last(books, "request.refused")
    assert (entry["actor"], entry["reason"]) == (WHO, "scope_not_sufficient")


def test_an_owner_sees_what_he_did_and_nothing_of_others(books: Product) -> None:
    ada, bob = (books.client(token) for token in TOKENS)
    for client in (ada, bob):
        client.send("POST", "/v1/ledgers", json={})
    actors = {one["actor"] for one in _entries(books, TOKENS[0])}
    assert len(actors) == 1
    assert actors != {one["actor"] for one in _entries(books, TOKENS[1])}


def test_nothing_personal_is_in_the_clear(books: Product) -> None:
    client = books.client()
    ledger = open_ledger(client)
    address = f"{ledger.path}/transactions?q={CANARY}"
    client.send("POST", address, json=ledger.transaction(description=CANARY, amount="x"))
    _entries(books)
    with psycopg.connect(books.database_url) as conn:
        rows = conn.execute("select record || sealed from audit.trail").fetchall()
    everything = b"".join(row[0] for row in rows)
    assert rows
    for secret in (CANARY, "127.0.0.1", *TOKENS, "Corner shop", "?q="):
        assert secret.encode() not in everything

    async def work() -> list[dict[str, Any]]:
        async with books.running.pool.connection() as conn:
            return await read_trail(conn, MemoryKeyStore(), 0, 1_000)

    assert {one["address"] for one in books.call(work())} == {None}


def test_a_flood_of_refusals_is_bounded_and_counted(books: Product) -> None:
    trail = books.running.services.trail
    assert trail is not None

    async def flood() -> None:
        for number in range(5_000):
            trail.note("token.refused", address=f"10.0.{number // 250}.{number % 250}")
        for _ in range(1_000):
            trail.note("command.refused", actor="user:1", reason="again")

    before = len(_entries(books))
    books.call(flood())
    entries = _entries(books)[before:]
    assert len(entries) < 300
    dropped = sum(
        one["count"]
        for one in entries
        if (one["what"], one["reason"]) == ("trail.dropped", "token.refused")
    )
    kept = sum(one["count"] for one in entries if one["what"] == "token.refused")
    assert dropped + kept == 5_000
    again = [one for one in entries if one["reason"] == "again"]
    assert sum(one["count"] for one in again) == 1_000, "who has a token is not driven out"


def test_the_trail_is_chained_and_a_changed_entry_is_found(books: Product) -> None:
    _entries(books)
    assert not [one for one in verify(books.database_url, jobs=1).findings if one.shard == -1]
    with psycopg.connect(books.database_url, autocommit=True) as conn:
        for statement in ("delete from audit.trail", "update audit.trail set record = ''"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                conn.execute(statement.encode())
        conn.execute("set session_replication_role = replica")
        conn.execute("update audit.trail set record = record || ' ' where position = 2")
        try:
            found = [one for one in verify(books.database_url, jobs=1).findings if one.shard == -1]
        finally:
            conn.execute(
                "update audit.trail set record = substr(record, 1, length(record) - 1)"
                " where position = 2"
            )
    assert [(one.code, one.position) for one in found] == [("HASH_MISMATCH", 2)]
