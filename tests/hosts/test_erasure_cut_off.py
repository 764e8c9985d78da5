"""An erasure that was cut off, or came too early for somebody, goes on with whoever is there."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from uuid import UUID

import psycopg
import pytest
from hosts.test_erasure import CANARY, PHRASE, Home, at_home
from services import PostgresService

from mintflow.hosts.cli.erasing import _erase_now
from mintflow.hosts.erasure import Erasing
from mintflow.projections.core.rebuild import rebuild
from mintflow.store.keys import FolderKeyStore


@pytest.fixture
def home(postgres: PostgresService, tmp_path: Path) -> Iterator[Home]:
    with at_home(postgres, tmp_path) as made:
        yield made


def kept_answers(url: str) -> set[UUID]:
    """Whose ledgers or callers have answers under a key."""
    with psycopg.connect(url) as conn:
        return {scope_id for (scope_id,) in conn.execute("select scope_id from log.answer")}


def test_erase_now_goes_on_where_a_host_was_cut_off(home: Home) -> None:
    """Nobody else empties the tables where no host runs."""
    home.ada.post("/v1/me/erasure", {"confirm": PHRASE})
    home.product.call(home.erasing.run())
    assert home.state() == "erasing"
    url, data = home.product.database_url, home.folder.parent
    for _ in range(2):
        (told,) = asyncio.run(_erase_now(url, data, home.ledger, PHRASE))["ledgers"]
        assert (told["state"], home.state()) == ("erased", "erased")
    assert CANARY not in str(home.ada.get(f"{home.path}/transactions"))


def test_an_answer_that_comes_late_goes_whoever_swept(home: Home) -> None:
    """`erase --now`, or a host that was started anew since, looks for none any more."""
    home.erase()
    url = home.product.database_url
    with psycopg.connect(url, autocommit=True) as conn:
        late = [home.ledger, CANARY.encode()]
        conn.execute("select log.keep_answer(%s, 'slow', '', %s)", late)
    assert UUID(home.ledger) in kept_answers(url)
    home.product.call(Erasing(url, home.product.running, home.keys).run())
    kept = kept_answers(url)
    assert UUID(home.ledger) not in kept
    assert UUID(home.other) in kept


def test_what_a_key_that_came_back_opened_is_emptied_also_after_a_kill(home: Home) -> None:
    """Destroyed again, and killed before the tables were emptied again."""
    path = next(home.folder.rglob(f"{UUID(home.ledger).hex}.key"))
    kept = path.read_bytes()
    home.erase()
    path.write_bytes(kept)
    rebuild(home.product.database_url, partial(FolderKeyStore, home.folder), jobs=1)
    assert CANARY in str(home.ada.get(f"{home.path}/transactions"))
    home.product.call(home.erasing.run())
    assert (path.exists(), home.state()) == (False, "erasing")
    home.erasing = Erasing(home.product.database_url, home.product.running, home.keys)
    home.product.call(home.erasing.run())
    home.product.call(home.sweep())
    assert home.state() == "erased"
    assert CANARY not in str(home.ada.get(f"{home.path}/transactions"))
