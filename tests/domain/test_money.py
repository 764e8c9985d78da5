"""Money is exact: to the last digit, at any number of summands, or it is refused."""

from __future__ import annotations

from decimal import Decimal, Inexact, localcontext
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mintflow.domain.core.money import (
    AmountNotReadable,
    TooManyDigits,
    UnknownCurrency,
    check_currency,
    digits_of,
    exact_amount,
    exact_sum,
    money_text,
    negated,
)


@pytest.mark.parametrize(
    ("currency", "digits"),
    [
        ("USD", 2),
        ("EUR", 2),
        ("JPY", 0),
        ("ISK", 0),
        ("KWD", 3),
        ("CLF", 4),
        ("BTC", 8),
        ("USDC", 6),
        ("ETH", 18),
    ],
)
def test_an_amount_has_the_digits_of_its_currency(currency: str, digits: int) -> None:
    assert digits_of(currency) == digits
    smallest = Decimal(1).scaleb(-digits)
    assert money_text(exact_amount("5", currency)) == ("5." + "0" * digits if digits else "5")
    assert exact_amount(smallest, currency) == smallest
    with pytest.raises(TooManyDigits) as caught:
        exact_amount(smallest / 10, currency)
    assert caught.value.details == {"currency": currency, "digits": digits}


@pytest.mark.parametrize("text", ["12.30", "+12.3", "12.3000000", "0012.30"])
def test_reads_what_a_person_writes(text: str) -> None:
    assert money_text(exact_amount(text, "USD")) == "12.30"


@pytest.mark.parametrize(
    "text",
    ["", " ", "12.30 ", "1e3", "1E+2", "NaN", "sNaN", "inf", "-Infinity", "1_000", "1,5", "1.",
     ".5", "--1", "0x10", "१२", "\uff11", "12\n", "\x0012", "1 2", "9" * 40],
)  # fmt: skip
def test_refuses_what_is_no_plain_number(text: str) -> None:
    with pytest.raises(AmountNotReadable):
        exact_amount(text, "USD")


@pytest.mark.parametrize(
    "value", [Decimal("NaN"), Decimal("sNaN"), Decimal("inf"), Decimal("-inf")]
)
def test_refuses_what_is_not_finite(value: Decimal) -> None:
    with pytest.raises(AmountNotReadable):
        exact_amount(value, "USD")


@pytest.mark.parametrize("value", [1.5, 0.1, True, None])
def test_refuses_a_float_even_one_that_is_exact(value: Any) -> None:
    with pytest.raises(TypeError):
        exact_amount(value, "USD")


@pytest.mark.parametrize("value", ["1000000000000000", "-1000000000000000", "9" * 20])
def test_refuses_more_than_the_books_can_hold(value: str) -> None:
    with pytest.raises(TooManyDigits) as caught:
        exact_amount(value, "USD")
    assert caught.value.details["integer_digits_max"] == 15


def test_holds_the_largest_amount_of_eighteen_digits() -> None:
    text = "999999999999999.999999999999999999"
    assert money_text(exact_amount(text, "ETH")) == text


@pytest.mark.parametrize("value", ["-0", "-0.00", Decimal("-0"), Decimal("-0.000"), 0])
def test_zero_has_no_sign(value: Any) -> None:
    amount = exact_amount(value, "USD")
    assert money_text(amount) == "0.00"
    assert money_text(negated(amount)) == "0.00"
    assert not negated(amount).is_signed()


@pytest.mark.parametrize("currency", ["", "usd", "US", "QQQ", "USDX", "EURO", "$"])
def test_refuses_a_currency_that_it_does_not_know(currency: str) -> None:
    for act in (check_currency, digits_of, lambda code: exact_amount("1", code)):
        with pytest.raises(UnknownCurrency):
            act(currency)


def test_a_hundred_thousand_summands_lose_nothing() -> None:
    smallest = Decimal("0.000000000000000001")
    largest = Decimal("999999999999999.999999999999999999")
    total = exact_sum([largest, *[smallest] * 100_000, negated(largest)])
    assert total == smallest * 100_000
    assert exact_sum([]) == 0


def test_sums_do_not_depend_on_the_callers_context() -> None:
    with localcontext() as context:
        context.prec = 3
        context.traps[Inexact] = False
        assert exact_sum([Decimal("123456.78"), Decimal("0.01")]) == Decimal("123456.79")
        assert negated(Decimal("123456.78")).compare(Decimal("-123456.78")) == 0
        assert exact_amount("123456.78", "USD").as_tuple().digits == (1, 2, 3, 4, 5, 6, 7, 8)


AMOUNTS = st.decimals(
    min_value=Decimal("-999999999999999"), max_value=Decimal("999999999999999"), places=18
)


@given(st.lists(AMOUNTS, max_size=200))
def test_a_sum_is_the_sum_of_fractions(amounts: list[Decimal]) -> None:
    total = exact_sum(amounts)
    assert Fraction(total) == sum((Fraction(one) for one in amounts), Fraction(0))
    assert exact_sum([total, *map(negated, amounts)]) == 0


@given(AMOUNTS)
def test_what_is_written_reads_as_the_same(amount: Decimal) -> None:
    exact = exact_amount(amount, "ETH")
    text = money_text(exact)
    assert exact_amount(text, "ETH").as_tuple() == exact.as_tuple()
    assert "E" not in text
    assert not text.startswith("-0.000000000000000000")
