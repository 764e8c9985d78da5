"""What a rebuild writes down of itself: one that was killed goes on where it stood.

Rows of a unit and the note that it is folded are one transaction, and so are the events of the
catching up and the positions after them. So whatever moment a rebuild dies at, its tables hold
exactly what is written here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from uuid import UUID

import psycopg
from psycopg.types.json import Jsonb

from mintflow.projections.core.bulk.folder import Skipped
from mintflow.projections.core.bulk.worker import Unit
from mintflow.projections.core.install import run
from mintflow.projections.core.projection import Projection

# Every rebuild has a schema of its own below this name, so that a worker that outlives its parent
# for a moment can never write into tables of a later rebuild.
NEXT = "model_next"


@dataclass(frozen=True, slots=True)
class Course:
    """A rebuild under way. positions: where the tables stand after the bulk; None before it."""

    schema: str
    compared: bool
    targets: dict[int, int]
    positions: dict[int, int] | None
    skipped: Skipped


def shape_of(projections: Sequence[Projection]) -> str:
    """What two rebuilds must have in common for one to go on where the other stood."""
    digest = sha256()
    for projection in projections:
        digest.update(f"{projection.name} {projection.version}\n".encode())
        for table in projection.tables:
            digest.update("\n".join([table.create_sql("s"), *table.index_sql("s")]).encode())
    return digest.hexdigest()


def unfinished(
    conn: psycopg.Connection[Any],
    projections: Sequence[Projection],
    served: Mapping[int, int],
    *,
    compared: bool,
) -> Course | None:
    """A rebuild of this very kind that was killed, if there is one.

    served: positions that the served tables are at now; a rebuild is of no use once they stand
    behind what it has folded, for instance because they were made anew meanwhile. Nor is it once an
    event was parked that it does not know of: it would end at that event each time.
    """
    for schema, targets, positions, skipped in conn.execute(
        "select schema, targets, positions, skipped from projection.rebuild r"
        " where shape = %s and compared = %s"
        " and exists (select from pg_namespace where nspname = r.schema)"
        " and not exists (select from projection.parked p where p.projection = any(%s) and"
        "  p.position > coalesce((coalesce(r.positions, r.targets)->>p.shard::text)::bigint, 0))"
        " order by started_at desc",
        [shape_of(projections), compared, [one.name for one in projections]],
    ).fetchall():
        reached = by_shard(positions or targets)
        if not compared or all(served.get(shard, 0) >= at for shard, at in reached.items()):
            return Course(
                schema,
                compared,
                by_shard(targets),
                by_shard(positions) if positions else None,
                frozenset((name, shard, position) for name, shard, position in skipped),
            )
    return None


def begin(
    conn: psycopg.Connection[Any],
    projections: Sequence[Projection],
    course: Course,
    units: Sequence[Unit],
) -> None:
    """Write down what is going to be done."""
    with conn.transaction():
        conn.execute(
            "insert into projection.rebuild (schema, shape, compared, targets, skipped)"
            " values (%s, %s, %s, %s, %s)",
            [
                course.schema,
                shape_of(projections),
                course.compared,
                Jsonb(course.targets),
                Jsonb(sorted(course.skipped)),
            ],
        )
        with conn.cursor() as cursor:
            cursor.executemany(
                "insert into projection.rebuild_unit (schema, number, shard, ledgers, events)"
                " values (%s, %s, %s, %s, %s)",
                [
                    [course.schema, unit.number, unit.shard, list(unit.ledgers), unit.events]
                    for unit in units
                ],
            )


def units_left(conn: psycopg.Connection[Any], course: Course) -> tuple[list[Unit], int]:
    """The units that are not folded yet, the largest first, and the events of those that are."""
    left, folded = [], 0
    for number, shard, ledgers, events, done in conn.execute(
        "select number, shard, ledgers, events, folded from projection.rebuild_unit"
        " where schema = %s order by events desc, number",
        [course.schema],
    ).fetchall():
        if done is None:
            left.append(Unit(shard, tuple(UUID(str(one)) for one in ledgers), events, number))
        else:
            folded += done
    return left, folded


def stands_at(conn: psycopg.Connection[Any], schema: str, positions: Mapping[int, int]) -> None:
    """Note where the tables of a rebuild stand, in the transaction that brought them there."""
    conn.execute(
        "update projection.rebuild set positions = %s where schema = %s",
        [Jsonb(dict(positions)), schema],
    )


def clear(conn: psycopg.Connection[Any], keep: str | None = None) -> None:
    """Remove what killed rebuilds left, but for the one that goes on."""
    left = conn.execute(
        "select nspname from pg_namespace where starts_with(nspname, %s) and nspname <> %s",
        [NEXT, keep or ""],
    ).fetchall()
    for (name,) in left:
        run(conn, f'drop schema "{name}" cascade')
    conn.execute("delete from projection.rebuild where schema <> %s", [keep or ""])


def by_shard(held: Mapping[str, int]) -> dict[int, int]:
    """Shard -> position of a JSON object, whose keys are text."""
    return {int(shard): position for shard, position in held.items()}
