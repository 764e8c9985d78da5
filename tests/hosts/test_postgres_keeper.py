"""The Postgres of a host that serves is killed: the host brings it back, and no answer is a 500."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from services import new_data_folder

from mintflow.hosts.embedded import EmbeddedHost
from mintflow.hosts.postgres import EmbeddedPostgres
from mintflow.hosts.postgres.postmaster import read_postmaster
from mintflow.hosts.session import open_database
from mintflow.hosts.settings import Settings

pytestmark = pytest.mark.slow
PATIENCE_S = 120


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A data folder that does not exist yet, removed afterwards."""
    path = new_data_folder()
    yield path
    shutil.rmtree(path, ignore_errors=True)


def test_a_postgres_killed_under_a_host_comes_back_and_nothing_is_lost(data_dir: Path) -> None:
    async def go() -> None:
        async with EmbeddedHost(data_dir, Settings.from_environment({})) as host:
            transport = httpx.ASGITransport(app=host.app, raise_app_exceptions=False)
            headers = {"Authorization": f"Bearer {host.token}"}
            async with httpx.AsyncClient(
                transport=transport, base_url="http://host", headers=headers
            ) as client:
                opened = await client.post("/v1/ledgers", json={"name": "Home", "currency": "USD"})
                ledger = "/v1/ledgers/" + opened.json()["data"]["ledger_id"]
                for number in range(2):
                    facts = {"name": f"Box {number}", "kind": "cash", "currency": "USD"}
                    before = await client.post(f"{ledger}/accounts", json=facts)
                    assert before.status_code == 201
                    server = read_postmaster(data_dir / "postgres")
                    assert server is not None
                    os.kill(server.pid, signal.SIGKILL)
                    seen = f"{ledger}/accounts?min_position="
                    found = await _answered(client, seen + _position(before.json()))
                    assert len(found["data"]) == 2 * number + 1
                    # A command too, under one key until it is answered.
                    late = {"name": f"Late {number}", "kind": "cash", "currency": "EUR"}
                    made = await _answered(client, f"{ledger}/accounts", late, f"late {number}")
                    found = await _answered(client, seen + _position(made))
                    names = [one["name"] for one in found["data"]]
                    assert names.count(late["name"]) == 1

    asyncio.run(go())


async def _answered(
    client: httpx.AsyncClient, address: str, body: Any = None, key: str = ""
) -> dict[str, Any]:
    """The first answer that is none of "ask again"."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        if body is None:
            answer = await client.get(address)
        else:
            answer = await client.post(address, json=body, headers={"Idempotency-Key": key})
        if answer.status_code < 400:
            found: dict[str, Any] = answer.json()
            return found
        assert answer.status_code == 503, answer.text
        assert answer.json()["error"]["code"] in ("store_unavailable", "not_yet_visible")
        assert time.monotonic() < deadline, "Postgres did not come back"
        await asyncio.sleep(0.1)


def _position(answer: dict[str, Any]) -> str:
    return str(answer["meta"]["position"])


@pytest.mark.parametrize("opens", ["host", "database"])
def test_who_is_interrupted_while_postgres_starts_leaves_none_running(
    data_dir: Path, opens: str
) -> None:
    with EmbeddedPostgres(data_dir):
        pass
    settings = Settings.from_environment({})

    async def go() -> None:
        async with (
            EmbeddedHost(data_dir, settings)
            if opens == "host"
            else open_database(data_dir, settings)
        ):
            raise AssertionError("it was to be interrupted before")

    async def interrupted() -> None:
        task = asyncio.create_task(go())
        while not (data_dir / "host.lock").read_text():  # noqa: ASYNC110 - a file has no event
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(interrupted())
    assert read_postmaster(data_dir / "postgres") is None
