"""What each new row of a file gets: its category and who says so, its merchant, tags and note.

All rows are sorted together, because categorizers are fast only where they are asked for many.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from mintflow.commands.core.ports import Books
from mintflow.commands.core.unit import Unit
from mintflow.commands.imports.rows import Row
from mintflow.commands.rules import Given, Labels, Learner, Sorter
from mintflow.domain.accounts import Account
from mintflow.domain.categories import CategoryTree
from mintflow.domain.core.money import exact_sum
from mintflow.domain.core.postings import TRANSFER, UNCATEGORIZED, Allocation, whole
from mintflow.domain.core.query import Facts
from mintflow.domain.rules.learning import payee_of


@dataclass(frozen=True, slots=True)
class Asked:
    """What an import asks. learner: None where nothing is learned. link: whether transfers that are
    certain are linked by themselves."""

    books: Books
    sorter: Sorter
    learner: Learner | None
    link: bool = False


async def sorted_rows(
    unit: Unit, account: Account, tree: CategoryTree, rows: Sequence[Row], asked: Asked
) -> dict[UUID, Labels]:
    """What each row gets, by its stream id; what is to be learned of their payees is learned
    before. The read models have caught up when this is asked."""
    names = _names(tree)
    called = account.name, str(account.id)
    given = [_given(row, account, called, names) for row in rows]
    found = await asyncio.to_thread(asked.sorter.suggestions, given, together=True)
    if asked.learner is not None and rows:
        payees = {}
        for row, suggestion in zip(rows, found, strict=True):
            source, merchant = row.source, suggestion.merchant or ""
            payee = payee_of(merchant, source.counterparty, source.description)
            if payee:
                payees[payee] = merchant or source.counterparty or source.description.strip()
        await asked.learner.catch_up(unit, payees)
    book = await asked.sorter.rulebook(unit)
    labels = await asyncio.to_thread(asked.sorter.sort, book, given, suggestions=found)
    return {row.transaction_id: one for row, one in zip(rows, labels, strict=True)}


def _given(row: Row, account: Account, called: tuple[str, ...], names: Mapping[str, str]) -> Given:
    source = row.source
    facts = Facts(
        description=source.description,
        counterparty=source.counterparty,
        memo=source.memo,
        amount=row.amount,
        date=source.date,
        account=called,
        categories=(UNCATEGORIZED,),
        status="pending" if source.pending else "posted",
    )
    return Given(facts, account.currency, account.kind, _of_the_file(row, names), source.mcc)


def _of_the_file(row: Row, names: Mapping[str, str]) -> tuple[Allocation, ...] | None:
    """The file's own categories where it names any that the tree has."""
    source = row.source
    if source.splits and exact_sum(part.amount for part in source.splits) == row.amount:
        parts = tuple(
            Allocation(_named(part.category, names) or UNCATEGORIZED, part.amount)
            for part in source.splits
        )
        if any(part.category_id != UNCATEGORIZED for part in parts):
            return parts
    named = _named(source.category, names)
    return whole(row.amount, named) if named is not None else None


def _named(name: str | None, names: Mapping[str, str]) -> str | None:
    """The category that a file calls `Food:Groceries`; `[Savings]` is a transfer there."""
    if not name:
        return None
    if name.startswith("[") and name.endswith("]"):
        return TRANSFER
    path = ".".join(_slug(part) for part in name.replace(":", ".").split("."))
    return names.get(path)


def _names(tree: CategoryTree) -> dict[str, str]:
    """Path, and last part where only one has it, to the id of a category that takes rows."""
    usable = [
        node
        for node in tree.nodes.values()
        if not node.archived and node.kind in ("expense", "income", "transfer")
    ]
    last_parts: defaultdict[str, list[str]] = defaultdict(list)
    for node in usable:
        last_parts[node.path.rpartition(".")[2]].append(node.category_id)
    names = {name: ids[0] for name, ids in last_parts.items() if len(ids) == 1}
    return names | {node.path: node.category_id for node in usable}


def _slug(text: str) -> str:
    return "_".join(text.replace("&", " ").replace("/", " ").split()).casefold()
