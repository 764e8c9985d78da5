"""The data folder of an embedded host: how it is made, and which account its server runs under.

Everything the embedded host keeps lies in one folder: the cluster, the keys, the lock, the log and
the file that names the API. The folder is private, with one exception that Postgres forces on a
host that runs as root: the server refuses to be root, so it runs under another account, which must
be able to walk through this folder to its cluster (and sees nothing else in it).
"""

from __future__ import annotations

import os
import pwd
from pathlib import Path

SERVICE_ACCOUNTS = ("postgres", "nobody")


def make_data_folder(path: Path) -> Path:
    """Create the data folder unless it exists, and return it as an absolute path without links.

    Made by an ordinary user it is 0700. Made by root it is 0710 with the group of the account the
    server runs under: that group can walk through, not list. A folder that exists keeps its owner
    and mode, and so do all folders above: someone chose them, and they may hold more than ours.
    """
    path = path.absolute()
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        path.mkdir(mode=0o700)
    except FileExistsError:
        return path.resolve()
    account = service_account() if os.geteuid() == 0 else None
    if account is not None:
        os.chown(path, -1, account.pw_gid)
        path.chmod(0o710)
    return path.resolve()


def service_account() -> pwd.struct_passwd | None:
    """The account under which a root host runs its server; None if the machine has neither."""
    for name in SERVICE_ACCOUNTS:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    return None
