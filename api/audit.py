"""Heads, keys and consistency: what shows that the log only grew. Of one event: evidence.py."""

from __future__ import annotations

import base64
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from mintflow.api.core.documentation import Documented, found
from mintflow.api.core.envelope import respond
from mintflow.api.core.paging import Limit, page
from mintflow.api.core.routing import AuditRoute
from mintflow.api.core.services import EvidenceService, principal_of, services_of
from mintflow.domain.core.errors import Invalid, Unavailable
from mintflow.domain.core.ids import SHARDS
from mintflow.store.evidence.proofs import (
    SignedHead,
    consistency_proof,
    covering_head,
    head_of_size,
    newest_heads,
)
from mintflow.store.evidence.tiles import TRAIL, TreeReader
from mintflow.store.trail import read_trail

router = APIRouter(prefix="/v1/audit", tags=["audit"], route_class=AuditRoute)
SIZE_MAX = 2**62


class EvidenceIsOff(Unavailable):
    """This host keeps no evidence: its setting says so."""

    code = "evidence_is_off"


class SizesDoNotFit(Invalid):
    """A consistency proof is from a smaller tree to one that is signed already."""

    code = "sizes_do_not_fit"


class HeadShown(Documented):
    """note: the signed text; shard -1 is the trail."""

    shard: int
    size: int
    root: str
    signed_at: str
    publication: int
    note: str


class KeyShown(Documented):
    """endorsement: the note by which the key before it vouches for it; none for the first."""

    key: str
    endorsement: str | None


class ConsistencyShown(Documented):
    """first_head and second_head: the signed notes of exactly these sizes, where there are."""

    shard: int
    first: int
    second: int
    first_root: str
    second_root: str
    proof: list[str]
    first_head: str | None
    second_head: str | None


@router.get("/heads", responses=found(list[HeadShown]))
async def heads(request: Request) -> Response:
    """The newest signed head of each shard; shard -1 is the trail."""
    evidence_of(request)
    async with services_of(request).pool.connection() as conn:
        newest = await newest_heads(conn)
    return respond(request, [head_shown(one) for one in newest])


@router.get("/keys", responses=found(list[KeyShown]))
async def keys(request: Request) -> Response:
    """The public keys of all heads, the oldest first, each vouched for by the one before."""
    return respond(request, evidence_of(request).keys.listed())


@router.get("/consistency", responses=found(ConsistencyShown))
async def consistency(
    request: Request,
    shard: Annotated[int, Query(ge=TRAIL, lt=SHARDS, description="-1 is the trail.")],
    first: Annotated[int, Query(ge=1, le=SIZE_MAX, description="Size of the earlier tree.")],
    second: Annotated[int, Query(ge=1, le=SIZE_MAX, description="Size of the later tree.")],
) -> Response:
    """What proves that the later tree is the earlier one and what was added to it."""
    evidence_of(request)
    async with services_of(request).pool.connection() as conn:
        if first > second or await covering_head(conn, shard, second) is None:
            raise SizesDoNotFit(
                "first is at most second, and second is covered by a signed head",
                first=first,
                second=second,
            )
        reader = TreeReader(conn, shard)
        proof = await consistency_proof(reader, first, second)
        roots = await reader.roots([(0, first), (0, second)])
        notes = [await head_of_size(conn, shard, size) for size in (first, second)]
    return respond(
        request,
        {
            "shard": shard,
            "first": first,
            "second": second,
            "first_root": base64_text(roots[0]),
            "second_root": base64_text(roots[1]),
            "proof": [base64_text(step) for step in proof],
            "first_head": notes[0] and notes[0].note,
            "second_head": notes[1] and notes[1].note,
        },
    )


class TrailEntryShown(Documented):
    """One thing, or `count` of the same within moments. address: null where its key is gone."""

    position: int
    recorded_at: str
    what: str
    at: str
    actor: str | None
    address: str | None
    reason: str | None
    route: str | None
    ledger_id: str | None
    count: int


@router.get("/trail", responses=found(list[TrailEntryShown]))
async def trail(
    request: Request,
    after: Annotated[int, Query(ge=0, le=SIZE_MAX, description="The last position you have.")] = 0,
    limit: Limit = 100,
) -> Response:
    """The trail after a position, in order. An auditor sees all of it, an owner what he did."""
    services, principal = services_of(request), principal_of(request)
    if services.trail is None or services.trail_keys is None:
        raise EvidenceIsOff("this host keeps no trail")
    await services.trail.flush()
    actor = None if principal.scope == "auditor" else principal.actor
    async with services.pool.connection() as conn:
        entries = await read_trail(conn, services.trail_keys, after, limit + 1, actor)
    more, entries = len(entries) > limit, entries[:limit]
    return respond(
        request,
        entries,
        pagination=page(str(entries[-1]["position"]) if more else None),
    )


def evidence_of(request: Request) -> EvidenceService:
    service = services_of(request).evidence
    if service is None:
        raise EvidenceIsOff("this host keeps no evidence")
    return service


def head_shown(head: SignedHead) -> dict[str, Any]:
    return {
        "shard": head.shard,
        "size": head.size,
        "root": base64_text(head.root),
        "signed_at": head.signed_at,
        "publication": head.publication,
        "note": head.note,
    }


def base64_text(blob: bytes) -> str:
    return base64.b64encode(blob).decode()
