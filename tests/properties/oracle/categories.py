"""What the oracle does with the category tree."""

from __future__ import annotations

import re

from properties.oracle.books import Books, Category, Refused

BUILT_IN = {"transfer", "uncategorized", "equity", "equity.opening_balance"}
_PART = re.compile(r"[a-z0-9_]+")


def find(books: Books, path: str) -> Category:
    """The one that takes rows, if one at this path does; else the oldest archived one."""
    found = [one for one in books.categories.values() if one.path == path]
    for one in found:
        if not one.archived:
            return one
    if not found:
        raise Refused("category_not_found")
    return found[0]


def resolve(books: Books, path: str) -> Category:
    """Where rows at this path go: a merged category's go on."""
    category = books.categories[where_it_went(books, find(books, path).id)]
    if category.archived:
        raise Refused("category_is_archived")
    return category


def where_it_went(books: Books, category_id: str) -> str:
    seen = {category_id}
    while (into := books.categories[category_id].merged_into) is not None:
        category_id = into
        if into in seen:
            break
        seen.add(into)
    return category_id


def add(books: Books, path: str) -> None:
    _check_path(path)
    _must_be_free(books, path)
    above = path.rpartition(".")[0]
    kind = _parent(books, above).kind if above else "expense"
    category_id, count = path, 1
    while category_id in books.categories:
        count += 1
        category_id = f"{path}~{count}"
    books.categories[category_id] = Category(category_id, path, kind)


def move(books: Books, path: str, to: str) -> None:
    category = _own(books, path)
    _check_path(to)
    if to == category.path:
        return
    if to.startswith(category.path + "."):
        raise Refused("category_move_refused")
    above = to.rpartition(".")[0]
    if above and _parent(books, above).kind != category.kind:
        raise Refused("category_move_refused")
    moving = subtree(books, path)
    _must_be_free(books, to)
    new_paths = {one.id: to + one.path[len(path) :] for one in moving}
    for one in moving:
        if not one.archived:
            _must_be_free(books, new_paths[one.id], moving)
    for one in moving:
        one.path = new_paths[one.id]


def merge(books: Books, path: str, into: str) -> None:
    category, target = _own(books, path), resolve(books, into)
    if category.archived:
        raise Refused("category_is_archived")
    active = [one for one in subtree(books, category.path) if not one.archived]
    if target is category or len(active) > 1 or target.kind != category.kind:
        raise Refused("category_move_refused")
    category.archived, category.merged_into = True, target.id
    for row in books.standing():
        if any(category_id == category.id for category_id, _ in row.parts):
            row.parts = [
                (target.id if category_id == category.id else category_id, amount)
                for category_id, amount in row.parts
            ]
            row.source = "user"
            row.mine.add("category")


def archive(books: Books, path: str) -> None:
    for one in subtree(books, _own(books, path).path):
        one.archived = True


def restore(books: Books, path: str) -> None:
    category = _own(books, path)
    if category.archived:
        above = path.rpartition(".")[0]
        if above:
            _parent(books, above)
        category.archived, category.merged_into = False, None


def subtree(books: Books, path: str) -> list[Category]:
    return [
        one
        for one in books.categories.values()
        if one.path == path or one.path.startswith(path + ".")
    ]


def _own(books: Books, path: str) -> Category:
    category = find(books, path)
    if category.id in BUILT_IN:
        raise Refused("category_is_built_in")
    return category


def _parent(books: Books, path: str) -> Category:
    category = find(books, path)
    if category.id in BUILT_IN:
        raise Refused("category_is_built_in")
    if category.archived:
        raise Refused("category_is_archived")
    return category


def _must_be_free(books: Books, path: str, moving: list[Category] | None = None) -> None:
    for one in books.categories.values():
        if one.path == path and not one.archived and one not in (moving or []):
            raise Refused("category_exists")


def _check_path(path: str) -> None:
    parts = path.split(".")
    if len(parts) > 8 or not all(_PART.fullmatch(part) for part in parts):
        raise Refused("category_path_not_usable")
