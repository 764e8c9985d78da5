"""What the transport overrides is private to Faust and aiokafka: each test fails when one moves.

They say what upstream does today, so that a new version is looked at here first, and not found out
by events that are lost.
"""

from __future__ import annotations

import ast
import asyncio
import inspect
import textwrap
from collections import defaultdict
from importlib.metadata import version
from typing import Any
from unittest.mock import MagicMock

import aiokafka
import pytest
from aiokafka.consumer import fetcher
from aiokafka.consumer.fetcher import Fetcher
from aiokafka.record.default_records import DefaultRecord
from faust.tables import TableManager as StockTableManager
from faust.tables import recovery
from faust.transport import conductor, drivers
from faust.transport import consumer as stock
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, ConsumerMessage

from mintflow.streams.core.faust import transport
from mintflow.streams.core.faust.app import App, make_app


async def nothing(_: Any) -> dict[int, int]:
    return {}


@pytest.fixture
def app() -> App:
    return make_app("group", "127.0.0.1:1,127.0.0.2:2", nothing)


def source(thing: object) -> str:
    return textwrap.dedent(inspect.getsource(thing))  # type: ignore[arg-type]


def calls(thing: object) -> set[str]:
    """Names of everything that a function calls."""
    return {
        node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        for node in ast.walk(ast.parse(source(thing)))
        if isinstance(node, ast.Call)
    }


def test_the_versions_are_those_that_were_read() -> None:
    assert version("faust-streaming") == "0.15.3"
    assert version("aiokafka") == "0.14.0"


def test_the_scheme_names_our_transport(app: App) -> None:
    assert drivers.TRANSPORTS.aliases["mintflow"] == f"{transport.__name__}:Transport"

    async def look() -> None:
        assert isinstance(app.transport, transport.Transport)
        assert isinstance(app.tables, transport.TableManager)
        assert isinstance(app.consumer, transport.Consumer)
        app.consumer._thread.thread_loop.close()

    asyncio.run(look())


def test_faust_creates_the_consumer_in_the_method_that_is_extended() -> None:
    """`_create_worker_consumer` names the isolation level itself, and hands it to aiokafka."""
    method = driver.AIOKafkaConsumerThread._create_worker_consumer
    assert list(inspect.signature(method).parameters) == ["self", "transport"]
    assert 'isolation_level: str = "read_uncommitted"' in source(method)
    assert "isolation_level" in inspect.signature(aiokafka.AIOKafkaConsumer.__init__).parameters


def test_aiokafka_reads_the_isolation_level_when_it_starts() -> None:
    """So `_isolation_level` may still be set after the consumer was made."""
    assert "self._isolation_level = isolation_level" in source(aiokafka.AIOKafkaConsumer.__init__)
    assert "isolation_level=self._isolation_level" in source(aiokafka.AIOKafkaConsumer.start)


def test_the_consumer_reads_what_is_committed(app: App) -> None:
    async def made() -> str:
        consumer = app.consumer
        thread = consumer._thread
        assert isinstance(thread, transport.ConsumerThread)
        made = thread._create_worker_consumer(consumer.transport)
        level = str(made._isolation_level)
        assert made._value_deserializer == app.receive
        made._closed = True  # It was never started, which its destructor does not expect.
        thread.thread_loop.close()
        return level

    assert asyncio.run(made()) == "read_committed"


def test_aiokafka_takes_the_wait_of_a_fetch_when_it_starts() -> None:
    """Faust names it itself too; and a fetch under way leaves out what was not taken yet."""
    assert "fetch_max_wait_ms=1500" in source(driver.AIOKafkaConsumerThread._create_worker_consumer)
    assert "self._fetch_max_wait_ms = fetch_max_wait_ms" in source(aiokafka.AIOKafkaConsumer)
    started = source(aiokafka.AIOKafkaConsumer.start)
    assert "fetch_max_wait_ms=self._fetch_max_wait_ms" in started
    assert "if tp in self._records" in source(Fetcher._get_actions_per_node)


def test_aiokafka_unpacks_a_fetch_with_the_class_that_is_put_in_its_place(app: App) -> None:
    """By its name, with the deserializer of values that the consumer had when it started; every
    record goes through `_consumer_record`, and of what that makes nothing is looked at."""
    assert fetcher.PartitionRecords is transport.PartitionRecords
    assert "PartitionRecords" in calls(Fetcher._proc_fetch_request)
    assert "value_deserializer=self._value_deserializer" in source(aiokafka.AIOKafkaConsumer.start)
    stock_records = transport.PartitionRecords.__base__
    assert list(inspect.signature(stock_records._consumer_record).parameters) == [
        "self", "tp", "record",
    ]  # fmt: skip
    unpacked = source(stock_records._unpack_records)
    assert "consumer_record = self._consumer_record(tp, record)" in unpacked
    assert "yield consumer_record" in unpacked
    assert "value_deserializer" not in source(driver.AIOKafkaConsumerThread)


