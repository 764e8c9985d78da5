"""The side of Kafka: one idempotent producer, and per partition what it has not acknowledged yet.

With idempotence the reports of a partition come in the order of its messages, so the first one that
waits says how far the partition is safe. Nothing ever times out in here: a message waits as long as
Kafka is away, and a later one of the same partition never overtakes it. When Kafka will never take
one the producer ends there, for the end of a partition has to tell that all before it is there.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog
from confluent_kafka import KafkaError, KafkaException, Producer

from mintflow.streams.core.envelope import Message
from mintflow.streams.core.relay.errors import KafkaUnreachable, MessageTooLarge
from mintflow.streams.core.topics import MESSAGE_BYTES_MAX

log = structlog.get_logger(__name__)

# What waits in this process while Kafka is slow or away: enough for a second at full speed.
QUEUE_KBYTES_MAX = 65_536
QUEUE_MESSAGES_MAX = 50_000
ANSWER_S_MAX = 10.0
_TOO_LARGE = frozenset({KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.RECORD_LIST_TOO_LARGE})
# How long the thread that listens for reports may take to see that it is to end.
_LISTEN_S = 0.1


@dataclass(frozen=True, slots=True)
class KafkaTarget:
    """Where topics are. options: of librdkafka, for TLS and accounts; they win over ours."""

    bootstrap: str
    prefix: str = ""
    options: Mapping[str, str] = field(default_factory=dict)

    def topic(self, name: str) -> str:
        return f"{self.prefix}{name}"

    def client(self, **more: Any) -> dict[str, Any]:
        """The configuration of a client. Its own log lines are dropped: what matters comes back as
        an error, and while a broker is away there would be thousands."""
        return {
            "bootstrap.servers": self.bootstrap,
            "client.id": "mintflow",
            "logger": _SILENT,
            "reconnect.backoff.max.ms": 1_000,
            "topic.metadata.refresh.interval.ms": 30_000,
            **more,
            **self.options,
        }


@dataclass(slots=True)
class Line:
    """One partition of one topic. given: the last position it was given or is known to hold."""

    given: int
    waiting: deque[int] = field(default_factory=deque)


class Delivery:
    """For one thread: what it reads here changes inside `poll` and `take_reports` alone."""

    def __init__(self, target: KafkaTarget) -> None:
        self._target = target
        self._fault: KafkaError | None = None
        # Whichever thread librdkafka calls back in puts them there, in the order of each line.
        self._reports: deque[tuple[Line, KafkaError | None]] = deque()
        self._listener: threading.Thread | None = None
        self._closing = threading.Event()
        self.waiting = 0
        """Messages that Kafka has not acknowledged."""
        self.acknowledged = 0
        self.refused: dict[tuple[str, int], MessageTooLarge] = {}
        """Topic (without prefix) and shard of what is larger than Kafka takes; read it when this is
        closed, for the report may come behind the fault that it is."""
        self._producer = Producer(
            target.client(
                **{
                    "enable.idempotence": True,
                    # Else what waits behind a refused message is sent without it.
                    "enable.gapless.guarantee": True,
                    "acks": "all",
                    "compression.type": "lz4",
                    "linger.ms": 2,
                    "batch.size": 1_000_000,
                    "message.timeout.ms": 0,
                    "message.max.bytes": MESSAGE_BYTES_MAX,
                    "queue.buffering.max.kbytes": QUEUE_KBYTES_MAX,
                    "queue.buffering.max.messages": QUEUE_MESSAGES_MAX,
                    "error_cb": self._erred,
                }
            )
        )

    def connect(self) -> None:
        """Know the brokers before the first message, which would wait half a second for it.

        Raises KafkaUnreachable.
        """
        try:
            self._producer.list_topics(timeout=ANSWER_S_MAX)
        except KafkaException as fault:
            raise _unreachable(fault.args[0]) from fault

    def send(self, line: Line, topic: str, shard: int, position: int, message: Message) -> bool:
        """Give a message to the partition; False if the queue is full and it was not taken.

        Raises MessageTooLarge, KafkaUnreachable.
        """

        def reported(fault: KafkaError | None, _message: object) -> None:
            if fault is not None and fault.code() in _TOO_LARGE:
                refusal = MessageTooLarge(
                    "Kafka takes no event, or batch of events, of this size",
                    topic=topic, shard=shard, position=position, reason=fault.name(),
                )  # fmt: skip
                self.refused.setdefault((topic, shard), refusal)
            self._reports.append((line, fault))

        try:
            self._producer.produce(
                self._target.topic(topic),
                message.value,
                message.key,
                shard,
                on_delivery=reported,
                headers=message.headers,  # type: ignore[arg-type]  # a list is invariant
            )
        except BufferError:
            return False
        except KafkaException as fault:
            if fault.args[0].code() == KafkaError.MSG_SIZE_TOO_LARGE:
                raise MessageTooLarge(
                    "an event is larger than Kafka takes",
                    topic=topic, shard=shard, position=position, bytes=len(message.value),
                ) from fault  # fmt: skip
            raise _unreachable(fault.args[0]) from fault
        line.given = position
        line.waiting.append(position)
        self.waiting += 1
        return True

    def listen(self, tell: Callable[[], object]) -> None:
        """Have `tell` called, in a thread of its own, whenever reports have come: Kafka's answer
        is known at once, and nobody asks for it again and again. End it with `close`."""

        def work() -> None:
            while not self._closing.is_set():
                if self._serve(self._producer.poll, _LISTEN_S) and self._reports:
                    tell()

        self._listener = threading.Thread(target=work, name="kafka_reports", daemon=True)
        self._listener.start()

    def take_reports(self) -> None:
        """Take what came so far."""
        while self._reports:
            line, fault = self._reports.popleft()
            self.waiting -= 1
            if fault is not None:
                self._fault = self._fault or fault
                continue
            self.acknowledged += 1
            line.waiting.popleft()

    def poll(self) -> None:
        """Take the reports that have come. Raises KafkaUnreachable if a message was refused."""
        if self._listener is None:
            self._serve(self._producer.poll, 0)
        self.take_reports()
        if self._fault is not None:
            raise _unreachable(self._fault)

    def flush(self, timeout_s: float) -> None:
        """Wait for what is under way, for as long as that."""
        self._serve(self._producer.flush, timeout_s)

    def close(self) -> None:
        """Forget what waits. It was never recorded, so whoever is next sends it again."""
        self._closing.set()
        if self._listener is not None:
            self._listener.join()
        self._producer.purge(in_queue=True, in_flight=True, blocking=True)
        self._serve(self._producer.poll, 0)

    def _serve(self, call: Callable[[float], int], timeout_s: float) -> int:
        """Call what calls back; how many it did. What ends the producer is raised there, and it is
        a fault like any other: the reports of what waited come after it."""
        try:
            return call(timeout_s)
        except KafkaException as fault:
            self._fault = self._fault or fault.args[0]
            return 0

    def _erred(self, fault: KafkaError) -> None:
        log.warning("kafka_trouble", error=fault.name())


def _unreachable(fault: KafkaError) -> KafkaUnreachable:
    return KafkaUnreachable("Kafka did not take a message", reason=fault.name())


_SILENT = logging.getLogger("mintflow.librdkafka")
_SILENT.addHandler(logging.NullHandler())
_SILENT.propagate = False
