"""Are the served rows what the log says? Folded anew beside them, compared, and thrown away.

Nothing is switched: what is served stays as it is, right or wrong, for whoever looks into it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from mintflow.domain.core.errors import Unavailable
from mintflow.projections.core.bulk.folder import Skipped
from mintflow.projections.core.bulk.worker import Job, open_tables
from mintflow.projections.core.install import run
from mintflow.projections.core.projection import Projection
from mintflow.projections.core.rebuild.catching_up import (
    Replay,
    bring_served_up,
    comparable,
    positions_of,
    still_parked,
)
from mintflow.projections.core.rebuild.comparing import compare_tables
from mintflow.projections.core.rebuild.coordinator import (
    Progress,
    alone,
    make_schema,
    units_of,
)
from mintflow.projections.core.rebuild.crew import Crew
from mintflow.projections.core.rebuild.filling import fill, largest_first
from mintflow.projections.core.rebuild.lanes import Lanes
from mintflow.projections.core.rebuild.report import TableReport
from mintflow.projections.core.tables import SERVED, Table
from mintflow.projections.registry import PROJECTIONS
from mintflow.store.keys import KeyStore
from mintflow.store.mapper import Mapper
from mintflow.store.sealing import Sealer

# Of each table that differs: the first ones say where to look.
ROWS_SHOWN_MAX = 3


class ModelsNotComparable(Unavailable):
    """The read models are not served in this release's version, or not all of them."""

    code = "models_not_comparable"


@dataclass(frozen=True, slots=True)
class Difference:
    """A table whose served rows are not what the log gives. rows: keys of some of them."""

    table: str
    rows_served: int
    rows_right: int
    ledgers: tuple[str, ...]
    rows: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Misnoted:
    """What is noted about the folding of a shard, and is not so. what: in words."""

    shard: int
    position: int
    what: str


def check_models(
    url: str,
    keys: Callable[[], KeyStore],
    *,
    projections: Sequence[Projection] = PROJECTIONS,
    jobs: int = 2,
    progress: Progress | None = None,
) -> tuple[int, list[Difference], list[Misnoted]]:
    """How many tables were compared, those that differ, and notes that are not so.

    url, keys, jobs: as of `rebuild`. Events that were not applied yet are applied first, so that
    what is merely late does not look wrong. Raises ModelsNotComparable, RebuildRefused, FoldFailed.
    """
    report = progress or (lambda *_: None)
    with open_tables(url) as conn, alone(conn), Crew(jobs) as crew, Lanes(url, jobs) as lanes:
        mapper = Mapper(Sealer(keys()))
        if not comparable(conn, projections):
            raise ModelsNotComparable("the read models are not those of this release: rebuild them")
        asyncio.run(bring_served_up(url, mapper, projections))
        schema = make_schema(conn, projections)
        try:
            skipped = still_parked(conn, mapper, projections, schema)
            misnoted = _misnoted(conn, projections, skipped)
            targets = positions_of(conn, projections)
            units = units_of(conn, targets)
            expected = sum(unit.events for unit in units)
            job = Job(url, schema, projections, keys, targets, skipped)
            tables = [table for projection in projections for table in projection.tables]
            fill(
                conn, crew, lanes, job, units, tables,
                lambda done: report("folding anew", done, expected), fresh=True,
            )  # fmt: skip
            replay = Replay(conn, mapper, projections, schema, skipped, dict(targets))
            report("comparing", expected, expected)
            tables = largest_first(conn, tables, schema)
            found = compare_tables(url, lanes, tables, schema, replay, compare=True)
            named = {table.name: table for table in tables}
            wrong = [
                _difference(conn, named[one.name], schema, one)
                for one in found
                if one.served != one.rebuilt
            ]
        finally:
            run(conn, f"drop schema {schema} cascade")
    return len(found), wrong, misnoted


def _misnoted(
    conn: psycopg.Connection[Any], projections: Sequence[Projection], parked: Skipped
) -> list[Misnoted]:
    """Checkpoints beyond the log, whose next events would be passed over, and events that are left
    out of replays as if they could not be folded."""
    names = [projection.name for projection in projections]
    ahead = conn.execute(
        "select c.shard, c.position, c.projection, coalesce(h.position, 0)"
        " from projection.checkpoint c left join log.shard_head h using (shard)"
        " where c.projection = any(%s) and c.position > coalesce(h.position, 0) order by 1, 3",
        [names],
    ).fetchall()
    noted = conn.execute(
        "select shard, position, projection from projection.parked"
        " where projection = any(%s) order by 1, 2, 3",
        [names],
    ).fetchall()
    return [
        Misnoted(shard, head, f"the checkpoint of {name} is {position}, the log ends at {head}")
        for shard, position, name, head in ahead
    ] + [
        Misnoted(shard, position, f"parked by {name}, but it can be folded: rebuild it")
        for shard, position, name in noted
        if (name, shard, position) not in parked
    ]


def _difference(
    conn: psycopg.Connection[Any], table: Table, schema: str, found: TableReport
) -> Difference:
    key = ", ".join(table.key)
    columns = ", ".join(table.names)
    shown = " || ' ' || ".join(f"{name}::text" for name in table.key)
    sql = (
        f"select distinct {shown} from (("  # noqa: S608
        f"table {SERVED}.{table.name} except table {schema}.{table.name}) union all"
        f" (table {schema}.{table.name} except table {SERVED}.{table.name})) d ({columns})"
        f" where ledger_id::text = any(%s) order by 1 limit {ROWS_SHOWN_MAX}"
    )
    rows = conn.execute(sql.encode(), [list(found.ledgers[:1])]).fetchall()
    served = found.served.rows if found.served else 0
    return Difference(
        table.name,
        served,
        found.rebuilt.rows,
        found.ledgers,
        tuple(f"({key}) = {row[0]}" for row in rows),
    )
