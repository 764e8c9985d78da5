"""The category tree: ids that never change, paths that do, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from uuid import UUID

import pytest
from domain.scenario import NOW, events_of, facts_of, given, refuses
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from mintflow.domain.categories import (
    CATEGORIES_MAX,
    DEFAULT_TREE,
    DEPTH_MAX,
    Category,
    CategoryExists,
    CategoryIsArchived,
    CategoryIsBuiltIn,
    CategoryMoveRefused,
    CategoryNotFound,
    CategoryPathNotUsable,
    CategoryTree,
    CategoryTreePlanted,
    PathChange,
    TooManyCategories,
)
from mintflow.domain.core.errors import MintFlowError
from mintflow.domain.core.ids import category_tree_id

LEDGER = UUID(int=1)
BUILT_IN = ["transfer", "uncategorized", "equity", "equity.opening_balance"]


def tree(*paths: str) -> CategoryTree:
    """The default tree, with more categories."""
    planted = CategoryTree.plant(LEDGER, NOW)
    for path in paths:
        planted.add(path, NOW)
    return given(planted)


def paths_of(one: CategoryTree) -> set[str]:
    return {node.path for node in one.nodes.values() if not node.archived}


def test_the_default_tree_has_every_category_at_its_own_id() -> None:
    planted = tree()
    assert planted.id == category_tree_id(LEDGER)
    for top, children in DEFAULT_TREE.items():
        for path in (top, *(f"{top}.{child}" for child in children)):
            assert planted.resolve(path).category_id == path
    assert planted.resolve("income.salary").kind == "income"
    assert planted.resolve("food_dining.groceries").kind == "expense"
    assert planted.resolve("transfer").kind == "transfer"


def test_a_new_category_has_the_kind_of_its_branch() -> None:
    one = tree()
    node = one.add("income.rent", NOW, "expense")
    assert (node.category_id, node.kind) == ("income.rent", "income")
    assert facts_of(events_of(one)[0]) == {
        "category": Category("income.rent", "income.rent", "income")
    }


def test_a_new_top_category_is_an_expense_unless_said() -> None:
    assert tree().add("hobbies", NOW).kind == "expense"
    assert tree().add("side_job", NOW, "income").kind == "income"


@pytest.mark.parametrize("path", ["caf\u00e9", "R&D", "a-b", "c++", "x.y_z", "\u98df"])
def test_takes_names_of_letters_digits_and_a_few_signs(path: str) -> None:
    tree("x").add(path, NOW)


@pytest.mark.parametrize(
    "path",
    ["", ".", "a.", ".a", "a..b", "a b", "a/b", "_a", "-a", "a\n", "a\x00", "a:b", "x" * 65, "~2",
     ".".join("abcdefghi")],
)  # fmt: skip
def test_refuses_a_path_that_is_no_path(path: str) -> None:
    one = tree()
    refusal = refuses(CategoryPathNotUsable, one, lambda: one.add(path, NOW))
    assert refusal.details == {"depth_max": DEPTH_MAX}


def test_refuses_to_add_what_is_there_or_has_no_parent() -> None:
    one = tree()
    refuses(CategoryExists, one, lambda: one.add("bills.phone", NOW))
    refuses(CategoryNotFound, one, lambda: one.add("hobbies.chess", NOW))
    for path in BUILT_IN:
        refuses(CategoryIsBuiltIn, one, lambda path=path: one.add(f"{path}.more", NOW))


def test_refuses_to_add_below_an_archived_or_merged_category() -> None:
    one = tree("hobbies", "games")
    one.merge("games", "hobbies", NOW)
    one.archive("travel", NOW)
    refuses(CategoryIsArchived, one, lambda: one.add("travel.trains", NOW))
    refuses(CategoryIsArchived, one, lambda: one.add("games.chess", NOW))


def test_the_tree_has_an_end() -> None:
    one = tree()
    for number in range(CATEGORIES_MAX - len(one.nodes)):
        one.nodes[f"n{number}"] = Category(f"n{number}", f"n{number}", "expense")
    refuses(TooManyCategories, one, lambda: one.add("last", NOW))


def test_moving_takes_everything_below_along_and_no_id_changes() -> None:
    one = tree("food_dining.coffee_shops.espresso")
    one.move("food_dining.coffee_shops", "entertainment.coffee", NOW)
    assert facts_of(events_of(one)[0]) == {
        "category_id": "food_dining.coffee_shops",
        "before": "food_dining.coffee_shops",
        "after": "entertainment.coffee",
        "paths": (
            PathChange("food_dining.coffee_shops", "entertainment.coffee"),
            PathChange("food_dining.coffee_shops.espresso", "entertainment.coffee.espresso"),
        ),
    }
    assert one.resolve("entertainment.coffee.espresso").category_id == (
        "food_dining.coffee_shops.espresso"
    )
    with pytest.raises(CategoryNotFound):
        one.resolve("food_dining.coffee_shops")


def test_a_path_that_was_moved_away_can_be_used_anew_under_another_id() -> None:
    one = tree()
    one.move("bills", "costs", NOW)
    assert one.add("bills", NOW).category_id == "bills~2"
    assert one.resolve("costs").category_id == "bills"
    assert one.resolve("bills").category_id == "bills~2"


def test_renaming_changes_the_last_part() -> None:
    one = tree()
    assert one.rename("bills.phone", "mobile", NOW).path == "bills.mobile"
    assert one.rename("bills", "costs", NOW).path == "costs"
    assert one.resolve("costs.mobile").category_id == "bills.phone"


def test_a_move_to_where_it_is_changes_nothing() -> None:
    one = tree()
    one.move("bills", "bills", NOW)
    assert events_of(one) == []


def test_a_prefix_of_a_name_is_not_a_branch() -> None:
    one = tree("bill", "billing")
    one.move("bill", "invoice", NOW)
    assert {"billing", "bills.phone", "invoice"} <= paths_of(one)


def test_refuses_a_move_that_the_tree_can_not_be_after() -> None:
    one = tree("bills.phone.mobile")
    refuses(CategoryMoveRefused, one, lambda: one.move("bills", "bills.all", NOW))
    refuses(CategoryMoveRefused, one, lambda: one.move("bills", "income.bills", NOW))
    refuses(CategoryMoveRefused, one, lambda: one.move("income.salary", "bills.salary", NOW))
    refuses(CategoryExists, one, lambda: one.move("bills", "housing", NOW))
    refuses(CategoryNotFound, one, lambda: one.move("bills", "nowhere.bills", NOW))
    refuses(CategoryNotFound, one, lambda: one.move("nowhere", "bills.x", NOW))
    refuses(CategoryPathNotUsable, one, lambda: one.move("bills", "b b", NOW))
    for path in BUILT_IN:
        refuses(CategoryIsBuiltIn, one, lambda path=path: one.move(path, "mine", NOW))
        refuses(CategoryIsBuiltIn, one, lambda path=path: one.move("bills", f"{path}.x", NOW))


def test_refuses_a_move_that_makes_a_branch_too_deep() -> None:
    one = tree("a", "a.b", "a.b.c", "d", "d.e", "d.e.f", "d.e.f.g", "d.e.f.g.h")
    one.move("a", "d.e.f.g.h.a", NOW)
    two = tree("a", "a.b", "a.b.c", "a.b.c.d", "e", "e.f", "e.f.g", "e.f.g.h", "e.f.g.h.i")
    refuses(CategoryPathNotUsable, two, lambda: two.move("a", "e.f.g.h.i.a", NOW))


def test_merging_retires_one_in_favour_of_the_other() -> None:
    one = tree()
    node, target = one.merge("bills.phone", "bills.internet", NOW)
    assert (node.category_id, target.category_id) == ("bills.phone", "bills.internet")
    assert facts_of(events_of(one)[0]) == {"category_id": "bills.phone", "into": "bills.internet"}
    assert one.resolve("bills.phone").category_id == "bills.internet"
    one.merge("bills.internet", "bills.utilities", NOW)
    assert one.resolve("bills.phone").category_id == "bills.utilities"


def test_refuses_a_merge_into_itself_another_kind_or_with_a_branch_below() -> None:
    one = tree()
    for into in ("bills.phone", "income.salary", "transfer", "uncategorized"):
        refuses(CategoryMoveRefused, one, lambda into=into: one.merge("bills.phone", into, NOW))
    refuses(CategoryMoveRefused, one, lambda: one.merge("bills", "housing", NOW))
    refuses(CategoryIsBuiltIn, one, lambda: one.merge("uncategorized", "bills", NOW))
    refuses(CategoryNotFound, one, lambda: one.merge("bills.phone", "nowhere", NOW))
    one.merge("bills.phone", "bills.internet", NOW)
    refuses(CategoryIsArchived, one, lambda: one.merge("bills.phone", "bills.insurance", NOW))
    refuses(CategoryMoveRefused, one, lambda: one.merge("bills.internet", "bills.phone", NOW))


def test_archiving_takes_everything_below_along() -> None:
    one = tree()
    one.archive("bills", NOW)
    archived = [facts_of(event)["category_id"] for event in events_of(one)]
    assert archived == sorted(["bills", *(f"bills.{name}" for name in DEFAULT_TREE["bills"])])
    refuses(CategoryIsArchived, one, lambda: one.resolve("bills.phone"))
    assert one.find("bills.phone").archived
    one.archive("bills", NOW)
    assert events_of(one) == []
    for path in BUILT_IN:
        refuses(CategoryIsBuiltIn, one, lambda path=path: one.archive(path, NOW))


def test_restoring_begins_at_the_top() -> None:
    one = tree()
    one.archive("bills", NOW)
    refuses(CategoryIsArchived, one, lambda: one.restore("bills.phone", NOW))
    one.restore("bills", NOW)
    one.restore("bills.phone", NOW)
    assert one.resolve("bills.phone").category_id == "bills.phone"
    refuses(CategoryIsArchived, one, lambda: one.resolve("bills.internet"))
    one.restore("bills", NOW)
    refuses(CategoryIsBuiltIn, one, lambda: one.restore("transfer", NOW))


def test_a_merged_category_that_is_restored_stands_for_itself_again() -> None:
    one = tree()
    one.merge("bills.phone", "bills.internet", NOW)
    one.restore("bills.phone", NOW)
    assert one.resolve("bills.phone").category_id == "bills.phone"


def test_an_archived_path_can_be_given_away_and_then_not_restored() -> None:
    one = tree()
    one.archive("bills.phone", NOW)
    assert one.add("bills.phone", NOW).category_id == "bills.phone~2"
    assert one.resolve("bills.phone").category_id == "bills.phone~2"
    one.archive("bills.phone", NOW)
    one.restore("bills.phone", NOW)  # the older of the two
    refuses(CategoryExists, one, lambda: one.add("bills.phone", NOW))


def test_finds_nothing_that_is_not_there() -> None:
    one = tree()
    refusal = refuses(CategoryNotFound, one, lambda: one.resolve("x" * 500))
    assert len(refusal.details["category"]) == 200


# Few categories, so that what is drawn at random meets.
SMALL = ["a", "a.a", "a.b", "b", "b.a", "b.a.a", "c"]
PICKS = st.integers(0, 1_000)
NAMES = st.sampled_from("abc")


class AnyTree(RuleBasedStateMachine):
    """Whatever is done, no two active categories share a path and none hangs in the air."""

    def __init__(self) -> None:
        super().__init__()
        self.tree = CategoryTree._create(
            CategoryTreePlanted,
            id=category_tree_id(LEDGER),
            timestamp=NOW,
            categories=tuple(Category(path, path, "expense") for path in SMALL),
        )
        self.ids = set(self.tree.nodes)

    @rule(pick=PICKS, name=NAMES)
    def add_below(self, pick: int, name: str) -> None:
        self._try(lambda: self.tree.add(f"{self._path(pick)}.{name}", NOW))

    @rule(name=NAMES)
    def add_top(self, name: str) -> None:
        self._try(lambda: self.tree.add(name, NOW))

    @rule(pick=PICKS, to=PICKS, name=NAMES)
    def move_below(self, pick: int, to: int, name: str) -> None:
        self._try(lambda: self.tree.move(self._path(pick), f"{self._path(to)}.{name}", NOW))

    @rule(pick=PICKS, name=NAMES)
    def move_to_the_top(self, pick: int, name: str) -> None:
        self._try(lambda: self.tree.move(self._path(pick), name, NOW))

    @rule(pick=PICKS, into=PICKS)
    def merge(self, pick: int, into: int) -> None:
        self._try(lambda: self.tree.merge(self._path(pick), self._path(into), NOW))

    @rule(pick=PICKS)
    def archive(self, pick: int) -> None:
        self._try(lambda: self.tree.archive(self._path(pick), NOW))

    @rule(pick=PICKS)
    def restore(self, pick: int) -> None:
        self._try(lambda: self.tree.restore(self._path(pick), NOW))

    def _path(self, pick: int) -> str:
        paths = sorted({node.path for node in self.tree.nodes.values()})
        return paths[pick % len(paths)]

    @staticmethod
    def _try(act: Callable[[], object]) -> None:
        with suppress(MintFlowError):
            act()

    @invariant()
    def active_paths_are_unique_and_have_active_parents(self) -> None:
        active = [node.path for node in self.tree.nodes.values() if not node.archived]
        assert len(active) == len(set(active))
        for path in active:
            parent = path.rpartition(".")[0]
            assert not parent or parent in active, path
        kinds = {node.path: node.kind for node in self.tree.nodes.values() if not node.archived}
        assert all(kinds[path] == kinds[path.partition(".")[0]] for path in active)

    @invariant()
    def no_id_is_lost(self) -> None:
        assert self.ids <= self.tree.nodes.keys()
        self.ids = set(self.tree.nodes)

    @invariant()
    def replay_equals_live(self) -> None:
        given(self.tree)


AnyTree.TestCase.settings = settings(max_examples=100, stateful_step_count=30, deadline=None)
TestAnyTree = AnyTree.TestCase
