"""`mintflow relay` in a process of its own, to be killed, frozen and asked."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from mintflow.streams.core.relay.delivery import KafkaTarget

PROGRAM = (sys.executable, "-m", "mintflow.hosts.cli")
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
    """A running relay. log: what it wrote, line by line."""

    def __init__(self, given: dict[str, str]) -> None:
        self.log: list[str] = []
        self._process = subprocess.Popen(
            [*PROGRAM, "relay", "--port", "0"], env=given, stderr=subprocess.PIPE, text=True
        )
        # Read by a thread: a pipe that nobody empties would stop the process.
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def url(self) -> str:
        """Where its probes are, once it has said so."""
        deadline = time.monotonic() + STARTED_WITHIN_S
        while True:
            for line in list(self.log):
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
        if self._process.poll() is None:
            self._process.send_signal(how)
        code = self._process.wait(60)
        self._reader.join(10)
        assert self._process.stderr is not None
        self._process.stderr.close()
        return code

    def _read(self) -> None:
        assert self._process.stderr is not None
        for line in self._process.stderr:
            self.log.append(line)


@contextmanager
def relay_process(given: dict[str, str]) -> Iterator[RelayProcess]:
    """Killed at the end, if it still runs."""
    process = RelayProcess(given)
    try:
        yield process
    finally:
        process.end(signal.SIGKILL)
