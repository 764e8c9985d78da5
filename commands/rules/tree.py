"""The category tree of a command's ledger, and where a category went that was merged away."""

from __future__ import annotations

from mintflow.commands.core.unit import Unit
from mintflow.domain.categories import CategoryNotFound, CategoryTree
from mintflow.domain.core.ids import category_tree_id


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
