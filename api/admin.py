"""Is it alive, is it able to serve; and the front door."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from mintflow.api.core.envelope import respond
from mintflow.api.core.gate import DOCUMENTATION_FILES
from mintflow.api.core.services import services_of
from mintflow.domain.core.errors import NotFound


class NoMetrics(NotFound):
    """This host tells no metrics."""

    code = "no_metrics"


router = APIRouter(tags=["health"])


@router.get("/health")
async def health(request: Request) -> Response:
    """The process answers."""
    return respond(request, {"status": "alive", "version": services_of(request).version})


@router.get("/ready", responses={503: {"description": "A part is not able to serve."}})
async def ready(request: Request) -> Response:
    """Whether every part is able to serve, each with its state."""
    parts = await services_of(request).ready()
    able = all(part["state"] == "ok" for part in parts.values())
    return respond(request, {"ready": able, "parts": parts}, status=200 if able else 503)


@router.get("/metrics", include_in_schema=False)
async def metrics(request: Request) -> Response:
    """What Prometheus reads: from this machine as it is, from elsewhere with a token."""
    services = services_of(request)
    if services.metrics is None:
        raise NoMetrics("this host tells no metrics")
    text = await services.metrics(services.requests)
    return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")


@router.get("/docs", include_in_schema=False)
async def documentation() -> Response:
    """The page of the API's document, from files that come with the product."""
    files = DOCUMENTATION_FILES
    return get_swagger_ui_html(
        openapi_url="/openapi.json",
        title="MintFlow API",
        swagger_js_url=f"{files}/swagger-ui-bundle.js",
        swagger_css_url=f"{files}/swagger-ui.css",
        swagger_favicon_url=f"{files}/favicon.png",
    )


@router.get("/", include_in_schema=False)
async def front_door() -> Response:
    """People who open the address in a browser want the documentation."""
    return RedirectResponse("/docs")
