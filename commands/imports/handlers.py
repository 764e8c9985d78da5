"""The commands that bring bank rows in, and how their plan is prepared and carried out."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from typing import Any
from uuid import UUID

from pydantic import ConfigDict, Field

from mintflow.commands.core.command import Command, Handler
from mintflow.commands.core.ports import Books, OpenRow
from mintflow.commands.core.unit import Unit
from mintflow.commands.imports.elsewhere import met_elsewhere
from mintflow.commands.imports.findings import told
from mintflow.commands.imports.holdings import MATCH_DAYS, POST_DAYS, Holdings
from mintflow.commands.imports.legs import end_unequal, found_transfers
from mintflow.commands.imports.plan import Counts, Plan
from mintflow.commands.imports.returning import Returned, brought_back
from mintflow.commands.imports.rows import Row, choose, comparable, identified, settled
from mintflow.commands.imports.sorting import Asked, sorted_rows
from mintflow.commands.imports.tips import that_can_be_tips
from mintflow.commands.rules import Learner, Sorter
from mintflow.commands.rules.tree import tree_of
from mintflow.commands.transfers.finding import link_found
from mintflow.domain.accounts import Account, AccountNotFound
from mintflow.domain.connections import Connection, ConnectionNotFound
from mintflow.domain.core.ids import transaction_id_by_bank_id
from mintflow.domain.imports import FileImport
from mintflow.domain.statements import Finding, Statement, StatementFile
from mintflow.domain.transactions import Transaction, TransactionAlias
from mintflow.domain.transactions.events import Origin

# From this attempt on an import does not insist that the ledger stood still while it was planned:
# in a busy ledger it would never end. All that can then be missed is a match with a transaction
# entered by hand in the same second, which the user can still match.
INSIST_ATTEMPTS = 3


class ImportFile(Command):
    """A bank file that was read, for one account. statement_account: which of the accounts of the
    file is meant, where it holds several. dry_run: say what would happen, keep nothing."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    account_id: UUID
    sha256: str
    size_bytes: int
    dry_run: bool = False
    statement_account: str | None = None
    file: StatementFile = Field(exclude=True)


