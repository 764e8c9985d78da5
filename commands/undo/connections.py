"""Connections: from where the next sync goes on, and whether the connection is there at all.

The cursor is a word like others: it is that of the last sync that counts, so the bank is asked
again for what an undone sync brought. A later sync went on from where that one ended; then its
cursor counts, and that the rows between do not come again by themselves is listed as a conflict.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from mintflow.commands.undo.course import Course
from mintflow.domain.connections import Connection, ConnectionNotFound
from mintflow.store.mapper import RecordedEvent

_OPENED, _SYNCED = "connection.opened", "connection.synced"


async def undo(course: Course, events: Sequence[RecordedEvent]) -> None:
    """Bring every connection of the operation to what counts."""
    for stream_id, history in (await course.streams(events)).items():
        connection = await course.unit.change(Connection, stream_id, ConnectionNotFound)
        own = course.own(history)
        synced = [one for one in own if one.type == _SYNCED]
        for account_id in dict.fromkeys(UUID(one.data["account_id"]) for one in synced):
            _sync(course, connection, account_id, history)
        _open_or_close(course, connection, history)


def _sync(
    course: Course, connection: Connection, account_id: UUID, history: Sequence[RecordedEvent]
) -> None:
    said = [
        one for one in history if one.type == _SYNCED and one.data["account_id"] == str(account_id)
    ]
    last = course.last(said)
    facts = None if last is None else course.unit.log.typed([last])[0].facts
    was = connection.syncs.get(account_id)
    at = None if last is None else last.recorded_at
    if connection.restore_sync(account_id, facts, at, course.unit.now):
        shown = ["" if one is None else one.cursor for one in (was, facts)]
        course.change("connection", connection.id, {f"cursor {account_id}": (shown[0], shown[1])})
    course.kept("connection", connection.id, "cursor", said, "synced since")


def _open_or_close(
    course: Course, connection: Connection, history: Sequence[RecordedEvent]
) -> None:
    """One whose opening does not count stays for as long as a sync counts that came through it."""
    opened, *later = history
    unsaid = not course.counts(opened)
    kept = any(one.type == _SYNCED and course.counts(one) for one in later)
    if unsaid and kept and course.own([opened]):
        course.conflict("connection", connection.id, "synced since")
    closed = unsaid and not kept
    if connection.closed != closed:
        course.change("connection", connection.id, {"open": (closed, not closed)})
        (connection.close if closed else connection.reopen)(course.unit.now)
