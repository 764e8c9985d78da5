"""A lane: one source of one shard on its way to Kafka, and how far along it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mintflow.streams.core.relay.delivery import Delivery, Line
from mintflow.streams.core.relay.errors import LogHasAGap
from mintflow.streams.core.relay.leases import Mark
from mintflow.streams.core.relay.sources import Outgoing, Source


@dataclass(slots=True)
class Lane:
    """sent: the last position of which everything was given to the producer. recorded: the last one
    that the checkpoint has. blocked: the code of what this lane can not get past."""

    source: Source
    shard: int
    epoch: int
    topic_id: str
    sent: int
    recorded: int
    lines: Mapping[str, Line]
    blocked: str | None = None

    def acknowledged(self) -> int:
        """The last position of which every message, and of all before it, is safe in Kafka."""
        waiting = [line.waiting[0] for line in self.lines.values() if line.waiting]
        return min(waiting) - 1 if waiting else self.sent

    @property
    def drained(self) -> bool:
        return self.recorded >= self.sent

    def mark(self) -> Mark | None:
        """What there is to record, if anything."""
        reached = self.acknowledged()
        if reached <= self.recorded:
            return None
        return Mark(self.shard, self.epoch, self.source.name, self.topic_id, reached)

    def send(self, delivery: Delivery, batch: Sequence[Outgoing]) -> bool:
        """Give a batch to the producer, in order; False if its queue was full on the way.

        A topic that has a position already is passed over, so after a full queue, or a restart,
        the same positions are simply given again. Raises LogHasAGap before anything behind a gap
        is given, MessageTooLarge, KafkaUnreachable.
        """
        for position, topics, message in batch:
            if position != self.sent + 1:
                raise LogHasAGap(
                    "a position of the log is missing",
                    source=self.source.name, shard=self.shard, expected=self.sent + 1,
                    found=position,
                )  # fmt: skip
            for topic in topics:
                line = self.lines[topic]
                if position > line.given and not delivery.send(
                    line, topic, self.shard, position, message
                ):
                    return False
            self.sent = position
        return True
