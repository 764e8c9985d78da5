"""The whole audit of an installation: the log, its tree and published heads, and what is served.

The pieces are in `store/verify` and `projections/core/rebuild`; here is what each needs from the
folders of an installation, and how their findings become one report.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from uuid import UUID

import psycopg

from mintflow.domain.core.errors import MintFlowError
from mintflow.domain.core.ids import shard_of
from mintflow.hosts.key_folder import keys_folder
from mintflow.hosts.settings import Settings
from mintflow.projections.core.bulk.folder import FoldFailed, LedgerIncomplete
from mintflow.projections.core.rebuild import Difference, check_models
from mintflow.store.evidence.keyring import Keyring
from mintflow.store.evidence.verifier import NotProven, PublicKey, older_keys, trusted_keys
from mintflow.store.keys import FolderKeyStore, has_master_key
from mintflow.store.verify import Finding, Looking, PublishedHeads, VerifyReport, verify
from mintflow.store.verify.published import published_last

Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Places:
    """Where an installation keeps what is not in its database."""

    keys: Path
    heads: Path

    @classmethod
    def of(cls, data: Path, settings: Settings) -> Places:
        data = data.resolve()
        return cls(
            keys_folder(data, settings),
            Path(settings.evidence_folder or data / "heads"),
        )

    @property
    def signing(self) -> Path:
        """The folder of the keys that sign heads."""
        return self.keys / "signing"

    def key_store(self) -> partial[FolderKeyStore] | None:
        """Opens the ledger keys; None where there are none: opening would make a master key."""
        return partial(FolderKeyStore, self.keys) if has_master_key(self.keys) else None


@dataclass(frozen=True, slots=True)
class Asked:
    """heads: files and folders that an auditor kept. key: a public key that he trusts; without it
    those of the installation are. models: compare the read models too."""

    heads: Sequence[Path] = ()
    key: str | None = None
    models: bool = True
    resume: Path | None = None
    jobs: int = 2


def audit(url: str, places: Places, asked: Asked, progress: Progress) -> VerifyReport:
    """Everything that can be looked at. Raises HeadsNotReadable, NotThisAudit."""
    blind: list[Finding] = []
    heads = _published(url, places, asked, blind)
    keys = places.key_store()
    report = verify(
        url,
        jobs=asked.jobs,
        progress=lambda done, total: progress("reading every event", done, total),
        looking=Looking(heads, keys, asked.resume),
    )
    if keys is None and report.events:
        blind.append(_unreadable("there are no ledger keys: no sealed fact was opened"))
    compared: int | None = None
    if asked.models and keys is not None:
        if report.findings:
            blind.append(_unreadable("read models: not compared, as the log itself is not whole"))
        elif report.complete:
            compared = _compare_models(url, keys, asked.jobs, progress, blind)
    complete = all(finding.code != "UNREADABLE" for finding in blind)
    return report.joined(blind, complete=complete, models_compared=compared)


def _published(url: str, places: Places, asked: Asked, blind: list[Finding]) -> PublishedHeads:
    found = PublishedHeads()
    keyring = Keyring.existing(places.signing)
    listed = keyring.listed() if keyring else []
    try:
        if asked.key is not None:
            anchor = PublicKey.parse(asked.key)
            # What keys before it signed has to fit the log too.
            trusted = [*trusted_keys(anchor, listed), *older_keys(anchor, listed)]
        else:
            trusted = [PublicKey.parse(one["key"]) for one in listed]
    except NotProven as trouble:
        blind.append(_unreadable(f"the public keys: {trouble}"))
        return found
    if not trusted and places.heads.is_dir():
        blind.append(_unreadable("published heads: there is no public key to check them with"))
    elif trusted:
        try:
            # Asked first: an object is in the folder before the database knows of it.
            known = published_last(url)
            if places.heads.is_dir():
                found.from_register(places.heads, trusted, at_least=known)
            elif known:
                blind.append(
                    _unreadable("published heads: the folder that they were put into is not here")
                )
            found.from_database(url, trusted)
        except psycopg.Error as trouble:
            blind.append(_unreadable(f"heads in the database: {type(trouble).__name__}"))
    for path in asked.heads:
        found.from_file(path, trusted)
    return found


def _compare_models(
    url: str,
    keys: partial[FolderKeyStore],
    jobs: int,
    progress: Progress,
    found: list[Finding],
) -> int | None:
    try:
        compared, wrong, misnoted = check_models(url, keys, jobs=jobs, progress=progress)
    except (
        *(MintFlowError, FoldFailed, LedgerIncomplete, psycopg.Error),
        *(RuntimeError, AssertionError, LookupError, ValueError, TypeError),
    ) as trouble:
        reason = trouble.message if isinstance(trouble, MintFlowError) else type(trouble).__name__
        found.append(_unreadable(f"read models: {reason}"))
        return None
    found.extend(_mismatch(one) for one in wrong)
    found.extend(
        Finding(one.shard, one.position, "PROJECTION_MISMATCH", one.what) for one in misnoted
    )
    return compared


def _mismatch(one: Difference) -> Finding:
    shard = shard_of(UUID(one.ledgers[0])) if one.ledgers else 0
    ledgers = ", ".join(one.ledgers[:3])
    rows = f"; {'; '.join(one.rows)}" if one.rows else ""
    count = f"{one.rows_served} rows served, {one.rows_right} by the log"
    return Finding(
        shard, 0, "PROJECTION_MISMATCH", f"table {one.table}: {count}; ledger {ledgers}{rows}"
    )


def _unreadable(detail: str) -> Finding:
    return Finding(0, 0, "UNREADABLE", detail)
