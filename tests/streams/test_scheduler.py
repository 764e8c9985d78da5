"""The scheduler: one host of several works, a fault ends nothing, and the next host takes over."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from psycopg import AsyncConnection

from mintflow.streams.core.scheduler import Job, Scheduler


def scenario(url: str, play: Callable[[Callable[..., Scheduler]], Awaitable[None]]) -> None:
    async def run() -> None:
        made: list[Scheduler] = []

        def scheduler(*jobs: Job) -> Scheduler:
            made.append(Scheduler(lambda: AsyncConnection.connect(url, autocommit=True), jobs))
            return made[-1]

        try:
            await play(scheduler)
        finally:
            for one in made:
                await one.stop()

    asyncio.run(run())


class Counted:
    def __init__(self, fault: Exception | None = None) -> None:
        self.times, self.fault = 0, fault

    async def __call__(self) -> Any:
        self.times += 1
        if self.fault is not None:
            raise self.fault

    async def reaches(self, times: int) -> None:
        async with asyncio.timeout(30):
            while self.times < times:  # noqa: ASYNC110 - a plain wait is what is meant
                await asyncio.sleep(0.02)


def test_of_two_hosts_one_works_and_the_other_takes_over(database_url: str) -> None:
    async def play(scheduler: Callable[..., Scheduler]) -> None:
        first, second = Counted(), Counted()
        one = scheduler(Job("job", 0.01, first))
        await one.start()
        await first.reaches(1)
        await scheduler(Job("job", 0.01, second)).start()
        await first.reaches(3)
        assert second.times == 0
        await one.stop()
        await second.reaches(1)

    scenario(database_url, play)


def test_a_job_that_fails_is_told_of_and_keeps_nobody_from_working(database_url: str) -> None:
    async def play(scheduler: Callable[..., Scheduler]) -> None:
        broken, well = Counted(ValueError("on purpose")), Counted()
        one = scheduler(Job("broken", 0.01, broken), Job("well", 0.01, well))
        await one.start()
        await broken.reaches(2)
        await well.reaches(2)
        assert one.faults == {"broken": "ValueError"}
        broken.fault = None
        await broken.reaches(broken.times + 2)
        assert one.faults == {}

    scenario(database_url, play)


def test_a_job_is_not_run_before_it_is_due(database_url: str) -> None:
    async def play(scheduler: Callable[..., Scheduler]) -> None:
        often, seldom = Counted(), Counted()
        await scheduler(Job("often", 0.01, often), Job("seldom", 3_600, seldom)).start()
        await often.reaches(4)
        assert seldom.times == 1

    scenario(database_url, play)


def test_it_goes_on_after_its_connection_was_cut(database_url: str) -> None:
    async def play(scheduler: Callable[..., Scheduler]) -> None:
        job = Counted()
        await scheduler(Job("job", 0.01, job)).start()
        await job.reaches(1)
        async with await AsyncConnection.connect(database_url, autocommit=True) as conn:
            await conn.execute(
                "select pg_terminate_backend(pid) from pg_locks"
                " where locktype = 'advisory' and pid <> pg_backend_pid()"
            )
        await job.reaches(job.times + 2)

    scenario(database_url, play)
