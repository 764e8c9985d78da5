"""The switch: in one transaction new tables take the place of the served ones, which are kept."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from mintflow.domain.core.errors import Unavailable
from mintflow.projections.core.install import drop_views, make_views, mark, run
from mintflow.projections.core.projection import Projection
from mintflow.projections.core.rebuild.catching_up import Replay
from mintflow.projections.core.rebuild.previous import (
    drop,
    keep,
    schema_of,
    served_tables,
    set_aside,
)
from mintflow.projections.core.series.refresh import look_again
from mintflow.projections.core.tables import SERVED

# While this many events or fewer are missing, those who write wait for them rather than the other
# way round.
_CLOSE = 1_000
_ATTEMPTS, _BETWEEN_S = 50, 0.2
# Longer than the second after which the server takes a table from its own vacuum, when somebody
# waits for it.
_FOR_VACUUM = "5s"


class SwitchRefused(Unavailable):
    """The served tables could not be had for a moment; nothing was changed."""

    code = "switch_refused"


def switch(
    conn: psycopg.Connection[Any],
    replays: Sequence[Replay],
    everything: Sequence[Projection],
    *,
    keep_up: bool,
    keep_old: bool = True,
    same: bool = False,
) -> None:
    """Serve the new tables, of all replays at once.

    everything: all projections, whose views are made anew. keep_up: the served tables follow the
    log meanwhile and may be ahead. keep_old: for a way back. same: the new rows were seen to be
    the served ones. Whoever applies events waits for the locked checkpoints, and goes on with the
    new tables from the same positions.
    """
    for _ in range(_ATTEMPTS):
        for replay in replays:
            while keep_up and replay.behind(_served_positions(conn, replay)) > _CLOSE:
                replay.until(_served_positions(conn, replay))
        stood = [(dict(replay.positions), replay.events) for replay in replays]
        try:
            with conn.transaction():
                _switch(conn, replays, everything, keep_old=keep_old, same=same)
            return
        except psycopg.errors.LockNotAvailable:
            for replay, (positions, events) in zip(replays, stood, strict=True):
                replay.positions, replay.events = positions, events
            time.sleep(_BETWEEN_S)
    raise SwitchRefused("long queries held the read models all the time; try again later")


def _switch(
    conn: psycopg.Connection[Any],
    replays: Sequence[Replay],
    everything: Sequence[Projection],
    *,
    keep_old: bool,
    same: bool,
) -> None:
    projections = [one for replay in replays for one in replay.projections]
    _end_vacuum(conn, projections, [replay.schema for replay in replays])
    _lock(conn, [one.name for one in projections])
    for replay in replays:
        replay.until(_served_positions(conn, replay))
    # A query that holds one table and wants another could wait for us as we wait for it. Giving up
    # before the server looks for deadlocks (1 s) makes sure that it is never the query that fails.
    conn.execute("set local lock_timeout = '300ms'")
    drop_views(conn, everything)
    _keep_readers_off(conn, [one for one in everything if one in projections])
    for replay in replays:
        schema = set_aside(conn, replay.schema)
        for projection in replay.projections:
            keep(conn, projection)
            if not keep_old:
                drop(conn, [projection.name])
            for table in projection.tables:
                run(conn, f"alter table {schema}.{table.name} set schema {SERVED}")
                run(conn, table.vacuumed_sql(SERVED))
                mark(conn, projection, table)
            _serve(conn, projection, replay)
        run(conn, f"drop schema {schema}")
        conn.execute("delete from projection.rebuild where schema = %s", [schema])
    make_views(conn, everything)
    if not same:
        look_again(conn, [one.name for one in projections])


@contextmanager
def vacuum_kept_off(url: str, projections: Sequence[Projection]) -> Iterator[None]:
    """Keep the server's own vacuum away from the tables that a switch is about to replace.

    Begun while there is other work to do: the server takes a table from a vacuum only after a
    second, which the switch would wait for. Who reads and writes is not kept from it. Where a
    table can not be had, the vacuum goes on and the switch sees to it.
    """
    with psycopg.connect(url) as conn:
        with suppress(psycopg.errors.LockNotAvailable):
            _end_vacuum(conn, projections)
        yield
        conn.rollback()


def _end_vacuum(
    conn: psycopg.Connection[Any], projections: Sequence[Projection], schemas: Sequence[str] = ()
) -> None:
    """Keep the server's own vacuum away from the tables, which may hold one for minutes.

    It gives way to whoever waits long enough, longer than the rest of a switch may. This lock keeps
    nobody from reading and writing meanwhile. schemas: whose tables are meant as well, beside what
    is served and what is kept.
    """
    kept = [schema_of(one.name) for one in projections]
    tables = [f"{SERVED}.{name}" for one in projections for name in served_tables(conn, one)] + [
        f"{schema}.{name}"
        for schema, name in conn.execute(
            "select schemaname::text, tablename::text from pg_tables where schemaname = any(%s)",
            [[*schemas, *kept]],
        ).fetchall()
    ]
    if not tables:
        return
    conn.execute(f"set local lock_timeout = '{_FOR_VACUUM}'".encode())
    run(conn, f"lock table {', '.join(tables)} in share update exclusive mode")
    conn.execute("set local lock_timeout to default")


def _keep_readers_off(conn: psycopg.Connection[Any], projections: Sequence[Projection]) -> None:
    """Have all served tables at once, in one order: had one after the other between the moves, a
    query of two of them comes between again and again, waits for one and holds the other."""
    tables = [f"{SERVED}.{name}" for one in projections for name in served_tables(conn, one)]
    if tables:
        run(conn, f"lock table {', '.join(tables)} in access exclusive mode")


def _lock(conn: psycopg.Connection[Any], names: Sequence[str]) -> None:
    """In the order in which appliers lock."""
    conn.execute(
        "select from projection.checkpoint where projection = any(%s)"
        " order by shard, projection, version for update",
        [list(names)],
    )


def _served_positions(conn: psycopg.Connection[Any], replay: Replay) -> dict[int, int]:
    """Shard -> the furthest of the served projections: the new tables must not fall behind any."""
    return dict(
        conn.execute(
            "select shard, max(position) from projection.checkpoint where projection = any(%s)"
            " group by shard",
            [[projection.name for projection in replay.projections]],
        ).fetchall()
    )


def _serve(conn: psycopg.Connection[Any], projection: Projection, replay: Replay) -> None:
    """Move its checkpoints to this version, and keep of its parked events those that still are."""
    conn.execute(
        "delete from projection.checkpoint c where projection = %s and version <> ("
        " select max(version) from projection.checkpoint m where m.projection = c.projection)",
        [projection.name],
    )
    # Updated in place where they are there: an applier that waits for these rows then finds them.
    conn.execute(
        "insert into projection.checkpoint (shard, projection, version, position)"
        " select shard, %s, %s, 0 from log.shard_head where not exists"
        " (select from projection.checkpoint c where c.projection = %s)",
        [projection.name, projection.version, projection.name],
    )
    conn.execute(
        "update projection.checkpoint c set version = %s, position = p.position"
        " from unnest(%s::int[], %s::bigint[]) as p (shard, position)"
        " where c.projection = %s and c.shard = p.shard",
        [
            projection.version,
            list(replay.positions),
            list(replay.positions.values()),
            projection.name,
        ],
    )
    kept = [one for one in replay.skipped if one[0] == projection.name]
    conn.execute(
        "delete from projection.parked p where p.projection = %s and (p.shard, p.position) not in"
        " (select * from unnest(%s::int[], %s::bigint[]))",
        [projection.name, [shard for _, shard, _ in kept], [place for *_, place in kept]],
    )
    conn.execute(
        "insert into projection.parked"
        " select * from jsonb_populate_recordset(null::projection.parked, %s)"
        " on conflict do nothing",
        [Jsonb(list(replay.parked))],
    )
    conn.execute(
        "update projection.parked set version = %s where projection = %s",
        [projection.version, projection.name],
    )
