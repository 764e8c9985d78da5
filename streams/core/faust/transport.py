"""Faust over aiokafka for projections: whole batches of a partition in, positions kept elsewhere.

Stock Faust turns the event loop three times for every message, reads what transactions aborted, and
trusts the offsets that it committed, which go past work that failed. Here an agent gets all that
was fetched of a partition as one value, only what is committed is read, and an assigned partition
is read from where the application says. What is overridden is private to Faust 0.15.3 and aiokafka
0.14.0, both pinned; tests/streams/test_faust_seams.py fails when one of them moves.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, Protocol, cast

from aiokafka.consumer import fetcher as fetching  # type: ignore[import-untyped]
from faust.tables import TableManager as StockTableManager
from faust.transport import drivers
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage

SCHEME = "mintflow"

# Records per batch: more gain little and hold a transaction open for longer.
BATCH_RECORDS_MAX = 2_000
# A fetch under way leaves out the partitions of which records still wait to be taken, and they wait
# for its end, which on a quiet topic is this; Faust itself names a second and a half.
FETCH_WAIT_MS = 100


class Application(Protocol):
    """What the application has to know."""

    async def load_offsets(self, assigned: Iterable[TP]) -> Mapping[int, int]: ...

    def receive(self, record: Any) -> Any: ...


class PartitionRecords(fetching.PartitionRecords):  # type: ignore[misc]
    """What aiokafka unpacks a fetch with.

    A deserializer of values, which nobody else here names, is given the record whole, and what it
    makes of it is handed over. aiokafka's own gives it the value alone, and copies all the rest.
    """

    def _consumer_record(self, tp: Any, record: Any) -> Any:
        whole = self._value_deserializer
        return super()._consumer_record(tp, record) if whole is None else whole(record)


class ConsumerThread(driver.AIOKafkaConsumerThread):
    """The thread in which aiokafka polls."""

    def _create_worker_consumer(self, transport: Any) -> Any:
        consumer = super()._create_worker_consumer(transport)
        # Faust names read_uncommitted itself, unless it is to write in transactions.
        consumer._isolation_level = "read_committed"
        consumer._fetch_max_wait_ms = FETCH_WAIT_MS
        consumer._value_deserializer = cast("Application", self.app).receive
        return consumer

    async def seek_many(self, offsets: Mapping[TP, int]) -> None:
        """Go on with each partition at an offset; runs in this thread."""
        consumer = self._ensure_consumer()
        for tp, offset in offsets.items():
            consumer.seek(driver.ensure_aiokafka_TP(tp), offset)


class Consumer(driver.Consumer):
    """Hands over batches; knows nothing of what is in them."""

    def _new_consumer_thread(self) -> ConsumerThread:
        return ConsumerThread(self, loop=self.loop, beacon=self.beacon)

    async def seek_to_committed(self) -> Mapping[TP, int]:
        """Called at every assignment before anything is fetched: Kafka's offsets play no part."""
        assigned = self.assignment()
        known = await cast("Application", self.app).load_offsets(assigned)
        offsets = {tp: known.get(tp.partition, 0) for tp in assigned}
        thread = cast("ConsumerThread", self._thread)
        await thread.call_thread(thread.seek_many, offsets)
        return offsets

    def on_buffer_full(self, tp: TP) -> None:
        """Not paused, which can take a second to end: the put that blocks holds back enough."""

    def on_buffer_drop(self, tp: TP) -> None:
        """Nothing was paused."""

    def _new_offset(self, tp: TP) -> int | None:
        """What the group commits to Kafka, for displays of lag alone: the end of the last batch."""
        acked = self._acked[tp]
        if not acked:
            return None
        last: int = max(acked)
        self._acked_index[tp].difference_update(acked)
        acked.clear()
        return last + 1

    async def _drain_messages(self, fetcher: Any) -> None:
        """Faust's loop from fetching to the agents, with a batch for a message."""
        try:
            while not (self._stopped.is_set() or fetcher._stopped.is_set()):
                records, active = await self._wait_next_records(1.0)
                await asyncio.sleep(0)
                if records is None or self.should_stop:
                    continue
                if not self.flow_active:
                    try:
                        await self.perform_seek()
                    except Exception as fault:
                        # The partitions were taken away meanwhile; their next assignment seeks.
                        self.log.warning("seek while nothing flows: %s", type(fault).__name__)
                        if self.should_stop:
                            raise
                    continue
                for tp, found in records.items():
                    if active is None or tp in active:
                        await self._hand_over(tp, found)
        except self.consumer_stopped_errors:
            if not self.transport.app.should_stop:
                raise
        except asyncio.CancelledError:
            if not self.transport.app.should_stop:
                raise

    async def _hand_over(self, tp: TP, found: list[Any]) -> None:
        """Give the records of a partition to its agents, unless a rebalance comes between."""
        generation = self.app.consumer_generation_id
        at = self._read_offset[tp]
        if at is not None and found[0].offset < at:
            found = [record for record in found if record.offset >= at]
        for start in range(0, len(found), BATCH_RECORDS_MAX):
            if not self.flow_active or self.app.consumer_generation_id != generation:
                return
            part = found[start : start + BATCH_RECORDS_MAX]
            last = part[-1]
            value: Any = part
            message = ConsumerMessage(
                tp.topic, tp.partition, last.offset, last.timestamp / 1000, last.timestamp_type,
                [], None, value, None, 0, 0, tp, generation_id=generation,
            )  # fmt: skip
            # Returns early when a rebalance stops the flow.
            await self.wait_first(self.callback(message), self.suspend_flow.wait())
            self._read_offset[tp] = last.offset + 1


class Transport(driver.Transport):
    """What `mintflow://host:port` names."""

    Consumer = Consumer


class TableManager(StockTableManager):
    """There are no tables; Faust's waits a second for theirs before anything is read."""

    async def on_start(self) -> None:
        await asyncio.sleep(0)
        if not self.should_stop:
            await self._update_channels()
            await self.recovery.start()


def register() -> None:
    """Make the scheme known to Faust, and our records to aiokafka; may be called again."""
    fetching.PartitionRecords = PartitionRecords
    drivers.TRANSPORTS.aliases[SCHEME] = f"{__name__}:Transport"
