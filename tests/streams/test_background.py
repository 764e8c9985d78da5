"""Loops beside the API: they rest until they are to stop, and they come to an end."""

from __future__ import annotations

import asyncio

from structlog.testing import capture_logs

from mintflow.streams.core.background import cut_off, ended, rest


async def stubborn(times: int) -> None:
    """Takes being told to end for something else, so often."""
    while times >= 0:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            times -= 1
    raise asyncio.CancelledError


def test_a_task_that_swallows_being_cancelled_is_told_again() -> None:
    async def run() -> None:
        tasks = [asyncio.create_task(stubborn(times)) for times in (0, 1, 2)]
        await asyncio.sleep(0)
        await cut_off(*tasks, None)
        assert all(task.done() for task in tasks)

    asyncio.run(run())


def test_a_task_that_never_ends_is_left_and_named() -> None:
    async def run() -> None:
        task = asyncio.create_task(stubborn(50), name="deaf")
        await asyncio.sleep(0)
        with capture_logs() as lines:
            await cut_off(task, within_s=0.1)
        assert [(line["event"], line["task"]) for line in lines] == [("task_does_not_end", "deaf")]
        while not task.done():
            task.cancel()
            await asyncio.sleep(0)

    asyncio.run(run())


def test_what_a_task_raised_is_logged_without_its_words() -> None:
    async def fails() -> None:
        raise ValueError("CANARY")

    async def run() -> None:
        task = asyncio.create_task(fails(), name="broken")
        await asyncio.sleep(0)
        with capture_logs() as lines:
            await cut_off(task)
        (line,) = lines
        assert (line["task"], line["error"]) == ("broken", "ValueError")
        assert "CANARY" not in str(lines)

    asyncio.run(run())


def test_a_loop_that_does_not_stop_when_told_is_cut_off() -> None:
    async def run() -> None:
        task = asyncio.create_task(stubborn(1))
        await ended(task, within_s=0.05)
        assert task.cancelled()

    asyncio.run(run())


def test_a_rest_ends_with_its_time_or_with_the_loop() -> None:
    async def run() -> None:
        stopping = asyncio.Event()
        await rest(stopping, 0.01)
        stopping.set()
        async with asyncio.timeout(20):
            await rest(stopping, 3_600)

    asyncio.run(run())
