"""Known words alone: sure where words are sure, silent everywhere else."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mintflow.domain.categories import DEFAULT_TREE
from mintflow.ml.builtin import BuiltIn
from mintflow.ml.categorize import Row
from mintflow.ml.knowledge.book import PhraseBook
from mintflow.ml.knowledge.entries import shipped
from mintflow.ml.phrases import ALL_RULES
from mintflow.ml.words import words_of

OUT, IN = Decimal("-12.30"), Decimal("12.30")
BOOK = PhraseBook(shipped())
WORDS = BuiltIn(BOOK, words_only=True)


def suggested(description: str, amount: Decimal = OUT, memo: str = "") -> str | None:
    return WORDS.suggest([Row(description, amount, memo=memo)])[0].category


@pytest.mark.parametrize(
    ("description", "category"),
    [
        ("SQ *BLUE BOTTLE 0123", "food_dining.coffee_shops"),
        ("DUNKIN' #334 BOSTON MA", "food_dining.coffee_shops"),
        ("MCDONALD\u2019S F1234", "food_dining.fast_food"),
        ("H&M 0042 KÖLN", "shopping.clothing"),
        ("ŻABKA Z1234 KRAKÓW", "food_dining.groceries"),
        ("REWE SAGT DANKE. 4432", "food_dining.groceries"),
        ("Miete März", "housing.rent"),
        ("VIR LOYER AVRIL", "housing.rent"),
        ("AT&T*BILL PAYMENT", "bills.phone"),
        ("PG&E WEB ONLINE", "bills.utilities"),
        ("NETFLIX.COM", "entertainment.streaming"),
        ("OVERDRAFT FEE", "financial.bank_fees"),
        ("Kontoführungsgebühr", "financial.bank_fees"),
        ("PLANET FITNESS CLUB FEES", "health.fitness"),
        ("CREDIT CARD PAYMENT", "transfer"),
        ("Пятерочка 5523", "food_dining.groceries"),
    ],
)
def test_knows_what_bank_statements_say_in_many_countries(description: str, category: str) -> None:
    assert suggested(description) == category


@pytest.mark.parametrize(
    "description",
    ["POS 8834 XJ2", "SEPA 9920 REF 1", "J SMITH", "VENMO", "TOTAL", "ORANGE", "GAS", "", "***"],
)
def test_suggests_nothing_for_what_no_words_are_sure_of(description: str) -> None:
    assert suggested(description) is None
    assert suggested(description, IN) is None


def test_a_salary_is_only_ever_money_in() -> None:
    assert suggested("HOOGLE PAYROLL", IN) == "income.salary"
    assert suggested("HOOGLE PAYROLL", OUT) is None


def test_interest_follows_the_direction_of_the_money() -> None:
    assert suggested("INTEREST", IN) == "income.interest"
    assert suggested("INTEREST", OUT) == "financial.interest"


def test_what_a_row_is_outranks_who_it_is_with() -> None:
    assert suggested("STARBUCKS PAYROLL", IN) == "income.salary"


def test_a_refund_of_a_shop_stays_with_what_was_spent_there() -> None:
    assert suggested("TESCO STORES REFUND", IN) == "food_dining.groceries"
    assert suggested("REFUND", IN) is None


def test_the_longest_phrase_wins() -> None:
    assert suggested("UBER *TRIP") == "transportation.ride_share"
    assert suggested("UBER *EATS") == "food_dining.restaurants"
    assert suggested("CARD PAYMENT TO TESCO STORES") == "food_dining.groceries"
    assert suggested("TESCO MOBILE") == "bills.phone"


def test_only_whole_words_count_and_none_across_fields() -> None:
    assert suggested("RENTOX") is None
    assert WORDS.suggest([Row("BLUE", OUT, counterparty="BOTTLE")])[0].category is None


def test_the_memo_speaks_where_the_name_does_not() -> None:
    assert suggested("Jewel of the East", memo="Eating out with friends") == (
        "food_dining.restaurants"
    )


def test_a_phrase_can_keep_another_one_from_being_trusted() -> None:
    assert suggested("AMAZON") == "shopping"
    assert suggested("AMAZON GIFT CARD") is None


def test_every_category_is_one_of_the_default_tree() -> None:
    tree = {
        *DEFAULT_TREE,
        *(f"{top}.{leaf}" for top, leaves in DEFAULT_TREE.items() for leaf in leaves),
    }
    assert {one.category for one in ALL_RULES if one.category} <= tree


def test_no_phrase_stands_for_two_categories_in_one_direction() -> None:
    seen: dict[tuple[str, ...], list[tuple[str, str | None]]] = {}
    for one in ALL_RULES:
        for phrase in one.phrases:
            words = tuple(words_of(phrase))
            assert words, phrase
            for direction, category in seen.setdefault(words, []):
                apart = {direction, one.direction} == {"in", "out"}
                assert apart or category == one.category, phrase
            seen[words].append((one.direction, one.category))


@given(st.text(max_size=80), st.text(max_size=40), st.decimals(-1000, 1000, places=2))
def test_any_text_gets_an_answer_and_always_the_same(
    description: str, memo: str, amount: Decimal
) -> None:
    row = Row(description, amount, memo=memo)
    [found] = WORDS.suggest([row])
    assert [found] == BuiltIn(BOOK, words_only=True).suggest([row])
    assert (found.category is None) == (found.source == "none")
