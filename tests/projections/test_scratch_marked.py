"""What a view shows of marked streams alone is told from their events, and is what was served."""

from __future__ import annotations

import random
from decimal import Decimal

import pytest
from projections.test_scratch import asking, head, noting_pages, rows
from read_models.books import NOW, Books

from mintflow.domain.core.postings import Allocation
from mintflow.projections.core.bulk.folder import LedgerIncomplete
from mintflow.projections.core.replay import Scratch, scratch
from mintflow.projections.registry import PROJECTIONS

VIEWS = [view for projection in PROJECTIONS for view in projection.views]


@pytest.fixture
def lived(books: Books) -> Books:
    """Of twenty transactions some are left out of budgets: at once, later, or for a while."""
    made = [
        books.record(f"-{day}.50", f"2025-02-{day:02d}", "shopping", budgeted=day % 5 != 0)
        for day in range(1, 21)
    ]
    made[0].budget(False, NOW)
    made[1].budget(False, NOW)
    made[1].budget(True, NOW)
    parts = (Allocation("shopping", Decimal("-4.50")), Allocation("health", Decimal("-1.00")))
    made[4].categorize(parts, "user", NOW)
    made[9].void(NOW)
    books.put(made[0], made[1], made[4], made[9])
    books.fold()
    return books


def served(books: Books, view: str) -> list[tuple[object, ...]]:
    return books.conn.execute(
        f"select t::text from model.{view} t order by t::text".encode()
    ).fetchall()


def test_only_the_events_of_marked_streams_are_read(
    lived: Books, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = noting_pages(monkeypatch)
    expected = served(lived, "not_budgeted")
    assert len(expected) == 5, "one of them in two parts, and a voided one is not shown"

    async def play(made: Scratch) -> None:
        assert await rows(made, "not_budgeted") == expected
        assert read == [11], "of six streams, which were changed five times"
        assert await rows(made, "transactions") == lived.dump()["transactions"]
        assert await rows(made, "not_budgeted") == expected

    asking(lived, play)


@pytest.mark.parametrize("streams", [1, 1_000], ids=["too many", "few"])
@pytest.mark.parametrize("seed", range(4))
def test_views_and_tables_asked_for_in_any_order_are_the_served_ones(
    lived: Books, seed: int, streams: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scratch, "MARKED_STREAMS_MAX", streams)
    monkeypatch.setattr(scratch, "PAGE_EVENTS", 4)
    names = [*(view.name for view in VIEWS), "transactions", "accounts", "category_days"]
    expected = {name: served(lived, name) for name in names}
    order = random.Random(seed).choices(names, k=12)

    async def play(made: Scratch) -> None:
        for _ in range(2):
            for name in order:
                assert await rows(made, name) == expected[name], (name, order)
            # Another moment, and back, on the same session.
            await made.turn_to(lived.ledger_id, 4, 1)
            assert await rows(made, "not_budgeted") == []
            await made.turn_to(lived.ledger_id, head(lived), 1)

    asking(lived, play)


def test_what_is_imagined_to_be_left_out_is_shown_as_well(lived: Books) -> None:
    before = head(lived)
    late = lived.record("-99.00", "2025-02-28", "health")
    late.budget(False, NOW)
    lived.put(late)
    imagined = [event for event in lived.events() if event.ledger_seq > before]
    lived.fold()
    expected = served(lived, "not_budgeted")

    async def play(made: Scratch) -> None:
        await made.turn_to(lived.ledger_id, before, 1)
        assert len(await rows(made, "not_budgeted")) == len(expected) - 1
        for event in imagined:
            await made.imagine([event])
        assert await rows(made, "not_budgeted") == expected
        assert await rows(made, "transactions") == lived.dump()["transactions"]

    asking(lived, play)


def test_a_log_that_has_lost_an_event_is_not_told_from(lived: Books) -> None:
    lived.conn.execute("set session_replication_role = replica")
    lived.conn.execute("delete from log.event where ledger_seq = 9")

    async def play(made: Scratch) -> None:
        with pytest.raises(LedgerIncomplete, match="the log has"):
            await rows(made, "not_budgeted")

    asking(lived, play)
