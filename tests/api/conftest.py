"""A product for the tests of its HTTP face, two people, and a fresh ledger for each test."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from acceptance.product import TOKENS, Client, Product, product
from services import PostgresService

from mintflow.hosts.notarizing import Evidence
from mintflow.hosts.settings import Settings
from mintflow.store.evidence.keyring import Keyring
from mintflow.store.evidence.register import Register


@dataclass(frozen=True)
class Ledger:
    """A ledger of Ada's with two accounts. path: its address, `/v1/ledgers/…`."""

    client: Client
    path: str
    checking: str
    savings: str

    def transaction(self, **facts: Any) -> dict[str, Any]:
        """The body of a transaction of the checking account."""
        plain = {"date": "2025-03-14", "amount": "-12.30", "description": "Corner shop"}
        return {"account_id": self.checking, **plain, **facts}

    def record(self, **facts: Any) -> dict[str, Any]:
        recorded: dict[str, Any] = self.client.post(
            f"{self.path}/transactions", self.transaction(**facts)
        )
        return recorded


@pytest.fixture(scope="module")
def books(postgres: PostgresService, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    settings = Settings.from_environment({"MINTFLOW_WAIT_S_MAX": "2"})
    folder = tmp_path_factory.mktemp("evidence")
    evidence = Evidence(Keyring(folder / "signing", uuid4()), Register(folder / "heads"))
    with postgres.migrated() as url, product(url, settings=settings, evidence=evidence) as started:
        yield started


@pytest.fixture
def ada(books: Product) -> Client:
    return books.client(TOKENS[0])


@pytest.fixture
def bob(books: Product) -> Client:
    return books.client(TOKENS[1])


@pytest.fixture
def ledger(ada: Client) -> Ledger:
    return open_ledger(ada)


def open_ledger(client: Client) -> Ledger:
    opened = client.post("/v1/ledgers", {"name": "Home", "currency": "USD"})
    path = f"/v1/ledgers/{opened['ledger_id']}"
    accounts = [
        client.post(f"{path}/accounts", {"name": kind, "kind": kind, "currency": "USD"})
        for kind in ("checking", "savings")
    ]
    return Ledger(client, path, accounts[0]["account_id"], accounts[1]["account_id"])