class SyncAccount(Command):
    """Rows that a connection brought. removed: bank ids that the bank took back (a pending row
    that never posted, or one that posted under another id)."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    connection_id: UUID
    account_id: UUID
    cursor: str
    statement: Statement
    removed: tuple[str, ...] = ()


def import_handlers(
    books: Books, sorter: Sorter, learner: Learner | None = None, *, link: bool = False
) -> dict[type[Command], Handler]:
    """The handlers, with what they ask. learner: None where nothing is learned.
    link: whether transfers that are certain are linked by themselves."""
    asked = Asked(books, sorter, learner, link)

    async def import_file(command: ImportFile, unit: Unit) -> dict[str, Any]:
        """Raises AccountNotFound, AccountIsClosed, SeveralAccountsInFile, CurrencyMustMatch,
        RowNotUsable, NotYetVisible."""
        account = await unit.change(Account, command.account_id, AccountNotFound)
        account.must_be_open()
        chosen = choose(command.file.statements, command.statement_account)
        import_id = unit.new_id()
        rows, findings, skipped = await asyncio.to_thread(identified, account, chosen)
        chosen, foreign = comparable(account, chosen)
        counts, said = await _bring_in(unit, account, rows, asked, "file", import_id)
        shown = told(command.file.findings, findings, foreign, said)
        counts.skipped += skipped
        _take_balances(account, chosen, unit.now)
        answer = {
            "import_id": str(import_id),
            "account_id": str(account.id),
            **asdict(counts),
            "format": command.file.format,
            "dry_run": command.dry_run,
            "findings": shown,
        }
        if command.dry_run:
            unit.discard()
            return {**answer, "import_id": None}
        unit.add(
            FileImport.complete(
                import_id,
                unit.now,
                account_id=account.id,
                format=command.file.format,
                sha256=command.sha256,
                size_bytes=command.size_bytes,
                added=counts.added,
                known=counts.known,
                updated=counts.updated,
                skipped=counts.skipped,
                findings=tuple(shown),
            )
        )
        return answer

    async def sync_account(command: SyncAccount, unit: Unit) -> dict[str, Any]:
        """Raises ConnectionNotFound, ConnectionIsClosed, AccountNotFound, AccountIsClosed,
        CurrencyMustMatch, RowNotUsable, NotYetVisible."""
        connection = await unit.change(Connection, command.connection_id, ConnectionNotFound)
        connection.must_be_open()
        account = await unit.change(Account, command.account_id, AccountNotFound)
        account.must_be_open()
        rows, findings, skipped = identified(account, [command.statement])
        # No event is a sync's own, as a file has one: it is named by the request that it was.
        sync_id = unit.context.correlation_id
        gone = {transaction_id_by_bank_id(account.id, one) for one in command.removed}
        counts, said = await _bring_in(unit, account, rows, asked, "sync", sync_id, gone)
        counts.skipped += skipped
        _take_balances(account, [command.statement], unit.now)
        removed = await _take_back(unit, account, command.removed)
        facts = asdict(counts)
        facts.pop("matched")
        connection.synced(account.id, command.cursor, unit.now, removed=removed, **facts)
        return {
            "import_id": str(sync_id),
            "account_id": str(account.id),
            **asdict(counts),
            "removed": removed,
            "cursor": command.cursor,
            "findings": told(findings, said),
        }

    return {ImportFile: import_file, SyncAccount: sync_account}


async def _bring_in(
    unit: Unit,
    account: Account,
    rows: Sequence[Row],
    asked: Asked,
    origin: Origin,
    import_id: UUID,
    gone: Collection[UUID] = (),
) -> tuple[Counts, list[Finding]]:
    """Plan the rows and put what they change into the unit."""
    books = asked.books
    tree = await tree_of(unit, guard=True)
    rows, known = await _under_their_names(unit, rows)
    names = [row.transaction_id for row in rows if row.transaction_id in known]
    returned = await brought_back(unit, names)
    holdings = Holdings(known=known, back=returned.back, parted=returned.parted)
    new = [row for row in rows if row.transaction_id not in holdings.known]
    seq = await books.caught_up(unit.ledger_id)
    pending = await books.pending(unit.ledger_id, account.id)
    holdings.transactions = await _known(unit, _again(rows, known, pending, returned))
    matched = (one.matched_with for one in holdings.transactions.values())
    holdings.met = await unit.prefetch(Transaction, [one for one in matched if one is not None])
    if (new or returned.back) and unit.attempt < INSIST_ATTEMPTS:
        unit.expected_seq = seq
    if new:
        holdings.elsewhere = await met_elsewhere(unit, account, rows, new, holdings.known, asked)
        new = [row for row in new if row.transaction_id not in holdings.elsewhere]
    meeting = [*new, *(row for row in rows if row.transaction_id in returned.back)]
    if meeting:
        first, last = min(r.source.date for r in meeting), max(r.source.date for r in meeting)
        around = dt.timedelta(days=MATCH_DAYS)
        holdings.hand_made = await books.hand_made(
            unit.ledger_id, account.id, first - around, last + around
        )
        known_ids = holdings.known | {one.id for one in holdings.transactions.values()}
        holdings.pending = [
            one
            for one in pending
            if one.transaction_id not in known_ids
            and one.standing_id not in known_ids
            and one.date >= first - dt.timedelta(days=POST_DAYS)
        ]
        holdings.hand_made, holdings.pending, wanted = _that_can_meet(holdings, meeting)
        holdings.candidates = await unit.prefetch(Transaction, wanted)
        # What came back may have brought back a match that a person made.
        holdings.hand_made = [
            one for one in holdings.hand_made if _is_free(one, holdings.candidates)
        ]
    holdings.found = await found_transfers(unit, _may_move(rows, holdings))
    labels = await sorted_rows(unit, account, tree, new, asked)
    plan = Plan(account, holdings, labels, origin, import_id, unit.now, gone)
    await asyncio.to_thread(plan.run, rows)
    for aggregate in plan.made:
        unit.add(aggregate)
    findings = [*plan.findings, *await end_unequal(unit, plan.moved)]
    if asked.link and meeting:
        made = [one for one in plan.made if isinstance(one, Transaction)]
        await link_found(unit, account, [*made, *returned.transactions], books)
    return plan.counts, findings


def _again(
    rows: Sequence[Row], known: Collection[UUID], pending: Sequence[OpenRow], returned: Returned
) -> list[UUID]:
    """The known rows that may change what is in the books. One without the bank's id is its own id:
    all that can change is that it is booked now, or that it stands again."""
    may_change = {*returned.back, *returned.aliases, *(one.transaction_id for one in pending)}
    return [
        row.transaction_id
        for row in rows
        if row.transaction_id in known
        and (row.source.bank_id is not None or row.transaction_id in may_change)
    ]


def _may_move(rows: Sequence[Row], holdings: Holdings) -> list[Transaction]:
    """The transactions that a row may give another amount."""
    amounts = {row.transaction_id: row.amount for row in rows}
    known = [
        one
        for name, one in holdings.transactions.items()
        if one.booking is not None and one.booking.amount != amounts[name]
    ]
    return [*known, *holdings.candidates.values()]


async def _under_their_names(unit: Unit, rows: Sequence[Row]) -> tuple[list[Row], set[UUID]]:
    """The rows as the books name them, and which of the streams there are."""
    ids = [one for row in rows for one in (row.transaction_id, row.other_id) if one is not None]
    known = await unit.exist(ids)
    by_bank_id = [
        plain
        for row in rows
        if (plain := row.other_id if row.shares_id else row.transaction_id) in known
        and row.other_id is not None
    ]
    return settled(rows, known, await unit.prefetch(Transaction, by_bank_id)), known


def _that_can_meet(
    holdings: Holdings, rows: Sequence[Row]
) -> tuple[Sequence[Any], Sequence[Any], list[UUID]]:
    """The candidates of an amount that one of the rows has, pending ones also with a tip, and the
    streams to read for them."""
    amounts = {row.amount for row in rows}
    hand_made = [
        one
        for one in holdings.hand_made
        if one.amount in amounts or (one.pending and that_can_be_tips([one], amounts))
    ]
    pending = that_can_be_tips(holdings.pending, amounts)
    return hand_made, pending, [one.standing_id for one in (*hand_made, *pending)]


def _is_free(one: OpenRow, held: Mapping[UUID, Transaction]) -> bool:
    """Whether what was entered by hand is still as the read models have it, and not matched."""
    mine = held.get(one.transaction_id)
    if mine is None or mine.booking is None:
        return False
    return mine.matched_with is None and mine.booking.amount == one.amount


async def _known(unit: Unit, stream_ids: list[UUID]) -> dict[UUID, Transaction]:
    """The transactions that stand for known rows, by the row's stream id: an alias is followed,
    and so is a match with a hand-made one."""
    found = await unit.prefetch(Transaction, stream_ids)
    aliases = await unit.prefetch(TransactionAlias, [one for one in stream_ids if one not in found])
    targets = await unit.prefetch(Transaction, [alias.transaction_id for alias in aliases.values()])
    for stream_id, alias in aliases.items():
        if alias.transaction_id in targets:
            found[stream_id] = targets[alias.transaction_id]
    absorbed = {key: one.absorbed_by for key, one in found.items() if one.absorbed_by is not None}
    standing = await unit.prefetch(Transaction, list(absorbed.values()))
    return found | {key: standing[one] for key, one in absorbed.items()}


async def _take_back(unit: Unit, account: Account, bank_ids: Sequence[str]) -> int:
    """Void pending rows that the bank removed; one that posted meanwhile stands."""
    ids = [transaction_id_by_bank_id(account.id, bank_id) for bank_id in bank_ids]
    removed = 0
    for transaction in (await _known(unit, ids)).values():
        booking = transaction.booking
        if transaction.origin == "manual":
            continue  # The bank takes back its row, not what the user entered.
        if booking is not None and booking.status == "pending" and not transaction.transfer_id:
            transaction.void(unit.now)
            removed += 1
    return removed


def _take_balances(account: Account, statements: Sequence[Statement], now: dt.datetime) -> None:
    """Keep what the bank says the account holds, and how it began where nobody said so."""
    last = {}
    for statement in statements:
        if statement.opening is not None:
            account.change_opening_balance(
                statement.opening.amount, statement.opening.date, now, source="file"
            )
        for balance in (*statement.reported, statement.closing):
            # What a bank lets one spend is no statement of what the account holds. Of one day the
            # last one counts, or the same file would change it to and fro each time it comes.
            if balance is not None and not balance.available:
                last[balance.date] = balance
    for balance in last.values():
        currency = balance.currency or account.currency
        account.report_balance(balance.date, balance.amount, currency, "file", now)
