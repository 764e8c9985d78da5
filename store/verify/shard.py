"""One shard, event by event, in one snapshot of the database and in bounded memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import orjson
import psycopg

from mintflow.domain.core.aggregates import EVENT_TYPES, MoneyEvent
from mintflow.domain.core.ids import shard_of
from mintflow.domain.core.money import exact_sum
from mintflow.store.chain import first_hash, leaf_hash, link_hash
from mintflow.store.upcasts import upcast
from mintflow.store.verify.published import Published
from mintflow.store.verify.report import ShardReport
from mintflow.store.verify.sealed import SealedCheck
from mintflow.store.verify.suspects import SUSPECTS_MAX, Suspect, resolve
from mintflow.store.verify.tree import TreeCheck

# Postgres counts microseconds since 2000.
_EPOCH_2000_US = 946_684_800_000_000
# Rows in memory at once; one is about 1 kB.
_ROWS = 2_000
# The time `infinity` is no number of microseconds; the largest is as wrong, and can be hashed.
_US_MAX = (1 << 63) - 1

# Ids and times as the bytes that they are: making objects of them would cost ten times as much.
_EVENTS = """
select position, uuid_send(ledger_id), ledger_seq, uuid_send(stream_id), stream_version, type,
    timestamptz_send(recorded_at), record, sealed, hash
