"""How far everything is, as Prometheus metrics: read from the database when it is asked for.

Any process may tell it, for the database is one; a worker adds what it did itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from psycopg import AsyncConnection

from mintflow.projections.core.checkpoints import lag
from mintflow.streams.core.faust.worker import Worker


async def lag_metrics(conn: AsyncConnection[Any]) -> list[Metric]:
    """Head, checkpoint, events behind and parked, per projection and shard."""
    names = ["projection", "version", "shard"]
    behind = GaugeMetricFamily(
        "mintflow_projection_lag_events", "Events of a shard not folded yet", labels=names
    )
    checkpoint = GaugeMetricFamily(
        "mintflow_projection_checkpoint", "Position of the last event folded", labels=names
    )
    parked = GaugeMetricFamily(
        "mintflow_projection_parked_events", "Events set aside: they broke a fold", labels=names
    )
    head = GaugeMetricFamily(
        "mintflow_log_head", "Position of the last event of a shard", labels=["shard"]
    )
    heads: dict[int, int] = {}
    for row in await lag(conn):
        labels = [row["projection"], str(row["version"]), str(row["shard"])]
        behind.add_metric(labels, row["behind"])
        checkpoint.add_metric(labels, row["checkpoint"])
        parked.add_metric(labels, row["parked"])
        heads[row["shard"]] = row["head"]
    for shard, position in heads.items():
        head.add_metric([str(shard)], position)
    return [head, checkpoint, behind, parked]


def worker_metrics(worker: Worker) -> list[Metric]:
    """What this worker did since its start."""
    applied = CounterMetricFamily(
        "mintflow_worker_events_applied", "Events applied", labels=["follower"]
    )
    retries = CounterMetricFamily(
        "mintflow_worker_retries", "Batches tried again after a fault", labels=["follower"]
    )
    unreadable = CounterMetricFamily(
        "mintflow_worker_records_unreadable", "Records that are no event", labels=["follower"]
    )
    for follower in worker.followers:
        applied.add_metric([follower.name], follower.applied)
        retries.add_metric([follower.name], follower.retries)
        unreadable.add_metric([follower.name], follower.unreadable)
    assigned = GaugeMetricFamily(
        "mintflow_worker_partitions", "Partitions assigned", value=len(worker.assigned)
    )
    rebalances = CounterMetricFamily(
        "mintflow_worker_rebalances", "Changes of the assignment", value=worker.rebalances
    )
    able = GaugeMetricFamily(
        "mintflow_worker_able", "1 while nothing keeps it from work", value=worker.fault is None
    )
    return [applied, retries, unreadable, assigned, rebalances, able]


def exposition(metrics: Iterable[Metric]) -> bytes:
    """The text that Prometheus reads."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Given(list(metrics)))
    return generate_latest(registry)


class _Given(Collector):
    def __init__(self, metrics: Sequence[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        yield from self._metrics
