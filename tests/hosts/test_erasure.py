"""Erasing a person: what was written can be found nowhere, and every figure and proof stays."""

from __future__ import annotations

import datetime as dt
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest
from acceptance.product import TOKENS, Client, Product, product
from services import PostgresService

from mintflow.hosts.erasure import Erasing
from mintflow.hosts.settings import Settings
from mintflow.projections.core.rebuild import rebuild
from mintflow.projections.core.sweeping import _ANY_VALUE
from mintflow.projections.registry import PROJECTIONS
from mintflow.store.keys import FolderKeyStore
from mintflow.store.verify import Looking, verify

CANARY = "Xanariensis"
PHRASE = "erase everything"
FIGURES = (
    ("trial-balance", {}),
    ("category-totals", {"start": "2025-01-01", "end": "2025-12-31"}),
    ("budgets/status", {"month": "2025-03"}),
)


class Home:
    """Ada's books with a canary in every text that a person can write, and Bob's beside them."""

    def __init__(self, started: Product, folder: Path, wait: str) -> None:
        self.product, self.folder, self.wait = started, folder, wait
        self.keys = FolderKeyStore(folder)
        self.ada, self.bob = started.client(TOKENS[0]), started.client(TOKENS[1])
        self.erasing = Erasing(started.database_url, started.running, self.keys)
        self.ledger = write(self.ada)
        self.other = write(self.bob)
        self.path = f"/v1/ledgers/{self.ledger}"

    def erase(self) -> None:
        self.ada.post("/v1/me/erasure", {"confirm": PHRASE})
        owner = self.ada.get("/v1/me/erasure")[0]
        assert owner["state"] == "waiting"
        self.product.call(self.erasing.run())
        self.product.call(self.sweep())

    async def sweep(self) -> None:
        """The time that other processes need to forget a key goes by in an instant."""
        self.erasing._clock = lambda: time.monotonic() + 60
        await self.erasing.run()

    def state(self) -> str:
        return str(self.ada.get("/v1/me/erasure")[0]["state"])


@contextmanager
def at_home(postgres: PostgresService, tmp_path: Path, wait: str = "0") -> Iterator[Home]:
    """wait: seconds until an erasure that was asked for is due."""
    settings = Settings.from_environment({"MINTFLOW_ERASURE_WAIT_S": wait})
    with (
        postgres.migrated() as url,
        product(url, keys=FolderKeyStore(tmp_path / "keys"), settings=settings) as started,
    ):
        yield Home(started, tmp_path / "keys", wait)


@pytest.fixture
def home(
    postgres: PostgresService, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Home]:
    with at_home(postgres, tmp_path, str(getattr(request, "param", "0"))) as made:
        yield made


def write(client: Client) -> str:
    """Books with a canary in every text; returns the ledger."""
    number = iter(range(100))

    def canary() -> str:
        return f"{CANARY}{next(number)}"

    def keyed() -> dict[str, str]:
        return {"Idempotency-Key": canary()}

    opened = client.post("/v1/ledgers", {"name": canary(), "currency": "USD"}, headers=keyed())
    path = f"/v1/ledgers/{opened['ledger_id']}"
    refused = client.send(
        "POST", "/v1/ledgers", json={"name": canary(), "currency": "ZZZ"}, headers=keyed()
    )
    assert refused.status_code == 422
    client.patch(path, {"name": canary()})
    account = client.post(
        f"{path}/accounts",
        {"name": canary(), "kind": "checking", "currency": "USD", "opening_balance": "10"},
        headers=keyed(),
    )["account_id"]
    client.post(
        f"{path}/transactions",
        {
            "account_id": account,
            "date": "2025-03-14",
            "amount": "-12.30",
            "description": canary(),
            "notes": canary(),
            "tags": [canary()],
            "external_id": canary(),
            "category": "food_dining.groceries",
        },
        headers=keyed(),
    )
    row = client.post(
        f"{path}/transactions",
        {"account_id": account, "date": "2025-03-15", "amount": "-4", "description": canary()},
    )["transaction_id"]
    client.patch(
        f"{path}/transactions/{row}",
        {"merchant": canary(), "notes": canary(), "tags": [canary(), canary()]},
    )
    client.post(
        f"{path}/rules",
        {
            "name": canary(),
            "condition": f"description:{canary()}",
            "actions": {"category": "food_dining.coffee_shops", "note": canary()},
        },
        headers=keyed(),
    )
    csv = f"Date,Description,Amount\n2025-03-20,{canary()},-7.25\n".encode()
    client.upload(f"{path}/imports", f"{canary()}.csv", csv, account_id=account)
    client.put(
        f"{path}/budgets",
        {"category": "food_dining", "amount": "100", "period": "monthly"},
    )
    assert client.get(f"{path}/transactions", q=CANARY, known_at="seq:6") is not None
    return str(opened["ledger_id"])


