"""`mintflow relay` in a process of its own, to be killed, frozen and asked."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from warm_program import WarmProgram

from mintflow.streams.core.relay.delivery import KafkaTarget

STARTED_WITHIN_S = 60


def environment(database_url: str, target: KafkaTarget, **more: str) -> dict[str, str]:
    """Of every process about these books and topics."""
    return {
        **os.environ,
        "MINTFLOW_DATABASE_URL": database_url,
        "MINTFLOW_KAFKA": target.bootstrap,
        "MINTFLOW_KAFKA_PREFIX": target.prefix,
        "MINTFLOW_RELAY_LEASE_S": "2",
        "MINTFLOW_LOG_LEVEL": "INFO",
        **more,
    }


class RelayProcess:
    """A running relay."""

    def __init__(self, given: dict[str, str], folder: Path) -> None:
        """folder: where what it writes is kept."""
        self._written = folder / "relay.log"
        self._process = WarmProgram(["relay", "--port", "0"], environment=given, log=self._written)

    @property
    def log(self) -> list[str]:
        """What it wrote, line by line."""
        return self._written.read_text().splitlines() if self._written.exists() else []

    def url(self) -> str:
        """Where its probes are, once it has said so."""
        deadline = time.monotonic() + STARTED_WITHIN_S
        while True:
            for line in self.log:
                found = re.search(r'"probes": ?"(http://[^"]+)"', line)
                if found:
                    return found[1]
            assert self._process.poll() is None, "\n".join(self.log)
            assert time.monotonic() < deadline, "the relay does not start"
            time.sleep(0.02)

    def get(self, path: str) -> httpx.Response:
        return httpx.get(self.url() + path, trust_env=False, timeout=10)

    def parts(self) -> dict[str, Any]:
        found: dict[str, Any] = self.get("/ready").json()["parts"]
        return found

    def send(self, what: signal.Signals) -> None:
        self._process.send_signal(what)

    def end(self, how: signal.Signals) -> int:
        """Send a signal and wait for the end; the exit code."""
        self._process.send_signal(how)
        return self._process.wait(60)


@contextmanager
def relay_process(given: dict[str, str]) -> Iterator[RelayProcess]:
    """Killed at the end, if it still runs."""
    with TemporaryDirectory() as folder:
        process = RelayProcess(given, Path(folder))
        try:
            yield process
        finally:
            process.end(signal.SIGKILL)
