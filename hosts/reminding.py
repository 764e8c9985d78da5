"""Reminders of bills: what is due soon is looked for every so often, and told once each.

The bill itself remembers what it reminded of, so that two hosts, a restart or a rebuild of the read
models tell nothing again.
"""

from __future__ import annotations

import datetime as dt
from uuid import UUID

import structlog

from mintflow.commands.bills import DueBill, RemindBills
from mintflow.commands.core.command import Context
from mintflow.commands.core.ports import Principal
from mintflow.domain.core.errors import MintFlowError
from mintflow.domain.ledgers import Ledger
from mintflow.hosts.bootstrap import Running
from mintflow.projections import bills
from mintflow.streams.core.scheduler import Job

log = structlog.get_logger(__name__)

# A reminder is about days; an hour late is soon enough, and a look costs a query per ledger.
EVERY_S = 3_600.0
_COMMAND_DUE_MAX = 500


def reminding(host: Running) -> Job:
    """The job that reminds of bills in all ledgers."""

    async def run() -> int:
        return await remind(host, host.services.clock().astimezone(dt.UTC).date())

    return Job("bill_reminders", EVERY_S, run)


async def remind(host: Running, today: dt.date) -> int:
    """Remind of what is due; how many times it was."""
    async with host.pool.connection() as conn:
        ledgers = await bills.ledgers_with_bills(conn, today)
    reminded = 0
    for ledger_id in ledgers:
        try:
            reminded += await _in_ledger(host, ledger_id, today)
        except MintFlowError as refusal:
            # One ledger that can not be reminded now must not keep the others from it.
            log.warning("bill_reminders_refused", ledger_id=str(ledger_id), code=refusal.code)
    return reminded


async def _in_ledger(host: Running, ledger_id: UUID, today: dt.date) -> int:
    async with host.pool.connection() as conn:
        due = await bills.to_remind(conn, ledger_id, today)
    ledger = await host.services.repository.find(ledger_id, Ledger, ledger_id)
    if not due or ledger is None:
        return 0
    told = 0
    for start in range(0, len(due), _COMMAND_DUE_MAX):
        some = due[start : start + _COMMAND_DUE_MAX]
        command = RemindBills(due=tuple(DueBill(bill_id=bill, due=day) for bill, day in some))
        principal = Principal(UUID(ledger.owner), "scheduler:bill_reminders")
        context = Context(principal, ledger_id, host.services.new_id(), None, None)
        answer = await host.bus.execute(command, context)
        told += answer.data["reminded"]
    return told