def tables(url: str) -> list[str]:
    """Every table that there is, of every schema, those of the server's own among them."""
    with psycopg.connect(url) as conn:
        return [
            name
            for (name,) in conn.execute(
                "select format('%I.%I', n.nspname, c.relname) from pg_class c"
                " join pg_namespace n on n.oid = c.relnamespace"
                " where c.relkind in ('r', 'm', 'p') and not pg_is_other_temp_schema(n.oid)"
            )
        ]


def places_of(url: str, words: str) -> dict[str, int]:
    """Table -> rows that hold the words, as text or as bytes."""
    found = {}
    as_hex = words.encode().hex()
    with psycopg.connect(url, autocommit=True) as conn:
        for table in tables(url):
            row = conn.execute(
                f"select count(*) from {table} t where t::text like %s or t::text like %s".encode(),
                [f"%{words}%", f"%{as_hex}%"],
            ).fetchone()
            assert row is not None
            if row[0]:
                found[table] = row[0]
    return found


def figures(client: Client, ledger: str) -> list[Any]:
    account = client.get(f"/v1/ledgers/{ledger}/accounts")
    return [
        [(one["account_id"], one["balance"], one["available"]) for one in account],
        *(client.get(f"/v1/ledgers/{ledger}/{name}", **asked) for name, asked in FIGURES),
    ]


def test_what_a_person_wrote_is_found_nowhere(
    home: Home, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    url = home.product.database_url
    before = places_of(url, CANARY)
    assert {"model.transactions", "model.rules", "log.answer"} <= before.keys()
    figures_before = figures(home.ada, home.ledger)
    bobs = figures(home.bob, home.other)
    bobs_rows = home.bob.get(f"/v1/ledgers/{home.other}/transactions")
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("analyze")  # the planner keeps the commonest values of every column

    home.bob.post("/v1/me/erasure", {"confirm": PHRASE})
    home.erase()

    assert home.state() == "erased"
    assert places_of(url, CANARY) == {}
    assert figures(home.ada, home.ledger) == figures_before
    assert figures(home.bob, home.other) == bobs
    assert len(home.bob.get(f"/v1/ledgers/{home.other}/transactions")) == len(bobs_rows)
    assert not [path for path in home.folder.rglob("*") if UUID(home.ledger).hex in path.name]
    logged = capfd.readouterr()
    assert CANARY not in caplog.text + logged.out + logged.err
    report = verify(url, jobs=1, looking=Looking(keys=partial(FolderKeyStore, home.folder)))
    assert report.ok, report


def test_what_others_wrote_stays(home: Home) -> None:
    rows = home.bob.get(f"/v1/ledgers/{home.other}/transactions")
    rules = home.bob.get(f"/v1/ledgers/{home.other}/rules")
    home.erase()
    assert home.bob.get(f"/v1/ledgers/{home.other}/transactions") == rows
    assert home.bob.get(f"/v1/ledgers/{home.other}/rules") == rules
    assert {one["description"] for one in home.ada.get(f"{home.path}/transactions")} == {""}


def test_a_rebuild_gives_the_very_rows_that_an_erasure_left(home: Home) -> None:
    home.erase()
    report = rebuild(home.product.database_url, partial(FolderKeyStore, home.folder), jobs=1)
    assert report.identical, report


def test_tables_kept_for_a_way_back_go_too(home: Home) -> None:
    url = home.product.database_url
    rebuild(url, partial(FolderKeyStore, home.folder), jobs=1)
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("create schema model_next_1_1")
        conn.execute("create table model_next_1_1.ledgers as select * from model.ledgers")
    assert "model_before_ledgers.ledgers" in places_of(url, CANARY)
    home.erase()
    assert not [name for name in tables(url) if name.startswith(("model_before", "model_next"))]


def test_nothing_can_be_written_or_read_in_an_erased_ledger_any_more(home: Home) -> None:
    home.erase()
    refused = home.ada.send("PATCH", home.path, json={"name": "Again"})
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "ledger_is_erased")
    past = home.ada.get(f"{home.path}/transactions", known_at="seq:9")
    assert CANARY not in str(past)
    assert CANARY not in str(home.ada.get(f"{home.path}/events", limit=500))


def test_a_past_moment_that_is_held_is_not_given_again_when_it_could_be_read_no_more(
    home: Home,
) -> None:
    """However often it is asked for: a moment that is in use is not dropped."""
    asked = f"{home.path}/transactions"
    assert CANARY in str(home.ada.get(asked, known_at="seq:9"))
    home.erase()
    assert home.state() == "erased"
    assert CANARY not in str(home.ada.get(asked, known_at="seq:9"))
    assert home.ada.get(asked, known_at="seq:9")
    assert home.product.running.services.replays.sessions


def test_an_erased_ledger_is_nobodys_default(home: Home) -> None:
    home.erase()
    new = home.ada.post("/v1/ledgers", {"name": "New", "currency": "USD"})["ledger_id"]
    assert home.ada.get("/v1/ledgers/default")["ledger_id"] == new


def test_keys_that_come_back_with_a_restored_folder_are_destroyed_again(home: Home) -> None:
    path = next(home.folder.rglob(f"{UUID(home.ledger).hex}.key"))
    kept = path.read_bytes()
    home.erase()
    path.write_bytes(kept)
    home.product.call(home.erasing.run())
    assert not path.exists()


