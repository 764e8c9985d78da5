"""The category tree of a ledger: nominal accounts, in a tree, with paths that people read.

A category's id is the path that it had when it was made and never changes, so events stay readable
and renaming or moving touches no transaction. Its current path is what the API shows and takes.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID

from mintflow.domain.core.aggregates import Aggregate, Created, Event
from mintflow.domain.core.errors import Conflict, Invalid, NotFound
from mintflow.domain.core.ids import category_tree_id
from mintflow.domain.core.postings import OPENING_BALANCE, TRANSFER, UNCATEGORIZED

CategoryKind = Literal["expense", "income", "transfer", "equity", "uncategorized"]

CATEGORIES_MAX = 2_000  # A household has dozens; the whole tree is one aggregate held in memory.
DEPTH_MAX = 8
_PART = re.compile(r"[^\W_][\w&+-]{0,63}\Z")

DEFAULT_TREE: Mapping[str, tuple[str, ...]] = {
    "food_dining": ("restaurants", "coffee_shops", "groceries", "fast_food"),
    "transportation": ("gas", "public_transit", "parking", "ride_share"),
    "housing": ("rent", "mortgage", "maintenance"),
    "entertainment": ("movies", "concerts", "streaming", "games"),
    "shopping": ("clothing", "electronics", "home", "personal_care"),
    "bills": ("utilities", "internet", "phone", "insurance"),
    "health": ("pharmacy", "doctor", "fitness"),
    "travel": ("flights", "hotels", "car_rental"),
    "financial": ("bank_fees", "interest", "taxes"),
    "income": ("salary", "interest", "refunds", "other"),
    TRANSFER: (),
}
# What the books themselves need; these are not the user's to change.
_BUILT_IN = {
    TRANSFER: "transfer",
    UNCATEGORIZED: "uncategorized",
    "equity": "equity",
    OPENING_BALANCE: "equity",
}


class CategoryNotFound(NotFound):
    """There is no category at this path in this ledger."""

    code = "category_not_found"


class CategoryExists(Conflict):
    """Another category is at this path."""

    code = "category_exists"


class CategoryIsArchived(Conflict):
    """An archived category takes no new transactions; restore it first."""

    code = "category_is_archived"


class CategoryIsBuiltIn(Conflict):
    """The books need this category as it is."""

    code = "category_is_built_in"


class CategoryMoveRefused(Conflict):
    """A category can not be moved or merged into itself or below itself, or into another kind."""

    code = "category_move_refused"


class CategoryPathNotUsable(Invalid):
    """A path is parts of letters, digits, `_`, `-`, `&`, `+` with points between them."""

    code = "category_path_not_usable"


class TooManyCategories(Conflict):
    """The tree holds as many categories as it can."""

    code = "too_many_categories"


@dataclass(frozen=True, slots=True)
class Category:
    """One node. path: as shown now. kind: inherited from the top of its branch."""

    category_id: str
    path: str
    kind: str
    archived: bool = False
    merged_into: str | None = None


@dataclass(frozen=True, slots=True)
class PathChange:
    """Where a category is shown from now on."""

    category_id: str
    path: str


class CategoryTreePlanted(Created):
    """The default tree of a new ledger, and the categories that the books need."""

    TOPIC = "category_tree.planted"

    categories: tuple[Category, ...]

    def apply(self, aggregate: CategoryTree) -> None:
        aggregate.nodes = {node.category_id: node for node in self.categories}


class CategoryAdded(Event):
    """A category came into the tree."""

    TOPIC = "category.added"

    category: Category

    def apply(self, aggregate: CategoryTree) -> None:
        aggregate.nodes = {**aggregate.nodes, self.category.category_id: self.category}


class CategoryMoved(Event):
    """A category was renamed or moved; `paths` lists it and everything below it."""

    TOPIC = "category.moved"

    category_id: str
    before: str
    after: str
    paths: tuple[PathChange, ...]

    def apply(self, aggregate: CategoryTree) -> None:
        moved = {
            change.category_id: replace(aggregate.nodes[change.category_id], path=change.path)
            for change in self.paths
        }
        aggregate.nodes = {**aggregate.nodes, **moved}


class CategoryMerged(Event):
    """`category_id` takes no more transactions; its own went to `into` in the same commit."""

    TOPIC = "category.merged"

    category_id: str
    into: str

    def apply(self, aggregate: CategoryTree) -> None:
        node = replace(aggregate.nodes[self.category_id], archived=True, merged_into=self.into)
        aggregate.nodes = {**aggregate.nodes, self.category_id: node}


class CategoryArchived(Event):
    """The category takes no more transactions; what is booked in it stays."""

    TOPIC = "category.archived"

    category_id: str

    def apply(self, aggregate: CategoryTree) -> None:
        node = replace(aggregate.nodes[self.category_id], archived=True)
        aggregate.nodes = {**aggregate.nodes, self.category_id: node}


class CategoryRestored(Event):
    """An archived or merged category takes transactions again."""

    TOPIC = "category.restored"

    category_id: str

    def apply(self, aggregate: CategoryTree) -> None:
        node = replace(aggregate.nodes[self.category_id], archived=False, merged_into=None)
        aggregate.nodes = {**aggregate.nodes, self.category_id: node}


class CategoryTree(Aggregate):
    """All categories of one ledger; one stream, because moves and merges touch several at once."""

    TOPIC = "category_tree"
    nodes: dict[str, Category]

    def __init__(self) -> None:
        """Attributes come from CategoryTreePlanted."""

    @classmethod
    def plant(cls, ledger_id: UUID, now: datetime) -> Self:
        """The default tree and the built-in categories."""
        paths = [
            path
            for top, children in DEFAULT_TREE.items()
            for path in (top, *(f"{top}.{child}" for child in children))
        ]
        nodes = [Category(path, path, kind_of(path)) for path in paths]
        nodes += [
            Category(path, path, kind) for path, kind in _BUILT_IN.items() if path != TRANSFER
        ]
        return cls._create(
            CategoryTreePlanted,
            id=category_tree_id(ledger_id),
            timestamp=now,
            categories=tuple(nodes),
        )

    def resolve(self, path: str) -> Category:
        """The category that transactions at this path get; follows a merge to where it went.

        Raises CategoryNotFound, CategoryIsArchived.
        """
        node = self.find(path)
        hops = 0
        while node.merged_into is not None and hops < len(self.nodes):
            node, hops = self.nodes[node.merged_into], hops + 1
        if node.archived:
            raise CategoryIsArchived("the category is archived", category=node.path)
        return node

    def find(self, path: str) -> Category:
        """The category shown at this path, archived or not. Raises CategoryNotFound."""
        found = [node for node in self.nodes.values() if node.path == path]
        if not found:
            raise CategoryNotFound("there is no such category", category=path[:200])
        return min(found, key=lambda node: node.archived)

    def add(self, path: str, now: datetime, kind: CategoryKind | None = None) -> Category:
        """Add a category below an existing one, or a new top one (an expense unless said).

        Raises CategoryPathNotUsable, CategoryExists, CategoryNotFound (its parent),
        CategoryIsArchived (its parent), TooManyCategories.
        """
        path = check_path(path)
        self._must_be_free(path)
        if len(self.nodes) >= CATEGORIES_MAX:
            raise TooManyCategories("the tree is full", categories_max=CATEGORIES_MAX)
        parent_path = path.rpartition(".")[0]
        if parent_path:
            kind_inherited = self._parent(parent_path).kind
        else:
            kind_inherited = kind if kind in ("income", "expense") else "expense"
        category_id, count = path, 1
        while category_id in self.nodes:
            count += 1
            category_id = f"{path}~{count}"
        node = Category(category_id, path, kind_inherited)
        self.trigger_event(CategoryAdded, timestamp=now, category=node)
        return node

    def rename(self, path: str, name: str, now: datetime) -> Category:
        """Give the last part of a path another name."""
        parent = path.rpartition(".")[0]
        return self.move(path, f"{parent}.{name}" if parent else name, now)

    def move(self, path: str, new_path: str, now: datetime) -> Category:
        """Show a category, with all below it, at another path; no transaction is touched.

        Raises CategoryNotFound, CategoryIsBuiltIn, CategoryPathNotUsable, CategoryExists,
        CategoryIsArchived (its parent), CategoryMoveRefused.
        """
        node = self._own(path)
        new_path = check_path(new_path)
        if new_path == node.path:
            return node
        parent_path = new_path.rpartition(".")[0]
        if (new_path + ".").startswith(node.path + "."):
            raise CategoryMoveRefused("a category can not be below itself", category=node.path)
        if parent_path:
            parent = self._parent(parent_path)
            if parent.kind != node.kind:
                raise CategoryMoveRefused(
                    "income and expense can not change places", category=node.path, to=parent.path
                )
        self._must_be_free(new_path)
        subtree = self.subtree(node.path)
        paths = tuple(
            PathChange(one.category_id, new_path + one.path[len(node.path) :]) for one in subtree
        )
        moving = {one.category_id for one in subtree}
        for one, change in zip(subtree, paths, strict=True):
            check_path(change.path)
            if not one.archived:
                self._must_be_free(change.path, moving)
        self.trigger_event(
            CategoryMoved,
            timestamp=now,
            category_id=node.category_id,
            before=node.path,
            after=new_path,
            paths=paths,
        )
        return self.nodes[node.category_id]

    def merge(self, path: str, into: str, now: datetime) -> tuple[Category, Category]:
        """Retire a category in favour of another; returns (from, into).

        The caller moves the transactions in the same commit. Raises CategoryNotFound,
        CategoryIsBuiltIn, CategoryIsArchived, CategoryMoveRefused (into itself, into another
        kind, or while it has categories below it).
        """
        node, target = self._own(path), self.resolve(into)
        if node.archived:
            raise CategoryIsArchived("the category is archived", category=node.path)
        below = [one for one in self.subtree(node.path) if not one.archived]
        if target.category_id == node.category_id or len(below) > 1 or target.kind != node.kind:
            raise CategoryMoveRefused(
                "a category merges into another one of its kind when nothing is below it",
                category=node.path,
                into=target.path,
            )
        self.trigger_event(
            CategoryMerged, timestamp=now, category_id=node.category_id, into=target.category_id
        )
        return node, target

    def archive(self, path: str, now: datetime) -> None:
        """Take no new transactions; what is booked stays. Raises CategoryIsBuiltIn."""
        node = self._own(path)
        for one in self.subtree(node.path):
            if not one.archived:
                self.trigger_event(CategoryArchived, timestamp=now, category_id=one.category_id)

    def restore(self, path: str, now: datetime) -> None:
        """Take transactions again. Raises CategoryExists if the path was given away,
        CategoryIsArchived if what it is below is archived still.
        """
        node = self._own(path)
        if node.archived:
            self._must_be_free(node.path)
            if parent_path := node.path.rpartition(".")[0]:
                self._parent(parent_path)
            self.trigger_event(CategoryRestored, timestamp=now, category_id=node.category_id)

    def subtree(self, path: str) -> list[Category]:
        """The category at a path and all below it, in path order."""
        below = path + "."
        nodes = (
            one
            for one in self.nodes.values()
            if one.path == path or one.path[: len(below)] == below
        )
        return sorted(nodes, key=lambda one: one.path)

    def _own(self, path: str) -> Category:
        node = self.find(path)
        if node.category_id in _BUILT_IN:
            raise CategoryIsBuiltIn("the books need this category as it is", category=node.path)
        return node

    def _must_be_free(self, path: str, moving: Collection[str] = ()) -> None:
        """Whether an active category may stand at a path that those moving leave."""
        if any(
            one.path == path and not one.archived and one.category_id not in moving
            for one in self.nodes.values()
        ):
            raise CategoryExists("another category is at this path", category=path)

    def _parent(self, path: str) -> Category:
        """What another one can be below. A merged one is archived: its path leads elsewhere."""
        node = self.find(path)
        if node.category_id in _BUILT_IN:
            raise CategoryIsBuiltIn("nothing can be below this category", category=node.path)
        if node.archived:
            raise CategoryIsArchived("the category is archived", category=node.path)
        return node


def check_path(path: str) -> str:
    """The path itself if it can be used. Raises CategoryPathNotUsable."""
    parts = path.split(".")
    if len(parts) > DEPTH_MAX or not all(_PART.match(part) for part in parts):
        raise CategoryPathNotUsable(
            "a category path is names of letters, digits, _ - & + with points between them",
            depth_max=DEPTH_MAX,
        )
    return path


def kind_of(path: str) -> Any:
    """The kind of a category of the default tree: by the top of its branch."""
    top = path.partition(".")[0]
    return {"income": "income", TRANSFER: "transfer"}.get(top, "expense")
