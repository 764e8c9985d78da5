"""What postmaster.pid tells about a cluster: which server runs on it, whether it is ours and ready.

A pid in a file proves nothing: its process may be dead and not yet reaped, or the number may
belong to another program by now. So a process is taken for the server only if it is a live
`postgres` that works in this very cluster, and nothing else is ever signalled.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from mintflow.domain.core.errors import Unavailable

# A fast stop ends with a checkpoint, which takes long only on a slow disk with much unwritten.
FAST_STOP_S = 120
IMMEDIATE_STOP_S = 30
_PROC = Path("/proc")


class PostgresUnavailable(Unavailable):
    """The embedded server cannot be started or cannot be stopped."""

    code = "postgres_unavailable"


@dataclass(frozen=True, slots=True)
class Postmaster:
    """The two facts of postmaster.pid that matter: line 1, and whether line 8 says `ready`."""

    pid: int
    ready: bool


def read_postmaster(cluster: Path) -> Postmaster | None:
    """What postmaster.pid says, or None if there is no such file or it is only half written."""
    try:
        lines = (cluster / "postmaster.pid").read_text("utf-8", "replace").splitlines()
        return Postmaster(pid=int(lines[0]), ready=len(lines) >= 8 and lines[7].strip() == "ready")
    except (FileNotFoundError, ValueError, IndexError):
        return None


def clear_cluster(cluster: Path, socket_folder: Path) -> None:
    """Make way for our own server: stop one that a dead host left running, drop its stale files.

    Call it under the folder's lock: then whoever runs here has lost its host. The left server is
    stopped and not adopted, because only a parent learns at once when its child dies.
    Postgres itself would refuse to start over a pid that is a zombie or another program of the
    same user. Removing the files is safe: the shared memory of backends still alive is found by
    the folder's inode as well, and refuses the new server until they are gone.
    socket_folder: where the server's socket lies; no other cluster's may lie there.
    Raises PostgresUnavailable if the left server belongs to an account we cannot signal.
    """
    left = read_postmaster(cluster)
    if left is not None and is_server_of(left.pid, cluster):
        _stop_left(left.pid, cluster)
    (cluster / "postmaster.pid").unlink(missing_ok=True)
    for stale in socket_folder.glob(".s.PGSQL.*"):
        stale.unlink(missing_ok=True)


def is_server_of(pid: int, cluster: Path) -> bool:
    """Whether this pid is a live Postgres whose data folder is `cluster`."""
    if not _PROC.joinpath("self").exists():
        return _ps_says_server(pid, cluster)
    process = _PROC / str(pid)
    try:
        # The state follows the name in brackets, and the name may hold brackets and blanks itself.
        stat = (process / "stat").read_text("utf-8", "replace")
        name, _, rest = stat.partition("(")[2].rpartition(")")
        if name != "postgres" or rest.split()[0] in {"Z", "X"}:
            return False
    except (FileNotFoundError, ProcessLookupError):
        return False
    try:
        return os.path.samefile(process / "cwd", cluster)
    except PermissionError:
        # A root without CAP_SYS_PTRACE (a container) may not see the folder, only the command.
        return _names_cluster((process / "cmdline").read_bytes().split(b"\0"), cluster)
    except (FileNotFoundError, ProcessLookupError):
        return False


def _names_cluster(words: list[bytes], cluster: Path) -> bool:
    return b"-D" in words and os.fsencode(cluster) in words


def _ps_says_server(pid: int, cluster: Path) -> bool:
    """The same question where there is no /proc (macOS)."""
    told = subprocess.run(
        ["/bin/ps", "-ww", "-o", "state=,command=", "-p", str(pid)],
        capture_output=True,
        check=False,
    ).stdout.strip()
    state, _, command = told.partition(b" ")
    return not state.startswith(b"Z") and b"postgres -D " + os.fsencode(cluster) + b" " in command


def _stop_left(pid: int, cluster: Path) -> None:
    for number, patience_s in (
        (signal.SIGINT, FAST_STOP_S),
        (signal.SIGQUIT, IMMEDIATE_STOP_S),
        (signal.SIGKILL, IMMEDIATE_STOP_S),
    ):
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return
        except PermissionError:
            break
        deadline = time.monotonic() + patience_s
        while time.monotonic() < deadline:
            if not is_server_of(pid, cluster):
                return
            time.sleep(0.02)
    raise PostgresUnavailable(
        f"A Postgres (process {pid}) still runs on {cluster} and cannot be stopped; stop it first.",
        folder=str(cluster),
        pid=pid,
    )
