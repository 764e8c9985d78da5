"""Bringing a takeout into an installation: the same ledgers, sealed under new keys of its own.

Every event is read as the type that it says it is, checked and encoded anew, so what comes in is
what today's commands could have written. Positions are new, times and ids are the old ones.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
from pydantic import ValidationError

from mintflow.commands.core.command import Context
from mintflow.commands.core.ids import new_id
from mintflow.commands.core.ports import Principal
from mintflow.commands.erasure import CancelErasure
from mintflow.domain.catalogue import event_types
from mintflow.domain.core.errors import Conflict, MintFlowError
from mintflow.domain.core.ids import shard_of
from mintflow.domain.ledgers import Ledger
from mintflow.hosts.bootstrap import Running
from mintflow.store.append import Commit, EncodedEvent
from mintflow.store.keys import MemoryKeyStore
from mintflow.store.mapper import BooksUnbalanced, Mapper, Provenance, UnknownEventType
from mintflow.store.reader import ledger_head
from mintflow.store.sealing import Sealer
from mintflow.store.takeout import TakenEvent, TakenLedger, Takeout, TakeoutDamaged


class LedgerIsHere(Conflict):
    """The installation has this ledger already; a takeout brings back whole ledgers alone."""

    code = "ledger_is_here"


async def import_takeout(product: Running, path: Path, owner: UUID) -> list[dict[str, Any]]:
    """Bring in all ledgers of a takeout as those of an owner; each whole or not at all.

    Returns {ledger_id, name, events} of each. A ledger's events are held in memory meanwhile, about
    2 kB each. Raises TakeoutDamaged, LedgerIsHere.
    """
    with closing(await asyncio.to_thread(Takeout, path)) as takeout:
        for ledger in takeout.ledgers:
            async with product.pool.connection() as conn:
                if await ledger_head(conn, ledger.ledger_id):
                    raise _here(ledger)
            # All are read through before the first is written.
            await asyncio.to_thread(_read_through, takeout, ledger.ledger_id)
        return [await _bring(product, takeout, ledger, owner) for ledger in takeout.ledgers]


async def _bring(
    product: Running, takeout: Takeout, ledger: TakenLedger, owner: UUID
) -> dict[str, Any]:
    ledger_id = ledger.ledger_id
    product.sealer.prepare(ledger_id)
    events = await asyncio.to_thread(_encoded, product.mapper, takeout, ledger_id, owner)
    commit = Commit(shard_of(ledger_id), ledger_id, events, expected_seq=0)
    outcome = await product.appender.append(commit)
    if outcome.kind != "appended":
        raise _here(ledger)
    found = await product.services.repository.find(ledger_id, Ledger, ledger_id)
    if found is not None and found.erasure_due_at is not None:
        # It was asked for where the takeout comes from, and is not meant for here.
        context = Context(Principal(owner, f"user:{owner}"), ledger_id, new_id())
        await product.bus.execute(CancelErasure(), context)
    assert outcome.position is not None
    await product.services.positions.wait_for(shard_of(ledger_id), outcome.position, 600.0)
    return {"ledger_id": str(ledger_id), "name": ledger.name, "events": len(events)}


def _read_through(takeout: Takeout, ledger_id: UUID) -> None:
    for _ in takeout.events(ledger_id):
        pass


def _encoded(
    mapper: Mapper, takeout: Takeout, ledger_id: UUID, owner: UUID
) -> Sequence[EncodedEvent]:
    known = event_types()
    versions: Counter[str] = Counter()
    reading, encoded = Mapper(_Opened()), []
    for event in takeout.events(ledger_id):
        try:
            stream_id = event.record["stream_id"]
            versions[stream_id] += 1
            if event.record["type"] not in known or (
                event.record["stream_version"] != versions[stream_id]
            ):
                raise ValueError("not an event that can follow")
            if event.record["type"] == "ledger.opened":
                event.record["data"]["owner"] = str(owner)
            encoded.append(_one(mapper, reading, ledger_id, event))
        except (
            KeyError, ValueError, TypeError, AttributeError, AssertionError, ArithmeticError,
            ValidationError, UnknownEventType, BooksUnbalanced, MintFlowError,
        ):  # fmt: skip
            raise TakeoutDamaged(
                "an event can not be read", ledger_id=str(ledger_id), line=event.line
            ) from None
    return encoded


def _one(mapper: Mapper, reading: Mapper, ledger_id: UUID, event: TakenEvent) -> EncodedEvent:
    record = event.record
    sealed = orjson.dumps(event.private) if event.private is not None else b""
    recorded = reading.recorded(
        0, 0, ledger_id, event.line, event.recorded_at, orjson.dumps(record), sealed
    )
    causation = record["causation_id"]
    provenance = Provenance(
        ledger_id,
        str(record["actor"]),
        UUID(record["correlation_id"]),
        UUID(causation) if causation is not None else None,
    )
    return mapper.encode(reading.domain_event(recorded), UUID(record["event_id"]), provenance)


def _here(ledger: TakenLedger) -> LedgerIsHere:
    return LedgerIsHere("this ledger is here already", ledger_id=str(ledger.ledger_id))


class _Opened(Sealer):
    """Opens what is not sealed: the private facts of a takeout as they stand there."""

    def __init__(self) -> None:
        super().__init__(MemoryKeyStore())

    def unseal(self, ledger_id: UUID, bound_to: bytes, sealed: bytes) -> dict[str, Any] | None:  # noqa: ARG002
        facts: dict[str, Any] = orjson.loads(sealed)
        return facts
