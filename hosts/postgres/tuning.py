"""Settings of the embedded server that depend on the machine and on the server's version.

What does not depend on anything stands in `server.SETTINGS`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_MB: Final = 1024 * 1024
# The log and the read models of a household fit into the least of these; a rebuild of many reads
# the tables that it has just written. The rest of the memory keeps files, for this server too.
BUFFERS_MB_MIN: Final = 128
BUFFERS_MB_MAX: Final = 1024
BUFFERS_SHARE: Final = 8
_IO_METHODS_SINCE: Final = 18


def tuned(major: int, memory: int | None = None) -> dict[str, str]:
    """major: of the server's version. memory: in bytes; None: that of this machine."""
    memory = memory_bytes() if memory is None else memory
    buffers = min(max(memory // BUFFERS_SHARE // _MB, BUFFERS_MB_MIN), BUFFERS_MB_MAX)
    settings = {"shared_buffers": f"{buffers}MB"}
    if major >= _IO_METHODS_SINCE:
        # Nearly all that is read lies in the machine's own cache, from where a process copies it
        # itself for less than it takes to have another one do so.
        settings["io_method"] = "sync"
    return settings


def memory_bytes(root: Path = Path("/")) -> int:
    """What this process may use: the machine's memory, or less where a container has a limit.

    root: where `proc` and `sys` are.
    """
    whole = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return min([whole, *_limits(root)])


def _limits(root: Path) -> Iterator[int]:
    """Of the control groups that this process is in, and of those around them."""
    try:
        groups = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:
        return
    for line in groups:
        _, kinds, path = line.split(":", 2)
        if not kinds:
            folder, name = root / "sys/fs/cgroup", "memory.max"
        elif "memory" in kinds.split(","):
            folder, name = root / "sys/fs/cgroup/memory", "memory.limit_in_bytes"
        else:
            continue
        # Within a container the path may be that of the machine, and the limit at the top.
        own = folder / path.lstrip("/")
        for place in (own, *own.parents):
            if not place.is_relative_to(folder):
                break
            try:
                yield int((place / name).read_text())
            except (OSError, ValueError):  # the latter where it says "max"
                continue
