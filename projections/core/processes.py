"""Processes that fold: plain interpreters with a pipe to who started them.

They are no `multiprocessing` children: those would import the program that they were started from,
which for a command line or a benchmark takes longer than it helps, and outlive a parent that was
killed. These end when their pipe does.
"""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from multiprocessing.connection import Connection, Pipe

# Arguments: the pipe, then the import path of the parent. Ctrl-C reaches all processes of a
# terminal, and is for the parent to hear.
_PROGRAM = (
    "import signal, sys; signal.signal(signal.SIGINT, signal.SIG_IGN);"
    "sys.path[:] = sys.argv[2:]; from {module} import main; main()"
)
_END_S = 10


@dataclass(frozen=True, slots=True)
class Process:
    """A child, and this end of its pipe."""

    child: subprocess.Popen[bytes]
    pipe: Connection

    def end(self) -> None:
        """Close the pipe and wait; one that does not notice in time is killed."""
        self.pipe.close()
        try:
            self.child.wait(timeout=_END_S)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()


def started(module: str) -> Process:
    """A new process that runs the module's `main`, which finds its pipe in argv[1]."""
    mine, theirs = Pipe()
    with theirs:
        child = subprocess.Popen(
            [sys.executable, "-c", _PROGRAM.format(module=module), str(theirs.fileno()), *sys.path],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
        )
    return Process(child, mine)
