"""kill -9 of everything, in random order and moment, while fifty commands a second arrive.

Then quiet, and: every accepted command is one event, every event is in Kafka at least once and in
order, every read model equals a rebuild. MINTFLOW_CHAOS_KILLS says how many kills, MINTFLOW_SEED
which; a failure prints both.
"""

from __future__ import annotations

import json
import os
import random
import signal
import time

import pytest
from acceptance.installation import Installation, kill_some
from acceptance.purchases import Purchases
from kafka_broker import BrokerUnavailable, Kafka
from read_models.books import Books
from redis_server import RedisUnavailable
from services import missing
from streams.relaying import check_everything_is_there

pytestmark = pytest.mark.slow

IN_CI = os.environ.get("CI", "").lower() in {"1", "true"}
KILLS = int(os.environ.get("MINTFLOW_CHAOS_KILLS") or (12 if IN_CI else 6))
SEED = int(os.environ.get("MINTFLOW_SEED") or random.randrange(10**6))
PAUSE_S = 1.0
BROKER_AWAY_S = float(os.environ.get("MINTFLOW_CHAOS_AWAY_S") or 5)
QUIET_WITHIN_S = 120
# No event waits for longer than this: nobody is behind, though commands arrive all the while.
UP_TO_DATE_S = 1.0


def installation(workers: int = 1) -> Installation:
    try:
        return Installation(workers)
    except (BrokerUnavailable, RedisUnavailable) as fault:
        missing("Kafka or Redis", str(fault))


def check_nothing_is_lost(running: Installation, purchases: Purchases) -> None:
    """After it is quiet: the log, Kafka and the read models, each against what was answered."""
    took = running.wait(lambda: running.behind() == 0, "quiet", QUIET_WITHIN_S)
    books = Books(running.database_url)
    try:
        bought = [answer["transaction_id"] for answer in purchases.answered.values()]
        assert len(bought) == purchases.sent
        assert len(set(bought)) == len(bought), "two purchases have one answer"
        recorded = books.conn.execute(
            "select stream_id::text from log.event where type = 'transaction.recorded'"
        ).fetchall()
        assert sorted(one for (one,) in recorded) == sorted(bought)
        twice = check_everything_is_there(books, Kafka(running.kafka.broker.bootstrap, ""))
        assert not books.conn.execute("select from projection.parked").fetchall()
    finally:
        books.close()
    data = ("--data", str(running.data), "--json")
    assert json.loads(running.command("rebuild", "--all", *data))["identical"] is True
    assert json.loads(running.command("audit", "verify", *data))["ok"] is True
    rate = purchases.sent / purchases.lasted_s
    print(
        f"{purchases.sent} purchases, {rate:.0f} a second, sent again {purchases.retries} times;"
        f" quiet after {took:.1f} s; {twice} messages came twice; all is there once"
    )


def test_kills_of_everything_lose_and_repeat_nothing() -> None:
    chance = random.Random(SEED)
    killed: list[str] = []
    with installation(workers=2) as running:
        try:
            with Purchases(running.url, running.token) as purchases:
                running.wait(lambda: len(purchases.answered) > 20, "the first purchases")
                killed += kill_some(running.parts, KILLS, chance, PAUSE_S)
            check_nothing_is_lost(running, purchases)
        except BaseException:
            print(f"MINTFLOW_SEED={SEED} MINTFLOW_CHAOS_KILLS={KILLS}; killed: {killed}")
            print(running.logs())
            raise
    print(f"seed {SEED}: {', '.join(f'{killed.count(n)} {n}' for n in sorted(set(killed)))} killed")


def test_a_worker_takes_over_from_one_that_is_killed_and_a_frozen_one_changes_nothing() -> None:
    with installation(workers=2) as running:
        with Purchases(running.url, running.token) as purchases:
            running.wait(lambda: len(purchases.answered) > 20, "the first purchases")
            running.wait(lambda: 0 <= running.behind() < 500, "both workers fold")
            dead, frozen = running.workers

            frozen.send(signal.SIGSTOP)
            time.sleep(9)
            frozen.send(signal.SIGCONT)
            running.wait(lambda: running.late_s() < UP_TO_DATE_S, "caught up after the frost")

            dead.kill(away_s=60)
            # Until what it leaves undone is older than that.
            time.sleep(2 * UP_TO_DATE_S)
            # How long it took is told, and no reason to fail on a slow machine.
            took = running.wait(
                lambda: running.late_s() < UP_TO_DATE_S, "the other one has caught up"
            )
            print(f"caught up {took + 2 * UP_TO_DATE_S:.1f} s after the kill")
        check_nothing_is_lost(running, purchases)


def test_while_the_broker_is_away_commands_are_accepted_and_the_lag_drains() -> None:
    with installation() as running:
        with Purchases(running.url, running.token) as purchases:
            running.wait(lambda: len(purchases.answered) > 20, "the first purchases")
            running.kafka.broker.kill()
            before = len(purchases.answered)
            time.sleep(BROKER_AWAY_S)
            accepted = len(purchases.answered) - before
            assert accepted > 20, "commands wait for a broker"
            lag = json.loads(running.command("lag", "--data", str(running.data), "--json"))
            assert lag["behind"] > 0
            running.kafka.broker.start()
            took = running.wait(lambda: 0 <= running.behind() < 500, "the lag drains")
            print(
                f"{BROKER_AWAY_S:.0f} s without a broker: {accepted} commands; drained {took:.1f} s"
            )
        check_nothing_is_lost(running, purchases)
