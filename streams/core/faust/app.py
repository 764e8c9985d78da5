"""The Faust application that hosts projections, with the settings that were measured to be right.

No tables, no exactly_once, no take(): what is read twice is dropped by position in the database, in
the transaction of the rows, which no setting of Kafka could do.
"""

from __future__ import annotations

import tempfile
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Any

import faust
from faust.types import TP

from mintflow.streams.core.faust import transport
from mintflow.streams.core.faust.received import Received, Record, received

LoadOffsets = Callable[[Iterable[int]], Awaitable[Mapping[int, int]]]

# A worker that is gone is noticed after the session, and its partitions are taken over at once.
SESSION_S = 6.0
HEARTBEAT_S = 0.5
FETCH_BYTES = 4 * 1024 * 1024
POLL_RECORDS = 4_000
# Batches, not records, that wait in memory for an agent.
WAITING_BATCHES = 16


class App(faust.App):
    """Reads an assigned partition from where `read_from` says, and keeps rows of the log."""

    read_from: LoadOffsets

    async def load_offsets(self, assigned: Iterable[TP]) -> Mapping[int, int]:
        """Partition -> offset; absent ones from the start. Must not raise: Faust would end."""
        return await self.read_from({tp.partition for tp in assigned})

    def receive(self, record: Record) -> Received:
        """What is kept of a record."""
        return received(record)


def make_app(group: str, bootstrap: str, read_from: LoadOffsets, **more: Any) -> App:
    """A new application; `start()` and `stop()` it once, in a running event loop.

    group: Kafka's name of the workers that share the partitions. bootstrap: host:port, more after
    commas. read_from: shards -> offsets to read from.
    """
    transport.register()
    app = App(
        group,
        broker=[f"{transport.SCHEME}://{one.strip()}" for one in bootstrap.split(",")],
        store="memory://",
        # Nothing is kept there, but Faust wants to name a folder.
        datadir=f"{tempfile.gettempdir()}/mintflow-faust",
        autodiscover=False,
        web_enabled=False,
        set_as_current=False,
        topic_disable_leader=True,
        topic_allow_declare=False,
        table_standby_replicas=0,
        TableManager=transport.TableManager,
        # With its default the end of a worker would wait for what was never acknowledged.
        stream_wait_empty=False,
        stream_buffer_maxsize=WAITING_BATCHES,
        broker_max_poll_records=POLL_RECORDS,
        consumer_max_fetch_size=FETCH_BYTES,
        consumer_auto_offset_reset="earliest",
        broker_session_timeout=SESSION_S,
        broker_heartbeat_interval=HEARTBEAT_S,
        broker_rebalance_timeout=SESSION_S,
        consumer_metadata_max_age_ms=30_000,
        **more,
    )
    app.read_from = read_from
    return app
