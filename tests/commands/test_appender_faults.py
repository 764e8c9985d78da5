"""A fault inside the appender is told to those who wait; it never leaves them waiting."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import uuid4

import pytest
from commands.product import connector, run
from store.appending import commit

from mintflow.commands.core import group_commit
from mintflow.commands.core.batches import StoreUnavailable
from mintflow.commands.core.group_commit import GroupCommit


def test_an_unforeseen_fault_refuses_its_batch_and_the_next_one_goes_on(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("nobody thought of this")

    async def go() -> None:
        appender = GroupCommit(connector(database_url), lambda _: None)
        await appender.start()
        faults: list[Any] = []
        asyncio.get_running_loop().set_exception_handler(lambda _, what: faults.append(what))
        try:
            with monkeypatch.context() as patched:
                patched.setattr(group_commit, "append_all", broken)
                found = await asyncio.wait_for(
                    asyncio.gather(
                        *(appender.append(commit(uuid4())) for _ in range(6)),
                        return_exceptions=True,
                    ),
                    10,
                )
            assert [type(one) for one in found] == [StoreUnavailable] * 6
            assert (await appender.append(commit(uuid4()))).kind == "appended"
        finally:
            await appender.stop()

    run(go())
