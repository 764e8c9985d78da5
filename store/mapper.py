"""Between events and bytes: the one encoder of the log, and the decoder that goes with it.

`record` is JSON (UTF-8, no spaces, keys sorted, value objects in the order of their class) of
everything but what the store itself assigns (shard, position, ledger_seq, recorded_at). What an
event class names as SEALED goes into the other blob, encrypted; an empty field is left out of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from sys import intern
from typing import TYPE_CHECKING, Any, get_args, get_origin, get_type_hints
from uuid import UUID

import orjson
from pydantic import TypeAdapter

from mintflow.domain.core.aggregates import EVENT_TYPES, Event
from mintflow.domain.core.errors import Invalid
from mintflow.domain.core.money import money_text
from mintflow.domain.core.postings import imbalance
from mintflow.store.append import EncodedEvent
from mintflow.store.sealing import Sealer
from mintflow.store.upcasts import upcast

_LIBRARY_FIELDS = {"originator_id", "originator_version", "timestamp", "originator_topic"}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# Of record and sealed facts together. A message of Kafka's takes twice as much, which a test holds
# against this: the sealed facts are text there, and it says where the event is.
EVENT_BYTES_MAX = 8_388_608

LogRow = tuple[int, int, UUID, int, datetime, bytes, bytes]
"""What the log has of an event: shard, position, ledger_id, ledger_seq, recorded_at, record and
sealed, as `Mapper.recorded` takes them."""


class UnknownEventType(LookupError):
    """The log holds an event that this release has no class for."""


class RecordUnreadable(Exception):
    """What stands in the log, or came as if it did, is no record of an event.

    No LookupError or ValueError: no projection is to blame for it, so nothing is parked.
    """


class EventTooLarge(Invalid):
    """What this would write is more than one event may hold: later readers could not take it."""

    code = "event_too_large"


class BooksUnbalanced(AssertionError):
    """An event would have put postings into the books that do not sum to zero. Never expected."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Who appends and why; the same for all events of one command."""

    ledger_id: UUID
    actor: str
    correlation_id: UUID
    causation_id: UUID | None


class RecordedEvent:
    """An event as it stands in the log, decoded no further than its JSON, when that is asked for.

    `data`: open facts as JSON values (ids, dates and amounts are strings). `private()`: the sealed
    facts, opened on demand; None where the ledger's key was destroyed. `envelope`: all fields of
    `record`, among them event_id, stream_id, actor and correlation_id.
    """

    __slots__ = (
        "_record", "_sealer", "data", "envelope", "ledger_id", "ledger_seq", "position",
        "recorded_at", "sealed", "shard", "type",
    )  # fmt: skip

    def __init__(
        self,
        shard: int,
        position: int,
        ledger_id: UUID,
        ledger_seq: int,
        recorded_at: datetime,
        record: bytes,
        sealed: bytes,
        sealer: Sealer | None,
    ) -> None:
        self._record = record
        self.shard, self.position = shard, position
        self.ledger_id, self.ledger_seq = ledger_id, ledger_seq
        self.recorded_at = recorded_at
        self.sealed = sealed
        self._sealer = sealer

    def row(self) -> LogRow | None:
        """The row that it was made from; None once it is decoded, for that lets go of the bytes."""
        if not self._record:
            return None
        return (
            self.shard, self.position, self.ledger_id, self.ledger_seq, self.recorded_at,
            self._record, self.sealed,
        )  # fmt: skip

    def decode(self) -> None:
        """Have type, data and envelope. Raises KeyError, TypeError or ValueError."""
        envelope: dict[str, Any] = orjson.loads(self._record)
        # One object for each type, so that the sets of them that folds look into know its hash.
        self.type = intern(envelope["type"])
        self.data: dict[str, Any] = upcast(self.type, envelope["schema_version"], envelope["data"])
        self.envelope: Mapping[str, Any] = envelope
        self._record = b""

    if not TYPE_CHECKING:  # For mypy there are the attributes that are named above and no more.

        def __getattr__(self, name: str) -> Any:
            """What is not there yet. Raises RecordUnreadable."""
            if name not in ("data", "envelope", "type"):
                raise AttributeError(name)
            try:
                self.decode()
            except (KeyError, TypeError, ValueError) as fault:
                raise RecordUnreadable(f"position {self.position}, shard {self.shard}") from fault
            return getattr(self, name)

    @property
    def event_id(self) -> str:
        return str(self.envelope["event_id"])

    @property
    def stream_id(self) -> str:
        return str(self.envelope["stream_id"])

    @property
    def stream_version(self) -> int:
        return int(self.envelope["stream_version"])

    @property
    def actor(self) -> str:
        return str(self.envelope["actor"])

    @property
    def correlation_id(self) -> str:
        return str(self.envelope["correlation_id"])

    @property
    def effective_at(self) -> str:
        return str(self.envelope["effective_at"])

    def private(self) -> dict[str, Any] | None:
        """The sealed facts; a field that was empty is absent."""
        if not self.sealed:
            return {}
        if self._sealer is None:
            return None
        # The bytes of the id without the detour over a UUID, which every fold would pay for.
        stream = bytes.fromhex(self.envelope["stream_id"].replace("-", ""))
        version: int = self.envelope["stream_version"]
        bound_to = stream + version.to_bytes(4, "big")
        return self._sealer.unseal(self.ledger_id, bound_to, self.sealed)


