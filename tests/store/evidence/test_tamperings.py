"""Two hundred random tamperings with the log, clumsy and careful: each is found, and its place.

All of them in CI, where they take under two minutes; MINTFLOW_TEST_TAMPERINGS says how many
elsewhere. Each is done to a copy of the database. Read models: tests/hosts/test_audit.py.
"""

from __future__ import annotations

import os
import random
import shutil
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psycopg
import pytest
from services import PostgresService
from store.evidence.notarized import Place, keep_books
from store.evidence.vandals import CHANGES, forget_evidence, recompute_chain

from mintflow.store.keys import FolderKeyStore
from mintflow.store.verify import Looking, PublishedHeads, VerifyReport, verify

IN_CI = os.environ.get("CI", "").lower() in {"1", "true"}
COUNT = int(os.environ.get("MINTFLOW_TEST_TAMPERINGS", "200" if IN_CI else "60"))
SHARD = 11
# How far the vandal goes: what he changed alone; the chain and heads as well; the tiles and the
# copies of signed heads too; and everything, in a shard that is written anew from its first event.
DEPTHS = ("bare", "chain", "tree", "all of it")


class Vandalized:
    """One database that is damaged and mended again and again."""

    def __init__(self, postgres: PostgresService, url: str, folder: Path) -> None:
        self.postgres, self.url, self.folder = postgres, url, folder
        self.keys = partial(FolderKeyStore, folder / "keys")
        self.place = Place(url, folder)

    def report(self, url: str) -> VerifyReport:
        heads = PublishedHeads()
        keys = self.place.keys.public_keys()
        heads.from_register(self.folder / "heads", keys)
        heads.from_database(url, keys)
        return verify(url, jobs=1, looking=Looking(heads, self.keys))


@pytest.fixture(scope="module")
def books(
    postgres: PostgresService, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Vandalized]:
    folder = tmp_path_factory.mktemp("vandals")
    with postgres.migrated() as url:
        made = Vandalized(postgres, url, folder)
        keys = FolderKeyStore(folder / "keys")
        ledgers = keep_books(url, keys, (SHARD, SHARD, 12), 5)
        made.place.sign()
        _grow(url, ledgers, keys)
        made.place.sign()
        yield made
        shutil.rmtree(folder)


def _grow(url: str, ledgers: list[object], keys: FolderKeyStore) -> None:
    """Enough events that the tree has whole tiles, and several heads on the way."""
    keep_books(url, keys, (SHARD,), 200)


def test_untouched_books_verify(books: Vandalized) -> None:
    report = books.report(books.url)
    assert report.ok, report.findings
    assert report.heads_compared >= 3
    assert report.events > 256


def test_every_tampering_is_found_and_its_place_is_named(
    books: Vandalized, capsys: pytest.CaptureFixture[str]
) -> None:
    missed = []
    for number in range(COUNT):
        chance = random.Random(f"tampering {number}")
        change, depth = CHANGES[number % len(CHANGES)], DEPTHS[number // len(CHANGES) % 4]
        said = _tamper(books, change, depth, chance)
        if said is not None:
            missed.append(f"{number}: {change.__name__}, {depth}: {said}")
    with capsys.disabled():
        print(f"\n{COUNT} tamperings, {COUNT - len(missed)} found")
    assert not missed, "\n".join(missed)


def _tamper(  # type: ignore[no-untyped-def]
    books: Vandalized, change, depth: str, chance: random.Random
) -> str | None:
    """What is wrong with what the audit says of one tampering; None: nothing."""
    with _copy(books) as url, psycopg.connect(url, autocommit=True) as conn:
        conn.execute("set session_replication_role = replica")
        row = conn.execute("select position from log.shard_head where shard = 11").fetchone()
        assert row is not None
        head = row[0]
        place = 1 if depth == "all of it" else chance.randint(1, head - 1)
        change(conn, SHARD, place, head, chance)
        if depth != "bare":
            recompute_chain(conn, SHARD)
        if depth in ("tree", "all of it"):
            forget_evidence(conn, SHARD)
        conn.close()
        report = books.report(url)
        whole = head // 256 * 256
    return _judged(report, depth, place, whole)


def _judged(report: VerifyReport, depth: str, place: int, whole: int) -> str | None:
    """whole: how many events have their tiles in the database."""
    if report.ok:
        return "not found"
    if any(one.shard not in (SHARD, 0) for one in report.findings):
        return f"another shard is blamed: {report.findings[:3]}"
    here = [one for one in report.findings if one.shard == SHARD]
    first = min(one.position for one in here)
    if first == place:
        return None
    # Where nothing in the database is left to say more, a published head does: the place lies
    # behind the last one that still fits, and not behind the first one that does not.
    if depth == "bare" or (depth == "chain" and place <= whole):
        return f"at {place}, named {first}: {here[:3]}"
    beyond = [one for one in here if one.code in ("HEAD_MISMATCH", "TRUNCATED")]
    within = any(one.position <= place for one in beyond)
    return None if within else f"at {place}, named {first}: {here[:3]}"


def _copy(books: Vandalized):  # type: ignore[no-untyped-def]
    """A copy of the database that may be damaged."""
    return books.postgres.copied(books.url)
