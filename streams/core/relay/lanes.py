"""A lane: one source of one shard on its way to Kafka, and how far along it is.

A topic that does not have yet what the lane has given to the others, because it is new, is filled
by a lane of its own, and joins the source's lane when it has come as far.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from mintflow.streams.core.relay.delivery import Delivery, Line
from mintflow.streams.core.relay.errors import LogHasAGap
from mintflow.streams.core.relay.leases import Mark
from mintflow.streams.core.relay.sources import Outgoing, Source

# Behind the id of a topic, in the checkpoint of its own: it has what is before that position, and
# not yet all that is before the position of its source.
_FILLING = " filling"


@dataclass(slots=True)
class Lane:
    """ids: Kafka's ids of the source's topics. sent: the last position of which everything was
    given to the producer. recorded: the last one that the checkpoint has. lines: of the topics that
    it gives to. filling: whether it fills topics, and does not carry the source. blocked: the code
    of what this lane can not get past."""

    source: Source
    shard: int
    epoch: int
    ids: Mapping[str, str]
    sent: int
    recorded: int
    lines: dict[str, Line]
    filling: bool = False
    blocked: str | None = None
    joining: dict[str, int] = field(default_factory=dict)
    """Topics of which it is to be recorded that they have everything up to a position, and go with
    the source from there."""

    def acknowledged(self) -> int:
        """The last position of which every message, and of all before it, is safe in Kafka."""
        waiting = [line.waiting[0] for line in self.lines.values() if line.waiting]
        return min(waiting) - 1 if waiting else self.sent

    @property
    def drained(self) -> bool:
        waits = any(line.waiting for line in self.lines.values())
        return self.recorded >= self.sent and not self.joining and not waits

    def marks(self) -> list[Mark]:
        """What there is to record; `settle` it when it is."""
        found: list[Mark] = []
        reached = self.acknowledged()
        if reached > self.recorded:
            if self.filling:
                found += [self._mark(one, self.ids[one] + _FILLING, reached) for one in self.lines]
            else:
                main = self.source.topics[0]
                topic_id = self.ids[main]
                found.append(Mark(self.shard, self.epoch, self.source.name, topic_id, reached))
        for topic, position in self.joining.items():
            waiting = self.lines[topic].waiting
            if not waiting or waiting[0] > position:
                found.append(self._mark(topic, self.ids[topic], position))
        return found

    def settle(self, marks: Iterable[Mark]) -> None:
        """Note that these marks are recorded."""
        joined = {place_of(self.source, topic): topic for topic in self.joining}
        for mark in marks:
            if mark.source in joined:
                del self.joining[joined[mark.source]]
            else:
                self.recorded = mark.position

    def join(self, other: Lane) -> None:
        """Take over the topics of a lane that has filled them as far as this one is."""
        for topic, line in other.lines.items():
            self.lines[topic] = line
            self.joining[topic] = self.sent

    def _mark(self, topic: str, topic_id: str, position: int) -> Mark:
        return Mark(self.shard, self.epoch, place_of(self.source, topic), topic_id, position)

    def send(self, delivery: Delivery, batch: Sequence[Outgoing]) -> bool:
        """Give a batch to the producer, in order; False if its queue was full on the way.

        A topic that has a position already, or that another lane fills, is passed over; so after a
        full queue, or a restart, the same positions are simply given again. Raises LogHasAGap
        before anything behind a gap is given, MessageTooLarge, KafkaUnreachable.
        """
        for position, topics, message in batch:
            if position != self.sent + 1:
                raise LogHasAGap(
                    "a position of the log is missing",
                    source=self.source.name, shard=self.shard, expected=self.sent + 1,
                    found=position,
                )  # fmt: skip
            for topic in topics:
                line = self.lines.get(topic)
                if line is None or position <= line.given:
                    continue
                if not delivery.send(line, topic, self.shard, position, message):
                    return False
            self.sent = position
        return True


def enter(
    source: Source,
    shard: int,
    epoch: int,
    ids: Mapping[str, str],
    kept: Mapping[tuple[int, str], tuple[str, int]],
    ends: Mapping[tuple[str, int], int],
) -> list[Lane]:
    """The lanes of a source of a shard: its own, and one more where topics have to be filled.

    kept: (shard, name of a checkpoint) -> the topic's id and the position. ends: (topic, shard) ->
    the position that the partition ends with; absent where it is empty.
    """
    main, *others = source.topics
    topic_id, at = kept.get((shard, source.name), ("", 0))
    relayed, end = at, ends.get((main, shard), 0)
    at, noted = (at, at) if topic_id == ids[main] else (end, 0)
    lane = Lane(source, shard, epoch, ids, at, noted, {main: Line(end)})
    behind: dict[str, Line] = {}
    for topic in others:
        topic_id, position = kept.get((shard, place_of(source, topic)), ("", 0))
        has = ends.get((topic, shard), 0)
        if topic_id == ids[topic]:
            # What time has taken from the topic is not given to it again.
            has = max(has, position, relayed)
        elif topic_id == ids[topic] + _FILLING:
            has = max(has, position)
        if has < at:
            behind[topic] = Line(has)
            continue
        lane.lines[topic] = Line(has)
        if topic_id != ids[topic] or relayed > at:
            lane.joining[topic] = has
    if not behind:
        return [lane]
    start = min(line.given for line in behind.values())
    return [lane, Lane(source, shard, epoch, ids, start, start, behind, filling=True)]


def place_of(source: Source, topic: str) -> str:
    """The name of the checkpoint that a topic has beside its source's."""
    return f"{source.name}/{topic}"
