"""EmbeddedPostgres: a Postgres of our own, as a child of the host, reachable by its socket alone.

The server never listens on a network. Its socket asks for no password: the folder that holds it is
0700 and owned by the server's account, and who can act as that account can read the cluster's files
anyway, so a password would guard nothing more.

If the host dies the server goes on; the next start stops it and begins anew. Whatever was
acknowledged is in the write-ahead log, so no kind of kill loses it.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self
from urllib.parse import quote

import psycopg

from mintflow.domain.core.errors import Invalid
from mintflow.hosts.data_folder import make_data_folder
from mintflow.hosts.folder_lock import FolderLock
from mintflow.hosts.postgres.account import RunAs, choose_account
from mintflow.hosts.postgres.binaries import find_binaries, major_of, server_version
from mintflow.hosts.postgres.cluster import SUPERUSER, check_cluster, create_cluster, reason_in
from mintflow.hosts.postgres.postmaster import (
    FAST_STOP_S,
    IMMEDIATE_STOP_S,
    PostgresUnavailable,
    clear_cluster,
    read_postmaster,
)
from mintflow.hosts.postgres.tuning import tuned

DATABASE: Final = "mintflow"
PORT: Final = 5432
# sockaddr_un holds 108 bytes on Linux and 104 on macOS, the last of them NUL.
SOCKET_PATH_BYTES_MAX: Final = 103 if sys.platform == "darwin" else 107
# Backends notice the death of their postmaster within milliseconds, busy ones within seconds.
HELD_MEMORY_PATIENCE_S: Final = 15
LOG_BYTES_MAX: Final = 16 * 1024 * 1024
_STILL_HELD: Final = ("is still in use", "Is another postmaster")

SETTINGS: Final[Mapping[str, str]] = {
    "max_connections": "200",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "15min",
    "synchronous_commit": "on",
    # Queries here are short; compiling them costs more than it gives.
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Statements and the DETAIL of a refused row hold what people wrote; the log holds neither.
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}


class EmbeddedPostgres:
    """One Postgres cluster in `data_dir/postgres`, run by this process. Not for several threads.

    settings: server settings that replace or add to SETTINGS and those of `tuning`, by name.
    lock: the lock on data_dir if the caller holds it already; otherwise `start` takes one and
    `stop` gives it back.
    """

    def __init__(
        self,
        data_dir: Path,
        *,
        settings: Mapping[str, str] | None = None,
        lock: FolderLock | None = None,
    ) -> None:
        self.data_dir = data_dir
        self.settings: Mapping[str, str] = {**SETTINGS, **(settings or {})}
        self.binaries: Path | None = None
        self._lock = lock or FolderLock(data_dir)
        self._owns_lock = lock is None
        self._child: subprocess.Popen[bytes] | None = None
        self._socket_folder: Path | None = None

    def start(self) -> str:
        """Start the server, creating cluster and database at first, and return the superuser's URL.

        The URL is a libpq URI of the database `mintflow`. Started already, this only answers it.
        Waits without limit while the server is alive and recovering: after a crash under load that
        can take minutes, and cutting it short would only begin it again.
        Raises DataFolderInUse if another host has the folder, DataFolderUnreachable,
        PostgresNotFound, PostgresVersionMismatch, or PostgresUnavailable with the server's reason.
        """
        if self.is_running() and self._socket_folder:
            return self._url(self._socket_folder, DATABASE)
        self._lock.acquire()
        started = False
        try:
            url = self._start()
            started = True
        finally:
            if not started:
                self.stop()
        return url

    def stop(self) -> None:
        """Stop the server fast (open transactions roll back), reap it, and release the folder.

        Without a server this only releases; a second call does nothing. A server that does not
        end within two minutes is cut off, which loses nothing: the next start recovers it.
        """
        child, self._child = self._child, None
        if child is not None:
            for number, patience_s in (
                (signal.SIGINT, FAST_STOP_S),
                (signal.SIGQUIT, IMMEDIATE_STOP_S),
            ):
                child.send_signal(number)
                try:
                    child.wait(patience_s)
                    break
                except subprocess.TimeoutExpired:
                    continue
            else:
                child.kill()
                child.wait()
        if self._socket_folder and self._socket_folder != self.cluster:
            shutil.rmtree(self._socket_folder, ignore_errors=True)
        self._socket_folder = None
        if self._owns_lock:
            self._lock.release()

    def is_running(self) -> bool:
        """Whether our server is alive; False from the moment it has died, whoever killed it."""
        return self._child is not None and self._child.poll() is None

    @property
    def cluster(self) -> Path:
        """The folder of the cluster, absolute and without links."""
        return self.data_dir.resolve() / "postgres"

    @property
    def log_path(self) -> Path:
        """Where the server writes its log."""
        return self.data_dir.resolve() / "postgres.log"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def _start(self) -> str:
        if "\n" in str(self.cluster):
            # postmaster.pid keeps this path on a line of its own.
            raise Invalid("The path of the data folder must not hold a line break.")
        make_data_folder(self.data_dir)
        self.binaries = find_binaries()
        run_as = choose_account(self.data_dir.resolve(), self.cluster, self.binaries)
        if self.cluster.exists():
            check_cluster(self.cluster, run_as, self.binaries)
        else:
            durable = self.settings.get("fsync") != "off"
            create_cluster(self.cluster, run_as, self.binaries, durable=durable)
        self._socket_folder = self._make_socket_folder(run_as)
        clear_cluster(self.cluster, self._socket_folder)
        self._launch(run_as, self.binaries, self._socket_folder)
        self._create_database(self._socket_folder)
        return self._url(self._socket_folder, DATABASE)

    def _make_socket_folder(self, run_as: RunAs) -> Path:
        """The cluster's folder, or a short private one if the socket's path would not fit.

        A comma is where libpq splits a list of hosts, so a path with one does not fit either.
        """
        own = self.cluster
        name = f".s.PGSQL.{PORT}"
        if len(os.fsencode(own / name)) <= SOCKET_PATH_BYTES_MAX and "," not in str(own):
            return own
        digest = hashlib.sha256(os.fsencode(own)).hexdigest()[:16]
        folder = Path(tempfile.gettempdir()).resolve() / f"mintflow-{digest}"
        try:
            folder.mkdir(mode=0o700)
            if run_as.uid != os.geteuid():
                os.chown(folder, run_as.uid, run_as.gid)
        except FileExistsError:
            # Left by a host that was killed, or laid there by someone else to be let in.
            facts = folder.lstat()
            private = stat.S_ISDIR(facts.st_mode) and stat.S_IMODE(facts.st_mode) == 0o700
            if not private or facts.st_uid != run_as.uid:
                raise PostgresUnavailable(
                    f"The folder {folder} for the server's socket exists and is not ours; "
                    "remove it, or choose a data folder with a shorter path.",
                    folder=str(folder),
                ) from None
        return folder

    def _launch(self, run_as: RunAs, binaries: Path, socket_folder: Path) -> None:
        quoted = '"' + str(socket_folder).replace('"', '""') + '"'
        settings = {
            **tuned(major_of(server_version(binaries))),
            **self.settings,
            "port": str(PORT),
            "listen_addresses": "",
            "unix_socket_directories": quoted,
            "unix_socket_permissions": "0700",
        }
        command: list[str | Path] = [binaries / "postgres", "-D", self.cluster]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        if self.log_path.exists() and self.log_path.stat().st_size > LOG_BYTES_MAX:
            self.log_path.replace(self.log_path.with_suffix(".log.1"))
        deadline = time.monotonic() + HELD_MEMORY_PATIENCE_S
        with open(self.log_path, "ab", opener=_private) as log:
            while True:
                begin = log.seek(0, os.SEEK_END)
                # A session of its own: Ctrl-C at a terminal is for the host, which then stops us.
                self._child = run_as.popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
                if self._becomes_ready(self._child):
                    return
                told = self._log_since(begin)
                held = any(sign in told for sign in _STILL_HELD)
                if not held or time.monotonic() > deadline:
                    raise PostgresUnavailable(
                        f"Postgres ended at once on {self.cluster}: {reason_in(told)} "
                        f"The log is {self.log_path}.",
                        folder=str(self.cluster),
                        log=str(self.log_path),
                    )
                time.sleep(0.1)

    def _becomes_ready(self, child: subprocess.Popen[bytes]) -> bool:
        """Wait until the child is ready (True) or has ended (False)."""
        while child.poll() is None:
            found = read_postmaster(self.cluster)
            if found is not None and found.ready and found.pid == child.pid:
                return True
            time.sleep(0.005)
        return False

    def _log_since(self, begin: int) -> str:
        with self.log_path.open("rb") as log:
            log.seek(begin)
            return log.read().decode("utf-8", "replace")

    def _create_database(self, socket_folder: Path) -> None:
        with psycopg.connect(self._url(socket_folder, "postgres"), autocommit=True) as connection:
            known = connection.execute(
                "select 1 from pg_database where datname = %s", (DATABASE,)
            ).fetchone()
            if known is None:
                connection.execute(f'create database "{DATABASE}"')

    @staticmethod
    def _url(socket_folder: Path, database: str) -> str:
        host = quote(os.fsencode(socket_folder), safe="")
        return f"postgresql://{SUPERUSER}@/{database}?host={host}&port={PORT}"


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)
