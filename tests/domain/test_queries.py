"""The query language: what it means, and what it refuses with the place where."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mintflow.domain.core.query import Facts, QueryNotReadable, parse, predicate
from mintflow.domain.core.query.parser import CONDITIONS_MAX, DEPTH_MAX

COFFEE = {
    "description": "SQ *BLUE BOTTLE 1234",
    "merchant": "Blue Bottle",
    "amount": Decimal("-4.50"),
    "date": dt.date(2025, 3, 15),
    "account": ("Everyday Card", "0198c2f4-0000-7000-8000-000000000001"),
    "notes": "with Anna",
    "memo": "Visa",
    "tags": ("Berlin", "work"),
    "categories": ("food_dining.coffee_shops",),
}


def holds(query: str, **facts: Any) -> bool:
    return predicate(parse(query))(Facts(**{**COFFEE, **facts}))


@pytest.mark.parametrize(
    "query",
    [
        "",
        "blue bottle",
        "BLUE anna",
        "sq *blue",
        "description:bottle",
        'description="sq *blue bottle 1234"',
        "description^=SQ",
        r'description~"^sq \*.*[0-9]{4}$"',
        'merchant="blue bottle"',
        "merchant:(nero, bottle)",
        "amount<0 amount>-5",
        "amount=-4.5",
        "amount:-5..-4",
        "amount:..-4",
        "size>=4.50 size<=4.50",
        "amount!=4.50",
        "date:2025 date:2025-03 date=2025-03-15",
        "date>=2025-03-15 date<2025-04",
        "date>2025-02 date<=2025-03",
        "date:2025-03-01..2025-03-31",
        "weekday=sat",
        "weekday:(Saturday, sunday)",
        "tag=berlin",
        "tag:(home, WORK)",
        "tag^=ber",
        "category:food_dining",
        "category=food_dining.coffee_shops",
        "category:(travel, food_dining)",
        "account:everyday",
        "account=0198C2F4-0000-7000-8000-000000000001",
        "notes:anna",
        "memo=visa",
        "status=posted",
        "NOT tea",
        "tea OR coffee OR bottle",
        "(merchant:tea or merchant:blue) and not amount>0",
        'text:"blue bottle"',
        "Merchant:BLUE",
        "not not merchant:blue",
    ],
)
def test_a_query_holds(query: str) -> None:
    assert holds(query)


@pytest.mark.parametrize(
    "query",
    [
        "tea",
        "blue tea",
        "description=bottle",
        "description^=blue",
        'description~"^blue"',
        "amount>0",
        "amount<-4.50",
        "size<4.50",
        "date<2025-03-15",
        "date>2025-03",
        "date:2024",
        "weekday=sun",
        "tag:ber",
        "category:food",
        "category=food_dining",
        "NOT blue",
        "blue AND NOT bottle",
        "blue tea OR tea",
        "account=everyday",
        "status=pending",
        "merchant!=(nero, 'x') merchant:nero",
    ],
)
def test_a_query_does_not_hold(query: str) -> None:
    assert not holds(query)


def test_and_binds_closer_than_or() -> None:
    assert holds("merchant:tea merchant:milk or merchant:blue")
    assert not holds("merchant:tea (merchant:milk or merchant:blue)")


@pytest.mark.parametrize(
    "words", ["rock and roll", "live or die", "(half", "a:b c=d", "1,5 kg", 'a 5" pipe', "not"]
)
def test_who_types_nothing_but_words_means_words(words: str) -> None:
    assert holds(words, description=f"… {words} …")
    assert not holds(words, description="something else")


def test_a_rule_of_a_renamed_merchant_falls_back_to_the_counterparty() -> None:
    assert holds("merchant=nero", merchant="", counterparty="NERO")
    assert not holds("merchant=nero", merchant="Blue", counterparty="NERO")


@pytest.mark.parametrize(
    ("query", "position"),
    [
        ("amount:abc", 7),
        ("amount<1e5", 7),
        ("date:2025-02-30", 5),
        ("date:yesterday", 5),
        ("weekday=someday", 8),
        ("status=lost", 7),
        ("merchant:", 9),
        ("merchant:a (tag=b", 11),
        ("merchant:a) b", 10),
        ("merchant:a OR", 13),
        ("OR merchant:a", 0),
        ("merchant:(a, )", 13),
        ("merchant:(a b)", 9),
        ('merchant:"a', 9),
        ("description~(", 13),
        ('description~"(a"', 12),
        ('description~"a{2000}"', 12),
        ("amount~5", 0),
        ("weekday<3", 0),
        ("merchant<a", 0),
        ("amount<(1..2)", 0),
        ("merchant:a NOT", 14),
    ],
)
def test_refuses_what_it_can_not_read_and_says_where(query: str, position: int) -> None:
    with pytest.raises(QueryNotReadable) as refused:
        parse(query)
    assert refused.value.details["position"] == position


def test_refuses_what_is_too_long_too_deep_or_too_much() -> None:
    deep = "(" * (DEPTH_MAX + 2) + "merchant:a" + ")" * (DEPTH_MAX + 2)
    many = "merchant:(" + ", ".join("a" for _ in range(CONDITIONS_MAX + 1)) + ")"
    for query in ("x" * 2_001, deep, "NOT " * 400 + "x", many, 'description~"' + "a" * 301 + '"'):
        with pytest.raises(QueryNotReadable):
            parse(query)


def test_a_hostile_pattern_takes_linear_time() -> None:
    assert not holds('description~"(a+)+$"', description="a" * 2_000 + "b")


def test_no_refusal_quotes_the_query() -> None:
    with pytest.raises(QueryNotReadable) as refused:
        parse("amount:secret-name")
    assert "secret" not in str(refused.value)
    assert "secret" not in str(refused.value.details)


@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        predicate(parse(text))(Facts(**COFFEE))  # type: ignore[arg-type]
    except QueryNotReadable as refused:
        position = refused.details["position"]
        if not 0 <= position <= len(text):
            raise AssertionError(f"{position} is no place in the query") from refused


@given(st.text(alphabet='aA:=<>~^!()",. notrd\\"-1mu', max_size=40))
def test_any_text_of_the_signs_of_the_language_is_read_or_refused(text: str) -> None:
    test_any_text_is_read_or_refused.hypothesis.inner_test(text)  # type: ignore[attr-defined]
