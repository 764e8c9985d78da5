"""The folder of the ledger keys, and what is looked at before a host makes a master key in it.

A host that begins on books without their keys would take every ledger for an erased one, and serve
it like that; with a master key of its own in the folder, the right ones could not simply be put
back.
"""

from __future__ import annotations

from pathlib import Path

import psycopg

from mintflow.domain.core.errors import Conflict, Unavailable
from mintflow.hosts.settings import Settings
from mintflow.store.keys import FolderKeyStore, has_master_key


class KeysNotFound(Unavailable):
    """The folder of the keys has no master key, and there are books whose names and descriptions
    are sealed. Put the keys back, or say where they are (`--data`, `MINTFLOW_KEYS_FOLDER`); where
    they are lost for good: `mintflow keys begin-anew`."""

    code = "keys_not_found"


class KeysAreThere(Conflict):
    """There is a master key: nothing has to begin anew."""

    code = "keys_are_there"


def keys_folder(data: Path, settings: Settings) -> Path:
    return Path(settings.keys_folder or data.resolve() / "keys")


def keys_of_books(url: str, data: Path, settings: Settings) -> FolderKeyStore:
    """The key store for the books in a database; a new one where nothing is sealed there yet.

    Raises KeysNotFound, KeysUnreadable.
    """
    folder = keys_folder(data, settings)
    if not has_master_key(folder) and _has_sealed_facts(url):
        raise KeysNotFound(
            "there are books, and no master key that opens them; is the folder right?",
            folder=str(folder),
        )
    return FolderKeyStore(folder)


def make_anew(data: Path, settings: Settings) -> Path:
    """Make a master key where the old one is lost; the folder. What was sealed stays closed.

    Raises KeysAreThere.
    """
    folder = keys_folder(data, settings)
    if has_master_key(folder):
        raise KeysAreThere("there is a master key", folder=str(folder))
    FolderKeyStore(folder)
    return folder


def _has_sealed_facts(url: str) -> bool:
    with psycopg.connect(url) as conn:
        found = conn.execute(
            "select exists (select from log.event where octet_length(sealed) > 0)"
        ).fetchone()
    assert found is not None
    return bool(found[0])
