"""`mintflow worker` as a process: it folds, tells how it is, stops in order, ends when stuck."""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psycopg
import pytest
from kafka_broker import Broker, BrokerUnavailable
from prometheus_client.parser import text_string_to_metric_families
from read_models.books import Books
from services import missing
from streams.kafka_log import KafkaLog
from streams.workers import caught_up

from mintflow.commands.accounts import OpenAccount
from mintflow.commands.budgets import SetBudget
from mintflow.commands.core.command import Context
from mintflow.commands.core.ids import new_id
from mintflow.commands.core.ports import Principal
from mintflow.commands.ledgers import OpenLedger
from mintflow.commands.transactions import RecordTransaction
from mintflow.hosts.bootstrap import Running, running
from mintflow.hosts.settings import Settings
from mintflow.hosts.watchdog import EXIT_CODE
from mintflow.projections.core.install import install
from mintflow.projections.core.rebuild import rebuild
from mintflow.store.keys import FolderKeyStore

pytestmark = pytest.mark.slow

PROGRAM = (sys.executable, "-m", "mintflow.hosts.cli")
WAIT_S = 60

# As a relay notes it that has brought all there is.
_RELAYED = (
    b"insert into relay.checkpoint (shard, target, source, topic_id, position)"
    b" select shard, '', 'log', '', position from log.shard_head"
)


@pytest.fixture(scope="module")
def broker() -> Iterator[Broker]:
    """One of its own: the topic of a process has no prefix."""
    try:
        with Broker() as broker:
            yield broker
    except BrokerUnavailable as fault:
        missing("Kafka", str(fault))


@pytest.fixture
def books(database_url: str, tmp_path: Path) -> Iterator[Books]:
    install(database_url)
    made = Books(database_url, keys=FolderKeyStore(tmp_path / "keys")).open()
    yield made
    made.close()


@pytest.fixture
def log(broker: Broker) -> Iterator[KafkaLog]:
    made = KafkaLog.of_processes(broker.bootstrap)
    yield made
    made.delete()


class Process:
    """A running worker and the address of its probes."""

    def __init__(self, process: subprocess.Popen[str], url: str) -> None:
        self.process, self.url = process, url

    def ready(self) -> bool:
        return httpx.get(f"{self.url}/ready", timeout=10).status_code == 200


@contextmanager
def worker_process(books: Books, log: KafkaLog, folder: Path, **settings: str) -> Iterator[Process]:
    environment = {
        **os.environ,
        "MINTFLOW_DATABASE_URL": books.url,
        "MINTFLOW_KAFKA": log.bootstrap,
        "MINTFLOW_LOG_LEVEL": "INFO",
        **settings,
    }
    command = [*PROGRAM, "worker", "--data", str(folder)]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            port = None
            for line in process.stderr:
                if line.startswith("{") and json.loads(line)["event"] == "working":
                    port = json.loads(line)["port"]
                    break
            assert port is not None, "the worker ended instead of starting"
            yield Process(process, f"http://127.0.0.1:{port}")
        finally:
            process.kill()
            # What it said is seen beside a failure.
            print(process.communicate()[1])


