"""What every loop that runs beside the API needs: a rest, and an end.

What a loop does, and when it begins anew, is its own affair.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Any

import structlog

log = structlog.get_logger(__name__)

END_S_MAX = 10.0
# How often a task is told again that it is to end.
_AGAIN_S = 1.0


async def rest(stopping: asyncio.Event, seconds: float) -> None:
    """Wait so long, or until the loop is to stop."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stopping.wait()


async def ended(task: asyncio.Task[None] | None, within_s: float = END_S_MAX) -> None:
    """Wait for a loop that was told to stop; one that hangs is cut off. Raises what it raised."""
    if task is None:
        return
    await asyncio.wait({task}, timeout=within_s)
    if not task.done():
        await cut_off(task)
    elif not task.cancelled():
        task.result()


async def cut_off(*tasks: asyncio.Task[Any] | None, within_s: float = END_S_MAX) -> None:
    """Cancel tasks and wait for their end; what they raise is logged.

    They are told more than once: a library that is told in the moment in which its own patience
    ends may take the one for the other and go on. What goes on for all that is left alone.
    """
    given = {task for task in tasks if task is not None}
    waiting = {task for task in given if not task.done()}
    until = asyncio.get_running_loop().time() + within_s
    while waiting and asyncio.get_running_loop().time() < until:
        for task in waiting:
            task.cancel()
        _, waiting = await asyncio.wait(waiting, timeout=_AGAIN_S)
    for task in waiting:
        log.error("task_does_not_end", task=task.get_name())
    for task in given - waiting:
        fault = None if task.cancelled() else task.exception()
        if fault is not None:
            log.warning("task_ended", task=task.get_name(), error=type(fault).__name__)
