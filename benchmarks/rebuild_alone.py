"""One rebuild in a process of its own, for its memory: `python -m … URL KEYS JOBS [PROJECTION]`.

A program that has written a million events before holds more than a rebuild ever would, and what it
starts is counted with it: a child's peak begins at its parent's size.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

from mintflow.projections.core.rebuild import rebuild
from mintflow.projections.registry import PROJECTIONS
from mintflow.store.keys import FolderKeyStore

_STATUS = Path("/proc/self/status")


def measured(url: str, keys: Path, jobs: int, *names: str) -> dict[str, Any]:
    """Rebuild some projections, all without a name; what its report says, and the memory of all its
    processes. filled: those that have rows."""
    done = subprocess.run(
        [sys.executable, "-m", __name__, url, str(keys), str(jobs), *names],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(done.stderr)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def main() -> None:
    """The child: one JSON object on standard output."""
    url, folder, jobs = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    report = rebuild(url, partial(FolderKeyStore, folder), sys.argv[4:] or None, jobs=jobs)
    rows = {one.name: one.rebuilt.rows for one in report.tables}
    answer = {
        "events": report.events,
        "rows": sum(rows.values()),
        "seconds": report.seconds,
        "events_per_s": report.events_per_second,
        "identical": report.identical,
        "differing": [one.name for one in report.tables if one.served != one.rebuilt],
        "filled": [
            projection.name
            for projection in PROJECTIONS
            if any(rows.get(table.name) for table in projection.tables)
        ],
        "memory_mb": _memory_mb(jobs),
    }
    print(json.dumps(answer))


def _memory_mb(jobs: int) -> int:
    """Of this process and its workers together, each at its peak; Postgres is not counted."""
    workers = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return round((_own_kb() + jobs * workers) / 1024)


def _own_kb() -> int:
    """The peak since this program began; what `getrusage` says begins at the parent's size."""
    for line in _STATUS.read_text().splitlines() if _STATUS.exists() else ():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    main()
