"""Random commands of all kinds, undone and redone in random orders: the books come back, the
outcome knows no order, every preview says what then happens, and later words win and are listed."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

import pytest
from acceptance.product import Product, product
from api.conftest import open_ledger
from api.screens import SCREENS, named, plain
from api.undo_acts import Household
from api.undoable import Home
from services import PostgresService

from mintflow.hosts.settings import Settings

SEEDS = int(os.environ.get("MINTFLOW_UNDO_SEEDS") or 4)
FIRST = int(os.environ.get("MINTFLOW_UNDO_FIRST") or 0)
ACTS = int(os.environ.get("MINTFLOW_UNDO_ACTS") or 30)

# Of a change in one of these the transactions that show it are more than the one that is named.
WIDE = {"transfer", "category", "match"}


@pytest.fixture(scope="module")
def quiet(postgres: PostgresService) -> Iterator[Product]:
    """Nothing is learned: what is learned comes a moment later, by itself."""
    plain = Settings.from_environment({"MINTFLOW_LEARN_FROM_CORRECTIONS": "false"})
    with postgres.migrated() as url, product(url, settings=plain) as started:
        yield started


def look(it: Home) -> dict[str, Any]:
    found = {address: plain(it.get(address, **query)) for address, query in SCREENS}
    sums = it.get("/trial-balance")
    assert all(one["difference"] in ("0", "0.00") for one in sums), sums
    return found


def differing(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    """Screen -> (what only the first shows, what only the other one shows)."""
    found = {}
    for name in one:
        if one[name] != other[name]:
            sides = [
                side if isinstance(side, list) else [side] for side in (one[name], other[name])
            ]
            gone = [row for row in sides[0] if row not in sides[1]]
            found[name] = (gone, [row for row in sides[1] if row not in sides[0]])
    return found


class Undoing:
    """What was undone of the books, and by which operation."""

    def __init__(self, it: Home) -> None:
        self.it = it
        self.by: dict[str, str] = {}

    def toggle(self, operation: str) -> dict[str, Any] | None:
        """Undo it, or redo it if it is undone; None where it has nothing that can be undone."""
        asked = self.by.pop(operation, None) or operation
        address, which = f"{self.it.path}/undo", {"operation_id": asked}
        before = self._shown()
        answer = self.it.client.send("POST", address, json={**which, "dry_run": True})
        if not answer.is_success:
            assert answer.json()["error"]["code"] == "nothing_to_undo", answer.json()
            return None
        assert self._shown() == before
        preview = answer.json()["data"]
        done = self.it.post("/undo", **which)
        for name in ("changed", "conflicting", "conflicts", "stays", "redo"):
            assert done[name] == preview[name], name
        assert named(done) == named(preview)
        self._says_what_changed(before, done)
        if not done["redo"]:
            self.by[operation] = done["operation_id"]
        return dict(done)

    def all(self, operations: Sequence[str]) -> None:
        for one in operations:
            self.toggle(one)

    def _shown(self) -> dict[str, Any]:
        return {one["transaction_id"]: one for one in self.it.get("/transactions", limit=200)}

    def _says_what_changed(self, before: dict[str, Any], done: dict[str, Any]) -> None:
        """Of each transaction that is shown otherwise now something is said."""
        if not WIDE & {one["kind"] for one in done["changes"]}:
            now = self._shown()
            said = {one["id"] for one in done["changes"] if one["kind"] == "transaction"}
            changed = {name for name in {*before, *now} if before.get(name) != now.get(name)}
            assert changed <= said, (changed - said, done["changes"])


@pytest.mark.parametrize("seed", range(FIRST, FIRST + SEEDS))
def test_random_books_come_back_and_the_order_does_not_matter(quiet: Product, seed: int) -> None:
    random = Random(seed)
    it = Home(open_ledger(quiet.client()), quiet)
    home, undoing = Household(it, random), Undoing(it)
    operations: list[str] = []
    while len(operations) < ACTS:
        if (made := home.act()) is not None:
            operations.append(made)
    books = look(it)
    chosen = random.sample(operations, k=random.randrange(1, len(operations)))
    undoing.all(chosen)
    undone = look(it)
    undoing.all(random.sample(chosen, k=len(chosen)))
    assert differing(books, look(it)) == {}
    undoing.all(random.sample(chosen, k=len(chosen)))
    assert differing(undone, look(it)) == {}
    undoing.all(random.sample(chosen, k=len(chosen)))
    assert differing(books, look(it)) == {}


@pytest.mark.parametrize("seed", range(FIRST, FIRST + SEEDS))
def test_the_later_word_that_counts_wins_and_is_listed(quiet: Product, seed: int) -> None:
    random = Random(seed)
    it = Home(open_ledger(quiet.client()), quiet)
    made, home, undoing = it.record(notes="0"), Household(it, random), Undoing(it)
    first = {name: it.get(f"/transactions/{made}")[name] for name in ("notes", "merchant", "date")}
    said: dict[str, list[tuple[str, str]]] = {name: [] for name in first}
    for number in range(1, 10):
        name = random.choice(sorted(said))
        word = f"2025-02-{number:02}" if name == "date" else f"W{number}"
        it.patch(f"/transactions/{made}", **{name: word})
        said[name].append((str(home.last()), word))
    for _ in range(24):
        name = random.choice([name for name in said if said[name]])
        place = random.randrange(len(said[name]))
        operation, _ = said[name][place]
        later = [one for one, _ in said[name][place + 1 :] if one not in undoing.by]
        done = undoing.toggle(operation)
        assert done is not None
        assert [one["fields"] for one in done["conflicts"]] == ([[name]] if later else [])
        assert (done["changed"] == 0) == bool(later)
        counting = [word for by, word in said[name] if by not in undoing.by]
        shown = it.get(f"/transactions/{made}")[name]
        assert shown == (counting[-1] if counting else first[name])
