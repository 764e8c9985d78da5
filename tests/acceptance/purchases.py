"""Clients that buy something fifty times a second, and never give up on an answer."""

from __future__ import annotations

import asyncio
import threading
from types import TracebackType
from typing import Any, Self

import aiohttp

LEDGERS = 8
RETRY_S, RETRY_S_MAX = 0.2, 2.0
ANSWER_S_MAX = 15.0
# Not httpx: at fifty a second beside six other processes its own work is what would hold them up.
CONNECTIONS_MAX = 32


class Purchases:
    """Runs in a thread of its own from `with` to its end; then everything sent was answered.

    answered: number of the purchase -> what was answered. Each has an idempotency key, under which
    it is sent again after every lost connection and every "not now", as a careful client does.
    """

    def __init__(self, url: str, token: str, per_s: float = 50) -> None:
        self._url, self._token, self._per_s = url, token, per_s
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="purchases")
        self._fault: BaseException | None = None
        self.answered: dict[int, dict[str, Any]] = {}
        self.sent = 0
        self.retries = 0
        self.lasted_s = 0.0
        """From the first purchase to the last."""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop.set()
        self._thread.join(180)
        assert not self._thread.is_alive(), "some purchase was never answered"
        if self._fault is not None and error is None:
            raise self._fault

    async def _run(self) -> None:
        try:
            async with aiohttp.ClientSession(
                self._url,
                headers={"Authorization": f"Bearer {self._token}"},
                timeout=aiohttp.ClientTimeout(sock_connect=ANSWER_S_MAX, sock_read=ANSWER_S_MAX),
                connector=aiohttp.TCPConnector(limit=CONNECTIONS_MAX),
            ) as client:
                places = [await self._open(client, number) for number in range(LEDGERS)]
                loop = asyncio.get_running_loop()
                began = loop.time()
                async with asyncio.TaskGroup() as tasks:
                    while not self._stop.is_set():
                        self.sent += 1
                        place = places[self.sent % LEDGERS]
                        tasks.create_task(self._buy(client, self.sent, *place))
                        due = began + self.sent / self._per_s
                        await asyncio.sleep(max(0.0, due - loop.time()))
                    self.lasted_s = loop.time() - began
        except Exception as fault:
            self._fault = fault
            raise

    async def _open(self, client: aiohttp.ClientSession, number: int) -> tuple[str, str]:
        opened = await self._ask(
            client, "/v1/ledgers", f"ledger-{number}", name=f"Home {number}", currency="EUR"
        )
        path = f"/v1/ledgers/{opened['ledger_id']}"
        account = await self._ask(
            client, f"{path}/accounts", f"account-{number}",
            name="Giro", kind="checking", currency="EUR",
        )  # fmt: skip
        return f"{path}/transactions", account["account_id"]

    async def _buy(
        self, client: aiohttp.ClientSession, number: int, path: str, account_id: str
    ) -> None:
        self.answered[number] = await self._ask(
            client, path, f"purchase-{number}", account_id=account_id, date="2026-03-01",
            amount=f"-{number % 997 + 1}.00", description=f"Shop {number}", category="shopping",
        )  # fmt: skip

    async def _ask(self, client: aiohttp.ClientSession, path: str, key: str, **body: Any) -> Any:
        """Until it is answered: a refusal other than "not now" ends it all."""
        wait_s = RETRY_S
        while True:
            try:
                headers = {"Idempotency-Key": key}
                async with client.post(path, json=body, headers=headers) as answer:
                    if answer.ok:
                        return (await answer.json())["data"]
                    if answer.status not in (500, 503):
                        raise AssertionError(f"{answer.status}: {(await answer.text())[:500]}")
            except (aiohttp.ClientError, TimeoutError):
                pass
            self.retries += 1
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, RETRY_S_MAX)