def eventually(done: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT_S
    while not done():
        assert time.monotonic() < end, "that did not happen in time"
        time.sleep(0.05)


def test_it_folds_and_tells_and_stops_in_order(books: Books, log: KafkaLog, tmp_path: Path) -> None:
    for number in range(20):
        books.record(f"-{number + 1}.00", "2025-03-01", "shopping")
    log.relay(books.url)
    with worker_process(books, log, tmp_path) as worker:
        eventually(lambda: caught_up(books))
        assert httpx.get(f"{worker.url}/health").json() == {"status": "alive"}
        eventually(worker.ready)
        assert len(httpx.get(f"{worker.url}/ready").json()["parts"]["worker"]["partitions"]) == 32
        metrics = {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in text_string_to_metric_families(httpx.get(f"{worker.url}/metrics").text)
            for sample in family.samples
        }
        shard = str(books.shard)
        head = metrics["mintflow_log_head", (("shard", shard),)]
        assert head == len(books.events())
        key = (("projection", "accounts"), ("shard", shard), ("version", version("accounts")))
        assert metrics["mintflow_projection_checkpoint", key] == head
        assert metrics["mintflow_projection_lag_events", key] == 0
        assert metrics["mintflow_worker_able", ()] == 1
        worker.process.send_signal(signal.SIGTERM)
        assert worker.process.wait(30) == 0
    assert books.dump() == books.rebuilt()


def test_one_that_stands_still_is_ended_by_its_watchdog(
    books: Books, log: KafkaLog, tmp_path: Path
) -> None:
    """Somebody else holds a checkpoint, for longer than anybody should."""
    log.relay(books.url)
    with (
        worker_process(books, log, tmp_path, MINTFLOW_WORKER_STALL_S="2") as worker,
        psycopg.connect(books.url) as other,
    ):
        eventually(lambda: caught_up(books))
        other.execute("select from projection.checkpoint for update")
        books.record("-1.00", "2025-03-01", "shopping")
        log.relay(books.url)
        books.conn.execute(_RELAYED)
        assert worker.process.wait(WAIT_S) == EXIT_CODE


def test_a_projection_of_another_release_is_not_its_to_fold(
    books: Books, log: KafkaLog, tmp_path: Path
) -> None:
    """One that a newer release brought along while this worker is still there."""
    log.relay(books.url)
    with worker_process(books, log, tmp_path, MINTFLOW_WORKER_STALL_S="2") as worker:
        # Until a relay has noted it there is nothing to fold, and nothing that stands still.
        eventually(lambda: caught_up(books))
        books.conn.execute(
            "insert into projection.checkpoint (shard, projection, version, position)"
            " select shard, 'holdings', 1, 0 from log.shard_head"
        )
        books.conn.execute(_RELAYED)
        with pytest.raises(subprocess.TimeoutExpired):
            worker.process.wait(8)
        worker.process.send_signal(signal.SIGTERM)
        assert worker.process.wait(30) == 0


@pytest.mark.parametrize(
    ("settings", "code"),
    [({}, "kafka_not_set"), ({"MINTFLOW_KAFKA": "no-port"}, "setting_not_usable")],
)
def test_refuses_to_start_without_a_usable_address(
    settings: dict[str, str], code: str, books: Books, tmp_path: Path
) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "MINTFLOW_KAFKA"}
    environment |= {"MINTFLOW_DATABASE_URL": books.url, **settings}
    command = [*PROGRAM, "worker", "--data", str(tmp_path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert code in done.stderr


def version(projection: str) -> str:
    from mintflow.projections.registry import PROJECTIONS

    return str(next(one.version for one in PROJECTIONS if one.name == projection))


def test_reactions_run_in_it_and_a_kill_or_a_rebuild_sends_nothing_again(
    database_url: str, broker: Broker, tmp_path: Path
) -> None:
    install(database_url)
    log = KafkaLog.of_processes(broker.bootstrap)
    books = Books(database_url, keys=FolderKeyStore(tmp_path / "keys"))
    alerts = "select count(*) from log.event where type = 'budget.alert_raised'"

    def alerted(times: int) -> bool:
        log.relay(database_url)
        row = books.conn.execute(alerts.encode()).fetchone()
        assert row is not None
        assert row[0] <= times
        return bool(row[0] == times)

    try:
        spend = asyncio.run(a_budget_of_100(database_url, tmp_path))
        for spent, alerts_so_far in (("-85.00", 1), ("-1.00", 1), ("-20.00", 2)):
            with worker_process(books, log, tmp_path) as worker:
                eventually(worker.ready)
                asyncio.run(spend(spent))
                # Asked again and again, so that the alert itself is brought to Kafka as well.
                eventually(lambda wanted=alerts_so_far: alerted(wanted) and caught_up(books))
                if alerts_so_far == 1:
                    worker.process.kill()
        rebuild(database_url, partial(FolderKeyStore, tmp_path / "keys"), None)
        with worker_process(books, log, tmp_path) as worker:
            eventually(worker.ready)
            asyncio.run(spend("-0.01"))
            eventually(lambda: alerted(2) and caught_up(books))
            time.sleep(1)
            assert alerted(2)
    finally:
        books.close()
        log.delete()


async def a_budget_of_100(url: str, folder: Path) -> Callable[[str], Coroutine[Any, Any, None]]:
    """Opened by an API process; gives what records a purchase of today in it."""
    owner = Principal(UUID(int=1), "user:test")
    keys = FolderKeyStore(folder / "keys")

    @asynccontextmanager
    async def product() -> AsyncIterator[Running]:
        async with running(url, keys, Settings(), lambda _: owner, tail=False) as made:
            yield made

    async with product() as made:
        opened = await made.bus.execute(
            OpenLedger(name="Home", currency="USD"), Context(owner, None, new_id())
        )
        context = Context(owner, UUID(opened.data["ledger_id"]), new_id())
        account = await made.bus.execute(
            OpenAccount(name="Checking", kind="checking", currency="USD"), context
        )
        await made.bus.execute(
            SetBudget(category="shopping", amount="100.00", period="month"), context
        )

    async def spend(amount: str) -> None:
        async with product() as made:
            await made.bus.execute(
                RecordTransaction(
                    account_id=account.data["account_id"],
                    date=dt.datetime.now(dt.UTC).date().isoformat(),
                    amount=amount,
                    description="Shop",
                    category="shopping",
                ),
                context,
            )

    return spend
