"""Commands on the category tree. A merge moves its transactions in the same commit."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Literal

from mintflow.commands.core.command import CategoryPath, Command, Handler
from mintflow.commands.core.ports import Books
from mintflow.commands.core.unit import Unit
from mintflow.domain.categories import Category, CategoryNotFound, CategoryTree
from mintflow.domain.core.ids import category_tree_id
from mintflow.domain.transactions import Transaction


class AddCategory(Command):
    """path: below an existing category, or a new top one; kind counts only for a top one."""

    path: CategoryPath
    kind: Literal["expense", "income"] | None = None


class MoveCategory(Command):
    """Rename or move: the category and all below it are shown at another path."""

    path: CategoryPath
    to: CategoryPath


class MergeCategories(Command):
    """Everything booked in `path` goes to `into`; `path` is retired."""

    path: CategoryPath
    into: CategoryPath


class ArchiveCategory(Command):
    path: CategoryPath


class RestoreCategory(Command):
    path: CategoryPath


async def add_category(command: AddCategory, unit: Unit) -> dict[str, Any]:
    """Raises CategoryPathNotUsable, CategoryExists, CategoryNotFound, TooManyCategories."""
    tree = await _tree(unit)
    return _answer(tree.add(command.path, unit.now, command.kind))


async def move_category(command: MoveCategory, unit: Unit) -> dict[str, Any]:
    """Raises CategoryNotFound, CategoryIsBuiltIn, CategoryExists, CategoryMoveRefused."""
    tree = await _tree(unit)
    return _answer(tree.move(command.path, command.to, unit.now))


async def archive_category(command: ArchiveCategory, unit: Unit) -> dict[str, Any]:
    """Raises CategoryNotFound, CategoryIsBuiltIn."""
    tree = await _tree(unit)
    tree.archive(command.path, unit.now)
    return _answer(tree.find(command.path))


async def restore_category(command: RestoreCategory, unit: Unit) -> dict[str, Any]:
    """Raises CategoryNotFound, CategoryIsBuiltIn, CategoryExists."""
    tree = await _tree(unit)
    tree.restore(command.path, unit.now)
    return _answer(tree.find(command.path))


def merge_categories(books: Books) -> Handler:
    """The handler of MergeCategories, which asks the read models who is in the category."""

    async def handle(command: MergeCategories, unit: Unit) -> dict[str, Any]:
        """Raises CategoryNotFound, CategoryIsBuiltIn, CategoryIsArchived, CategoryMoveRefused."""
        tree = await _tree(unit)
        node, target = tree.merge(command.path, command.into, unit.now)
        unit.expected_seq = await books.caught_up(unit.ledger_id)
        ids = await books.in_category(unit.ledger_id, node.category_id)
        moved = 0
        for transaction in (await unit.prefetch(Transaction, list(ids))).values():
            booking = transaction.booking
            if booking is None:
                continue
            parts = tuple(
                replace(part, category_id=target.category_id)
                if part.category_id == node.category_id
                else part
                for part in booking.allocations
            )
            # Whoever said the old category said the new one: the user merged them.
            moved += transaction.categorize(parts, "user", unit.now, reason="merged")
        return {**_answer(target), "transactions": moved}

    return handle


async def _tree(unit: Unit) -> CategoryTree:
    return await unit.change(CategoryTree, category_tree_id(unit.ledger_id), CategoryNotFound)


def _answer(node: Category) -> dict[str, Any]:
    return {
        "category_id": node.category_id,
        "category": node.path,
        "kind": node.kind,
        "archived": node.archived,
    }


HANDLERS: dict[type[Command], Handler] = {
    AddCategory: add_category,
    MoveCategory: move_category,
    ArchiveCategory: archive_category,
    RestoreCategory: restore_category,
}
