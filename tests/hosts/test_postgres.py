"""The embedded Postgres, really run: its folder, its account, its refusals."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from services import new_data_folder

from mintflow.hosts.folder_lock import DataFolderInUse
from mintflow.hosts.postgres import EmbeddedPostgres, find_binaries, server_version
from mintflow.hosts.postgres.binaries import PostgresNotFound
from mintflow.hosts.postgres.cluster import PostgresVersionMismatch
from mintflow.hosts.postgres.postmaster import PostgresUnavailable, read_postmaster
from mintflow.hosts.postgres.tuning import tuned

pytestmark = pytest.mark.slow


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A data folder that does not exist yet, removed afterwards."""
    path = new_data_folder()
    yield path
    shutil.rmtree(path, ignore_errors=True)


def test_gives_a_superuser_url_of_the_mintflow_database(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as server, psycopg.connect(server.start()) as connection:
        row = connection.execute(
            "select current_database(), usesuper, current_setting('listen_addresses'),"
            " current_setting('TimeZone'), current_setting('synchronous_commit'),"
            " current_setting('data_checksums'), current_setting('server_encoding')"
            " from pg_user where usename = current_user"
        ).fetchone()
    assert row == ("mintflow", True, "", "UTC", "on", "on", "UTF8")


def test_keeps_rows_from_one_start_to_the_next(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir)
    with server, psycopg.connect(server.start()) as connection:
        connection.execute("create table kept as select 42 as answer")
    with server, psycopg.connect(server.start()) as connection:
        assert connection.execute("select answer from kept").fetchone() == (42,)


def test_starting_twice_answers_the_same_server_and_stopping_twice_is_stopping(
    data_dir: Path,
) -> None:
    server = EmbeddedPostgres(data_dir)
    assert not server.is_running()
    url = server.start()
    first = read_postmaster(server.cluster)
    assert server.start() == url
    assert read_postmaster(server.cluster) == first
    server.stop()
    assert not server.is_running()
    assert read_postmaster(server.cluster) is None
    server.stop()


def test_stopping_does_not_wait_for_open_transactions(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir)
    connection = psycopg.connect(server.start())
    connection.execute("create table lost ()")
    server.stop()
    with pytest.raises(psycopg.OperationalError):
        connection.execute("select 1")
    connection.close()


def test_takes_settings_and_tells_why_a_wrong_one_ends_the_server(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir, settings={"work_mem": "7MB"})
    with server, psycopg.connect(server.start()) as connection:
        assert connection.execute("show work_mem").fetchone() == ("7MB",)
    with pytest.raises(PostgresUnavailable, match=r"FATAL:.*work_mem.*nonsense"):
        EmbeddedPostgres(data_dir, settings={"work_mem": "nonsense"}).start()
    # The refused start gave the folder back.
    with EmbeddedPostgres(data_dir) as server:
        assert server.is_running()


def test_runs_with_what_fits_the_machine_unless_told_otherwise(data_dir: Path) -> None:
    asked = "select current_setting('shared_buffers')"
    with EmbeddedPostgres(data_dir) as server, psycopg.connect(server.start()) as connection:
        row = connection.execute(
            "select pg_size_bytes(current_setting('shared_buffers')) >> 20"
        ).fetchone()
        assert row is not None
        assert f"{row[0]}MB" == tuned(18)["shared_buffers"]
    settings = {"shared_buffers": "32MB"}
    with (
        EmbeddedPostgres(data_dir, settings=settings) as server,
        psycopg.connect(server.start()) as connection,
    ):
        assert connection.execute(asked).fetchone() == ("32MB",)


def test_leaves_nothing_that_others_may_read(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as server:
        open_to_others = [
            path
            for path in (data_dir, *data_dir.rglob("*"))
            if stat.S_IMODE(path.lstat().st_mode) & 0o007
        ]
        assert open_to_others == []
        assert stat.S_IMODE(server.cluster.stat().st_mode) == 0o700


def test_the_server_is_never_root(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as server:
        assert server.cluster.stat().st_uid != 0


def test_its_log_holds_nothing_that_people_wrote(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as server:
        with psycopg.connect(server.start(), autocommit=True) as connection:
            connection.execute("create table notes (note text unique check (note <> 'Jane Roe'))")
            connection.execute("insert into notes values ('Doctor Who')")
            with pytest.raises(psycopg.errors.UniqueViolation):
                connection.execute("insert into notes values ('Doctor Who')")
            with pytest.raises(psycopg.errors.CheckViolation):
                connection.execute("insert into notes values ('Jane Roe')")
        log = server.log_path.read_text()
    assert "violates check constraint" in log
    assert "Doctor Who" not in log
    assert "Jane Roe" not in log


def test_refuses_a_second_host_on_the_folder(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as server:
        with pytest.raises(DataFolderInUse, match=str(os.getpid())):
            EmbeddedPostgres(data_dir).start()
        with psycopg.connect(server.start()) as connection:
            assert connection.execute("select 1").fetchone() == (1,)


def test_refuses_a_cluster_of_another_major_version(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as server:
        marker = server.cluster / "PG_VERSION"
    version = marker.read_text()
    marker.write_text("9\n")
    with pytest.raises(PostgresVersionMismatch, match=r"made by Postgres 9,.*pg_dump"):
        EmbeddedPostgres(data_dir).start()
    marker.write_text(version)
    with EmbeddedPostgres(data_dir) as server:
        assert server.is_running()


def test_refuses_a_folder_that_holds_something_else(data_dir: Path) -> None:
    (data_dir / "postgres").mkdir(parents=True)
    (data_dir / "postgres" / "letters").touch()
    with pytest.raises(PostgresUnavailable, match="not a Postgres cluster"):
        EmbeddedPostgres(data_dir).start()
    assert (data_dir / "postgres" / "letters").exists()


@pytest.mark.parametrize("name", ["x" * 120, "a, b", "ü 'quoted' \"twice\" 100%"])
def test_any_path_will_do(data_dir: Path, name: str) -> None:
    server = EmbeddedPostgres(data_dir / name)
    data_dir.mkdir(mode=0o711)
    with server:
        url = server.start()
        with psycopg.connect(url) as connection:
            assert connection.execute("select 1").fetchone() == (1,)
            folder = connection.info.host
        assert stat.S_IMODE(os.stat(folder).st_mode) == 0o700
    assert Path(folder) == server.cluster or not Path(folder).exists()


def test_uses_a_socket_folder_that_a_killed_host_left(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir / ("x" * 120))
    data_dir.mkdir(mode=0o711)
    with server, psycopg.connect(server.start()) as connection:
        folder, owner = Path(connection.info.host), server.cluster.stat()
    folder.mkdir(mode=0o700)
    os.chown(folder, owner.st_uid, owner.st_gid)
    with server, psycopg.connect(server.start()) as connection:
        assert Path(connection.info.host) == folder


def test_refuses_a_socket_folder_that_someone_else_laid_there(data_dir: Path) -> None:
    server = EmbeddedPostgres(data_dir / ("x" * 120))
    data_dir.mkdir(mode=0o711)
    with server, psycopg.connect(server.start()) as connection:
        folder = Path(connection.info.host)
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    try:
        with pytest.raises(PostgresUnavailable, match="is not ours"):
            server.start()
        assert folder.exists()
    finally:
        folder.rmdir()


def test_prefers_the_binaries_that_are_named() -> None:
    found = find_binaries({})
    assert find_binaries({"MINTFLOW_POSTGRES_BIN": str(found)}) == found
    assert int(server_version(found).split(".")[0]) >= 15


def test_refuses_named_binaries_that_cannot_be_run(tmp_path: Path) -> None:
    with pytest.raises(PostgresNotFound, match="MINTFLOW_POSTGRES_BIN names"):
        find_binaries({"MINTFLOW_POSTGRES_BIN": str(tmp_path)})
