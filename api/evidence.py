"""Evidence of one event: its stored bytes, and what proves them to be in the log as signed."""

from __future__ import annotations

import asyncio
from typing import Any

from fastapi import APIRouter
from psycopg import AsyncConnection
from starlette.requests import Request
from starlette.responses import Response

from mintflow.api.audit import HeadShown, KeyShown, base64_text, evidence_of, head_shown
from mintflow.api.core.documentation import Documented, found
from mintflow.api.core.envelope import respond
from mintflow.api.core.routing import JsonRoute
from mintflow.api.core.services import EvidenceService, services_of
from mintflow.api.core.subject import known_until, ledger_of
from mintflow.domain.core.errors import NotFound, Unavailable
from mintflow.store.evidence.events import StoredEvent, find_event
from mintflow.store.evidence.proofs import SignedHead, covering_head, inclusion_proof
from mintflow.store.evidence.tiles import TreeReader

router = APIRouter(prefix="/v1/ledgers/{ledger_id}/evidence", tags=["audit"], route_class=JsonRoute)
_LOOK_S = 0.05


class EventNotFound(NotFound):
    """There is no such event in this ledger."""

    code = "event_not_found"


class NotYetSigned(Unavailable):
    """No signed head covers the event yet; one does within the seconds of the setting."""

    code = "not_yet_signed"


class EvidenceShown(Documented):
    """record and sealed: the stored bytes in base64; leaf: SHA-256 over 0x00 and the event."""

    event_id: str
    shard: int
    position: int
    ledger_seq: int
    recorded_us: int
    record: str
    sealed: str
    envelope: dict[str, Any]
    leaf: str
    proof: list[str]
    head: HeadShown
    keys: list[KeyShown]


@router.get("/{event_id}", responses=found(EvidenceShown))
async def evidence_of_event(request: Request, event_id: str) -> Response:
    """An event as it is stored, and what proves that it is in the log that was signed."""
    service, services = evidence_of(request), services_of(request)
    async with services.pool.connection() as conn:
        event = await find_event(conn, ledger_of(request), event_id[:100])
        until = known_until(request)
        if event is None or (until is not None and event.ledger_seq > until):
            raise EventNotFound("there is no such event in this ledger")
        head = await _head_over(conn, service, event, services.limits.wait_s_max)
        reader = TreeReader(conn, event.shard)
        proof = await inclusion_proof(reader, event.position, head.size)
    return respond(
        request,
        {
            "event_id": event.envelope["event_id"],
            "shard": event.shard,
            "position": event.position,
            "ledger_seq": event.ledger_seq,
            "recorded_us": event.recorded_us,
            "record": base64_text(event.record),
            "sealed": base64_text(event.sealed),
            "envelope": event.envelope,
            "leaf": base64_text(event.leaf()),
            "proof": [base64_text(step) for step in proof],
            "head": head_shown(head),
            "keys": service.keys.listed(),
        },
    )


async def _head_over(
    conn: AsyncConnection[Any], service: EvidenceService, event: StoredEvent, wait_s: float
) -> SignedHead:
    """The newest head over an event; a notary of this host is asked for one if there is none."""
    for _ in range(int(wait_s / _LOOK_S) + 1):
        head = await covering_head(conn, event.shard, event.position)
        if head is not None:
            return head
        service.ask()
        await asyncio.sleep(_LOOK_S)
    raise NotYetSigned("no signed head covers the event yet", position=event.position)
