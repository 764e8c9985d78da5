"""The labelled rows: apart from the training data, and answered well enough to be trusted."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from mintflow.domain.categories import DEFAULT_TREE
from mintflow.ml.builtin import built_in
from mintflow.ml.knowledge.entries import shipped
from mintflow.ml.model.generator import generate
from mintflow.ml.words import words_of

ROOT = Path(__file__).resolve().parents[2]

# Only while it is imported: for as long as the root is on the path, its rooms hide the folders of
# the same names that tests import from.
sys.path.insert(0, str(ROOT))
try:
    from evaluation.__main__ import answered, main
    from evaluation.households import after_corrections
    from evaluation.measure import DIFFICULTIES, by, share
    from evaluation.rows import SETS, labelled
finally:
    sys.path.remove(str(ROOT))

ROWS = [one for folder in SETS.values() for one in labelled(folder)]


def test_several_hundred_rows_of_many_countries_stand_apart_from_training() -> None:
    assert len(ROWS) > 1_800
    assert len({one.country for one in ROWS}) > 15
    made = {one.row.description.casefold() for one in generate("train", times=1)}
    # "Netflix" alone is a row that anyone would write.
    names = {" ".join(entry.words) for entry in shipped()}
    told = [one.row.description for one in ROWS]
    shared = [
        one for one in told if one.casefold() in made and " ".join(words_of(one)) not in names
    ]
    assert len(shared) < 0.01 * len(ROWS), shared


def test_every_label_is_a_category_of_the_default_tree() -> None:
    tree = {*DEFAULT_TREE}
    tree |= {f"{top}.{leaf}" for top, below in DEFAULT_TREE.items() for leaf in below}
    assert {one.category for one in ROWS if one.category} <= tree
    assert {one.difficulty for one in ROWS} == set(DIFFICULTIES)
    assert all((one.category is None) == (one.difficulty == "cryptic") for one in ROWS)


@pytest.mark.parametrize("name", SETS)
def test_four_of_five_easy_and_medium_rows_are_right(name: str) -> None:
    answers = answered(built_in())[name]
    plain = [one for one in answers if one.asked.difficulty in ("easy", "medium")]
    assert share(plain).right >= 0.9 * len(plain)
    for country, one in by(plain, lambda one: one.asked.country).items():
        assert one.right >= 0.8 * one.all or one.all - one.right < 3, country
    cryptic = share([one for one in answers if one.asked.difficulty == "cryptic"])
    assert cryptic.silent >= 0.95 * cryptic.all


def test_thirty_days_of_corrections_make_nineteen_of_twenty_rows_right() -> None:
    later = after_corrections(built_in())
    assert 0.8 <= later.met / later.rows <= 0.9
    assert later.right >= 0.95 * later.rows
    assert later.met_right >= 0.99 * later.met
    assert later.right > later.right_untaught


def test_the_page_says_what_is_measured_now(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"]) == 0, "run: make eval"
    assert "right" in capsys.readouterr().out
