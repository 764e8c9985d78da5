"""Why a figure is what it is, and what happened to a thing or by somebody, in words."""

from mintflow.api.explain.figures import router as figures_router
from mintflow.api.explain.histories import router as histories_router

__all__ = ["figures_router", "histories_router"]
