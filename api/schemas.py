"""What events look like, for programs: a JSON Schema per type and version, and AsyncAPI."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from mintflow.api.core.documentation import Documented, found
from mintflow.api.core.envelope import respond
from mintflow.api.core.routing import JsonRoute
from mintflow.api.core.services import services_of
from mintflow.commands.core.command import NO_NUL
from mintflow.store.schemas import released, schema

router = APIRouter(tags=["events"], route_class=JsonRoute)
# Without a token, like /openapi.json: so not a JsonRoute, which knows who asks.
document_router = APIRouter()


class SchemaListed(Documented):
    """url: where the schema itself is."""

    type: str
    version: int
    url: str


@router.get("/v1/schemas", responses=found(list[SchemaListed]))
async def list_schemas(request: Request) -> Response:
    """Every type of event in every version that ever was released."""
    listed = [
        {"type": event_type, "version": version, "url": f"/v1/schemas/{event_type}/{version}"}
        for event_type, version in released()
    ]
    return respond(request, listed)


@router.get("/v1/schemas/{event_type}/{version}", responses=found(dict[str, Any]))
async def get_schema(
    request: Request,
    event_type: Annotated[str, Path(max_length=100, pattern=NO_NUL)],
    version: Annotated[int, Path(ge=1, le=1_000_000)],
) -> Response:
    """The JSON Schema of an event's record, which is the value of its message in Kafka.

    `x-sealed` is the schema of what is sealed beside it.
    """
    return respond(request, schema(event_type, version))


@document_router.get("/asyncapi.json", include_in_schema=False)
async def get_asyncapi(request: Request) -> Response:
    """The AsyncAPI document of the topics in Kafka."""
    return JSONResponse(services_of(request).asyncapi())
