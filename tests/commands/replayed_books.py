"""The `Books` port without read models: every question replays the ledger's transactions."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from psycopg_pool import AsyncConnectionPool

from mintflow.commands.core.ports import Books, OpenRow
from mintflow.domain.transactions import Transaction
from mintflow.store.mapper import Mapper
from mintflow.store.reader import read_ledger


class ReplayedBooks:
    """Slow and obviously right; never behind the log."""

    def __init__(self, pool: AsyncConnectionPool[Any], mapper: Mapper) -> None:
        self._pool = pool
        self._mapper = mapper

    async def caught_up(self, ledger_id: UUID) -> int:
        return (await self._replay(ledger_id))[0]

    async def hand_made(
        self, ledger_id: UUID, account_id: UUID, start: dt.date, end: dt.date
    ) -> Sequence[OpenRow]:
        return [
            OpenRow(
                one.id,
                one.booking.date,
                one.booking.amount,
                one.origin,
                pending=one.booking.status == "pending",
            )
            for one in await self._all(ledger_id)
            if one.booking is not None
            and one.booking.account_id == account_id
            and one.origin == "manual"
            and one.matched_with is None
            and one.transfer_id is None
            and start <= one.booking.date <= end
        ]

    async def bank_rows(
        self, ledger_id: UUID, account_id: UUID, start: dt.date, end: dt.date
    ) -> Sequence[OpenRow]:
        found = []
        for one in await self._all(ledger_id):
            booking = one.booking if one.absorbed_by is None else one.withdrawn
            if (
                one.origin != "manual"
                and booking is not None
                and booking.account_id == account_id
                and booking.status == "posted"
                and start <= booking.date <= end
            ):
                found.append(
                    OpenRow(
                        one.id, booking.date, booking.amount, one.origin, one.absorbed_by,
                        bank_id=one.bank_id, description=one.description,
                    )
                )  # fmt: skip
        return found

    async def pending(self, ledger_id: UUID, account_id: UUID) -> Sequence[OpenRow]:
        everything = {one.id: one for one in await self._all(ledger_id)}
        found = []
        for one in everything.values():
            if one.origin == "manual":
                continue
            standing = everything[one.absorbed_by] if one.absorbed_by else one
            booking = standing.booking
            if (
                booking is not None
                and booking.account_id == account_id
                and booking.status == "pending"
            ):
                found.append(
                    OpenRow(one.id, booking.date, booking.amount, one.origin, one.absorbed_by)
                )
        return found

    async def waiting(
        self, ledger_id: UUID, account_id: UUID, start: dt.date, end: dt.date
    ) -> Sequence[OpenRow]:
        return [
            OpenRow(one.id, one.booking.date, one.booking.amount, one.origin, pending=True)
            for one in await self._all(ledger_id)
            if one.booking is not None
            and one.booking.account_id == account_id
            and one.booking.status == "pending"
            and start <= one.booking.date <= end
        ]

    async def in_category(self, ledger_id: UUID, category_id: str) -> Sequence[UUID]:
        return [
            one.id
            for one in await self._all(ledger_id)
            if one.booking is not None
            and any(part.category_id == category_id for part in one.booking.allocations)
        ]

    async def _all(self, ledger_id: UUID) -> list[Transaction]:
        return (await self._replay(ledger_id))[1]

    async def _replay(self, ledger_id: UUID) -> tuple[int, list[Transaction]]:
        async with self._pool.connection() as conn:
            events = await read_ledger(conn, self._mapper, ledger_id, 0, 1_000_000)
        streams: dict[str, Any] = {}
        for event in events:
            streams[event.stream_id] = self._mapper.domain_event(event).mutate(
                streams.get(event.stream_id)
            )
        seq = events[-1].ledger_seq if events else 0
        return seq, [one for one in streams.values() if isinstance(one, Transaction)]


def replayed_books(pool: AsyncConnectionPool[Any], mapper: Mapper) -> Books:
    """As `product` wants them."""
    return ReplayedBooks(pool, mapper)
