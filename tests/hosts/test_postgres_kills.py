"""The embedded Postgres after kill -9: of the server, of all its processes, of the host."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from host_process import host_process
from services import missing, new_data_folder

from mintflow.hosts.folder_lock import FolderLock
from mintflow.hosts.postgres import EmbeddedPostgres
from mintflow.hosts.postgres.postmaster import is_server_of, read_postmaster

pytestmark = pytest.mark.slow


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A data folder that does not exist yet, removed afterwards."""
    path = new_data_folder()
    yield path
    shutil.rmtree(path, ignore_errors=True)


def test_a_killed_server_starts_again_with_every_acknowledged_row(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as server:
        for round_ in range(3):
            _record(server.start(), round_)
            os.kill(_pid(server), signal.SIGKILL)
            _wait_until_dead(server)
        assert _recorded(server.start()) == [0, 1, 2]


def test_a_server_killed_with_all_its_processes_starts_again(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as server:
        _record(server.start(), 7)
        for pid in [_pid(server), *_children(_pid(server))]:
            with suppress(ProcessLookupError):  # it ended by itself since, as workers do
                os.kill(pid, signal.SIGKILL)
        _wait_until_dead(server)
        assert _recorded(server.start()) == [7]


def test_a_busy_backend_of_a_killed_server_is_waited_for(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as server:
        _record(server.start(), 1)
        backend = psycopg.connect(server.start())
        # Stopped, it cannot notice that its postmaster died, and holds the shared memory.
        os.kill(backend.info.backend_pid, signal.SIGSTOP)
        os.kill(_pid(server), signal.SIGKILL)
        _wait_until_dead(server)
        with subprocess.Popen(["sh", "-c", f"sleep 1; kill -CONT {backend.info.backend_pid}"]):
            assert _recorded(server.start()) == [1]
        backend.close()


def test_a_killed_host_leaves_a_server_that_the_next_start_replaces(data_dir: Path) -> None:
    with host_process(data_dir) as host:
        _record(host.told["url"], 5)
        host.process.kill()
        host.process.wait()
        left = host.told["postmaster"]
        assert is_server_of(left, data_dir / "postgres")
    with EmbeddedPostgres(data_dir) as server:
        assert _recorded(server.start()) == [5]
        assert _pid(server) != left
        assert not is_server_of(left, data_dir / "postgres")


def test_a_second_host_says_who_has_the_folder_and_ends(data_dir: Path) -> None:
    with host_process(data_dir) as first, host_process(data_dir) as second:
        assert second.told["refused"] == "data_folder_in_use"
        assert f"process {first.process.pid}" in second.told["message"]
        assert second.process.wait() == 0
        _record(first.told["url"], 1)


def test_a_dead_server_that_nobody_reaped_is_not_taken_for_a_live_one(data_dir: Path) -> None:
    with FolderLock(data_dir) as lock:
        killed = EmbeddedPostgres(data_dir, lock=lock)
        _record(killed.start(), 3)
        # Its parent does not ask after it, so it stays in the process table as a zombie.
        os.kill(_pid(killed), signal.SIGKILL)
        with EmbeddedPostgres(data_dir, lock=lock) as server:
            assert _recorded(server.start()) == [3]
        killed.stop()


def test_a_reused_pid_of_another_program_is_left_alone(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as server:
        _record(server.start(), 9)
    owner = server.cluster.stat()
    with subprocess.Popen(["sleep", "600"], cwd=server.cluster) as bystander:
        pid_file = server.cluster / "postmaster.pid"
        pid_file.write_text(f"{bystander.pid}\n{server.cluster}\n1\n5432\n\n\n1 1\nready   \n")
        socket_lock = shutil.copy(pid_file, server.cluster / ".s.PGSQL.5432.lock")
        os.chown(pid_file, owner.st_uid, owner.st_gid)
        os.chown(socket_lock, owner.st_uid, owner.st_gid)
        with server:
            assert _recorded(server.start()) == [9]
        assert bystander.poll() is None
        bystander.kill()


def test_a_server_of_another_cluster_is_left_alone(data_dir: Path) -> None:
    data_dir.mkdir(mode=0o711)
    with EmbeddedPostgres(data_dir / "one") as one, EmbeddedPostgres(data_dir / "two") as two:
        two.stop()
        shutil.copy(one.cluster / "postmaster.pid", two.cluster / "postmaster.pid")
        _record(two.start(), 2)
        assert one.is_running()
        _record(one.start(), 1)


def test_a_host_killed_while_it_creates_the_cluster_is_begun_anew(data_dir: Path) -> None:
    leftover = data_dir / "postgres.new-abc"
    leftover.mkdir(parents=True)
    data_dir.chmod(0o711)
    (leftover / "PG_VERSION").touch()
    with EmbeddedPostgres(data_dir) as server:
        _record(server.start(), 1)
    assert not leftover.exists()


def _record(url: str, number: int) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("create table if not exists recorded (number int)")
        connection.execute("insert into recorded values (%s)", (number,))


def _recorded(url: str) -> list[int]:
    with psycopg.connect(url) as connection:
        return [row[0] for row in connection.execute("select number from recorded order by 1")]


def _wait_until_dead(server: EmbeddedPostgres) -> None:
    while server.is_running():
        time.sleep(0.005)


def _pid(server: EmbeddedPostgres) -> int:
    postmaster = read_postmaster(server.cluster)
    assert postmaster is not None
    return postmaster.pid


def _children(pid: int) -> list[int]:
    if shutil.which("ps") is None:
        missing("ps", "not installed; on Debian: apt install procps")
    told = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, check=True)
    return [int(word) for word in told.stdout.split()]
