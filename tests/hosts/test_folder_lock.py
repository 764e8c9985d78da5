"""One host per data folder, whatever way the last one ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mintflow.hosts.folder_lock import DataFolderInUse, FolderLock

HOLDER = """
import sys, time
from pathlib import Path
from mintflow.hosts.folder_lock import FolderLock
FolderLock(Path(sys.argv[1])).acquire()
print("held", flush=True)
time.sleep(600)
"""


def test_makes_the_folder_private(tmp_path: Path) -> None:
    with FolderLock(tmp_path / "books" / "data"):
        # A root host adds its server's group, which may walk through and not list.
        wanted = 0o710 if os.geteuid() == 0 else 0o700
        assert (tmp_path / "books" / "data").stat().st_mode & 0o777 == wanted


def test_keeps_the_mode_of_a_folder_that_exists(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    with FolderLock(tmp_path):
        assert tmp_path.stat().st_mode & 0o777 == 0o755


def test_refuses_a_second_holder_and_names_the_first(tmp_path: Path) -> None:
    with FolderLock(tmp_path) as first:
        with pytest.raises(DataFolderInUse, match=f"in use by process {os.getpid()}"):
            FolderLock(tmp_path).acquire()
        assert first.held
    with FolderLock(tmp_path) as second:
        assert second.held


def test_taking_or_giving_back_twice_is_doing_it_once(tmp_path: Path) -> None:
    lock = FolderLock(tmp_path).acquire().acquire()
    lock.release()
    lock.release()
    assert not lock.held
    FolderLock(tmp_path).acquire().release()


def test_a_killed_holder_leaves_no_lock_behind(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, tmp_path], stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(DataFolderInUse, match=f"process {holder.pid}"):
            FolderLock(tmp_path).acquire()
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    FolderLock(tmp_path).acquire().release()


def test_a_program_started_meanwhile_does_not_inherit_the_lock(tmp_path: Path) -> None:
    lock = FolderLock(tmp_path).acquire()
    with subprocess.Popen(["sleep", "600"], close_fds=False) as child:
        lock.release()
        FolderLock(tmp_path).acquire().release()
        child.kill()