@pytest.mark.parametrize("home", ["3600"], indirect=True)
def test_an_erasure_waits_and_can_be_called_off(home: Home) -> None:
    asked = home.ada.post("/v1/me/erasure", {"confirm": PHRASE})
    assert [one["state"] for one in asked] == ["waiting"]
    due = dt.datetime.fromisoformat(asked[0]["due_at"])
    assert dt.timedelta(minutes=55) < due - dt.datetime.now(dt.UTC) < dt.timedelta(hours=1)
    home.product.call(home.erasing.run())
    assert home.state() == "waiting"
    assert home.keys.newest(UUID(home.ledger)) == 1
    again = home.ada.post("/v1/me/erasure", {"confirm": PHRASE})
    assert again[0]["due_at"] == asked[0]["due_at"]
    assert [one["state"] for one in home.ada.delete("/v1/me/erasure")] == ["cancelled"]
    refused = home.ada.send("DELETE", "/v1/me/erasure")
    assert refused.json()["error"]["code"] == "no_erasure_waits"


@pytest.mark.parametrize("home", ["3600"], indirect=True)
def test_repeats_of_asking_and_of_calling_off_change_nothing(home: Home) -> None:
    path, body = "/v1/me/erasure", {"confirm": PHRASE}
    asking, calling = {"Idempotency-Key": "ask"}, {"Idempotency-Key": "call off"}
    home.ada.post(path, body, headers=asking)
    repeat = home.ada.send("POST", path, json=body, headers=asking)
    assert (repeat.status_code, repeat.headers["Idempotency-Replayed"]) == (202, "true")
    home.ada.send("DELETE", path, headers=calling)
    for method, sent, key, status in (
        ("DELETE", None, calling, 200),
        ("POST", body, asking, 202),
        ("DELETE", None, calling, 200),
    ):
        repeat = home.ada.send(method, path, json=sent, headers=key)
        assert repeat.status_code == status, repeat.text
        assert repeat.headers["Idempotency-Replayed"] == "true"
        assert home.state() == "cancelled"
    other = home.ada.send("DELETE", path, headers={"Idempotency-Key": "once more"})
    assert other.json()["error"]["code"] == "no_erasure_waits"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"confirm": "yes"}, "erasure_not_confirmed"),
        ({"confirm": "Erase everything"}, "erasure_not_confirmed"),
        ({}, "request_not_valid"),
        ({"confirm": PHRASE, "ledger_ids": ["0" * 32]}, "ledger_not_found"),
    ],
)
def test_refuses_an_erasure_that_is_not_meant(home: Home, body: dict[str, Any], code: str) -> None:
    refused = home.ada.send("POST", "/v1/me/erasure", json=body)
    assert refused.json()["error"]["code"] == code
    assert home.state() == "none"


def test_refuses_to_erase_the_books_of_another(home: Home) -> None:
    body = {"confirm": PHRASE, "ledger_ids": [home.other]}
    refused = home.ada.send("POST", "/v1/me/erasure", json=body)
    assert refused.json()["error"]["code"] == "ledger_not_found"
    assert home.bob.get("/v1/me/erasure")[0]["state"] == "none"


def test_refuses_to_remove_answers_of_a_ledger_that_is_not_erased(home: Home) -> None:
    with psycopg.connect(home.product.database_url, autocommit=True) as conn:
        for statement in (
            f"select log.forget_answers('{home.ledger}')",
            "delete from log.answer",
            "update log.answer set response = ''",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                conn.execute(statement.encode())


def test_another_process_forgets_the_keys_by_itself(home: Home) -> None:
    """Its sealer looks again after a few seconds, which here have gone by."""
    url = home.product.database_url
    with product(url, keys=FolderKeyStore(home.folder)) as other:
        client = other.client(TOKENS[0])
        assert CANARY in str(client.get(f"{home.path}/transactions"))
        assert client.get(f"/v1/ledgers/{home.ledger}")["name"].startswith(CANARY)
        client.patch(home.path, {"name": f"{CANARY} of another process"})
        account = client.get(f"{home.path}/accounts")[0]["account_id"]
        client.patch(f"{home.path}/accounts/{account}", {"name": f"{CANARY} of another process"})
        kept = other.running.services.repository._cache
        assert str(kept).count(f"{CANARY} of another process") == 2
        # What asks next finds nothing kept of the very aggregate, only of the other one.
        other.running.services.repository.evict(UUID(home.ledger), UUID(home.ledger))
        home.erase()
        for ring in other.running.sealer._rings.values():
            ring.fresh_until = 0
        refused = client.send("PATCH", home.path, json={"name": "Again"})
        assert refused.json()["error"]["code"] == "ledger_is_erased"
        assert not [ledger for ledger, _ in kept if str(ledger) == home.ledger]


def test_the_values_of_every_type_of_column_can_be_forgotten() -> None:
    types = {one.type for each in PROJECTIONS for table in each.tables for one in table.columns}
    assert types <= _ANY_VALUE.keys()
