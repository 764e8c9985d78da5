"""The way back: what a switch took out of service is kept, and can be served again.

The tables lie beside the served ones as they were at the moment of the switch, with their
version, positions and parked events. Going back brings them up to date first, with the fold of
their version, and is a switch like any other: what was served until then is kept in their place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from mintflow.domain.core.errors import Conflict
from mintflow.projections.core.bulk.folder import Skipped
from mintflow.projections.core.install import mark_of, run
from mintflow.projections.core.projection import Projection
from mintflow.projections.core.rebuild.catching_up import Replay, still_parked
from mintflow.projections.core.rebuild.course import NEXT, by_shard
from mintflow.projections.core.tables import SERVED
from mintflow.store.mapper import Mapper


class NothingToGoBackTo(Conflict):
    """No earlier tables of this projection are kept, or none that this release can fold."""

    code = "nothing_to_go_back_to"


@dataclass(frozen=True, slots=True)
class Previous:
    """Tables out of service. replaced_at: when others took their place."""

    projection: str
    version: int
    tables: tuple[str, ...]
    positions: dict[int, int]
    parked: list[dict[str, Any]]
    replaced_at: str


BEFORE = "model_before_"


def schema_of(projection: str) -> str:
    return BEFORE + projection


def kept(conn: psycopg.Connection[Any]) -> list[Previous]:
    """What is kept, in order of name."""
    return [
        Previous(name, version, tuple(tables), by_shard(positions), parked, at.isoformat())
        for name, version, tables, positions, parked, at in conn.execute(
            "select projection, version, tables, positions, parked, replaced_at"
            " from projection.previous order by projection"
        ).fetchall()
    ]


def choose(
    conn: psycopg.Connection[Any], projections: Sequence[Projection], names: Sequence[str] | None
) -> list[tuple[Projection, Previous]]:
    """The projections to go back with, each with its tables. Raises NothingToGoBackTo."""
    by_name = {projection.name: projection for projection in projections}
    found = {one.projection: one for one in kept(conn) if one.projection in by_name}
    # A name that was given twice is one: tables brought up to date twice would count events twice.
    wanted = list(dict.fromkeys(names)) if names is not None else list(found)
    missing = [name for name in wanted if name not in found]
    if missing or not wanted:
        raise NothingToGoBackTo("no earlier tables are kept", projections=missing, kept=list(found))
    for name in wanted:
        if found[name].version != by_name[name].version:
            raise NothingToGoBackTo(
                "the tables kept are of another version than this release folds: go back with the"
                " release that folds it",
                projection=name,
                kept_version=found[name].version,
                version=by_name[name].version,
            )
    return [(by_name[name], found[name]) for name in wanted]


def replay_of(
    conn: psycopg.Connection[Any], mapper: Mapper, projection: Projection, previous: Previous
) -> Replay:
    """The kept tables as what is to be served next; they stay kept until they are."""

    def stands_at(positions: Mapping[int, int]) -> None:
        conn.execute(
            "update projection.previous set positions = %s where projection = %s",
            [Jsonb(dict(positions)), projection.name],
        )

    parked = previous.parked + _parked_since(conn, mapper, projection, previous)
    skipped = _places(projection, parked)
    return Replay(
        conn,
        mapper,
        [projection],
        schema_of(projection.name),
        skipped,
        dict(previous.positions),
        stands_at,
        parked,
    )


def _parked_since(
    conn: psycopg.Connection[Any], mapper: Mapper, projection: Projection, previous: Previous
) -> list[dict[str, Any]]:
    """What the served tables lack that the kept ones will lack too, noted before they pass it."""
    failing = still_parked(conn, mapper, [projection], schema_of(projection.name))
    since = [
        one
        for one in failing - _places(projection, previous.parked)
        if one[2] > previous.positions.get(one[1], 0)
    ]
    row = conn.execute(
        "with since as (select coalesce(jsonb_agg(to_jsonb(p)), '[]') as rows"
        "  from projection.parked p where p.projection = %s and (p.shard, p.position) in"
        "  (select * from unnest(%s::int[], %s::bigint[])))"
        " update projection.previous set parked = parked || since.rows from since"
        " where projection = %s returning since.rows",
        [
            projection.name,
            [shard for _, shard, _ in since],
            [position for *_, position in since],
            projection.name,
        ],
    ).fetchone()
    assert row is not None
    found: list[dict[str, Any]] = row[0]
    return found


def _places(projection: Projection, parked: Sequence[Mapping[str, Any]]) -> Skipped:
    return frozenset((projection.name, one["shard"], one["position"]) for one in parked)


def set_aside(conn: psycopg.Connection[Any], schema: str) -> str:
    """Within a switch: make room for what is served now, where the new tables lie kept."""
    if not schema.startswith(BEFORE):
        return schema
    name = schema.removeprefix(BEFORE)
    conn.execute("delete from projection.previous where projection = %s", [name])
    run(conn, f"alter schema {schema} rename to {NEXT}_back_{name}")
    return f"{NEXT}_back_{name}"


def keep(conn: psycopg.Connection[Any], projection: Projection) -> None:
    """Within a switch: move the served tables out of service, in the place of what was kept.

    What lacks a table is of no use to anybody and is dropped.
    """
    drop(conn, [projection.name])
    tables = served_tables(conn, projection)
    version, positions = _standing(conn, projection.name)
    lacks = {table.name for table in projection.tables} - set(tables)
    if version is None or (version == projection.version and lacks):
        for table in tables:
            run(conn, f"drop table {SERVED}.{table}")
        return
    schema = schema_of(projection.name)
    run(conn, f"create schema {schema}")
    for table in tables:
        run(conn, f"alter table {SERVED}.{table} set schema {schema}")
    parked = conn.execute(
        "select coalesce(jsonb_agg(to_jsonb(p)), '[]') from projection.parked p"
        " where projection = %s",
        [projection.name],
    ).fetchone()
    assert parked is not None
    conn.execute(
        "insert into projection.previous (projection, version, tables, positions, parked)"
        " values (%s, %s, %s, %s, %s)",
        [projection.name, version, tables, Jsonb(positions), Jsonb(parked[0])],
    )


def drop(conn: psycopg.Connection[Any], names: Sequence[str]) -> list[str]:
    """Let go of what is kept of these projections; says of which there was something."""
    dropped = []
    for name in names:
        run(conn, f"drop schema if exists {schema_of(name)} cascade")
        gone = conn.execute(
            "delete from projection.previous where projection = %s returning projection", [name]
        ).fetchone()
        if gone:
            dropped.append(name)
    return dropped


def served_tables(conn: psycopg.Connection[Any], projection: Projection) -> list[str]:
    """Also those that an earlier version of the projection had and this one has not."""
    return [
        name
        for (name,) in conn.execute(
            "select c.relname::text from pg_class c"
            " where c.relnamespace = to_regnamespace(%s) and c.relkind in ('r', 'p')"
            " and (c.relname = any(%s) or obj_description(c.oid, 'pg_class') = %s)"
            " order by c.relname",
            [SERVED, [table.name for table in projection.tables], mark_of(projection)],
        ).fetchall()
    ]


def _standing(
    conn: psycopg.Connection[Any], projection: str
) -> tuple[int | None, dict[str, int] | None]:
    """The newest version that is served, and its positions; None where there is none."""
    row = conn.execute(
        "select version, jsonb_object_agg(shard, position) from projection.checkpoint"
        " where projection = %s group by version order by version desc limit 1",
        [projection],
    ).fetchone()
    return (row[0], row[1]) if row else (None, None)
