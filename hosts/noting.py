"""What an operator does on the command line goes to the trail as well.

An entry has the actor (the owner of the data folder, else `operator`), the time, a code as the
reason, and the command as the route; never a path, a name or what else was typed. What only touches
files is done whether or not the database answers, and says if it could not be noted.
"""

from __future__ import annotations

from pathlib import Path

import orjson
import psycopg
import structlog

from mintflow.commands.core.command import utc_now
from mintflow.domain.core.errors import MintFlowError
from mintflow.hosts.session import Refused, open_database
from mintflow.hosts.settings import Settings
from mintflow.store.keys import MemoryKeyStore
from mintflow.store.trail import TrailEntry, append_entries

log = structlog.get_logger(__name__)


async def note(
    url: str, data: Path, command: str, what: str, reason: str, ledger_id: str | None = None
) -> None:
    """Before what is noted is done, so that one that is killed is in the trail. Raises Refused."""
    entry = TrailEntry(
        what, utc_now(), _actor(data), None, reason, f"mintflow {command}", ledger_id
    )
    try:
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
            # No address, nothing to seal: no key is made or used.
            await append_entries(conn, MemoryKeyStore(), [entry])
    except psycopg.Error as trouble:
        why = {"reason": type(trouble).__name__}
        raise Refused("trail_not_written", "this could not be noted in the trail", why) from None


async def note_if_possible(
    data: Path, settings: Settings, command: str, what: str, reason: str
) -> bool:
    """Note what was done to files alone; False where there is no database, or it is away."""
    if settings.database_url is None and not (data / "postgres").is_dir():
        return False
    try:
        async with open_database(data, settings) as url:
            await note(url, data, command, what, reason)
    except (Refused, MintFlowError, psycopg.Error, OSError) as trouble:
        log.warning("not_noted_in_the_trail", what=what, error=type(trouble).__name__)
        return False
    return True


def _actor(data: Path) -> str:
    try:
        return f"user:{orjson.loads((data / 'owner.json').read_bytes())['user_id']}"
    except (OSError, ValueError, LookupError, TypeError):
        return "operator"
