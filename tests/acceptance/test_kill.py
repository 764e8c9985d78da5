"""kill -9 of the host while it imports, again and again: every import is whole or absent.

The real program on a real embedded Postgres with durable commits, each life forked from a process
that has imported it. Half of the time Postgres is killed with it. Only processes that this test
started are killed.
"""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
from services import new_data_folder
from warm_program import WarmProgram, warm_command

from mintflow.commands.core.batches import PART_EVENTS
from mintflow.hosts.postgres.postmaster import read_postmaster

IN_CI = os.environ.get("CI", "").lower() in {"1", "true"}
KILLS = int(os.environ.get("MINTFLOW_KILLS") or (50 if IN_CI else 6))
# More than are appended at a time: a kill between two parts of a commit is one of those to survive.
ROWS = PART_EVENTS * 3 // 2
STARTED_WITHIN_S = 60


@pytest.fixture
def folder() -> Iterator[Path]:
    path = new_data_folder()
    yield path
    shutil.rmtree(path, ignore_errors=True)


@dataclass
class Host:
    """`mintflow up` on a folder; started again after every kill."""

    folder: Path
    process: WarmProgram = field(init=False)
    facts: dict[str, Any] = field(init=False)

    def start(self) -> None:
        (self.folder / "api.json").unlink(missing_ok=True)
        self.process = WarmProgram(["up", "--data", str(self.folder), "--port", "0"])
        deadline = time.monotonic() + STARTED_WITHIN_S
        while not (self.folder / "api.json").exists():
            assert self.process.poll() is None, "the host ended instead of starting"
            assert time.monotonic() < deadline, "the host did not start"
            time.sleep(0.02)
        self.facts = json.loads((self.folder / "api.json").read_bytes())

    def kill(self, *, with_postgres: bool) -> None:
        """No chance to tidy up; the postmaster is the one that this host started."""
        postmaster = read_postmaster(self.folder / "postgres")
        self.process.kill()
        if with_postgres and postmaster is not None:
            with suppress(ProcessLookupError):
                os.kill(postmaster.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=60)

    def call(self, method: str, path: str, **how: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {self.facts['token']}", **how.pop("headers", {})}
        url = f"{self.facts['url']}{path}"
        return httpx.request(method, url, headers=headers, timeout=120, **how)

    def data(self, method: str, path: str, **how: Any) -> Any:
        answer = self.call(method, path, **how)
        assert answer.is_success, answer.text
        return answer.json()["data"]


@dataclass
class Account:
    """The account that everything is imported into, and what must be in it."""

    host: Host
    path: str
    account_id: str
    files: int = 0

    def send(self, number: int, *, key: bool) -> httpx.Response:
        return self.host.call(
            "POST",
            f"{self.path}/imports",
            files={"file": ("bank.csv", _file(number))},
            data={"account_id": self.account_id},
            headers={"Idempotency-Key": f"file-{number}"} if key else {},
        )

    def imports(self) -> list[dict[str, Any]]:
        """All that the log holds, also what the killed host had not folded yet."""
        with psycopg.connect(self.host.facts["database_url"], autocommit=True) as conn:
            position = _head_of_complete_log(conn, self.path.rpartition("/")[2])
        asked = {"min_position": position}
        found: list[dict[str, Any]] = self.host.data("GET", f"{self.path}/imports", params=asked)
        return found

    def assert_whole(self) -> None:
        """As many rows as the files hold, and not one more; every figure follows."""
        imports = self.imports()
        assert len(imports) >= self.files
        assert sum(one["added"] for one in imports) == self.files * ROWS
        shown = self.host.data("GET", f"{self.path}/accounts/{self.account_id}")
        assert Decimal(shown["balance"]) == self.files * sum(_amounts())
        with psycopg.connect(self.host.facts["database_url"], autocommit=True) as conn:
            rows = conn.execute("select count(*), sum(amount) from model.transactions").fetchone()
        assert rows == (self.files * ROWS, self.files * sum(_amounts()))


# Fifty starts, kills and imports into a growing log take minutes, more of them beside other tests.
@pytest.mark.timeout(3_000)
@pytest.mark.slow
def test_a_killed_import_is_whole_or_absent_and_the_log_complete(folder: Path) -> None:
    host = Host(folder)
    host.start()
    try:
        account = _open_account(host)
        began = time.monotonic()
        assert account.send(0, key=False).status_code == 201
        duration = time.monotonic() - began
        account.files = 1
        outcomes = {"absent": 0, "whole": 0, "answered": 0}
        for number in range(1, KILLS + 1):
            # Anywhere in an import, and every other time around its end, where it is decided.
            earliest = 0 if number % 2 else duration * 0.75
            delay = random.uniform(earliest, duration * 1.15)
            outcome = _kill_during_import(account, number, delay)
            outcomes[outcome] += 1
            # Imports take longer as the log grows: the end is where half of them come through.
            duration *= 1.08 if outcome == "absent" else 0.92
            account.assert_whole()
            _send_again(account, number, came_through=outcome != "absent")
            account.assert_whole()
        print(f"{KILLS} kills, imports of about {duration:.2f} s: {outcomes}")
        host.stop()
        done = _command("rebuild", "--all", "--data", str(folder), "--json")
        assert done["identical"] is True, done
        assert _command("audit", "verify", "--data", str(folder), "--json")["ok"] is True
    finally:
        if host.process.poll() is None:
            host.stop()


def _kill_during_import(account: Account, number: int, delay: float) -> str:
    """What became of it: absent, whole, or whole and answered before the kill."""
    answers: list[int] = []

    def send() -> None:
        with suppress(httpx.TransportError):
            answers.append(account.send(number, key=_has_key(number)).status_code)

    sender = threading.Thread(target=send)
    sender.start()
    time.sleep(delay)
    account.host.kill(with_postgres=number % 8 < 4)
    sender.join()
    account.host.start()
    added = sum(one["added"] for one in account.imports())
    came_through = added // ROWS - account.files
    assert (added % ROWS, came_through) in ((0, 0), (0, 1)), "an import is there in part"
    if answers:
        assert answers == [201]
        assert came_through == 1, "an import that was answered is gone"
    account.files += came_through
    return "answered" if answers else "whole" if came_through else "absent"


def _send_again(account: Account, number: int, *, came_through: bool) -> None:
    """What a client does that got no answer: with the same key it is done once; without one its
    rows are known, or new, all of them."""
    key = _has_key(number)
    answer = account.send(number, key=key)
    done = answer.json()["data"]
    replayed = answer.headers.get("idempotency-replayed") == "true"
    if came_through and not key:
        assert (done["added"], done["known"]) == (0, ROWS)
    else:
        assert (done["added"], done["known"]) == (ROWS, 0)
        assert replayed is came_through
    account.files += not came_through


def _has_key(number: int) -> bool:
    return number % 4 < 2


def _head_of_complete_log(conn: psycopg.Connection[Any], ledger_id: str) -> int:
    """The last position of the ledger; no shard and no ledger has a gap before its head."""
    for shard, count, last, head in conn.execute(
        "select h.shard, count(e.position), coalesce(max(e.position), 0), h.position"
        " from log.shard_head h left join log.event e using (shard) group by h.shard, h.position"
    ):
        assert count == last == head, f"shard {shard}"
    row = conn.execute(
        "select count(*), max(e.ledger_seq), l.ledger_seq, max(e.position) from log.ledger_head l"
        " join log.event e using (ledger_id) where l.ledger_id = %s group by l.ledger_seq",
        [ledger_id],
    ).fetchone()
    assert row is not None
    count, last, head, position = row
    assert count == last == head, "the ledger has a gap"
    return int(position)


def _open_account(host: Host) -> Account:
    ledger = host.data("POST", "/v1/ledgers", json={"name": "Home", "currency": "USD"})
    path = f"/v1/ledgers/{ledger['ledger_id']}"
    body = {"name": "checking", "kind": "checking", "currency": "USD"}
    return Account(host, path, host.data("POST", f"{path}/accounts", json=body)["account_id"])


def _amounts() -> list[Decimal]:
    return [Decimal(n % 997 - 400) / 100 for n in range(ROWS)]


def _file(number: int) -> bytes:
    """New rows for every number, over some days of a year; the amounts are always the same."""
    lines = ["Date,Description,Amount"]
    for n, amount in enumerate(_amounts()):
        lines.append(f"{2025}-{n % 12 + 1:02d}-{n % 28 + 1:02d},Shop {number} {n},{amount}")
    return "\n".join(lines).encode()


def _command(*words: str) -> Any:
    return json.loads(warm_command(words))