from log.event where shard = %s order by position
"""

_BROKEN_STREAMS = """
select max(position), stream_id, count(*), max(stream_version) from log.event where shard = %s
group by ledger_id, stream_id having count(*) <> max(stream_version) or min(stream_version) <> 1
"""


def verify_shard(
    conn: psycopg.Connection[Any],
    shard: int,
    tell: Callable[[int], None],
    heads: Sequence[Published] = (),
    sealed: SealedCheck | None = None,
) -> ShardReport:
    """Everything that is wrong in one shard.

    tell: called with how many more events were read. heads: published ones of this shard, the
    smallest first. sealed: opens sealed facts; without it nobody tries.
    """
    report = ShardReport(shard)
    try:
        with conn.transaction():
            conn.execute("set transaction isolation level repeatable read, read only")
            _Audit(conn, report, tell, TreeCheck(conn, report, heads), sealed).run()
    except psycopg.Error as trouble:
        report.could_not_look(report.events + 1, f"the database: {type(trouble).__name__}")
    return report


def us_of(sent: bytes) -> int:
    """Microseconds since 1970, from what `timestamptz_send` gives."""
    return min(int.from_bytes(sent, "big", signed=True) + _EPOCH_2000_US, _US_MAX)


class _Audit:
    def __init__(
        self,
        conn: psycopg.Connection[Any],
        report: ShardReport,
        tell: Callable[[int], None],
        tree: TreeCheck,
        sealed: SealedCheck | None,
    ) -> None:
        self._conn = conn
        self._tree = tree
        self._sealed = sealed
        self._report = report
        self._tell = tell
        self._shard = report.shard
        self._seqs: dict[bytes, int] = {}
        self._position = 0
        self._hash = self._computed = first_hash(report.shard)
        self._recorded_us = -(1 << 62)
        self._suspects: list[Suspect] = []
        self._known: set[bytes] = set()

    def run(self) -> None:
        row = self._conn.execute(
            "select position, hash, recorded_us from log.shard_head where shard = %s", [self._shard]
        ).fetchone()
        if row is not None and None not in row:
            self._report.head = row[0], row[1]
        for event in self._events():
            self._check(*event)
        resolve(self._report, self._suspects, self._known)
        self._check_head(row)
        self._tree.finish(self._position)
        self._check_ledgers()
        for position, stream_id, count, last in self._conn.execute(_BROKEN_STREAMS, [self._shard]):
            self._report.add(
                "SEQ_GAP", position, f"stream {stream_id} has {count} events up to version {last}"
            )

    def _events(self) -> Iterator[tuple[Any, ...]]:
        report = self._report
        with self._conn.cursor("audit") as cursor:
            cursor.execute(_EVENTS, [self._shard], binary=True)
            while rows := cursor.fetchmany(_ROWS):
                for row in rows:
                    report.events += 1
                    if None in row:
                        report.could_not_look(row[0] or self._position + 1, "a column is null")
                        continue
                    yield row
                self._tell(len(rows))

    def _check(
        self,
        position: int,
        ledger_id: bytes,
        ledger_seq: int,
        stream_id: bytes,
        stream_version: int,
        event_type: str,
        recorded_at: bytes,
        record: bytes,
        sealed: bytes,
        stored: bytes,
    ) -> None:
        recorded_us = us_of(recorded_at)
        self._check_order(position, ledger_id, ledger_seq, recorded_us)
        leaf = leaf_hash(self._shard, position, ledger_id, ledger_seq, recorded_us, record, sealed)
        computed = link_hash(self._hash, leaf)
        intact = stored == computed
        if not intact and position == self._position + 1:
            # The event before may bear a wrong hash; then this one follows from the right one.
            intact = self._computed != self._hash and stored == link_hash(self._computed, leaf)
            if not intact:
                self._suspect(
                    Suspect(position, ledger_id, ledger_seq, recorded_us, record, sealed, stored),
                    computed,
                )
        self._position, self._hash, self._computed = position, stored, computed
        self._recorded_us = max(recorded_us, self._recorded_us)
        tree = self._tree
        tree.leaves.append(leaf)
        tree.left -= 1
        if not tree.left:
            tree.stop(stored)
        if sealed and self._sealed is not None and intact:
            self._sealed.check(self._report, position, ledger_id, stream_id, stream_version, sealed)
        self._check_record(
            position, ledger_id, stream_id, stream_version, event_type, record, intact=intact
        )

    def _suspect(self, suspect: Suspect, computed: bytes) -> None:
        if len(self._suspects) < SUSPECTS_MAX:
            self._suspects.append(suspect)
            self._known |= {self._hash, self._computed, computed}
        else:
            self._report.add(
                "HASH_MISMATCH", suspect.position, "the event does not follow from the one before"
            )

    def _check_order(
        self, position: int, ledger_id: bytes, ledger_seq: int, recorded_us: int
    ) -> None:
        report, expected = self._report, self._position + 1
        if position < expected:
            report.add("DUPLICATE", position, "the position occurs twice")
        elif position > expected:
            report.add("GAP", expected, f"positions {expected} to {position - 1} are missing")
        if recorded_us < self._recorded_us:
            report.add("REORDERED", position, "recorded before the event that stands before it")
        last = self._seqs.get(ledger_id)
        if last is None:
            last = 0
            if shard_of(UUID(bytes=ledger_id)) != self._shard:
                report.add("WRONG_SHARD", position, f"ledger {UUID(bytes=ledger_id)}")
        if ledger_seq != last + 1:
            ledger = f"of ledger {UUID(bytes=ledger_id)}"
            if ledger_seq > last:
                report.add("SEQ_GAP", position, f"ledger_seq {last + 1} {ledger} is missing here")
            elif ledger_seq == last:
                report.add("DUPLICATE", position, f"ledger_seq {last} {ledger} occurs twice")
            else:
                report.add("REORDERED", position, f"ledger_seq {ledger_seq} {ledger} after {last}")
        self._seqs[ledger_id] = max(ledger_seq, last)

    def _check_record(
        self,
        position: int,
        ledger_id: bytes,
        stream_id: bytes,
        stream_version: int,
        event_type: str,
        record: bytes,
        *,
        intact: bool,
    ) -> None:
        report = self._report
        try:
            envelope = orjson.loads(record)
            named = {
                "ledger_id": envelope["ledger_id"].replace("-", "") == ledger_id.hex(),
                "stream_id": envelope["stream_id"].replace("-", "") == stream_id.hex(),
                "stream_version": envelope["stream_version"] == stream_version,
                "type": envelope["type"] == event_type,
            }
            if not all(named.values()):
                wrong = ", ".join(name for name, same in named.items() if not same)
                report.add("COLUMN_MISMATCH", position, f"beside the record: {wrong}")
            event_class = EVENT_TYPES[envelope["type"]]
            if issubclass(event_class, MoneyEvent):
                data = upcast(envelope["type"], envelope["schema_version"], envelope["data"])
                for booking in (data["before"], data["after"]):
                    if booking is not None and not _balanced(booking):
                        report.add("TRIAL_BALANCE", position, "postings do not sum to zero")
        except (LookupError, ValueError, TypeError, AttributeError, ArithmeticError) as trouble:
            # Of a changed event it is known already; an intact one this release can not read.
            if intact:
                report.could_not_look(position, f"the record: {type(trouble).__name__}")

    def _check_head(self, row: tuple[Any, ...] | None) -> None:
        report, last = self._report, self._position
        if row is None:
            report.add("TRUNCATED", last + 1, "the shard has no head")
            return
        if None in row:
            report.add("COLUMN_MISMATCH", last + 1, "a column of the head is null")
            return
        position, head_hash, recorded_us = row
        if position > last:
            report.add("TRUNCATED", last + 1, f"the head says {position} events")
        elif position < last:
            report.add("COLUMN_MISMATCH", position + 1, f"the head says {position} events")
        elif head_hash != self._hash:
            report.add("HASH_MISMATCH", last, "the hash of the head is another one")
        elif last and recorded_us != self._recorded_us:
            report.add("COLUMN_MISMATCH", last, "the time of the head is another one")

    def _check_ledgers(self) -> None:
        report, after = self._report, self._position + 1
        for ledger_id, ledger_seq in self._conn.execute(
            "select ledger_id, ledger_seq from log.ledger_head where shard = %s", [self._shard]
        ):
            if ledger_id is None or ledger_seq is None:
                report.add("COLUMN_MISMATCH", after, "a column of a ledger's head is null")
                continue
            last = self._seqs.pop(ledger_id.bytes, 0)
            if ledger_seq > last:
                report.add("TRUNCATED", after, f"ledger {ledger_id}: {last} of {ledger_seq} events")
            elif ledger_seq < last:
                report.add(
                    "COLUMN_MISMATCH",
                    after,
                    f"head of ledger {ledger_id}: {ledger_seq}, not {last}",
                )
        for ledger in self._seqs:
            report.add("COLUMN_MISMATCH", after, f"ledger {UUID(bytes=ledger)} has no head")


def _balanced(booking: dict[str, Any]) -> bool:
    parts = booking["allocations"]
    if len(parts) == 1:
        return bool(parts[0]["amount"] == booking["amount"])
    total = exact_sum(Decimal(part["amount"]) for part in parts)
    return bool(parts) and total == Decimal(booking["amount"])
