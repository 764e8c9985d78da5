"""What every loop of this room that runs beside the API needs: a rest, and an end.

What a loop does, and when it begins anew, is its own affair.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

END_S_MAX = 10.0


async def rest(stopping: asyncio.Event, seconds: float) -> None:
    """Wait so long, or until the loop is to stop."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stopping.wait(), seconds)


async def ended(task: asyncio.Task[None] | None, within_s: float = END_S_MAX) -> None:
    """Wait for a loop that was told to stop; one that hangs is cut off."""
    if task is not None:
        with suppress(TimeoutError, asyncio.CancelledError):
            await asyncio.wait_for(task, timeout=within_s)
