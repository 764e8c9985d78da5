"""Which requests go to the trail, and as what. Nothing of a body or an address's query does."""

from __future__ import annotations

from starlette.types import Scope

from mintflow.api.core.services import TrailNotes
from mintflow.commands.core.ports import Principal

# What answers with data to be kept elsewhere; other queries of an owner's are no event.
EXPORTS = ("/evidence/", "/takeout", "/export")
_CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})


def note_request(trail: TrailNotes, scope: Scope, address: str, status: int) -> None:
    """Called once per request, when its answer begins."""
    state = scope.get("state", {})
    principal: Principal | None = state.get("principal")
    refused: str | None = state.get("refused")
    if principal is None:
        if status in (401, 429):
            refusal = "token.refused" if status == 401 else "request.refused"
            trail.note(refusal, address=address, reason=refused)
        return
    trail.came_in(principal.actor, address)
    what = _what(scope, principal, refused, status)
    if what is None:
        return
    ledger_id = state.get("ledger_id")
    route = getattr(scope.get("route"), "path", None)
    trail.note(
        what,
        actor=principal.actor,
        address=address,
        reason=refused,
        route=f"{scope['method']} {route}" if route else None,
        ledger_id=str(ledger_id) if ledger_id else None,
    )


def _what(scope: Scope, principal: Principal, refused: str | None, status: int) -> str | None:
    if status in (403, 429):
        return "request.refused"
    if scope["method"] in _CHANGING:
        return "command.refused" if refused is not None else None
    if refused is not None:
        return None
    if any(part in scope["path"] for part in EXPORTS):
        return "export"
    return "read" if principal.scope != "owner" else None
