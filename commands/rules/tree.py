"""The category tree of a command's ledger, and where a category went that was merged away."""

from __future__ import annotations

from dataclasses import replace

from mintflow.commands.core.unit import Unit
from mintflow.domain.categories import CategoryNotFound, CategoryTree
from mintflow.domain.core.ids import category_tree_id
from mintflow.domain.transactions import Transaction


async def tree_of(unit: Unit, *, guard: bool = False) -> CategoryTree:
    """The ledger's category tree; guarded where a category is taken from it."""
    tree_id = category_tree_id(unit.ledger_id)
    return await unit.read(CategoryTree, tree_id, CategoryNotFound, guard=guard)


def where_it_went(category_id: str, tree: CategoryTree) -> str:
    """The category that takes the rows of one that may have been merged away."""
    for _ in tree.nodes:
        into = tree.nodes[category_id].merged_into
        if into is None:
            break
        category_id = into
    return category_id


async def follow_merges(transaction: Transaction, unit: Unit) -> None:
    """Move one that counts again out of categories that were merged away while it did not."""
    tree = await tree_of(unit, guard=True)
    booking = transaction.booking
    assert booking is not None
    parts = tuple(
        replace(part, category_id=where_it_went(part.category_id, tree))
        for part in booking.allocations
    )
    if parts != booking.allocations:
        transaction.categorize(parts, "user", unit.now, reason="merged")
