"""A place in the log from which somebody reads on: in one ledger, or in all of them.

Reading does not move a place; whoever hands events on moves it past each, so that a place is
always that of the last event that was handed on. Any number of readers, each with its own.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol
from uuid import UUID

from psycopg import AsyncConnection

from mintflow.domain.core.errors import Conflict, Invalid
from mintflow.domain.core.ids import SHARDS, shard_of
from mintflow.store.mapper import Mapper, RecordedEvent
from mintflow.store.reader import heads, ledger_head, read_ledger, read_span

SEQ_MAX = 2**62
CURSOR_LENGTH_MAX = 500
# A filter that fits little is answered after looking at so many events, with the place that was
# come to, and not after looking at all of a long history.
SCANNED_MAX, _SPAN = 50_000, 10_000
_CURSOR_FORM = 1


class PlaceNotReadable(Invalid):
    """The place to read on from is not one that was given out: a ledger_seq, or a cursor."""

    code = "place_not_readable"


class PlaceBeyondHead(Conflict):
    """The place to read on from lies behind the last event: it is of another log, or of one that
    was restored to an earlier state. Begin again from a place that there is."""

    code = "place_beyond_head"


@dataclass(frozen=True, slots=True)
class Page:
    """Events in order. reached: what the place may move to after them, as `Place.reach` takes it.

    at_end: everything that was committed when the reading began has been seen.
    """

    events: list[RecordedEvent]
    reached: Any
    at_end: bool


class Place(Protocol):
    """Where a reader stands."""

    @property
    def text(self) -> str:
        """How a client names this place."""

    @property
    def ledger_id(self) -> UUID | None:
        """The ledger that is read, None for all."""

    async def check(self, conn: AsyncConnection[Any]) -> None:
        """Raises PlaceBeyondHead."""

    async def read(
        self, conn: AsyncConnection[Any], mapper: Mapper, limit: int, types: Sequence[str]
    ) -> Page:
        """What comes after this place, up to `limit` events, optionally of some types."""

    def is_next(self, event: RecordedEvent) -> bool | None:
        """Whether the event is the very next one; None if it lies behind this place."""

    def move_past(self, event: RecordedEvent) -> None:
        """Stand behind an event."""

    def reach(self, reached: Any) -> None:
        """Stand behind all that a page has looked at."""


class LedgerPlace:
    """Behind one ledger_seq of one ledger."""

    def __init__(self, ledger_id: UUID, after: int, until: int | None = None) -> None:
        """until: the ledger_seq beyond which nothing is read from the log."""
        self._until = until
        self.ledger_id: UUID | None = ledger_id
        self._ledger_id = ledger_id
        self.after = after

    @property
    def text(self) -> str:
        return str(self.after)

    async def check(self, conn: AsyncConnection[Any]) -> None:
        head = await ledger_head(conn, self._ledger_id)
        if self._until is not None:
            head = min(head, self._until)
        if self.after > head:
            raise PlaceBeyondHead(
                "the ledger has fewer events than that", after=self.after, head=head
            )

    async def read(
        self, conn: AsyncConnection[Any], mapper: Mapper, limit: int, types: Sequence[str]
    ) -> Page:
        # Asked first: what is committed up to here, the reading after it sees.
        head = await ledger_head(conn, self._ledger_id)
        events = await read_ledger(
            conn, mapper, self._ledger_id, self.after, limit, types, until_seq=self._until
        )
        last = events[-1].ledger_seq if events else self.after
        at_end = len(events) < limit
        return Page(events, max(last, head) if at_end else last, at_end)

    def is_next(self, event: RecordedEvent) -> bool | None:
        return None if event.ledger_seq <= self.after else event.ledger_seq == self.after + 1

    def move_past(self, event: RecordedEvent) -> None:
        self.after = event.ledger_seq

    def reach(self, reached: int) -> None:
        self.after = max(self.after, reached)


class LogPlace:
    """Behind a position of every shard."""

    ledger_id: UUID | None = None

    def __init__(self, positions: Mapping[int, int] | None = None) -> None:
        """positions: shard -> position; 0 where one is absent."""
        self.positions = dict.fromkeys(range(SHARDS), 0) | dict(positions or {})

    @classmethod
    def of_text(cls, text: str) -> LogPlace:
        """The place that a cursor names. Raises PlaceNotReadable."""
        try:
            if len(text) > CURSOR_LENGTH_MAX or not text.isascii():
                raise ValueError
            packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
            numbers = _unpacked(packed)
            form, *positions = numbers
            if form != _CURSOR_FORM or len(positions) != SHARDS or max(positions) > SEQ_MAX:
                raise ValueError
        except (ValueError, binascii.Error):
            raise PlaceNotReadable("the cursor is not one that was given out here") from None
        return cls(dict(enumerate(positions)))

    @property
    def text(self) -> str:
        numbers = (_CURSOR_FORM, *(self.positions[shard] for shard in range(SHARDS)))
        packed = b"".join(map(_packed, numbers))
        return base64.urlsafe_b64encode(packed).rstrip(b"=").decode()

    async def check(self, conn: AsyncConnection[Any]) -> None:
        known = await heads(conn)
        beyond = {
            shard: position
            for shard, position in self.positions.items()
            if position > known.get(shard, 0)
        }
        if beyond:
            raise PlaceBeyondHead("the log has fewer events than that", shards=sorted(beyond))

    async def read(
        self, conn: AsyncConnection[Any], mapper: Mapper, limit: int, types: Sequence[str]
    ) -> Page:
        """Shard after shard, each in order of position."""
        known = await heads(conn)
        events: list[RecordedEvent] = []
        reached = dict(self.positions)
        scanned, span = 0, _SPAN if types else limit
        for shard in sorted(known):
            while reached[shard] < known[shard] and len(events) < limit and scanned < SCANNED_MAX:
                after, until = reached[shard], min(known[shard], reached[shard] + span)
                room = limit - len(events)
                found = await read_span(conn, mapper, shard, after, until, room, types)
                events += found
                reached[shard] = found[-1].position if len(found) == room else until
                scanned += reached[shard] - after
        return Page(events, reached, all(reached[shard] >= known[shard] for shard in known))

    def is_next(self, event: RecordedEvent) -> bool | None:
        after = self.positions[event.shard]
        return None if event.position <= after else event.position == after + 1

    def move_past(self, event: RecordedEvent) -> None:
        self.positions[event.shard] = event.position

    def reach(self, reached: Mapping[int, int]) -> None:
        for shard, position in reached.items():
            self.positions[shard] = max(self.positions[shard], position)


def ledger_seq_of(text: str) -> int:
    """The ledger_seq that a client names. Raises PlaceNotReadable."""
    if text.isascii() and text.isdigit() and len(text) <= 19 and int(text) <= SEQ_MAX:
        return int(text)
    raise PlaceNotReadable("a ledger_seq is a whole number from 0 on", maximum=SEQ_MAX)


def shards_of(place: Place) -> Sequence[int]:
    """Where events can come from that this place has not passed."""
    return range(SHARDS) if place.ledger_id is None else (shard_of(place.ledger_id),)


def _packed(number: int) -> bytes:
    """Seven bits a byte, the low ones first; the eighth says that more follow."""
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def _unpacked(packed: bytes) -> list[int]:
    numbers, number, shift = [], 0, 0
    for byte in packed:
        number |= (byte & 0x7F) << shift
        if byte & 0x80:
            shift += 7
        else:
            numbers.append(number)
            number, shift = 0, 0
    if shift:
        raise ValueError
    return numbers
