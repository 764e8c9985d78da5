"""A rebuild fills tables without keys, and gives them their keys; large ledgers wait for these."""

from __future__ import annotations

from functools import partial

import pytest
from read_models.books import SCRATCH, Books, key_source

from mintflow.projections.core.bulk.folder import LedgerFolder, LedgerTooLarge
from mintflow.projections.core.bulk.worker import Job
from mintflow.projections.core.rebuild import check_models, coordinator, filling, rebuild
from mintflow.projections.registry import PROJECTIONS

TABLES = [table for projection in PROJECTIONS for table in projection.tables]


@pytest.fixture
def how(request: pytest.FixtureRequest, household: Books, monkeypatch: pytest.MonkeyPatch) -> str:
    """Whether ledgers are too large for memory, and who notices."""
    if request.param == "one is known":
        monkeypatch.setattr(filling, "EVENTS_HELD_MAX", 8)
    elif request.param == "all are found out":
        monkeypatch.setattr(coordinator, "Job", partial(Job, rows_hard=3))
    return str(request.param)


@pytest.fixture
def household(books: Books, monkeypatch: pytest.MonkeyPatch) -> Books:
    """Two ledgers, one of them with more events, each a unit of its own."""
    monkeypatch.setattr(coordinator, "UNIT_EVENTS", 1)
    other = books.beside(2)
    for number in range(12):
        made = books.record(f"-{number + 1}.00", f"2025-03-{number + 1:02d}", "shopping")
        made.note("kept", made.modified_on)
        books.put(made)
    other.record("-1.00", "2025-03-01", "shopping")
    books.fold()
    other.close()
    return books


def keys_of(books: Books) -> set[str]:
    rows = books.conn.execute(
        "select t.relname from pg_constraint c join pg_class t on t.oid = c.conrelid"
        " where c.contype = 'p' and c.connamespace = 'model'::regnamespace"
    ).fetchall()
    return {name for (name,) in rows}


@pytest.mark.parametrize(
    "how", ["none is large", "one is known", "all are found out"], indirect=True
)
def test_rows_and_keys_are_those_of_the_live_path(household: Books, how: str) -> None:
    served, keys = household.dump(), keys_of(household)
    report = rebuild(household.url, key_source(household), jobs=2)
    assert report.identical is True, how
    assert report.events == len(household.events())
    assert household.dump() == served
    assert keys_of(household) == keys == {table.name for table in TABLES}
    household.check_everywhere()


def test_a_check_of_the_models_counts_them_all(household: Books) -> None:
    assert check_models(household.url, key_source(household)) == (len(TABLES), [], [])


def test_a_rebuild_that_was_killed_over_the_keys_makes_them(
    household: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = household.dump()

    class Killed(BaseException):
        pass

    def killed(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(filling, "make_keys", killed)
        with pytest.raises(Killed):
            rebuild(household.url, key_source(household), jobs=1)
    report = rebuild(household.url, key_source(household), jobs=1)
    assert report.identical is True
    assert report.resumed == len(household.events())
    assert household.dump() == served
    assert keys_of(household) == {table.name for table in TABLES}


def test_refuses_to_write_a_ledger_in_gulps_into_tables_without_keys(household: Books) -> None:
    folder = LedgerFolder(household.conn, SCRATCH, PROJECTIONS, rows_hard=3, keyed=False)
    own = [one for one in household.events() if one.ledger_id == household.ledger_id]
    with pytest.raises(LedgerTooLarge):
        folder.take(own)
