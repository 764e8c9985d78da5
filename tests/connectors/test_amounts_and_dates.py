"""One printed amount, one printed date, and what a whole column says about both."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from mintflow.connectors.files.amounts import decide_decimal_sign, exact, taken_apart
from mintflow.connectors.files.dates import (
    date_reader,
    decide_date_format,
    looks_like_a_date,
)


@pytest.mark.parametrize(
    ("text", "sign", "amount"),
    [
        ("12.34", ".", "12.34"),
        ("-12.34", ".", "-12.34"),
        ("+$327.49", ".", "327.49"),
        ("-$76.00", ".", "-76.00"),
        ("$-76.00", ".", "-76.00"),
        ("$1,750.06", ".", "1750.06"),
        ("(12.34)", ".", "-12.34"),
        ("($12.34)", ".", "-12.34"),
        ("12.34-", ".", "-12.34"),
        ("12.34 DR", ".", "-12.34"),
        ("1,234.00 Cr.", ".", "1234.00"),
        ("12,34 S", ",", "-12.34"),
        ("12,34 H", ",", "12.34"),
        ("\u221212,34", ",", "-12.34"),
        ("EUR 1.000,-", ",", "1000"),
        ("1.000,--", ",", "1000"),
        ("-1.000,-", ",", "-1000"),
        ("1 234,56", ",", "1234.56"),
        ("1\u00a0234,56 \u20ac", ",", "1234.56"),
        ("1\u202f234\u202f567,89", ",", "1234567.89"),
        ("1'234.50", ".", "1234.50"),
        ("1\u2019234.50", ".", "1234.50"),
        ("1,23,456.78", ".", "123456.78"),
        ("1,23,45,678.00", ".", "12345678.00"),
        ("000000001000,00", ",", "1000.00"),
        (",50", ",", "0.50"),
        (".5", ".", "0.5"),
        ("12.", ".", "12"),
        ("1.000", ".", "1.000"),
        ("1.000", ",", "1000"),
        ("-0.00", ".", "0.00"),
        ("CHF 12.00", ".", "12.00"),
        ("12.00 kr", ".", "12.00"),
        ("R$ 1.234,56", ",", "1234.56"),
        ("0.123456789012345678", ".", "0.123456789012345678"),
    ],
)
def test_reads_a_printed_amount(text: str, sign: str, amount: str) -> None:
    found = exact(text, "." if sign == "." else ",")
    assert str(found) == str(Decimal(amount))


@pytest.mark.parametrize(
    "text",
    [
        "", "-", "1e5", "1E+5", "NaN", "Infinity", "-inf", "0x1F", "1_000", "12.34.56", "1,2,3",
        "1.00.000", "12,34,56", "--1", "-(1)", "(1", "1)", "1-2", "5 MAY", "12 Foo", "$", "1/2",
        "\u0661\u0662", "1" * 16, "0." + "1" * 19, "-1 DR", "1,,000", "1. 000",
    ],
)  # fmt: skip
def test_refuses_what_is_no_amount(text: str) -> None:
    assert exact(text, ".") is None
    assert exact(text.replace(".", "\0").replace(",", ".").replace("\0", ","), ",") is None


@pytest.mark.parametrize(
    ("texts", "currency", "sign", "assumed"),
    [
        (["110.7", "-3.000"], None, ".", False),
        (["1.000", "12,50"], None, ",", False),
        (["1.000,00"], None, ",", False),
        (["1,000.00", "3,000"], None, ".", False),
        (["1.000.000", "1.000"], None, ",", False),
        (["0.500", "1.000"], None, ".", False),
        (["1234.567"], None, ".", False),
        (["1'000.250"], None, ".", False),
        (["-3.000"], "EUR", ",", True),
        (["-3.000"], None, ",", True),
        (["-3.125"], "EUR", ",", False),
        (["-3.000"], "KWD", ".", True),
        (["-3,000"], "USD", ".", True),
        (["1.234"], "BTC", ".", True),
        (["100", "200"], "USD", ".", False),
        (["EUR 1.000,-"], "EUR", ",", False),
    ],
)
def test_a_column_decides_its_decimal_sign(
    texts: list[str], currency: str | None, sign: str, assumed: bool
) -> None:
    parts = [taken_apart(text) for text in texts]
    bodies = [part.body for part in parts if part]
    assert decide_decimal_sign(bodies, currency, ".") == (sign, assumed)


@pytest.mark.parametrize(
    ("texts", "form", "assumed"),
    [
        (["2024-01-05"], "%Y-%m-%d", False),
        (["2024/01/05 10:30:00"], "%Y/%m/%d", False),
        (["2024-01-05T10:30:00.123+02:00"], "%Y-%m-%d", False),
        (["20240105"], "%Y%m%d", False),
        (["05012024"], "%d%m%Y", False),
        (["20091224120000[0:GMT]"], "%Y%m%d", False),
        (["05.01.2024"], "%d.%m.%Y", False),
        (["05.01.24"], "%d.%m.%y", False),
        (["5. 1. 2024"], "%d.%m.%Y", False),
        (["01/02/2024", "13/02/2024"], "%d/%m/%Y", False),
        (["01/02/2024", "02/13/2024"], "%m/%d/%Y", False),
        (["01/02/2024"], "%d/%m/%Y", True),
        (["05/05/2024"], "%d/%m/%Y", False),
        # Day after day under one reading, a day in each month under the other.
        (["02/01/2024", "03/01/2024", "04/01/2024"], "%d/%m/%Y", False),
        (["01/02/2024", "01/03/2024", "01/04/2024"], "%m/%d/%Y", False),
        # In order under one reading only.
        (["01/11/2024", "02/11/2024", "01/12/2024"], "%d/%m/%Y", False),
        (["11/01/2024", "11/02/2024", "12/01/2024"], "%m/%d/%Y", False),
        # A day that does not exist decides nothing, and is refused when it is read.
        (["28/02/2024", "30/02/2024"], "%d/%m/%Y", False),
        (["15/02/24", "30/02/24"], "%d/%m/%y", True),
        (["30/02/24"], "%d/%m/%y", True),
        (["24/01/30", "24/01/31", "24/02/01"], "%y/%m/%d", False),
        (["05 Jan 2024"], "%d %b %Y", False),
        (["05-Jan-24"], "%d %b %y", False),
        (["Jan 5, 2024"], "%d %b %Y", False),
        (["5. M\u00e4rz 2024"], "%d %b %Y", False),
        (["15 janv. 2024"], "%d %b %Y", False),
        (["Mon, 05 Jan 2024"], "%d %b %Y", False),
    ],
)
def test_a_column_decides_its_date_form(texts: list[str], form: str, assumed: bool) -> None:
    assert decide_date_format([texts], "dmy") == (form, assumed)


def test_what_stays_open_is_read_as_is_usual_where_the_file_is_from() -> None:
    assert decide_date_format([["01/02/2024"]], "mdy") == ("%m/%d/%Y", True)


@pytest.mark.parametrize(
    ("text", "form", "day"),
    [
        ("05.01.2024", "%d.%m.%Y", date(2024, 1, 5)),
        ("5.1.2024", "%d.%m.%Y", date(2024, 1, 5)),
        ("05.01.68", "%d.%m.%y", date(2068, 1, 5)),
        ("2024-01-05 23:59:59", "%Y-%m-%d", date(2024, 1, 5)),
        ("2024-01-05T23:59:59Z", "%Y-%m-%d", date(2024, 1, 5)),
        ("01/05/2024 11:59 PM", "%m/%d/%Y", date(2024, 1, 5)),
        ("20240105", "%Y%m%d", date(2024, 1, 5)),
        ("05 d\u00e9c. 2024", "%d %b %Y", date(2024, 12, 5)),
        ("15 Okt 2024", "%d %b %Y", date(2024, 10, 15)),
        ("29.02.2024", "%d.%m.%Y", date(2024, 2, 29)),
        ("5 Jan 2024 at 10h", "%d %b %Y at %Hh", date(2024, 1, 5)),
    ],
)
def test_reads_a_printed_date(text: str, form: str, day: date) -> None:
    assert date_reader(form)(text) == day


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("30.02.2024", "%d.%m.%Y"),
        ("29.02.2023", "%d.%m.%Y"),
        ("13/13/2024", "%d/%m/%Y"),
        ("31 Apr 2024", "%d %b %Y"),
        ("5 Foo 2024", "%d %b %Y"),
        ("2024-01-05", "%d.%m.%Y"),
        ("", "%Y-%m-%d"),
    ],
)
def test_refuses_a_day_that_does_not_exist(text: str, form: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        date_reader(form)(text)


@pytest.mark.parametrize(
    "text", ["", "12.34", "1,234.56", "99999999", "12345678901", "1.2", "hello", "2024", "10:30"]
)
def test_an_amount_or_a_number_is_no_date(text: str) -> None:
    assert not looks_like_a_date(text)
