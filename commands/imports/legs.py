"""Legs of transfers of which the bank says another amount than that with which they were linked.

A transfer that was found by itself is a guess from two equal amounts: it ends when they are not
equal any more, or what lies between them would be in no report. One that a person made or linked is
his word: its leg keeps its amount (commands/imports/plan.py), and that is said.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

from mintflow.commands.core.unit import Unit
from mintflow.commands.transfers.ending import end
from mintflow.domain.core.money import money_text, negated
from mintflow.domain.statements import Finding
from mintflow.domain.transactions import Transaction, TransactionNotFound
from mintflow.domain.transfers import Transfer


async def found_transfers(unit: Unit, legs: Iterable[Transaction]) -> set[UUID]:
    """Those of the legs' transfers that were found by themselves."""
    ids = {one.transfer_id for one in legs if one.transfer_id is not None}
    held = await unit.prefetch(Transfer, sorted(ids))
    return {one.id for one in held.values() if one.origin == "found"}


async def end_unequal(unit: Unit, moved: Mapping[UUID, str]) -> list[Finding]:
    """End the found transfers whose legs do not agree any more, and say so.

    moved: the transfers of which a leg has another amount now, with where its row stands. Nobody
    said that the two are none, so they may be suggested, or found, again.
    """
    findings = []
    held = await unit.prefetch(Transfer, [*moved])
    for transfer_id, where in moved.items():
        transfer = held[transfer_id]
        legs = [
            await unit.change(Transaction, one, TransactionNotFound)
            for one in (transfer.from_transaction_id, transfer.to_transaction_id)
        ]
        out, into = (one.booking for one in legs)
        if out is None or into is None or out.amount == negated(into.amount):
            continue
        await end(transfer, "unlinked", unit, for_good=False)
        detail = f"{money_text(out.amount)} and {money_text(into.amount)} are no transfer any more"
        findings.append(Finding("LEGS_DISAGREE", where, detail))
    return findings
