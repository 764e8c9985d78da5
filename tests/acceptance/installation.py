"""A whole installation on Kafka in processes of its own, each of which can be killed.

Whoever dies is started again after a moment, as a supervisor does. Only processes that were started
here are ever killed.
"""

from __future__ import annotations

import math
import os
import random
import shutil
import signal
import socket
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Self, TypeVar

import httpx
import orjson
import psycopg
from kafka_broker import Broker
from redis_server import RedisServer
from services import new_data_folder
from warm_program import WarmProgram, warm_command

from mintflow.hosts.postgres import EmbeddedPostgres
from mintflow.hosts.postgres.postmaster import read_postmaster

STARTED_WITHIN_S = 120
P = TypeVar("P", bound="Part")


class Part(ABC):
    """Something that can be killed; who kills it also brings it back, or has it brought back."""

    def __init__(self, name: str) -> None:
        self.name = name

    @abstractmethod
    def kill(self, away_s: float) -> None:
        """kill -9; it comes back after so many seconds. Returns when it does, or sooner."""

    @abstractmethod
    def close(self) -> None: ...


class Process(Part):
    """A program of the product, started again whenever it ends."""

    def __init__(self, name: str, words: list[str], environment: dict[str, str], log: Path) -> None:
        super().__init__(name)
        self._words, self._environment = words, environment
        self._log = log
        self._away_s = 0.2
        self._closing = threading.Event()
        self._process: WarmProgram | None = None
        self.exits: list[int] = []
        self._keeper = threading.Thread(target=self._keep, name=f"keeps {name}")
        self._keeper.start()

    def kill(self, away_s: float) -> None:
        self._away_s = away_s
        self.send(signal.SIGKILL)

    def send(self, what: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(what)

    def close(self) -> None:
        self._closing.set()
        self.send(signal.SIGCONT)
        self.send(signal.SIGTERM)
        self._keeper.join(20)
        self.send(signal.SIGKILL)
        self._keeper.join()

    def _keep(self) -> None:
        while not self._closing.is_set():
            self._process = WarmProgram(self._words, environment=self._environment, log=self._log)
            self.exits.append(self._process.wait())
            self._closing.wait(self._away_s)
            self._away_s = 0.5


class Postgres(Part):
    """Durable as in production, but for the disk itself: kills do not take the kernel with them."""

    def __init__(self, folder: Path) -> None:
        super().__init__("postgres")
        self._folder = folder
        self._server = EmbeddedPostgres(folder, settings={"fsync": "off"})
        self.url = self._server.start()

    def kill(self, away_s: float) -> None:
        postmaster = read_postmaster(self._server.cluster)
        if postmaster is not None:
            with suppress(ProcessLookupError):
                os.kill(postmaster.pid, signal.SIGKILL)
        time.sleep(away_s)
        self._server.stop()
        self._server = EmbeddedPostgres(self._folder, settings={"fsync": "off"})
        assert self._server.start() == self.url

    def close(self) -> None:
        self._server.stop()


class Kafka(Part):
    def __init__(self) -> None:
        super().__init__("broker")
        self.broker = Broker()
        self.broker.start()

    def kill(self, away_s: float) -> None:
        self.broker.kill()
        time.sleep(away_s)
        self.broker.start()

    def close(self) -> None:
        self.broker.close()


class Redis(Part):
    def __init__(self) -> None:
        super().__init__("redis")
        self.server = RedisServer()
        self.server.start()

    def kill(self, away_s: float) -> None:
        self.server.kill()
        time.sleep(away_s)
        self.server.start()

    def close(self) -> None:
        self.server.close()


class Installation:
    """Postgres, broker, Redis, relay, API and workers; `url` and `token` for its clients."""

    def __init__(self, workers: int = 1) -> None:
        self._stack = ExitStack()
        self._workers = workers
        self.folder = new_data_folder()

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            stack.callback(shutil.rmtree, self.folder, ignore_errors=True)
            self.postgres = self._part(stack, Postgres(self.folder / "database"))
            self.kafka = self._part(stack, Kafka())
            self.redis = self._part(stack, Redis())
            self.database_url = self.postgres.url
            self.data = self.folder / "shared"
            self.data.mkdir(mode=0o700)
            self.environment = {
                **os.environ,
                "MINTFLOW_DATABASE_URL": self.database_url,
                "MINTFLOW_KAFKA": self.kafka.broker.bootstrap,
                "MINTFLOW_REDIS_URL": self.redis.server.url,
                "MINTFLOW_RELAY_LEASE_S": "2",
                "MINTFLOW_LOG_LEVEL": "INFO",
                "MINTFLOW_WAIT_S_MAX": "30",
            }
            self.command("migrate", "--data", str(self.data))
            self.command("topics", "apply", "--yes")
            port = _free_port()
            self.url = f"http://127.0.0.1:{port}"
            self.api = self._process(stack, "api", "api", "--port", str(port))
            self.wait(self._serves, "the API serves")
            self.token = orjson.loads((self.data / "owner.json").read_bytes())["token"]
            self.relay = self._process(stack, "relay", "relay", "--port", "0", data=False)
            self.workers = [
                self._process(stack, f"worker-{number}", "worker", "--port", "0")
                for number in range(self._workers)
            ]
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *exc: object) -> None:
        self._stack.close()

    @property
    def parts(self) -> list[Part]:
        return [self.postgres, self.kafka, self.redis, self.api, self.relay, *self.workers]

    def command(self, *words: str) -> str:
        """What a command of the product prints. Fails if it does."""
        return warm_command(words, self.environment)

    def behind(self) -> int:
        """Events that some projection has not applied; -1 while nobody can say."""
        try:
            with psycopg.connect(self.database_url, connect_timeout=5) as conn:
                row = conn.execute(
                    "select coalesce(sum(h.position - c.position), 0) from log.shard_head h"
                    " join projection.checkpoint c using (shard)"
                ).fetchone()
        except psycopg.Error:
            return -1
        assert row is not None
        return int(row[0])

    def late_s(self) -> float:
        """Age of the oldest event that some projection has not applied, 0 where there is none;
        infinite while nobody can say. While commands arrive `behind` is hardly ever 0."""
        try:
            with psycopg.connect(self.database_url, connect_timeout=5) as conn:
                row = conn.execute(
                    "select coalesce(extract(epoch from now() - min(e.recorded_at)), 0)"
                    " from projection.checkpoint c"
                    " join log.event e on (e.shard, e.position) = (c.shard, c.position + 1)"
                ).fetchone()
        except psycopg.Error:
            return math.inf
        assert row is not None
        return float(row[0])

    def wait(self, done: Callable[[], bool], what: str, seconds: float = STARTED_WITHIN_S) -> float:
        """Wait for something; the seconds that it took."""
        began = time.monotonic()
        while not done():
            assert time.monotonic() - began < seconds, f"not in {seconds} s: {what}\n{self.logs()}"
            time.sleep(0.1)
        return time.monotonic() - began

    def logs(self) -> str:
        """The end of what every process said."""
        return "\n".join(
            f"--- {path.name}\n{path.read_text(errors='replace')[-1500:]}"
            for path in sorted(self.folder.glob("*.log"))
        )

    def _serves(self) -> bool:
        try:
            return httpx.get(f"{self.url}/health", timeout=5).status_code == 200
        except httpx.HTTPError:
            return False

    def _process(self, stack: ExitStack, name: str, *words: str, data: bool = True) -> Process:
        more = ["--data", str(self.data)] if data else []
        log = self.folder / f"{name}.log"
        return self._part(stack, Process(name, [*words, *more], self.environment, log))

    @staticmethod
    def _part(stack: ExitStack, part: P) -> P:
        stack.callback(part.close)
        return part


def kill_some(parts: list[Part], kills: int, chance: random.Random, pause_s: float) -> list[str]:
    """Kill one after another at random moments; who, in order."""
    killed = []
    for _ in range(kills):
        time.sleep(chance.uniform(0.1, 2 * pause_s))
        part = chance.choice(parts)
        killed.append(part.name)
        part.kill(chance.uniform(0.0, 1.0))
    return killed


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
