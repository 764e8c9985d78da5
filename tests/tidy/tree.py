"""The files of this repository, as the house rules look at them."""

from __future__ import annotations

import ast
import os
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = (
    *("domain", "commands", "store", "streams", "projections", "api"),
    *("connectors", "ml", "hosts", "migrations"),
)
_NOT_OURS = {".git", ".venv", "__pycache__", "dist", "build", "demo-data", "node_modules"}
_BINARY = {".png", ".jpg", ".ico", ".woff2", ".parquet", ".npz", ".zip", ".gz", ".pdf"}


@cache
def files() -> tuple[Path, ...]:
    """Every file that is or would be committed, relative to the root, in a fixed order."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    # An unpacked archive has no history, and git may refuse a checkout of another owner.
    found = (
        (Path(os.fsdecode(name)) for name in listed.stdout.split(b"\0") if name)
        if listed.returncode == 0
        else _walked()
    )
    return tuple(sorted(path for path in found if _is_file(path)))


def texts(*suffixes: str) -> Iterator[tuple[Path, str]]:
    """Path and text of the files with one of these suffixes, or of all that are text."""
    for path in files():
        if path.suffix in _BINARY or (suffixes and path.suffix not in suffixes):
            continue
        yield path, (ROOT / path).read_text("utf-8", "replace")


def modules(*folders: str) -> Iterator[tuple[Path, ast.Module]]:
    """Path and syntax tree of the Python files that hold anything, in these top-level folders."""
    for path, text in texts(".py"):
        if text.strip() and (not folders or path.parts[0] in folders):
            yield path, ast.parse(text, str(path))


def _is_file(path: Path) -> bool:
    whole = ROOT / path
    return whole.is_file() and not whole.is_symlink()


def _walked() -> Iterator[Path]:
    for folder, names, leaves in os.walk(ROOT):
        names[:] = [name for name in names if name not in _NOT_OURS and not name.endswith("_cache")]
        yield from (Path(folder, leaf).relative_to(ROOT) for leaf in leaves)
