"""Where the time goes between a commit and its visibility, stage by stage, across processes.

`python -m benchmarks.stages FILE relay …` runs the command line as always, and notes in FILE when
each position passed each stage. Every process of a machine reads the same monotonic clock.
"""

from __future__ import annotations

import resource
import sys
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from benchmarks.setting import summary
from mintflow.hosts.cli import main
from mintflow.streams.core.faust.follower import ProjectionFollower
from mintflow.streams.core.faust.transport import Consumer
from mintflow.streams.core.relay.delivery import Delivery, Line
from mintflow.streams.core.relay.lanes import Lane
from mintflow.streams.core.relay.sources import LogSource
from mintflow.streams.core.topics import EVENTS

# In the order in which a position passes them, each with what was done since the one before.
STAGES: Mapping[str, str] = {
    "read": "the relay heard of it and read it",
    "sent": "it was made a message and given to the producer",
    "acknowledged": "Kafka had it, and the relay knew; the worker does not wait for that",
    "fetched": "the worker had it from Kafka",
    "taken": "the batch before it was done",
    "applied": "its rows were committed",
    "known": "who waited for it was told",
}
# What nothing waits for: the stage behind it counts from the one before it.
_ASIDE = "acknowledged"

Seen = dict[str, dict[str, float]]
"""Stage -> "shard/position" -> when, in seconds of the monotonic clock."""


class Stopwatch:
    """Notes the first time that a position passes a stage."""

    def __init__(self) -> None:
        self._began = time.perf_counter()
        self._seen: dict[str, list[tuple[float, int, int, int]]] = {}
        self._reached: dict[tuple[str, int], int] = {}

    def note(self, stage: str, shard: int, last: int, first: int = 1) -> None:
        """All of first to last that did not pass before pass now."""
        first = max(first, self._reached.get((stage, shard), 0) + 1)
        if last >= first:
            self._reached[stage, shard] = last
            self._seen.setdefault(stage, []).append((time.perf_counter(), shard, first, last))

    def write(self, path: Path) -> None:
        used = resource.getrusage(resource.RUSAGE_SELF)
        cpu = (used.ru_utime + used.ru_stime) / (time.perf_counter() - self._began)
        path.write_bytes(orjson.dumps({"cpu": round(cpu, 2), "seen": self._seen}))


def spans(paths: Sequence[Path], began: Mapping[str, float], ended: Mapping[str, float]) -> Any:
    """Per stage p50 and p99 in milliseconds, and what part of a processor each process used.

    began, ended: "shard/position" -> when it was committed, and when it was known to be visible.
    """
    seen: Seen = {"known": dict(ended)}
    cpu: dict[str, float] = {}
    for path in paths:
        found = orjson.loads(path.read_bytes())
        cpu[path.stem] = found["cpu"]
        for stage, times in found["seen"].items():
            for when, shard, first, last in times:
                for position in range(first, last + 1):
                    seen.setdefault(stage, {}).setdefault(f"{shard}/{position}", when)
    before = dict(began)
    result: dict[str, Any] = {}
    for stage in STAGES:
        now = {key: seen[stage][key] for key in began if key in seen.get(stage, {})}
        took = summary([when - before[key] for key, when in now.items() if key in before], 1)
        result[stage] = {"p50_ms": took["p50_ms"], "p99_ms": took["p99_ms"]}
        if stage != _ASIDE:
            before = now
    return {"stages": result, "processors": cpu}


def _watch(watch: Stopwatch) -> None:
    """Have the stages of a relay and of a worker noted from now on."""
    read, send = LogSource.read, Lane.send
    deliver, take_reports = Delivery.send, Delivery.take_reports
    shards: dict[int, int] = {}
    hand_over, take, apply = Consumer._hand_over, ProjectionFollower.take, ProjectionFollower._apply

    async def reads(self: LogSource, *args: Any) -> Any:
        found = await read(self, *args)
        for shard, batch in found.items():
            watch.note("read", shard, batch[-1].position)
        return found

    def sends(self: Lane, *args: Any) -> bool:
        taken = send(self, *args)
        if self.source.name == LogSource.name:
            watch.note("sent", self.shard, self.sent)
        return taken

    def delivers(self: Delivery, line: Line, topic: str, shard: int, *more: Any) -> bool:
        if topic == EVENTS:
            shards[id(line)] = shard
        return deliver(self, line, topic, shard, *more)

    def takes_reports(self: Delivery) -> None:
        given: dict[int, int] = Counter(id(line) for line, fault in self._reports if not fault)
        lines = {id(line): line for line, _ in self._reports}
        for key, count in given.items():
            if key in shards:
                watch.note("acknowledged", shards[key], lines[key].waiting[count - 1])
        take_reports(self)

    async def hands_over(self: Consumer, tp: Any, found: list[Any]) -> None:
        if found[-1].row is not None:
            watch.note("fetched", tp.partition, found[-1].row.position)
        await hand_over(self, tp, found)

    async def takes(self: ProjectionFollower, batches: Mapping[int, Sequence[Any]]) -> bool:
        for shard, batch in batches.items():
            if batch[-1].row is not None:
                watch.note("taken", shard, batch[-1].row.position)
        return await take(self, batches)

    async def applies(self: ProjectionFollower, batches: Mapping[int, Sequence[Any]]) -> Any:
        reached = await apply(self, batches)
        for shard, position in reached.items():
            watch.note("applied", shard, position)
        return reached

    for owner, name, watched in (
        (LogSource, "read", reads),
        (Lane, "send", sends),
        (Delivery, "send", delivers),
        (Delivery, "take_reports", takes_reports),
        (Consumer, "_hand_over", hands_over),
        (ProjectionFollower, "take", takes),
        (ProjectionFollower, "_apply", applies),
    ):
        setattr(owner, name, watched)


if __name__ == "__main__":
    kept = Path(sys.argv.pop(1))
    watch = Stopwatch()
    _watch(watch)
    try:
        main()
    finally:
        watch.write(kept)
