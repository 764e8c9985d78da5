"""A host in a process of its own, to be killed: starts the server, tells where, waits.

Run as a program: `host_process.py DATA_DIR`. Prints one JSON line.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mintflow.domain.core.errors import MintFlowError
from mintflow.hosts.postgres import EmbeddedPostgres
from mintflow.hosts.postgres.postmaster import read_postmaster


@dataclass(frozen=True)
class HostProcess:
    """The running program and what it told: `url` and `postmaster`, or `refused`."""

    process: subprocess.Popen[str]
    told: dict[str, Any]


@contextmanager
def host_process(data_dir: Path, *, prefix: Sequence[str] = ()) -> Iterator[HostProcess]:
    """Run the program until the block ends; it then stops its server, unless it was killed.

    prefix: words before the interpreter, for another account or fewer capabilities.
    """
    command = [*prefix, sys.executable, __file__, str(data_dir)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, "the host process ended without a word"
        yield HostProcess(process, json.loads(line))
        process.stdin.close()
        process.wait()


def _main(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir)
    try:
        url = server.start()
    except MintFlowError as refusal:
        told = {"refused": refusal.code, "message": refusal.message, "details": refusal.details}
        print(json.dumps(told), flush=True)
        return
    postmaster = read_postmaster(server.cluster)
    assert postmaster is not None
    print(json.dumps({"url": url, "postmaster": postmaster.pid}), flush=True)
    sys.stdin.read()
    server.stop()


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
