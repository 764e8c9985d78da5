"""`mintflow api`: several processes on one database and one folder answer as one."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import psycopg
import pytest

from mintflow.hosts.access import LocalOwner

PROGRAM = (sys.executable, "-m", "mintflow.hosts.cli")


@contextmanager
def api_process(database_url: str, folder: Path, **settings: str) -> Iterator[str]:
    """The address of a running one; it ends in order."""
    environment = {
        **os.environ,
        "MINTFLOW_DATABASE_URL": database_url,
        "MINTFLOW_LOG_LEVEL": "INFO",
        "MINTFLOW_WAIT_S_MAX": "30",
        **settings,
    }
    command = [*PROGRAM, "api", "--data", str(folder), "--port", "0"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        try:
            for line in process.stderr:
                found = re.search(r'"url": ?"(http://[^"]+)"', line)
                if found:
                    break
            else:
                pytest.fail("the API ended instead of serving")
            rest = threading.Thread(target=process.stderr.read)
            rest.start()
            yield found[1]
            process.send_signal(signal.SIGTERM)
            assert process.wait(30) == 0
            rest.join()
        finally:
            process.kill()


@pytest.mark.slow
def test_two_of_them_and_one_that_folds_answer_as_one(
    database_url: str, redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PGAPPNAME", raising=False)
    with (
        api_process(database_url, tmp_path, MINTFLOW_REDIS_URL=redis_url) as one,
        api_process(database_url, tmp_path, MINTFLOW_REDIS_URL=redis_url) as two,
        folding(database_url, tmp_path),
    ):
        token = json.loads((tmp_path / "owner.json").read_bytes())["token"]
        headers = {"Authorization": f"Bearer {token}"}
        made = httpx.post(
            f"{one}/v1/ledgers", json={"name": "Home", "currency": "EUR"}, headers=headers
        ).json()["data"]
        body = {"name": "Giro", "kind": "checking", "currency": "EUR", "opening_balance": "10.00"}
        path = f"/v1/ledgers/{made['ledger_id']}/accounts"
        answer = httpx.post(f"{two}{path}", json=body, headers=headers).json()
        seen = httpx.get(
            f"{one}{path}", params={"min_position": answer["meta"]["position"]}, headers=headers,
            timeout=60,
        )  # fmt: skip
        assert [row["balance"] for row in seen.json()["data"]] == ["10.00"]
        assert httpx.get(f"{two}{path}").status_code == 401
        with psycopg.connect(database_url) as conn:
            names = conn.execute(
                "select distinct application_name from pg_stat_activity"
                " where datname = current_database() and pid <> pg_backend_pid()"
            ).fetchall()
        assert {name for (name,) in names} == {"mintflow api", "mintflow up"}


@contextmanager
def folding(database_url: str, folder: Path) -> Iterator[None]:
    """A host that folds, on the same database, with a folder of its own and the same keys."""
    other = folder / "other"
    environment = {
        **os.environ,
        "MINTFLOW_DATABASE_URL": database_url,
        "MINTFLOW_KEYS_FOLDER": str(folder / "keys"),
    }
    command = [*PROGRAM, "up", "--data", str(other), "--port", "0"]
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)


def test_refuses_without_a_database(tmp_path: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if k != "MINTFLOW_DATABASE_URL"}
    command = [*PROGRAM, "api", "--data", str(tmp_path), "--port", "0"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "database_not_set" in done.stderr
    assert not list(tmp_path.iterdir())


def test_processes_that_start_together_on_a_new_folder_have_one_owner(tmp_path: Path) -> None:
    owners: list[LocalOwner] = []
    gate = threading.Barrier(8)

    def start() -> None:
        gate.wait()
        owners.append(LocalOwner.of(tmp_path, uuid4()))

    threads = [threading.Thread(target=start) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({owner.token for owner in owners}) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["owner.json"]
