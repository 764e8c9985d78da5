"""Pairs by what counts: which transactions are legs of a transfer, which took a bank's row.

A transaction is in the pair of which the last word that counts speaks, if the other one is in the
same one. A pair goes with a transaction that nobody says any more; a link that the user made is his
own word and keeps both, as an edit would.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from mintflow.commands.undo.course import Course
from mintflow.commands.undo.rows import Row
from mintflow.domain.core.errors import MintFlowError
from mintflow.domain.transactions import events as e
from mintflow.domain.transactions.settling import STANDING
from mintflow.domain.transfers import Transfer


@dataclass(frozen=True, slots=True)
class Pair:
    """one: where a transfer leaves, or the transaction that took a bank's row; other: where it
    enters, or the bank's row."""

    kind: Literal["transfer", "match"]
    one: UUID
    other: UUID


@dataclass(frozen=True, slots=True)
class _Word:
    """What was said last of a transaction's pair. at: its place among the transaction's events."""

    pair: Pair
    at: int
    event: e.TransactionLinked | e.TransactionMatched | e.TransactionAbsorbed


Words = Mapping[UUID, list[_Word]]


def wanted(
    course: Course, rows: Mapping[UUID, Row], transfers: Mapping[UUID, Transfer]
) -> dict[Pair, Transfer | None]:
    """The pairs that hold, each transfer with one that said so."""
    said = {one: _words(course, row, transfers) for one, row in rows.items()}
    found: dict[Pair, Transfer | None] = {}
    for row_id, words in said.items():
        for word in words:
            pair = word.pair
            if pair.one != row_id or pair.other not in said:
                continue
            theirs = next((one for one in said[pair.other] if one.pair == pair), None)
            if theirs is None:
                continue
            origin = None
            if isinstance(word.event, e.TransactionLinked):
                origin = transfers[word.event.transfer_id]
            of_user = origin is not None and origin.origin != "found"
            sides = ((rows[pair.one], word), (rows[pair.other], theirs))
            if all(_holds(course, row, held, of_user=of_user) for row, held in sides):
                found[pair] = origin
                for row, held in sides:
                    absorbed = isinstance(held.event, e.TransactionAbsorbed)
                    row.pairs.add("absorbed" if absorbed else pair.kind)
                    if isinstance(held.event, e.TransactionLinked):
                        row.keep_amount(held.event, held.at)
    return found


def _words(course: Course, row: Row, transfers: Mapping[UUID, Transfer]) -> list[_Word]:
    """The last word that counts of each kind of pair, where it says that there is one."""
    link: _Word | None = None
    match: _Word | None = None
    me = row.transaction.id
    for at, (event, by) in enumerate(row.said):
        if not course.counts_by(by):
            continue
        if isinstance(event, e.TransactionLinked):
            of = transfers[event.transfer_id]
            pair = Pair("transfer", of.from_transaction_id, of.to_transaction_id)
            link = _Word(pair, at, event)
        elif isinstance(event, e.TransactionUnlinked):
            link = None
        elif isinstance(event, e.TransactionMatched):
            match = _Word(Pair("match", me, event.imported_id), at, event)
        elif isinstance(event, e.TransactionAbsorbed):
            match = _Word(Pair("match", event.absorbed_by, me), at, event)
        elif isinstance(event, e.TransactionUnmatched | e.TransactionReleased):
            match = None
    both = [one for one in (link, match) if one is not None]
    if len(both) == 2 and isinstance(both[1].event, e.TransactionAbsorbed):
        # What is absorbed is no leg, and a leg is not absorbed.
        return [max(both, key=lambda one: one.at)]
    return both


def _holds(course: Course, row: Row, word: _Word, *, of_user: bool) -> bool:
    """Whether a transaction is there to be in this pair."""
    standing = row.settled.values[STANDING]
    if standing.value:
        return True
    if row.unsaid:
        return row.kept_by_edits(course) or (of_user and not row.discarded(course))
    # One that was voided stays matched; a leg is unlinked before it can be voided.
    return isinstance(word.event, e.TransactionMatched) or standing.at < word.at


def part(
    course: Course,
    rows: Mapping[UUID, Row],
    transfers: Mapping[UUID, Transfer],
    pairs: Mapping[Pair, Transfer | None],
) -> None:
    """End the pairs that there are and that do not hold."""
    now = course.unit.now
    for row in list(rows.values()):
        mine = row.transaction
        if mine.transfer_id is not None:
            transfer = transfers[mine.transfer_id]
            legs = transfer.from_transaction_id, transfer.to_transaction_id
            if Pair("transfer", *legs) not in pairs:
                if not transfer.ended:
                    transfer.end("voided" if transfer.origin == "made" else "unlinked", now)
                for leg in (rows[one].transaction for one in legs):
                    if leg.transfer_id == transfer.id:
                        leg.unlink(transfer.id, now)
                course.change("transfer", transfer.id, {STANDING: (True, False)})
        theirs = mine.matched_with
        if theirs is not None and Pair("match", mine.id, theirs) not in pairs:
            row.lift(now)
            mine.unmatch(rows[theirs].transaction, now)
            course.change("match", mine.id, {"matched_with": (str(theirs), None)})


def join(course: Course, rows: Mapping[UUID, Row], pairs: Mapping[Pair, Transfer | None]) -> None:
    """Make the pairs that hold and that there are not."""
    for pair, transfer in pairs.items():
        one, other = rows[pair.one], rows[pair.other]
        try:
            if transfer is not None:
                _link(course, one, other, transfer)
            elif one.transaction.matched_with is None and other.transaction.absorbed_by is None:
                one.lift(course.unit.now)
                one.transaction.match_again(other.transaction, course.unit.now)
                shown = {"matched_with": (None, str(pair.other))}
                course.change("match", pair.one, shown)
        except MintFlowError as refusal:
            course.refused(pair.kind, pair.one, refusal)


def _link(course: Course, one: Row, other: Row, transfer: Transfer) -> None:
    """A transfer that ended does not begin again: another one takes its place."""
    unit, legs = course.unit, (one.transaction, other.transaction)
    if any(leg.transfer_id is not None or leg.booking is None for leg in legs):
        return
    again = Transfer.start(unit.new_id(), legs[0].id, legs[1].id, transfer.origin, unit.now)
    for leg in legs:
        leg.link(again.id, unit.now)
    unit.add(again)
    course.change("transfer", again.id, {STANDING: (False, True)})
