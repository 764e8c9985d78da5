"""The product's program in a process of its own, forked from one that has imported it already.

What runs is the program itself, from its arguments on, in memory of its own: it can be killed,
frozen and left to end like one that a shell started. What is spared is the interpreter's start and
the imports, seconds of work that are the same each time. How the program starts from nothing is for
tests that use `sys.executable` (tests/hosts, tests/test_packaging.py).
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from multiprocessing.connection import wait
from pathlib import Path
from tempfile import TemporaryDirectory

# What the hosts import when they are asked to run: `up` and `api`, `relay`, `worker`. And what each
# new process would import for itself otherwise: the program that started this one, pytest.
_IMPORTED = (
    "__main__",
    "mintflow.hosts.cli.app",
    "mintflow.hosts.embedded",
    "mintflow.hosts.relaying",
    "mintflow.hosts.worker",
)


# How a process ended can be asked once, and to start one asks all that were started before.
_ONE_AT_A_TIME = threading.Lock()


class WarmProgram:
    """`mintflow WORDS`, started at once. The part of subprocess.Popen that tests of kills need.

    Whoever starts it sees to its end: at the end of the session it would be waited for.
    """

    def __init__(
        self,
        words: Sequence[str],
        *,
        environment: Mapping[str, str] = os.environ,
        log: Path | None = None,
        output: Path | None = None,
    ) -> None:
        """log: where what it writes is appended; nowhere by default. output: the same for its
        standard output alone."""
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(list(_IMPORTED))
        self._process = context.Process(
            target=_program,
            args=(list(words), dict(environment), output or log, log),
        )
        with _ONE_AT_A_TIME:
            self._process.start()

    def poll(self) -> int | None:
        """The exit code, that of a signal negative; None while it runs."""
        with _ONE_AT_A_TIME:
            return self._process.exitcode

    def send_signal(self, what: signal.Signals) -> None:
        """Nothing happens to a program that has ended."""
        with _ONE_AT_A_TIME:
            if self._process.exitcode is None and self._process.pid is not None:
                os.kill(self._process.pid, what)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code. Raises subprocess.TimeoutExpired."""
        wait([self._process.sentinel], timeout)
        code = self.poll()
        if code is None:
            raise subprocess.TimeoutExpired("mintflow", timeout or 0)
        return code


def warm_command(words: Sequence[str], environment: Mapping[str, str] = os.environ) -> str:
    """What a command of the program prints. Fails if the command does."""
    with TemporaryDirectory() as folder:
        log, output = Path(folder, "log"), Path(folder, "output")
        code = WarmProgram(words, environment=environment, log=log, output=output).wait()
        assert code == 0, f"{words[0]} ended with {code}: {log.read_text()[-3000:]}"
        return output.read_text()


def _program(
    words: list[str], environment: dict[str, str], output: Path | None, log: Path | None
) -> None:
    """In the new process. The server's own environment is of the time when it was started."""
    from mintflow.hosts.cli import main

    os.environ.clear()
    os.environ.update(environment)
    for stream, kept in ((1, output), (2, log)):
        written = os.open(kept or os.devnull, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(written, stream)
        os.close(written)
    sys.argv = ["mintflow", *words]
    main()
