"""Read models that another release left: made anew where they are this host's own, refused else."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from services import new_data_folder

from mintflow.hosts.embedded import EmbeddedHost
from mintflow.hosts.settings import Settings

# As a release that kept the terms of budgets in another shape would have left them.
_ANOTHER_RELEASE = (
    "update projection.checkpoint set version = 1 where projection = 'budgets';"
    " alter table model.budget_terms drop column cap cascade"
)


@pytest.fixture
def data_dir() -> Iterator[Path]:
    path = new_data_folder()
    yield path
    shutil.rmtree(path, ignore_errors=True)


@asynccontextmanager
async def _serving(data_dir: Path) -> AsyncIterator[tuple[EmbeddedHost, httpx.AsyncClient]]:
    async with EmbeddedHost(data_dir, Settings.from_environment({})) as host:
        transport = httpx.ASGITransport(app=host.app, raise_app_exceptions=False)
        headers = {"Authorization": f"Bearer {host.token}"}
        async with httpx.AsyncClient(
            transport=transport, base_url="http://host", headers=headers
        ) as client:
            yield host, client


async def _told(client: httpx.AsyncClient, address: str) -> Any:
    answer = await client.get(address)
    assert answer.status_code == 200, answer.text
    return answer.json()["data"]


def test_read_models_of_another_release_are_made_anew_when_the_host_starts(data_dir: Path) -> None:
    async def go() -> None:
        async with _serving(data_dir) as (host, client):
            opened = await client.post("/v1/ledgers", json={"name": "Home", "currency": "USD"})
            books = "/v1/ledgers/" + opened.json()["data"]["ledger_id"]
            wanted = {"category": "food_dining", "amount": "600.00"}
            made = await client.put(f"{books}/budgets", json=wanted)
            assert made.is_success, made.text
            position = made.json()["meta"]["position"]
            address = f"{books}/budgets?month=2026-01&min_position={position}"
            before = await _told(client, address)
            assert len(before) == 1
            with psycopg.connect(host.database_url, autocommit=True) as conn:
                conn.execute(_ANOTHER_RELEASE)
            refused = await client.get(f"{books}/budgets")
            assert refused.status_code == 503, refused.text
            assert refused.json()["error"]["code"] == "projection_not_served"
            assert "mintflow rebuild" in refused.json()["error"]["message"]
        async with _serving(data_dir) as (_, client):
            assert await _told(client, address) == before

    asyncio.run(go())
