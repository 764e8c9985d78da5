"""A projection says which event types it folds; it is never asked about others, and misses none."""

from __future__ import annotations

import pytest
from store.sample_events import EVENT_ID, PROVENANCE, PlainSealer, sample_events

from mintflow.projections.core.changes import Changes
from mintflow.projections.core.projection import Projection, fold_named, types_of
from mintflow.projections.core.replay.needs import part_for
from mintflow.projections.core.tables import Table
from mintflow.projections.registry import PROJECTIONS
from mintflow.store.mapper import Mapper, RecordedEvent

SAMPLES = sample_events()


@pytest.fixture(scope="module")
def recorded() -> list[RecordedEvent]:
    """One event of every type, as the log has it."""
    mapper, found = Mapper(PlainSealer()), []
    for number, event in enumerate(SAMPLES.values(), 1):
        made = mapper.encode(event, EVENT_ID, PROVENANCE)
        found.append(
            mapper.recorded(
                0, number, PROVENANCE.ledger_id, number, event.timestamp, made.record, made.sealed
            )
        )
    return found


@pytest.mark.parametrize("projection", PROJECTIONS, ids=lambda one: one.name)
def test_every_topic_is_one_that_there_is(projection: Projection) -> None:
    assert projection.topics
    for topic in projection.topics:
        held = [one for one in SAMPLES if one == topic or (topic[-1] == "." and topic in one)]
        assert held, f"there is no event type {topic}"


@pytest.mark.parametrize("projection", PROJECTIONS, ids=lambda one: one.name)
def test_an_event_that_is_not_named_changes_nothing(
    projection: Projection, recorded: list[RecordedEvent]
) -> None:
    for event in recorded:
        asked, named = Changes(), Changes()
        projection.fold([event], asked)
        fold_named(projection, [event], {event.type}, named)
        assert _rows(asked) == _rows(named), f"{projection.name} names no {event.type}"
        if not projection.names([event.type]):
            assert not len(asked)


@pytest.mark.parametrize("projection", PROJECTIONS, ids=lambda one: one.name)
def test_a_batch_of_every_type_is_folded_as_one_of_the_named_types(
    projection: Projection, recorded: list[RecordedEvent]
) -> None:
    asked, named = Changes(), Changes()
    projection.fold(recorded, asked)
    fold_named(projection, recorded, types_of(recorded), named)
    assert _rows(asked) == _rows(named)
    assert len(named), "a sample of its events changes rows"


LEAN = [(one, table) for one in PROJECTIONS for table in one.tables if table.topics]


@pytest.mark.parametrize(("projection", "table"), LEAN, ids=lambda one: one.name)
def test_a_table_is_moved_by_its_own_topics_alone(
    projection: Projection, table: Table, recorded: list[RecordedEvent]
) -> None:
    """A past moment of it is told from these events, without the rest of the history."""
    named = [event for event in recorded if part_for(projection, {table.name}).names([event.type])]
    assert 0 < len(named) < len(recorded)
    everything, lean = Changes(), Changes()
    projection.fold(recorded, everything)
    projection.fold(named, lean)
    assert _rows(everything)[table.name] == _rows(lean)[table.name]
    for event in recorded:
        alone = Changes()
        projection.fold([event], alone)
        assert event in named or table.name not in _rows(alone), f"{event.type} moves {table.name}"


def test_with_a_table_that_much_moves_the_projection_is_folded_whole() -> None:
    whole = next(one for one in PROJECTIONS if one.name == "accounts")
    assert part_for(whole, {"accounts", "account_days"}) is whole
    lean = part_for(whole, {"accounts"})
    assert ([one.name for one in lean.tables], lean.topics) == (
        ["accounts", "reported_balances"],
        ("account.",),
    )


def test_one_without_topics_folds_every_type(recorded: list[RecordedEvent]) -> None:
    seen: list[str] = []
    every = Projection("every", 1, (), lambda batch, _: seen.extend(one.type for one in batch))
    fold_named(every, recorded, types_of(recorded), Changes())
    assert seen == list(SAMPLES)


def _rows(changes: Changes) -> dict[str, object]:
    return {name: found for name, (_, found) in changes.tables.items() if found}
