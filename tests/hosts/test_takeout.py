"""Taking everything out and bringing it into a fresh installation: the same books, new keys."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from acceptance.product import TOKENS, Client, Product, authenticate, product
from services import PostgresService

from mintflow.domain.core.errors import MintFlowError
from mintflow.hosts.settings import Settings
from mintflow.hosts.takeout import LedgerIsHere, import_takeout
from mintflow.store.keys import FolderKeyStore
from mintflow.store.takeout import TakeoutDamaged
from mintflow.store.verify import verify

HOUSEHOLD = Path(__file__).resolve().parents[2] / "hosts/demo/household"
SETTINGS = Settings.from_environment({})


@pytest.fixture(scope="module")
def home(
    postgres: PostgresService, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Product, str]]:
    """The sample household of Ada's, and a ledger of Bob's."""
    keys = FolderKeyStore(tmp_path_factory.mktemp("keys"))
    with postgres.migrated() as url, product(url, keys=keys, settings=SETTINGS) as started:
        ada, bob = started.client(TOKENS[0]), started.client(TOKENS[1])
        bob.post("/v1/ledgers", {"name": "Bobs own", "currency": "USD"})
        ledger = ada.post("/v1/ledgers", {"name": "Zu Hause ✓", "currency": "USD"})["ledger_id"]
        fill(ada, f"/v1/ledgers/{ledger}")
        yield started, ledger


def fill(client: Client, path: str) -> None:
    for name, kind, files in (
        ("Checking", "checking", ("checking-1.csv", "checking-2.csv")),
        ("Card", "credit_card", ("card-1.ofx", "card-2.ofx")),
    ):
        body = {"name": name, "kind": kind, "currency": "USD", "opening_balance": "100.10"}
        account = client.post(f"{path}/accounts", body)["account_id"]
        for file in files:
            client.upload(
                f"{path}/imports", file, (HOUSEHOLD / file).read_bytes(), account_id=account
            )
    row = client.get(f"{path}/transactions")[0]["transaction_id"]
    client.patch(f"{path}/transactions/{row}", {"notes": 'a "note",\nof two lines'})
    client.put(f"{path}/budgets", {"category": "food_dining", "amount": "400", "period": "monthly"})
    client.post(
        f"{path}/rules",
        {"name": "Coffee", "condition": "coffee", "actions": {"tags": ["daily"]}},
    )


def books(client: Client, ledger: str) -> dict[str, Any]:
    """What a person sees of them, but for positions."""
    path = f"/v1/ledgers/{ledger}"
    start = client.pages(f"{path}/transactions")
    for row in start:
        row.pop("last_position", None)
    return {
        "ledger": client.get(path),
        "accounts": client.get(f"{path}/accounts"),
        "transactions": start,
        "totals": client.get(f"{path}/category-totals", start="2020-01-01", end="2030-12-31"),
        "trial": client.get(f"{path}/trial-balance"),
        "budgets": client.get(f"{path}/budgets/status", month="2026-03"),
        "rules": client.get(f"{path}/rules"),
    }


@pytest.fixture(scope="module")
def taken(home: tuple[Product, str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    answer = home[0].client(TOKENS[0]).send("GET", "/v1/me/takeout")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/zip"
    path = tmp_path_factory.mktemp("taken") / "takeout.zip"
    path.write_bytes(answer.content)
    return path


def test_a_fresh_installation_shows_the_same_books(
    home: tuple[Product, str], taken: Path, postgres: PostgresService, tmp_path: Path
) -> None:
    started, ledger = home
    before = books(started.client(TOKENS[0]), ledger)
    other = authenticate(TOKENS[1])
    assert other is not None
    with postgres.migrated() as url, product(url, keys=FolderKeyStore(tmp_path)) as fresh:
        brought = fresh.call(import_takeout(fresh.running, taken, other.user_id))
        assert [one["ledger_id"] for one in brought] == [ledger]
        assert books(fresh.client(TOKENS[1]), ledger) == before
        assert verify(url, jobs=1).ok
        with pytest.raises(LedgerIsHere):
            fresh.call(import_takeout(fresh.running, taken, other.user_id))
        # Its owner goes on with it as with any other.
        renamed = fresh.client(TOKENS[1]).patch(f"/v1/ledgers/{ledger}", {"name": "Mine"})
        assert renamed["name"] == "Mine"


def test_it_holds_all_of_the_callers_and_nothing_of_others(
    home: tuple[Product, str], taken: Path
) -> None:
    started, ledger = home
    with zipfile.ZipFile(taken) as archive:
        names = archive.namelist()
        manifest = json.loads(archive.read("manifest.json"))
        everything = b"".join(archive.read(name) for name in names)
        lines = archive.read(f"ledgers/{ledger}/events.jsonl").splitlines()
        rows = json.loads(archive.read(f"ledgers/{ledger}/transactions.json"))
        table = archive.read(f"ledgers/{ledger}/transactions.csv").decode()
    assert b"Bobs own" not in everything
    assert [one["ledger_id"] for one in manifest["ledgers"]] == [ledger]
    assert set(names) == {*manifest["files"], "manifest.json"}
    assert manifest["files"][f"ledgers/{ledger}/events.jsonl"]["rows"] == len(lines)
    shown = started.client(TOKENS[0]).pages(f"/v1/ledgers/{ledger}/transactions")
    assert {row["amount"] for row in rows} >= {one["amount"] for one in shown}
    read = list(csv.DictReader(io.StringIO(table)))
    assert [one["transaction_id"] for one in read] == [one["transaction_id"] for one in rows]
    assert 'a "note",\nof two lines' in {one["notes"] for one in read}


def test_its_schema_describes_every_file_and_every_event(taken: Path) -> None:
    with zipfile.ZipFile(taken) as archive:
        schema = json.loads(archive.read("schema.json"))
        names = archive.namelist()
        events = next(name for name in names if name.endswith("events.jsonl"))
        lines = [json.loads(line) for line in archive.read(events).splitlines()]
    tables = schema["files"]["ledgers/{ledger_id}/{table}.json and .csv"]
    found = {name.split("/")[2].partition(".")[0] for name in names if name.startswith("ledgers/")}
    assert found == {*tables, "events"}
    for line in lines:
        record = line["record"]
        described = schema["events"][f"{record['type']}.v{record['schema_version']}"]
        data = described["properties"]["data"]["properties"]
        assert record["data"].keys() == data.keys()
        assert set(line["private"]) <= described["x-sealed"]["properties"].keys()


@pytest.mark.parametrize("place", range(1, 10))
def test_refuses_a_takeout_that_was_cut_or_changed_and_brings_in_nothing(
    home: tuple[Product, str], taken: Path, tmp_path: Path, place: int
) -> None:
    content = bytearray(taken.read_bytes())
    if place == 9:
        del content[len(content) // 2 :]
    else:
        content = altered(content, place)
    path = tmp_path / "changed.zip"
    path.write_bytes(content)
    principal = authenticate(TOKENS[1])
    assert principal is not None
    started = home[0]
    before = len(started.client(TOKENS[1]).get("/v1/ledgers"))
    with pytest.raises(TakeoutDamaged):
        started.call(import_takeout(started.running, path, principal.user_id))
    assert len(started.client(TOKENS[1]).get("/v1/ledgers")) == before


def altered(content: bytearray, place: int) -> bytearray:
    """The zip made anew with one thing changed in the events, and the manifest as it was."""
    other = UUID(int=place)
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(made, "w") as new:
        ledger = json.loads(old.read("manifest.json"))["ledgers"][0]["ledger_id"]
        for name in old.namelist():
            data = old.read(name).replace(ledger.encode(), str(other).encode())
            if name.endswith("events.jsonl"):
                lines = data.splitlines(keepends=True)
                match place:
                    case 1:
                        del lines[5]
                    case 2:
                        lines[4], lines[5] = lines[5], lines[4]
                    case 3:
                        lines.append(lines[-1])
                    case 4:
                        lines[3] = b"[" * 100_000 + b"\n"
                    case 5:
                        lines[3] = b'{"ledger_seq": 4}\n'
                    case 6:
                        lines[3] = b"\xff\xfe\n"
                    case 7:
                        lines[-1] = lines[-1].replace(b'"type":"', b'"type":"x')
                    case _:
                        lines = lines[:-1]
                data = b"".join(lines)
            new.writestr(name.replace(ledger, str(other)), data)
    return bytearray(made.getvalue())


def test_refuses_what_is_no_takeout(home: tuple[Product, str], tmp_path: Path) -> None:
    path = tmp_path / "picture.zip"
    path.write_bytes(b"PK no zip at all")
    started = home[0]
    with pytest.raises(MintFlowError, match="no whole takeout"):
        started.call(import_takeout(started.running, path, UUID(int=1)))
