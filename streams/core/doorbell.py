"""A bell between those who append and those who read, within one process.

It is only ever a hint: whoever waits looks for itself when the time is up, so a ring that was
missed costs milliseconds and never an event.
"""

from __future__ import annotations

import asyncio


class Doorbell:
    """For the tasks of one event loop. Rings that nobody has waited for yet count as one."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Wake who waits, now or next; never blocks."""
        self._rung.set()

    async def wait(self, timeout_s: float) -> bool:
        """Until a ring, or the time is up; says whether it rang."""
        if not self._rung.is_set():
            try:
                async with asyncio.timeout(timeout_s):
                    await self._rung.wait()
            except TimeoutError:
                return False
        self._rung.clear()
        return True
