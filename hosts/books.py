"""What commands ask of the read models, answered by their queries once they have caught up."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

from psycopg import AsyncConnection

from mintflow.api.core.services import Positions
from mintflow.commands.core.ports import GoalStanding, Movement, OpenRow, Standing, StandingRow
from mintflow.domain.budgets.advice import Figures
from mintflow.domain.core.ids import shard_of
from mintflow.domain.core.time import Month
from mintflow.domain.rules.learning import Correction
from mintflow.domain.transfers.pairing import Leg
from mintflow.projections import budgets as budget_queries
from mintflow.projections import goals, rules, transfers
from mintflow.projections import transactions as queries
from mintflow.projections.budgets import advice


class Connections(Protocol):
    """Gives connections for a moment, as a pool does."""

    def connection(self) -> AbstractAsyncContextManager[AsyncConnection[Any]]: ...


class ReadModelBooks:
    """The `Books` port over the transactions read model."""

    def __init__(self, pool: Connections, positions: Positions, wait_s_max: float) -> None:
        self._pool = pool
        self._positions = positions
        self._wait_s_max = wait_s_max

    async def caught_up(self, ledger_id: UUID) -> int:
        """Wait for the shard's head of this moment; the ledger's sequence at that moment."""
        shard = shard_of(ledger_id)
        async with self._pool.connection() as conn:
            cursor = await conn.execute(
                "select s.position, coalesce(l.ledger_seq, 0) from log.shard_head s"
                " left join log.ledger_head l on l.ledger_id = %s where s.shard = %s",
                [ledger_id, shard],
                prepare=True,
            )
            row = await cursor.fetchone()
        assert row is not None
        position, ledger_seq = row
        await self._positions.wait_for(shard, position, self._wait_s_max)
        return int(ledger_seq)

    async def hand_made(
        self, ledger_id: UUID, account_id: UUID, start: dt.date, end: dt.date
    ) -> Sequence[OpenRow]:
        async with self._pool.connection() as conn:
            rows = await queries.unmatched_manual(conn, ledger_id, account_id, start, end)
        return [
            OpenRow(
                r["transaction_id"], r["date"], r["amount"], "manual",
                pending=r["status"] == "pending",
            )
            for r in rows
        ]  # fmt: skip

    async def waiting(
        self, ledger_id: UUID, account_id: UUID, start: dt.date, end: dt.date
    ) -> Sequence[OpenRow]:
        async with self._pool.connection() as conn:
            rows = await queries.waiting_of_account(conn, ledger_id, account_id, start, end)
        return [
            OpenRow(r["transaction_id"], r["date"], r["amount"], r["origin"], pending=True)
            for r in rows
        ]

    async def bank_rows(
        self, ledger_id: UUID, account_id: UUID, start: dt.date, end: dt.date
    ) -> Sequence[OpenRow]:
        async with self._pool.connection() as conn:
            rows = await queries.rows_of_the_bank(conn, ledger_id, account_id, start, end)
        return [
            OpenRow(
                r["transaction_id"], r["date"], r["amount"], r["origin"], r["absorbed_by"],
                bank_id=r["bank_id"], description=r["description"],
            )
            for r in rows
        ]  # fmt: skip

    async def pending(self, ledger_id: UUID, account_id: UUID) -> Sequence[OpenRow]:
        async with self._pool.connection() as conn:
            rows = await queries.pending_of_account(conn, ledger_id, account_id)
        return [
            OpenRow(r["transaction_id"], r["date"], r["amount"], r["origin"], r["absorbed_by"])
            for r in rows
        ]

    async def in_category(self, ledger_id: UUID, category_id: str) -> Sequence[UUID]:
        async with self._pool.connection() as conn:
            return await queries.transactions_in_category(conn, ledger_id, category_id)

    async def budgets_standing(
        self,
        ledger_id: UUID,
        days: Sequence[dt.date],
        said: Sequence[dt.date],
        today: dt.date,
    ) -> Sequence[Standing]:
        async with self._pool.connection() as conn:
            found = await budget_queries.budgets_standing(conn, ledger_id, days, said, today)
        return [
            Standing(budget_id, one.period.first, one.period.last, one.status, one.spent, one.limit)
            for budget_id, one in found
        ]

    async def goals_standing(self, ledger_id: UUID, today: dt.date) -> Sequence[GoalStanding]:
        async with self._pool.connection() as conn:
            rows, _ = await goals.list_goals(conn, ledger_id, today)
        return [
            GoalStanding(row["goal_id"], row["saved"], row["target"], row["remaining"])
            for row in rows
        ]

    async def free_of_goals(self, ledger_id: UUID, today: dt.date) -> Mapping[UUID, Decimal]:
        async with self._pool.connection() as conn:
            return await goals.free_of_goals(conn, ledger_id, today)

    async def movements(
        self, ledger_id: UUID, start: dt.date, end: dt.date, transfer_ids: Sequence[UUID]
    ) -> Sequence[Movement]:
        async with self._pool.connection() as conn:
            rows = await goals.movements(conn, ledger_id, start, end, transfer_ids)
        return [Movement(**row) for row in rows]

    async def possible_legs(
        self, ledger_id: UUID, amounts: Sequence[Decimal], start: dt.date, end: dt.date
    ) -> Sequence[Leg]:
        async with self._pool.connection() as conn:
            return await transfers.possible_legs(conn, ledger_id, amounts, start, end)

    async def corrections(
        self, ledger_id: UUID, payees: Sequence[str]
    ) -> Mapping[str, Sequence[Correction]]:
        async with self._pool.connection() as conn:
            return await rules.corrections_of(conn, ledger_id, payees)

    async def standing(self, ledger_id: UUID, q: str | None) -> Sequence[StandingRow]:
        async with self._pool.connection() as conn:
            rows = await queries.standing_transactions(conn, ledger_id, q)
        return [StandingRow(*row) for row in rows]

    async def budget_recommendations(
        self, ledger_id: UUID, day: dt.date
    ) -> Sequence[Mapping[str, Any]]:
        async with self._pool.connection() as conn:
            return (await advice.recommendations(conn, ledger_id, day))[0]

    async def budget_figures(
        self, ledger_id: UUID, month: Month, category_ids: Sequence[str], *, of_envelopes: bool
    ) -> Mapping[str, Figures]:
        async with self._pool.connection() as conn:
            return await advice.figures(
                conn, ledger_id, month, category_ids, of_envelopes=of_envelopes
            )
