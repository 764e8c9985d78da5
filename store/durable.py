"""Files and folders that are there to stay: whole or not at all, and durable with their names."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path


def put_new(path: Path, content: bytes, *, mode: int) -> bytes:
    """Write a new file; what stands in it then, which is another's if another was first."""
    draft = _draft(path)
    try:
        _write(draft, content, mode)
        # A link fails where the name is taken, unlike a rename.
        os.link(draft, path)
    except FileExistsError:
        content = path.read_bytes()
    finally:
        draft.unlink(missing_ok=True)
    sync_folder(path.parent)
    return content


def put_over(path: Path, content: bytes, *, mode: int) -> None:
    """Other bytes in a file's place: the old ones or the new ones, whenever this is cut off."""
    draft = _draft(path)
    try:
        _write(draft, content, mode)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    sync_folder(path.parent)


def make_private_folder(folder: Path) -> None:
    """The folder and those above it, each new one of mode 0700, durable with its name."""
    if folder.is_dir():
        return
    make_private_folder(folder.parent)
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    sync_folder(folder.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable: those that came, went or changed."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _draft(path: Path) -> Path:
    """A name beside it that is nobody else's; it begins with a dot and the file's own name."""
    return path.with_name(f".{path.name}.{os.getpid()}.{os.urandom(4).hex()}")


def _write(draft: Path, content: bytes, mode: int) -> None:
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    with os.fdopen(handle, "wb") as stream:
        stream.write(content)
        stream.flush()
        os.fsync(stream.fileno())
