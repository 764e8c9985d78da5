"""Files that are written once: whole or not at all, durable, and never over another one."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def put_new(path: Path, content: bytes, *, mode: int) -> bytes:
    """Write a new file; what stands in it then, which is another's if another was first."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        # A link fails where the name is taken, unlike a rename.
        os.link(draft, path)
    except FileExistsError:
        content = path.read_bytes()
    finally:
        draft.unlink()
    _sync(path.parent)
    return content


def make_private_folder(folder: Path) -> None:
    """The folder and those above it, each new one of mode 0700, durable with its name."""
    if folder.is_dir():
        return
    make_private_folder(folder.parent)
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    _sync(folder.parent)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
