"""Commands on connections: open one; what it brings comes in by `SyncAccount` (imports)."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import StringConstraints

from mintflow.commands.core.command import Command, Name
from mintflow.commands.core.unit import Unit
from mintflow.domain.connections import Connection


class OpenConnection(Command):
    """provider: the connector's name; institution: the bank's name for people."""

    provider: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    institution: Name


async def open_connection(command: OpenConnection, unit: Unit) -> dict[str, Any]:
    """A connection that has brought nothing yet."""
    connection = unit.add(
        Connection.open(unit.new_id(), command.provider, command.institution, unit.now)
    )
    return {"connection_id": str(connection.id), "provider": connection.provider}


HANDLERS = {OpenConnection: open_connection}