class Mapper:
    """Encodes and decodes under one sealer."""

    def __init__(self, sealer: Sealer) -> None:
        self._sealer = sealer

    def forgets(self, ledger_id: UUID) -> bool:
        """Whether nothing of a ledger can be opened here, not even by a key of moments ago."""
        self._sealer.forget(ledger_id)
        return not self._sealer.holds(ledger_id)

    def encode(self, event: Event, event_id: UUID, provenance: Provenance) -> EncodedEvent:
        """The bytes of an event. Raises BooksUnbalanced and EventTooLarge rather than let a wrong
        one in."""
        for booking in event.bookings():
            if booking is not None and imbalance(booking):
                raise BooksUnbalanced(f"postings of {event.TOPIC} do not sum to zero")
        open_fields, sealed_fields = _fields_of(type(event))
        facts = event.__dict__
        effective = event.effective_on()
        record: dict[str, Any] = {
            "actor": provenance.actor,
            "causation_id": provenance.causation_id,
            "correlation_id": provenance.correlation_id,
            "data": {name: facts[name] for name in open_fields},
            "effective_at": f"{effective.isoformat()}T00:00:00Z" if effective else event.timestamp,
            "event_id": event_id,
            "ledger_id": provenance.ledger_id,
            "schema_version": event.SCHEMA_VERSION,
            "stream_id": event.originator_id,
            "stream_type": facts.get("originator_topic"),
            "stream_version": event.originator_version,
            "type": event.TOPIC,
        }
        private = {name: facts[name] for name in sealed_fields if facts[name]}
        sealed = b""
        if private:
            bound_to = _bound_to(event.originator_id, event.originator_version)
            sealed = self._sealer.seal(provenance.ledger_id, bound_to, private)
        written = canonical_json(record)
        size = len(written) + len(sealed)
        if size > EVENT_BYTES_MAX:
            raise EventTooLarge(
                "one event would be too large", type=event.TOPIC, bytes=size, limit=EVENT_BYTES_MAX
            )
        return EncodedEvent(
            event.originator_id,
            event.originator_version,
            event.TOPIC,
            (event.timestamp - _EPOCH) // _MICROSECOND,
            written,
            sealed,
        )

    def recorded(
        self,
        shard: int,
        position: int,
        ledger_id: UUID,
        ledger_seq: int,
        recorded_at: datetime,
        record: bytes,
        sealed: bytes,
        *,
        decoded: bool = True,
    ) -> RecordedEvent:
        """A row of the log, for folds and feeds. Raises KeyError, TypeError or ValueError where it
        is no record.

        decoded: False where who first looks into it decodes it, which may raise RecordUnreadable. A
        fold of many events that are decoded as it comes to them finds them in the processor's
        cache, and what folds in a thread does not keep the event loop from its work.
        """
        event = RecordedEvent(
            shard, position, ledger_id, ledger_seq, recorded_at, record, sealed, self._sealer
        )
        if decoded:
            event.decode()
        return event

    def domain_event(self, event: RecordedEvent) -> Event:
        """The typed event, for aggregates. Raises UnknownEventType.

        Sealed fields of an erased ledger come back empty.
        """
        event_class = EVENT_TYPES.get(event.type)
        if event_class is None:
            raise UnknownEventType(event.type)
        facts = {
            **_empty_fields(event_class),
            **event.data,
            **(event.private() or {}),
            "originator_id": event.stream_id,
            "originator_version": event.stream_version,
            "timestamp": event.recorded_at,
        }
        stream_type = event.envelope["stream_type"]
        if stream_type is not None:
            facts["originator_topic"] = stream_type
        return _adapter_of(event_class).validate_python(facts)


def canonical_json(value: Any) -> bytes:
    """The one JSON form that is hashed; money is plain decimal text.

    Keys stand in the order in which they are given, which is that of the alphabet for the envelope
    and `data`: sorting them again here would be a tenth of the cost of an event.
    """
    return orjson.dumps(value, default=_plain, option=orjson.OPT_UTC_Z)


def _plain(value: Any) -> str:
    if isinstance(value, Decimal):
        return money_text(value)
    raise TypeError(f"{type(value).__name__} has no JSON form in an event")


def _bound_to(stream_id: UUID, stream_version: int) -> bytes:
    return stream_id.bytes + stream_version.to_bytes(4, "big")


@cache
def _fields_of(event_class: type[Event]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    names = sorted(field.name for field in fields(event_class) if field.name not in _LIBRARY_FIELDS)
    return (
        tuple(name for name in names if name not in event_class.SEALED),
        tuple(name for name in names if name in event_class.SEALED),
    )


@cache
def _empty_fields(event_class: type[Event]) -> Mapping[str, Any]:
    """What sealed fields are where they were left out, or their key is gone."""
    hints = get_type_hints(event_class)
    return {name: _empty(hints[name]) for name in _fields_of(event_class)[1]}


def _empty(hint: Any) -> Any:
    if get_origin(hint) is tuple:
        return ()
    return None if type(None) in get_args(hint) else ""


@cache
def _adapter_of(event_class: type[Event]) -> TypeAdapter[Event]:
    return TypeAdapter(event_class)
