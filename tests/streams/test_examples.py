"""The examples of the guides, run as they stand: on the real broker, and on real files."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka import Producer
from kafka_broker import Kafka
from read_models.books import Books
from services import missing
from streams.relaying import make_topics, relayed, relaying

from mintflow.store.archive import export

EXAMPLES = Path(__file__).parents[2] / "docs/examples"
WAIT_S = 90


def run(name: str, *words: str, exit_code: int = 0, **environ: str) -> list[str]:
    """The lines that an example prints, as somebody else's program: without this repository."""
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / name), *words],
        capture_output=True,
        text=True,
        timeout=WAIT_S,
        check=False,
        env={**os.environ, **environ},
    )
    assert done.returncode == exit_code, done.stdout[-2_000:] + done.stderr[-2_000:]
    return done.stdout.splitlines()


@pytest.fixture
def topic(books: Books, kafka: Kafka) -> Iterator[Books]:
    """Books of two ledgers that are relayed to the topics of this test."""
    other = books.beside(2)
    for one in (books, other):
        for day in range(1, 6):
            one.record("-10.00", f"2025-03-0{day}", "shopping")
        one.record("-2.50", "2025-03-01", "travel")
    target = make_topics(kafka)

    async def relay() -> None:
        async with relaying(books, target):
            await relayed(books)

    asyncio.run(relay())
    yield books
    other.close()


@pytest.mark.slow
def test_analytics_prints_the_totals_of_each_day(topic: Books, kafka: Kafka) -> None:
    lines = run("analytics.py", kafka.bootstrap, "--prefix", kafka.prefix)
    assert lines[:2] == [
        "2025-03-01 shopping -20.00 USD",
        "2025-03-01 travel -5.00 USD",
    ]
    assert len(lines) == 6
    # And again: what was read once is in the totals of the next run as well.
    assert run("analytics.py", kafka.bootstrap, "--prefix", kafka.prefix) == lines


@pytest.mark.slow
def test_a_topic_without_events_has_no_totals_and_one_that_is_not_there_is_said(
    kafka: Kafka,
) -> None:
    words = (kafka.bootstrap, "--prefix", kafka.prefix)
    for name in ("analytics.py", "audit.py"):
        with pytest.raises(AssertionError, match="UNKNOWN_TOPIC_OR_PART"):
            run(name, *words)
    make_topics(kafka)
    assert run("analytics.py", *words) == []
    assert run("audit.py", *words) == ["0 events in 0 shards, every one as written"]


@pytest.mark.slow
def test_audit_finds_the_chain_whole_and_a_change_in_it(
    topic: Books, kafka: Kafka, tmp_path: Path
) -> None:
    manifest = export(topic.url, tmp_path, "jsonl")
    words = (kafka.bootstrap, "--prefix", kafka.prefix)
    heads = ("--heads", str(tmp_path / "manifest.json"))
    shards = sum(one["position"] > 0 for one in manifest.heads)
    said = f"{manifest.events} events in {shards} shards, every one as written"
    assert run("audit.py", *words, *heads) == [said]
    document = json.loads((tmp_path / "manifest.json").read_text())
    head = next(one for one in document["heads"] if one["position"])
    head["hash"] = "00" * 32
    (tmp_path / "manifest.json").write_text(json.dumps(document))
    told = run("audit.py", *words, *heads, exit_code=1)
    assert told == [
        f"shard {head['shard']}, position {head['position']}: not the head that was kept"
    ]
    _send(
        kafka,
        "ledger.events",
        b"{}",
        head["shard"],
        {
            "ce_shard": str(head["shard"]), "ce_position": str(head["position"] + 1),
            "ce_time": "2025-03-01T00:00:00+00:00", "ce_ledgerseq": "1",
            "ce_ledgerid": "00000000-0000-4000-8000-000000000000", "ce_chainhash": "00" * 32,
        },
    )  # fmt: skip
    told = run("audit.py", *words, exit_code=1)
    assert told == [f"shard {head['shard']}, position {head['position'] + 1}: the chain is broken"]


