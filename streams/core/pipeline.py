"""What every host does with events, wherever it has them from: apply them to the read models.

The tailer and the Kafka agent call the same `apply`; nothing else differs between them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psycopg import AsyncConnection

from mintflow.projections.core.applier import Applier, Batches
from mintflow.projections.core.aside import Aside
from mintflow.projections.core.checkpoints import read_positions
from mintflow.projections.core.projection import Projection
from mintflow.store.mapper import Mapper


class Pipeline:
    """One per connection, which is in autocommit mode and used by nobody else."""

    def __init__(
        self, applier: Applier, conn: AsyncConnection[Any], projections: Sequence[Projection]
    ) -> None:
        self._applier = applier
        self._conn = conn
        self._projections = projections

    @classmethod
    async def open(
        cls,
        conn: AsyncConnection[Any],
        mapper: Mapper,
        projections: Sequence[Projection],
        aside: Aside | None = None,
    ) -> Pipeline:
        """aside: folds what is much, where it can; it is not this one's to end."""
        return cls(await Applier.open(conn, mapper, projections, aside), conn, projections)

    async def positions(self) -> dict[int, int]:
        """Shard -> the position that all projections have reached, from the database."""
        return await read_positions(self._conn, self._projections)

    async def apply(self, batches: Batches) -> dict[int, int]:
        """Apply events of any number of shards in one transaction; as `Applier.apply`."""
        return await self._applier.apply(batches)
