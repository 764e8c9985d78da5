"""The embedded Postgres as root, as an ordinary user, and where the server's account cannot reach.

Run by an ordinary user, every other test of the launcher is a test as that user, and what is about
root alone does not apply.
"""

from __future__ import annotations

import os
import pwd
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from host_process import host_process
from services import new_data_folder

from mintflow.hosts.postgres import EmbeddedPostgres
from mintflow.hosts.postgres.account import DataFolderUnreachable
from mintflow.hosts.postgres.postmaster import read_postmaster

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.geteuid() != 0, reason="only a root host has another account to run as"),
]
DAC_READ_SEARCH = 1 << 2


@pytest.fixture
def closed() -> Iterator[Path]:
    """A 0700 folder of root, as mktemp -d and /root are, removed afterwards."""
    path = new_data_folder()
    path.mkdir(mode=0o700)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def capable() -> None:
    """The right to read and search everything, which many containers do not leave to root.

    What such a root is told instead is a test of its own, which every root can run.
    """
    if not _capabilities("CapBnd") & DAC_READ_SEARCH:
        pytest.skip("this root holds no CAP_DAC_READ_SEARCH to hand on")


@pytest.fixture
def nobody() -> pwd.struct_passwd:
    """An ordinary user who can run this Python."""
    account = pwd.getpwnam("nobody")
    probe = (*_as_user(account), sys.executable, "-c", "import mintflow.hosts.postgres")
    if subprocess.run(probe, capture_output=True, cwd="/", check=False).returncode != 0:
        pytest.skip("this Python lies where only root can reach it")
    return account


@pytest.mark.usefixtures("capable")
def test_runs_below_a_closed_folder_and_leaves_its_mode(closed: Path) -> None:
    with EmbeddedPostgres(closed / "books" / "data") as server:
        with psycopg.connect(server.start()) as connection:
            assert connection.execute("select 1").fetchone() == (1,)
        postmaster = read_postmaster(server.cluster)
        assert postmaster is not None
        held = _capabilities("CapEff", postmaster.pid)
        assert held == DAC_READ_SEARCH
        assert held == _capabilities("CapBnd", postmaster.pid)
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700
    assert closed.stat().st_uid == 0


@pytest.mark.usefixtures("capable")
def test_the_server_below_a_closed_folder_cannot_write_beside_its_cluster(closed: Path) -> None:
    with (
        EmbeddedPostgres(closed) as server,
        psycopg.connect(server.start()) as connection,
        pytest.raises(psycopg.errors.InsufficientPrivilege),
    ):
        connection.execute(f"copy (select 1) to '{closed}/beside'")
    assert not (closed / "beside").exists()


def test_has_no_capability_where_the_plain_way_reaches() -> None:
    data_dir = new_data_folder()
    try:
        with EmbeddedPostgres(data_dir) as server:
            postmaster = read_postmaster(server.cluster)
            assert postmaster is not None
            assert server.binaries is not None
            # Binaries below a closed folder need the capability wherever the data lies.
            open_to_all = all(folder.stat().st_mode & 0o001 for folder in server.binaries.parents)
            wanted = 0 if open_to_all else DAC_READ_SEARCH
            assert _capabilities("CapEff", postmaster.pid) == wanted
    finally:
        shutil.rmtree(data_dir, ignore_errors=True)


def test_says_what_to_do_where_no_capability_can_be_had(closed: Path) -> None:
    without = ("setpriv", "--bounding-set=-dac_read_search")
    with host_process(closed, prefix=without) as host:
        assert host.told["refused"] == "data_folder_unreachable"
        assert str(closed) in host.told["message"]
        assert "MINTFLOW_DATABASE_URL" in host.told["message"]


def test_says_what_to_do_where_setpriv_is_missing(
    closed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mintflow.hosts.postgres.account.shutil.which", lambda *_, **__: None)
    with pytest.raises(DataFolderUnreachable, match=str(closed)):
        EmbeddedPostgres(closed).start()


def test_an_ordinary_user_runs_it_alone(nobody: pwd.struct_passwd) -> None:
    data_dir = new_data_folder()
    try:
        data_dir.mkdir(mode=0o700)
        os.chown(data_dir, nobody.pw_uid, nobody.pw_gid)
        with host_process(data_dir, prefix=_as_user(nobody)) as host:
            with psycopg.connect(host.told["url"]) as connection:
                assert connection.execute("select 1").fetchone() == (1,)
            assert _owner(host.told["postmaster"]) == nobody.pw_uid
        assert {path.lstat().st_uid for path in data_dir.rglob("*")} == {nobody.pw_uid}
        # The cluster stays its owner's when root runs it next.
        with EmbeddedPostgres(data_dir) as server:
            postmaster = read_postmaster(server.cluster)
            assert postmaster is not None
            assert _owner(postmaster.pid) == nobody.pw_uid
    finally:
        shutil.rmtree(data_dir, ignore_errors=True)


def test_an_ordinary_user_is_refused_the_cluster_of_another(nobody: pwd.struct_passwd) -> None:
    data_dir = new_data_folder()
    try:
        with EmbeddedPostgres(data_dir) as server:
            cluster = server.cluster
        os.chown(data_dir, nobody.pw_uid, nobody.pw_gid)
        os.chown(data_dir / "host.lock", nobody.pw_uid, nobody.pw_gid)
        os.chown(cluster, 12345, 12345)
        with host_process(data_dir, prefix=_as_user(nobody)) as host:
            assert host.told["refused"] == "data_folder_unreachable"
    finally:
        shutil.rmtree(data_dir, ignore_errors=True)


def _as_user(account: pwd.struct_passwd) -> tuple[str, ...]:
    """Become that user; with the right to read this checkout, which may lie below /root."""
    words = ("setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups")
    if _capabilities("CapBnd") & DAC_READ_SEARCH:
        words += ("--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search")
        words += ("--securebits=+no_setuid_fixup,+noroot",)
    return words


def _capabilities(kind: str, pid: int | str = "self") -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith(f"{kind}:"):
            return int(line.split()[1], 16)
    raise AssertionError(f"no {kind} in /proc/{pid}/status")


def _owner(pid: int) -> int:
    return Path(f"/proc/{pid}").stat().st_uid