@pytest.mark.slow
def test_notifications_prints_a_line_per_alert_once(kafka: Kafka) -> None:
    make_topics(kafka)
    for number in (1, 1, 2):
        data = {"level": "warning", "budget_id": f"budget-{number}"}
        headers = {
            "ce_id": f"alert-{number}", "ce_type": "budget.alert_raised",
            "ce_time": "2025-03-01T00:00:00+00:00", "ce_ledgerid": "ledger-1",
        }  # fmt: skip
        _send(kafka, "alert.triggered", json.dumps({"data": data}).encode(), 0, headers)
    lines = run("notifications.py", kafka.bootstrap, "--prefix", kafka.prefix, "--lines", "2")
    assert lines == [
        "2025-03-01T00:00:00+00:00 budget.alert_raised ledger-1"
        f" budget_id=budget-{number} level=warning"
        for number in (1, 2)
    ]


@pytest.mark.slow
def test_notifications_says_that_its_topic_is_not_there(kafka: Kafka) -> None:
    words = (str(EXAMPLES / "notifications.py"), kafka.bootstrap, "--prefix", kafka.prefix)
    with subprocess.Popen([sys.executable, *words], stderr=subprocess.PIPE, text=True) as following:
        watchdog = threading.Timer(WAIT_S, following.kill)
        watchdog.start()
        try:
            assert following.stderr is not None
            assert "UNKNOWN_TOPIC_OR_PART" in following.stderr.readline()
            assert following.poll() is None
        finally:
            watchdog.cancel()
            following.kill()


@pytest.mark.slow
def test_faust_counts_the_events(topic: Books, kafka: Kafka) -> None:
    expected = _types(topic)
    lines = run(
        "with_faust.py", "worker", "--without-web",
        KAFKA=kafka.bootstrap, PREFIX=kafka.prefix, COUNT=str(sum(expected.values())),
    )  # fmt: skip
    told = {line.split()[1]: int(line.split()[0]) for line in lines if line.startswith("  ")}
    assert told == expected


@pytest.mark.slow
def test_kcat_shows_every_event(topic: Books, kafka: Kafka) -> None:
    if shutil.which("kcat") is None:
        missing("kcat", "not installed; on Debian: apt install kcat")
    done = subprocess.run(
        ["sh", str(EXAMPLES / "with_kcat.sh"), kafka.bootstrap, kafka.prefix],
        capture_output=True, text=True, timeout=WAIT_S, check=True,
    )  # fmt: skip
    assert len(done.stdout.splitlines()) == sum(_types(topic).values())
    assert "ce_position=1" in done.stdout


def test_duckdb_and_pandas_sum_an_export(books: Books, tmp_path: Path) -> None:
    for day in range(1, 4):
        books.record("-10.00", f"2025-03-0{day}", "shopping")
    books.record("-2.50", "2025-04-01", "travel")
    export(books.url, tmp_path, "parquet")
    lines = run("with_duckdb.py", str(tmp_path))
    assert lines[:2] == ["2025-03 shopping USD -30.00", "2025-04 travel USD -2.50"]
    assert any("transaction.recorded" in line for line in lines)


def test_duckdb_says_where_there_is_no_export(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "with_duckdb.py"), str(tmp_path)],
        capture_output=True, text=True, timeout=WAIT_S, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("no Parquet export in ")


def _types(books: Books) -> dict[str, int]:
    rows = books.conn.execute("select type from log.event").fetchall()
    return dict(Counter(name for (name,) in rows))


def _send(kafka: Kafka, name: str, value: bytes, partition: int, headers: dict[str, str]) -> None:
    producer = Producer({"bootstrap.servers": kafka.bootstrap})
    producer.produce(
        kafka.topic(name),
        value,
        partition=partition,
        headers=[(key, text.encode()) for key, text in headers.items()],
    )
    assert producer.flush(30) == 0
