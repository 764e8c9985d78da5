"""One host per data folder: a lock that the kernel gives back when its holder dies.

`flock` and not a file with a pid: after `kill -9` nothing has to be cleaned up and no reused pid
can be mistaken for a holder. The pid is written into the file for the message alone. The file
stays when the lock is released, because unlinking it would let two hosts lock two different files
of the same name.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from types import TracebackType
from typing import Self

from mintflow.domain.core.errors import Conflict
from mintflow.hosts.data_folder import make_data_folder


class DataFolderInUse(Conflict):
    """Another host works on this data folder; two would write two histories."""

    code = "data_folder_in_use"


class FolderLock:
    """An exclusive hold on a data folder, for as long as this process lives or until `release`.

    Not for use by two threads at once. A forked child shares the hold; a started program does not.
    """

    def __init__(self, data_dir: Path) -> None:
        self.data_dir = data_dir
        self._fd: int | None = None

    def acquire(self) -> Self:
        """Take the lock, making the folder if needed; taking it twice is taking it once.

        Raises DataFolderInUse at once, naming the holder, if another lock is held on the folder.
        """
        if self._fd is not None:
            return self
        path = make_data_folder(self.data_dir) / "host.lock"
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(fd, 32, 0).decode("ascii", "replace").strip()
            os.close(fd)
            raise _in_use(self.data_dir, holder) from None
        os.ftruncate(fd, 0)
        os.pwrite(fd, f"{os.getpid()}\n".encode(), 0)
        self._fd = fd
        return self

    def release(self) -> None:
        """Give the lock back; without a lock this does nothing."""
        if self._fd is None:
            return
        os.ftruncate(self._fd, 0)
        os.close(self._fd)
        self._fd = None

    @property
    def held(self) -> bool:
        """Whether this object holds the lock now."""
        return self._fd is not None

    def __enter__(self) -> Self:
        return self.acquire()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()


def _in_use(data_dir: Path, holder: str) -> DataFolderInUse:
    """Say who holds the folder; the pid can be missing for the instant before it is written."""
    who = f"process {holder}" if holder else "another process"
    return DataFolderInUse(
        f"The data folder {data_dir} is in use by {who}; "
        "stop that host first, or choose another folder with --data.",
        folder=str(data_dir),
        holder_pid=int(holder) if holder.isdigit() else None,
    )
