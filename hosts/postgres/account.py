"""Under which account the server runs, and how it reaches its folder.

An ordinary user's host runs the server as that user. Postgres refuses to run as root, so a root
host runs it as the owner of the cluster (at first `postgres`, or else `nobody`). That account often
cannot walk to the data folder: `mktemp -d` and /root are 0700. Opening those folders is not ours to
do, so the server gets one capability, CAP_DAC_READ_SEARCH: it may read and walk everywhere, and
write only what its account owns. It is given only where the plain way does not reach.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mintflow.domain.core.errors import Unavailable
from mintflow.hosts.data_folder import service_account


class DataFolderUnreachable(Unavailable):
    """The account that must run the server cannot reach the data folder or the binaries."""

    code = "data_folder_unreachable"


@dataclass(frozen=True, slots=True)
class RunAs:
    """How a program of the server is started: words before its name, and whom it becomes."""

    uid: int
    gid: int
    prefix: tuple[str, ...] = ()
    switches: bool = False

    def popen(self, command: Sequence[str | Path], **more: Any) -> subprocess.Popen[bytes]:
        """Start the command under this account, in /, with our PG* variables kept from it."""
        if self.switches:
            more |= {"user": self.uid, "group": self.gid, "extra_groups": ()}
        # PGDATA, PGOPTIONS and the like would change the server behind the launcher's back.
        environment = {k: v for k, v in os.environ.items() if not k.startswith(("PG", "LC_"))}
        environment["LC_ALL"] = "C"
        return subprocess.Popen(
            (*self.prefix, *command), cwd="/", env=environment, umask=0o077, **more
        )

    def reaches(self, folder: Path, program: Path) -> str | None:
        """None if this account can enter the folder and run the program, else what went wrong."""
        probe = ("sh", "-c", 'cd -- "$1" && exec "$2" --version', "sh", folder, program)
        try:
            child = self.popen(probe, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        except OSError as error:
            return str(error)
        told, _ = child.communicate()
        return None if child.returncode == 0 else told.decode("utf-8", "replace").strip()


def choose_account(data_dir: Path, cluster: Path, binaries: Path) -> RunAs:
    """The way to run the server of this cluster that needs the least.

    data_dir must exist; cluster may not yet.
    Raises DataFolderUnreachable, naming the folder and the remedy, if no way reaches both.
    """
    target = cluster if cluster.exists() else data_dir
    problems = []
    for way in _ways(target if target == cluster else None):
        problem = way.reaches(target, binaries / "initdb")
        if problem is None:
            return way
        problems.append(problem)
    raise DataFolderUnreachable(
        f"Postgres cannot run on {target} with the programs of {binaries}: this host runs as "
        f"{_who(os.geteuid())}, and the account of the server cannot reach both. Choose a folder "
        "that every account can enter (such as /var/lib/mintflow), run the host as the ordinary "
        "user who owns the folder, or give a server with MINTFLOW_DATABASE_URL.",
        folder=str(target),
        binaries=str(binaries),
        attempts=problems,
    )


def _ways(cluster: Path | None) -> list[RunAs]:
    """Every way to try, the one with the least rights first."""
    if os.geteuid() != 0:
        return [RunAs(os.geteuid(), os.getegid())]
    owner = cluster.stat() if cluster else None
    account = service_account()
    if owner is not None and owner.st_uid != 0:
        uid, gid = owner.st_uid, owner.st_gid
    elif account is not None:
        uid, gid = account.pw_uid, account.pw_gid
    else:
        return []
    ways = [RunAs(uid, gid, switches=True)]
    setpriv = shutil.which("setpriv")
    if setpriv:
        ways.append(RunAs(uid, gid, prefix=_with_read_search(setpriv, uid, gid)))
    return ways


def _with_read_search(setpriv: str, uid: int, gid: int) -> tuple[str, ...]:
    """The words that drop root and every capability but CAP_DAC_READ_SEARCH.

    no_setuid_fixup: access(2), with which Postgres looks for its own programs, ignores the
    capabilities of anyone but root unless this bit is set.
    No parent-death signal: it follows the thread that started the server, not the process, and
    would stop a healthy server when a worker thread ends.
    """
    only = "-all,+dac_read_search"
    return (
        setpriv,
        f"--reuid={uid}",
        f"--regid={gid}",
        "--clear-groups",
        f"--inh-caps={only}",
        f"--ambient-caps={only}",
        f"--bounding-set={only}",
        "--securebits=+no_setuid_fixup,+no_setuid_fixup_locked,+noroot,+noroot_locked",
        "--no-new-privs",
    )


def _who(uid: int) -> str:
    return "root" if uid == 0 else f"user {uid}"
