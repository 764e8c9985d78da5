"""Faust workers in the test's own process, over the books of a test and its log in Kafka."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial
from uuid import UUID

from read_models.books import Books, connect
from streams.kafka_log import KafkaLog

from mintflow.projections.core.aside import Aside
from mintflow.projections.core.projection import Projection
from mintflow.projections.registry import PROJECTIONS
from mintflow.streams.core.faust.follower import ProjectionFollower
from mintflow.streams.core.faust.lanes import Lanes
from mintflow.streams.core.faust.worker import Worker


def a_worker(
    books: Books,
    log: KafkaLog,
    groups: Sequence[Sequence[Projection]] = (PROJECTIONS,),
    aside: Aside | None = None,
) -> Worker:
    """Not started; each group of projections is an agent. aside: folds for all of them."""

    async def open_connection():  # type: ignore[no-untyped-def]
        return await connect(books.url)

    def make(topic_id: UUID) -> Sequence[Lanes]:
        return [
            Lanes(
                partial(
                    ProjectionFollower,
                    f"group-{number}",
                    open_connection,
                    books.mapper,
                    topic_id,
                    group,
                    lambda _: None,
                    aside,
                )
            )
            for number, group in enumerate(groups)
        ]

    return Worker(log.bootstrap, log.topic, log.group, open_connection, make)


@asynccontextmanager
async def working(worker: Worker) -> AsyncIterator[Worker]:
    """The worker runs while the block does."""
    task = asyncio.create_task(worker.run())
    try:
        yield worker
        assert not task.done(), "the worker ended by itself"
    finally:
        worker.stop()
        await task


def caught_up(books: Books) -> bool:
    """Whether every projection is at the head of every shard."""
    row = books.conn.execute(
        "select bool_and(c.position = h.position) from projection.checkpoint c"
        " join log.shard_head h using (shard)"
    ).fetchone()
    assert row is not None
    return bool(row[0])
