"""How far everything is, as Prometheus metrics: read from the database when it is asked for.

Any process may tell it, for the database is one; a worker adds what it did itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from psycopg import AsyncConnection

from mintflow.api.core.metrics import RequestCounts
from mintflow.hosts.notarizing import Notarizing
from mintflow.projections.core.checkpoints import lag

if TYPE_CHECKING:
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
        "mintflow_worker_records_unreadable",
        "Records that are no event of the log",
        labels=["follower"],
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


def relay_figures(rows: Iterable[dict[str, Any]]) -> tuple[Metric, ...]:
    """The lag of every relay of the database; rows: of `relay_lag`."""
    behind = GaugeMetricFamily(
        "mintflow_relay_behind_events",
        "Events of the log, or entries of the trail, that Kafka has not acknowledged",
        labels=["target", "source", "shard"],
    )
    held = GaugeMetricFamily(
        "mintflow_relay_shard_held",
        "1 where a live relay has the shard",
        labels=["target", "source", "shard"],
    )
    for row in rows:
        labels = [row["target"], row["source"], str(row["shard"])]
        behind.add_metric(labels, row["behind"])
        held.add_metric(labels, int(row["held"]))
    return behind, held


def request_metrics(counts: RequestCounts) -> list[Metric]:
    """The answers of one API process since its start."""
    labels = ["method", "route", "status"]
    number = CounterMetricFamily("mintflow_http_requests", "Requests answered", labels=labels)
    seconds = CounterMetricFamily(
        "mintflow_http_request_seconds", "Seconds until the answer was sent", labels=labels
    )
    for (method, route, status), count in counts.requests.items():
        number.add_metric([method, route, str(status)], count)
        spent = counts.seconds[method, route, status]
        seconds.add_metric([method, route, str(status)], spent)
    return [number, seconds]


def evidence_metrics(notarizing: Notarizing | None) -> list[Metric]:
    """Whether this process signs, and how far what it publishes to is behind."""
    behind = GaugeMetricFamily(
        "mintflow_heads_behind_objects", "Published objects that a place has not", labels=["to"]
    )
    failing = GaugeMetricFamily(
        "mintflow_heads_failing", "1 while publishing to a place fails", labels=["to"]
    )
    for one in notarizing.forwarders if notarizing else ():
        behind.add_metric([one.name], one.behind)
        failing.add_metric([one.name], one.fault is not None)
    return [behind, failing]


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
