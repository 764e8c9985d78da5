"""The application: routes, gate and error handlers around one `Services`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.staticfiles import StaticFiles

from mintflow.api.core.errors import install_error_handlers
from mintflow.api.core.gate import DOCUMENTATION_FILES, Gate
from mintflow.api.core.services import Services
from mintflow.api.core.subject import LEDGER_PARAMETER, QUERY_PARAMETERS

_DESCRIPTION = """
The books of a household as immutable events: commands append, queries answer from read models.

Send `Authorization: Bearer …`. Money is a decimal string beside its currency, signed from the
account's side: money out is negative. Every answer says in `meta.position` what it reflects; a
query with `min_position` waits for it. `Idempotency-Key` makes a repeated request give its first
answer.
"""

Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


def create_app(
    services: Services, routers: list[APIRouter], lifespan: Lifespan | None = None
) -> FastAPI:
    """An ASGI application. routers: of the capabilities that the host offers."""
    app = FastAPI(
        title="MintFlow",
        version=services.version,
        description=_DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        generate_unique_id_function=_operation_id,
        redirect_slashes=False,
    )
    app.state.services = services
    app.mount(DOCUMENTATION_FILES, StaticFiles(packages=[("fastapi_offline", "static")]))
    install_error_handlers(app)
    for router in routers:
        # Not include_router: it nests, and every request would be matched once per level.
        app.router.routes.extend(router.routes)
    app.add_middleware(Gate, services=services)
    _document(app)
    return app


def _operation_id(route: APIRoute) -> str:
    return route.name


def _document(app: FastAPI) -> None:
    """Say what routes do not declare themselves: the bearer token, and what every request about a
    ledger takes (core/subject.py)."""
    original = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is not None:
            return app.openapi_schema
        document = original()
        document.setdefault("components", {})["securitySchemes"] = {
            "bearer": {"type": "http", "scheme": "bearer"}
        }
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                if path.startswith("/v1"):
                    operation["security"] = [{"bearer": []}]
                if "{ledger_id}" in path:
                    more = [LEDGER_PARAMETER, *(QUERY_PARAMETERS if method == "get" else ())]
                    operation["parameters"] = [*more, *operation.get("parameters", ())]
        return document

    app.openapi = openapi  # type: ignore[method-assign]
