"""Of every command that the bus takes, undo says something: it is undone and redone, or refused
with the reason for which it stays."""

from __future__ import annotations

import inspect
import time
from typing import Any
from unittest.mock import MagicMock

import psycopg
import pytest
from acceptance.product import Product
from api.screens import ALL_SCREENS, named, plain
from api.undoable import EVERY, Home

from api import undoable_books, undoable_plans
from mintflow.commands.bills import DueBill, RemindBills
from mintflow.commands.undo.stays import COMPENSATED, OF_UNDO, STAYS
from mintflow.domain.catalogue import event_types
from mintflow.hosts.capabilities import handlers

pytestmark = pytest.mark.usefixtures("books")
assert undoable_books.__doc__
assert undoable_plans.__doc__

# Commands of which nothing can be undone, and why.
STAYING = {"OpenLedger", "RemindBills", "RequestErasure", "CancelErasure"}
# Commands that say nothing by themselves: what they note follows from the books.
LOOKING = {"CheckBudgets", "TendGoals", "PreviewRule"}
# What undoes; and what ends a ledger, which takes no command after it.
OTHERS = {"UndoOperation", "CompleteErasure"}


def test_undo_says_something_of_every_command() -> None:
    known = {kind.__name__ for kind in handlers(MagicMock(), MagicMock())}
    assert {*EVERY, *STAYING, *LOOKING, *OTHERS} == known, "say what an undo of it does"


def test_undo_says_something_of_every_type_of_event() -> None:
    said = [*STAYS, *COMPENSATED, *OF_UNDO]
    assert sorted(said) == sorted(event_types())
    assert len(said) == len(set(said))


def look(it: Home) -> dict[str, Any]:
    """What a person sees, but for when something was noted and what comes to nothing."""
    found = {address: plain(it.get(address, **query)) for address, query in ALL_SCREENS}
    with psycopg.connect(it.books.database_url, autocommit=True) as conn:
        sql = "select import_profile from model.accounts where account_id = %s"
        found["profile"] = conn.execute(sql, [it.checking]).fetchone()
    for goal in found["/goals"]:
        found[goal["goal_id"]] = plain(it.get(f"/goals/{goal['goal_id']}"))
    return found


def differs(it: Home, wanted: dict[str, Any]) -> dict[str, Any]:
    """What is another answer than wanted, once what follows by itself has followed."""
    end = time.monotonic() + 10
    while True:
        now = look(it)
        found = {
            name: (wanted.get(name), now.get(name))
            for name in wanted
            if wanted[name] != now.get(name)
        }
        if not found or time.monotonic() > end:
            return found
        time.sleep(0.1)


@pytest.mark.parametrize("name", sorted(EVERY))
def test_is_previewed_undone_and_redone(ledger: Any, books: Product, name: str) -> None:
    it = Home(ledger, books)
    steps = EVERY[name](it)
    next(steps)
    before = look(it)
    head = it.get("/operations", limit=1)[0]["operation_id"]
    for _ in steps:
        raise AssertionError("one yield")
    after = look(it)
    made = it.get("/operations", limit=20)
    mine = [one["operation_id"] for one in made]
    mine = [one for one in mine[: mine.index(head)] if one]
    operation = mine[0]
    for earlier in mine[1:]:
        assert it.post("/undo", operation_id=earlier)["dry_run"] is False
    preview = it.post("/undo", operation_id=operation, dry_run=True)
    done = it.post("/undo", operation_id=operation)
    assert done["changed"] == preview["changed"] > 0
    assert (named(done), done["conflicts"]) == (named(preview), [])
    assert differs(it, before) == {}
    again = it.post("/undo", operation_id=done["operation_id"])
    assert (again["redo"], again["conflicts"]) == (True, [])
    if len(mine) == 1:
        assert differs(it, after) == {}


@pytest.mark.parametrize("name", sorted(STAYING - {"OpenLedger"}))
def test_what_stays_is_refused_with_the_reason(ledger: Any, books: Product, name: str) -> None:
    it = Home(ledger, books)
    if name == "RemindBills":
        day = "2025-03-10"
        bill = it.bill()
        it.execute(RemindBills(due=(DueBill(bill_id=bill, due=day),)))  # type: ignore[arg-type]
        assert _refused(it) == {"bill.reminded": "was_told"}
        return
    module = inspect.getmodule(_erasure(name))
    assert module is not None
    it.execute(module.RequestErasure(confirm="erase everything"))
    if name == "CancelErasure":
        it.execute(module.CancelErasure())
    assert set(_refused(it).values()) == {"has_its_own_way"}


def _erasure(name: str) -> Any:
    return next(one for one in handlers(MagicMock(), MagicMock()) if one.__name__ == name)


def test_the_opening_of_a_ledger_is_refused_with_the_reason(ledger: Any, books: Product) -> None:
    it = Home(ledger, books)
    answer = it.client.send("POST", f"{it.path}/undo", json={"ledger_seq": 1})
    why = answer.json()["error"]["details"]["why"]
    assert why == {"ledger.opened": "opens_the_ledger", "category_tree.planted": "opens_the_ledger"}


def _refused(it: Home) -> dict[str, str]:
    newest = it.get("/operations", limit=1)[0]["operation_id"]
    answer = it.client.send("POST", f"{it.path}/undo", json={"operation_id": newest})
    error = answer.json()["error"]
    assert (answer.status_code, error["code"]) == (409, "nothing_to_undo")
    return dict(error["details"]["why"])
