"""Operations of a ledger: its events by the request that they came from, newest first."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from psycopg import AsyncConnection

from mintflow.store.mapper import Mapper
from mintflow.store.reader import SEQ_MAX, read_ledger

# As many events are looked at for one page; an operation that is larger is a page of its own.
_EVENTS_MAX = 20_000
_UNDO_TYPES = ["undo.begun", "undo.done", "undo.undone"]
# What an operation is called by where it has events of several types, most telling first; without
# any of these by its first event, for what is learned and the alerts that follow come later.
_TELLING = (
    "undo.", "ledger.opened", "import.completed", "connection.synced", "category.merged",
    "transfer.started", "transfer.ended", "account.opened",
)  # fmt: skip
_PREPARING = "rule_set.opened"


async def read_operations(
    conn: AsyncConnection[Any],
    mapper: Mapper,
    ledger_id: UUID,
    *,
    until_seq: int | None,
    before: int | None,
    limit: int,
) -> tuple[list[dict[str, Any]], bool]:
    """The newest operations whose last event is before a ledger_seq, and whether there are more.

    [{operation_id, what, actor, recorded_at, first_seq, last_seq, events: {type: how many}, undone,
    undoes}]; types in order of their names. until_seq: as if nothing came after it; None: all.
    """
    until = SEQ_MAX if until_seq is None else until_seq
    newest = min(until, before - 1) if before is not None else until
    args = [ledger_id, newest, _EVENTS_MAX, ledger_id]
    cursor = await conn.execute(_NEWEST, args, prepare=True)
    found: dict[str, dict[str, Any]] = {}
    began: dict[str, dict[str, int]] = {}
    seen, lowest = 0, newest
    for operation_id, kind, first, last, count, at, actor in await cursor.fetchall():
        one = found.setdefault(
            operation_id,
            {"operation_id": operation_id, "first_seq": first, "last_seq": last, "events": {}},
        )
        if first <= one["first_seq"]:
            one |= {"first_seq": first, "actor": actor, "recorded_at": at.isoformat()}
        one["last_seq"] = max(last, one["last_seq"])
        one["events"][kind] = count
        began.setdefault(operation_id, {})[kind] = first
        seen, lowest = seen + count, min(lowest, first)
    shown = sorted(found.values(), key=lambda one: -int(one["last_seq"]))
    cut_off = seen == _EVENTS_MAX and lowest > 1
    if cut_off and len(shown) > 1:
        # The oldest one may begin before what was looked at.
        shown = [one for one in shown if one["first_seq"] > lowest]
    more = len(shown) > limit or cut_off
    undone, undoes = await _undone(conn, mapper, ledger_id, until)
    return [
        {
            **one,
            "what": _what(began[one["operation_id"]]),
            "undone": one["operation_id"] in undone,
            "undoes": undoes.get(one["operation_id"]),
        }
        for one in shown[:limit]
    ], more


async def _undone(
    conn: AsyncConnection[Any], mapper: Mapper, ledger_id: UUID, until: int
) -> tuple[set[str], dict[str, str]]:
    """The operations that do not count, and which ones undid or redid others."""
    undone: set[str] = set()
    undoes: dict[str, str] = {}
    events = await read_ledger(
        conn, mapper, ledger_id, 0, _EVENTS_MAX, _UNDO_TYPES, until_seq=until
    )
    for event in events:
        undoes[event.data["by"]] = event.data["operation_id"]
        if event.type == "undo.undone":
            undone.discard(event.data["operation_id"])
        else:
            undone.add(event.data["operation_id"])
    return undone, undoes


def _what(began: dict[str, int]) -> str:
    """The type that says most. began: each type -> ledger_seq of its first event."""
    in_order = sorted(began, key=lambda kind: (kind == _PREPARING, began[kind]))
    for telling in _TELLING:
        for kind in in_order:
            if kind.startswith(telling):
                return kind
    return in_order[0]


# The id is cut out of the bytes as the mapper writes them, where it stands before all facts and no
# quoted text can look like it; as JSON only the first record of each group is read, for to parse
# twenty thousand is nine tenths of the time.
_NEWEST = """
select told.operation_id, told.type, told.first_seq, told.last_seq, told.events, told.recorded_at,
    convert_from(e.record, 'UTF8')::json ->> 'actor'
from (
    select operation_id, type, min(ledger_seq) as first_seq, max(ledger_seq) as last_seq,
        count(*) as events, min(recorded_at) as recorded_at
    from (
        select ledger_seq, type, recorded_at, convert_from(
                substr(record, position('"correlation_id":"'::bytea in record) + 18, 36), 'UTF8'
            ) as operation_id
        from log.event where ledger_id = %s and ledger_seq <= %s
        order by ledger_seq desc limit %s
    ) newest
    group by operation_id, type
) told
join log.event e on e.ledger_id = %s and e.ledger_seq = told.first_seq
order by told.operation_id, told.type collate "C"
"""
