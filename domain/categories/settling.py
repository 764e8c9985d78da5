"""The category tree without the operations that were undone: where each stands, and whether.

What a category is below and its own last name are one word, whether it takes transactions another;
the last of each that counts holds. A tree asks for more: what is below an archived category is
archived too, two can not be at one path, and none is below itself. There the later word wins: who
archives a branch archives all that stood in it; whoever puts something into it, or has something in
it back, after that keeps what is above.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from mintflow.domain.categories.tree import (
    Category,
    CategoryArchived,
    CategoryMerged,
    CategoryMoved,
    CategoryPathNotUsable,
    CategoryRestored,
    CategoryTree,
    PathChange,
    check_path,
)

ACTIVE, ARCHIVED = "active", "archived"


@dataclass(frozen=True, slots=True)
class Place:
    """parent: id of what it is below, "" at the top. said_at: the word's place in the ledger."""

    said_at: int
    parent: str
    name: str


@dataclass(slots=True)
class CategoryWords:
    """What counts of one category. standing: ACTIVE, ARCHIVED, or the id of what it was merged
    into; said_at -1: nobody says anything of it that counts, not even that it was added."""

    places: list[Place] = field(default_factory=list)
    standing: str = ARCHIVED
    said_at: int = -1


@dataclass(frozen=True, slots=True)
class SettledTree:
    """active: the path of each category that takes transactions; archived: of those that do not.
    taken: those that would, but for a later one at their path; below: but for what is above."""

    active: Mapping[str, str]
    archived: Mapping[str, str]
    taken: frozenset[str]
    below: frozenset[str]


def settle_tree(words: Mapping[str, CategoryWords]) -> SettledTree:
    """The tree that these words say."""
    places = _places(words)
    above = {one: list(_above(one, places)) for one in words}
    last = {
        one: max(said.said_at, places[one].said_at if one in places else -1)
        for one, said in words.items()
    }
    wanted = {one for one, said in words.items() if said.standing == ACTIVE}
    covered = {
        one
        for one in wanted
        if any(up not in wanted and words[up].said_at > last[one] for up in above[one])
    }
    active = {up for one in wanted - covered for up in (one, *above[one])}
    paths = {
        one: ".".join(places[up].name for up in (*reversed(above[one]), one) if up in places)
        for one in words
    }
    taken: set[str] = set()
    at: dict[str, str] = {}
    for one in sorted(active, key=lambda each: -last[each]):
        if at.setdefault(paths[one], one) != one:
            taken.add(one)
    out = {one for one in active if taken & {one, *above[one]}}
    return SettledTree(
        {one: paths[one] for one in active - out},
        {one: path for one, path in paths.items() if one not in active or one in out},
        frozenset(taken),
        frozenset((covered - active) | (out - taken)),
    )


def _places(words: Mapping[str, CategoryWords]) -> dict[str, Place]:
    """The newest place of each by which nothing comes to be below itself; later words first."""
    said = [(place, one) for one, held in words.items() for place in held.places]
    found: dict[str, Place] = {}
    for place, one in sorted(said, key=lambda each: -each[0].said_at):
        if one in found:
            continue
        if place.parent != one and one not in _above(place.parent, found):
            found[one] = place
    return found


def _above(category_id: str, places: Mapping[str, Place]) -> Iterator[str]:
    """The ids of what a category is below, from it up."""
    held = places.get(category_id)
    while held is not None and held.parent:
        yield held.parent
        held = places.get(held.parent)


def bring(
    tree: CategoryTree,
    settled: SettledTree,
    words: Mapping[str, CategoryWords],
    moved: Collection[str],
    now: datetime,
) -> set[str]:
    """Bring the tree to what was settled; the ids of those that were told something by that.

    moved: of what does not stand, these are put where they would. What has to wait for another path
    to come free is tried again; what never can stays.
    """
    told: set[str] = set()
    down = sorted(settled.active, key=lambda one: settled.active[one].count("."))
    while True:
        said = len(tree.pending_events)
        for one in down:
            if _come(tree, one, settled.active[one], now):
                told.add(one)
        for one in sorted(settled.archived, key=lambda each: -tree.nodes[each].path.count(".")):
            if _go(tree, one, words[one].standing, now):
                told.add(one)
        if len(tree.pending_events) == said:
            break
    for one in moved:
        path, node = settled.archived.get(one, ""), tree.nodes[one]
        if node.archived and path not in ("", node.path) and _usable(path):
            _put(tree, node, {one: path}, now)
            told.add(one)
    return told


def _come(tree: CategoryTree, category_id: str, path: str, now: datetime) -> bool:
    """Have a category stand at a path, if that is free and what it is below stands."""
    node = tree.nodes[category_id]
    if not node.archived and node.path == path:
        return False
    parent, _, _ = path.rpartition(".")
    if parent and not any(one.path == parent for one in _standing(tree.nodes.values())):
        return False
    # Of what does not stand only the category itself is moved: what is below it has its own word.
    moving = [node] if node.archived else tree.subtree(node.path)
    paths = {one.category_id: path + one.path[len(node.path) :] for one in moving}
    if not all(map(_usable, paths.values())):
        return False
    coming = {paths[one.category_id] for one in moving if not one.archived} | {path}
    if any(one.path in coming and one.category_id not in paths
           for one in _standing(tree.nodes.values())):  # fmt: skip
        return False
    if node.path != path:
        _put(tree, node, paths, now)
    if node.archived:
        tree.trigger_event(CategoryRestored, timestamp=now, category_id=category_id)
    return True


def _put(tree: CategoryTree, node: Category, paths: Mapping[str, str], now: datetime) -> None:
    changes = tuple(PathChange(one, path) for one, path in paths.items())
    after = paths[node.category_id]
    tree.trigger_event(
        CategoryMoved,
        timestamp=now,
        category_id=node.category_id,
        before=node.path,
        after=after,
        paths=changes,
    )


def _go(tree: CategoryTree, category_id: str, standing: str, now: datetime) -> bool:
    """Have a category take no more transactions, once nothing stands below it."""
    node = tree.nodes[category_id]
    into = standing if standing in tree.nodes and standing != category_id else None
    if node.archived:
        if into is not None and node.merged_into != into:
            tree.trigger_event(CategoryMerged, timestamp=now, category_id=category_id, into=into)
            return True
        return False
    if any(one.category_id != category_id for one in _standing(tree.subtree(node.path))):
        return False
    if into is None:
        tree.trigger_event(CategoryArchived, timestamp=now, category_id=category_id)
    else:
        tree.trigger_event(CategoryMerged, timestamp=now, category_id=category_id, into=into)
    return True


def _standing(nodes: Iterable[Category]) -> list[Category]:
    return [one for one in nodes if not one.archived]


def _usable(path: str) -> bool:
    """Whether a branch that is put somewhere is not too deep there."""
    try:
        check_path(path)
    except CategoryPathNotUsable:
        return False
    return True