def test_a_record_is_given_whole_to_what_is_named_for_it_and_else_copied() -> None:
    record = DefaultRecord(7, 1_700_000_000_000, 0, b"key", b"value", [("name", b"header")])
    for whole, expected in ((lambda one: one, record), (None, None)):
        made = transport.PartitionRecords(TP("topic", 3), [], [], 0, None, whole, True, 1)
        found = made._consumer_record(TP("topic", 3), record)
        assert expected is None or found is record
        assert (found.offset, found.timestamp, found.timestamp_type) == (7, 1_700_000_000_000, 0)
        assert (found.value, list(found.headers)) == (b"value", [("name", b"header")])


def test_faust_makes_its_thread_in_the_method_that_is_overridden() -> None:
    assert "_new_consumer_thread" in calls(driver.Consumer.__init__) | calls(
        stock.ThreadDelegateConsumer.__init__
    )
    assert "call_thread" in dir(driver.AIOKafkaConsumerThread)
    assert "_ensure_consumer" in dir(driver.AIOKafkaConsumerThread)


def test_every_assignment_seeks_by_the_method_that_is_overridden() -> None:
    """`perform_seek` calls `seek_to_committed` and keeps what it returns as the read offsets."""
    assert "seek_to_committed" in calls(stock.Consumer.perform_seek)
    assert "read_offset.update" in source(stock.Consumer.perform_seek)
    assert "consumer.perform_seek()" in inspect.getsource(recovery)


def test_a_full_buffer_is_told_by_the_methods_that_are_overridden() -> None:
    text = inspect.getsource(conductor)
    assert "app.consumer.on_buffer_full" in text
    assert "app.consumer.on_buffer_drop" in text
    assert list(inspect.signature(stock.Consumer.on_buffer_full).parameters) == ["self", "tp"]


def test_offsets_to_commit_come_from_the_method_that_is_overridden() -> None:
    """`_new_offset` is given a partition whose acknowledged offsets are in `_acked`."""
    text = source(stock.Consumer._new_offset)
    assert "self._acked[tp]" in text
    assert "self._acked_index[tp].difference_update" in text
    assert "_new_offset" in calls(stock.Consumer._filter_committable_offsets)


def test_the_end_of_the_last_batch_is_what_is_committed() -> None:
    """Batches are acknowledged by their last record, so there is a gap before each."""
    tp = TP("topic", 3)
    mine = MagicMock()
    mine._acked, mine._acked_index = defaultdict(list), defaultdict(set)
    assert transport.Consumer._new_offset(mine, tp) is None
    mine._acked[tp], mine._acked_index[tp] = [41, 17], {41, 17}
    assert transport.Consumer._new_offset(mine, tp) == 42
    assert not mine._acked[tp]
    assert not mine._acked_index[tp]
    assert transport.Consumer._new_offset(mine, tp) is None


def test_faust_drains_in_the_method_that_is_overridden() -> None:
    """`_drain_messages(fetcher)`, and what of Faust's own our loop leans on."""
    assert "await consumer._drain_messages(self)" in inspect.getsource(stock.Fetcher)
    method = stock.Consumer._drain_messages
    assert list(inspect.signature(method).parameters) == ["self", "fetcher"]
    text = source(method) + source(stock.Consumer.getmany)
    for leaned_on in (
        "self._read_offset", "self.callback", "self.suspend_flow.wait()", "self.flow_active",
        "self.app.consumer_generation_id", "self._wait_next_records(timeout)",
        "self.consumer_stopped_errors", "await self.perform_seek()",
    ):  # fmt: skip
        assert leaned_on in text, leaned_on
    found = inspect.signature(stock.Consumer._wait_next_records)
    assert list(found.parameters) == ["self", "timeout"]
    assert "return records, active_partitions" in source(stock.Consumer._wait_next_records)


def test_a_message_takes_what_a_batch_gives_it() -> None:
    assert list(inspect.signature(ConsumerMessage.__init__).parameters)[1:13] == [
        "topic", "partition", "offset", "timestamp", "timestamp_type", "headers", "key", "value",
        "checksum", "serialized_key_size", "serialized_value_size", "tp",
    ]  # fmt: skip


def test_the_start_of_the_tables_is_only_without_the_sleep() -> None:
    """Faust's own: sleep, update the channels, start the recovery."""
    assert calls(StockTableManager.on_start) == {"sleep", "_update_channels", "start"}


def test_all_brokers_are_given_to_faust(app: App) -> None:
    assert [str(url) for url in app.conf.broker] == [
        "mintflow://127.0.0.1:1", "mintflow://127.0.0.2:2",
    ]  # fmt: skip


def test_no_setting_that_loses_events(app: App) -> None:
    conf = app.conf
    assert conf.processing_guarantee.value == "at_least_once"
    assert conf.stream_wait_empty is False
    assert conf.table_standby_replicas == 0
    assert conf.consumer_auto_offset_reset == "earliest"
    assert not conf.topic_allow_declare
    assert (conf.broker_session_timeout, conf.broker_heartbeat_interval) == (6.0, 0.5)
