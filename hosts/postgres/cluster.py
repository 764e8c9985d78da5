"""The cluster's folder: created whole or not at all, and refused when it is not ours to start."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from mintflow.domain.core.errors import Conflict
from mintflow.hosts.postgres.account import DataFolderUnreachable, RunAs
from mintflow.hosts.postgres.binaries import major_of, server_version
from mintflow.hosts.postgres.postmaster import PostgresUnavailable

SUPERUSER: Final = "postgres"
# From this release on Postgres brings a locale of its own, which sorts alike on every machine.
_BUILTIN_LOCALE_SINCE: Final = 17


class PostgresVersionMismatch(Conflict):
    """The cluster was made by another major version than the binaries that were found."""

    code = "postgres_version_mismatch"


def create_cluster(cluster: Path, run_as: RunAs, binaries: Path, *, durable: bool) -> None:
    """initdb in a folder beside, then one rename: a kill at any moment leaves no half cluster.

    durable: False leaves out the fsync of the new files, for tests that end with the machine.
    Raises PostgresUnavailable with initdb's reason.
    """
    for leftover in cluster.parent.glob("postgres.new-*"):
        shutil.rmtree(leftover, ignore_errors=True)
    fresh = Path(tempfile.mkdtemp(prefix="postgres.new-", dir=cluster.parent))
    if run_as.uid != os.geteuid():
        os.chown(fresh, run_as.uid, run_as.gid)
    command = (
        binaries / "initdb",
        *("-D", fresh, "-U", SUPERUSER, "--encoding=UTF8", "--data-checksums"),
        *_locale(major_of(server_version(binaries))),
        *("--auth-local=trust", "--auth-host=reject"),
        *(() if durable else ("--no-sync",)),
    )
    child = run_as.popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    told, _ = child.communicate()
    if child.returncode != 0:
        shutil.rmtree(fresh, ignore_errors=True)
        output = told.decode("utf-8", "replace").strip()
        raise PostgresUnavailable(
            f"initdb could not create the cluster in {cluster}: {reason_in(output)}",
            folder=str(cluster),
            output=output[-2000:],
        )
    fresh.rename(cluster)


def check_cluster(cluster: Path, run_as: RunAs, binaries: Path) -> None:
    """Refuse a cluster of another major version or of another owner than the server's account.

    Raises PostgresVersionMismatch, DataFolderUnreachable, or PostgresUnavailable if the folder
    holds no cluster at all.
    """
    try:
        made_by = (cluster / "PG_VERSION").read_text().strip()
    except PermissionError:
        made_by = ""
    except FileNotFoundError:
        raise PostgresUnavailable(
            f"{cluster} exists and is not a Postgres cluster; move it away.", folder=str(cluster)
        ) from None
    owner = cluster.stat().st_uid
    if owner != run_as.uid:
        raise DataFolderUnreachable(
            f"The cluster in {cluster} belongs to user {owner}, and its server would run as user "
            f"{run_as.uid}. Run the host as its owner, or hand the folder over with "
            f"chown -R {run_as.uid}:{run_as.gid}.",
            folder=str(cluster),
            owner=owner,
        )
    found = server_version(binaries)
    if made_by != str(major_of(found)):
        raise PostgresVersionMismatch(
            f"The cluster in {cluster} was made by Postgres {made_by}, and {binaries} holds "
            f"Postgres {found}. Name the binaries of version {made_by} in MINTFLOW_POSTGRES_BIN, "
            "or move the data with pg_dump.",
            folder=str(cluster),
            cluster_version=made_by,
            server_version=found,
        )


def reason_in(output: str) -> str:
    """The last line that is a reason: Postgres says FATAL or PANIC, initdb says error."""
    lines = output.strip().splitlines()
    reasons = [line for line in lines if any(w in line for w in ("FATAL", "PANIC", "error:"))]
    return (reasons or lines or ["it gave no reason."])[-1]


def _locale(major: int) -> tuple[str, ...]:
    if major >= _BUILTIN_LOCALE_SINCE:
        return ("--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C")
    return ("--locale=C.UTF-8",)
