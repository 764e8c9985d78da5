"""QIF: Quicken's letters, its dates, its splits; and what quiffen makes of it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from samples import rows_of

from mintflow.connectors.files import UnreadableFile, read_file
from mintflow.domain.statements import StatementFile

SPLIT = (
    "!Type:Bank\nD1/ 2'24\nT-1,010.00\nN101\nPShop\nMweekly\nL--Split--\n"
    "SFood:Groceries/Home\nEbread\n$-10.00\nS[Savings]\n$-1,000.00\n^\n"
)


def read(text: str, **more: str) -> StatementFile:
    return read_file(text.encode(), "export.qif", **more)  # type: ignore[arg-type]


def refusal(text: str) -> tuple[str, str]:
    with pytest.raises(UnreadableFile) as caught:
        read(text)
    return caught.value.details["where"], caught.value.details["reason"]


def test_reads_a_split_row() -> None:
    (row,) = read(SPLIT, currency="USD").statements[0].rows
    assert (row.date.isoformat(), str(row.amount)) == ("2024-01-02", "-1010.00")
    assert (row.description, row.memo, row.reference) == ("Shop", "weekly", "101")
    assert row.where == "line 2"
    assert [(s.amount, s.category, s.memo) for s in row.splits] == [
        (Decimal("-10.00"), "Food:Groceries", "bread"),
        (Decimal("-1000.00"), "[Savings]", ""),
    ]


def test_agrees_with_quiffen_on_what_quiffen_can_read() -> None:
    """Its answer is kept here, as quiffen 4.0.1 gave it: it is not made for every Python."""
    text = "!Type:Bank\n" + "".join(
        f"D{month}/{day}/2024\nT{amount}\nPPayee {day}\nLFood\n^\n"
        for month, day, amount in [(1, 15, "-4.50"), (2, 20, "1,234.56"), (3, 28, "-0.01")]
    )
    assert rows_of(read(text)) == [
        ("2024-01-15", "-4.50", "Payee 15"),
        ("2024-02-20", "1234.56", "Payee 20"),
        ("2024-03-28", "-0.01", "Payee 28"),
    ]


@pytest.mark.parametrize(
    ("days", "currency", "expected"),
    [
        (["1/ 2'08"], "USD", ["2008-01-02"]),
        (["1/ 2'08"], "GBP", ["2008-02-01"]),
        (["12/31/1999", "1/ 1'00"], "USD", ["1999-12-31", "2000-01-01"]),
        (["12/31/99", "1/1/00"], "USD", ["1999-12-31", "2000-01-01"]),
        (["12/31/55", "1/ 1'05"], "USD", ["1955-12-31", "2005-01-01"]),
        (["31/12/2023", "01/02/2024"], "USD", ["2023-12-31", "2024-02-01"]),
        (["31.12.2023"], "EUR", ["2023-12-31"]),
        (["2024-01-05"], "EUR", ["2024-01-05"]),
        (["5-Jan-2024"], "EUR", ["2024-01-05"]),
    ],
)
def test_reads_the_dates_of_quicken(days: list[str], currency: str, expected: list[str]) -> None:
    text = "!Type:Bank\n" + "".join(f"D{day}\nT1.00\n^\n" for day in days)
    assert [day for day, _, _ in rows_of(read(text, currency=currency))] == expected


def test_an_order_that_stays_open_is_said_to_be_assumed() -> None:
    file = read("!Type:Bank\nD1/2/2024\nT1.00\n^\n", currency="USD")
    assert [(f.code, f.where) for f in file.findings] == [("DATE_ORDER_ASSUMED", "line 2")]


def test_reads_comma_amounts() -> None:
    text = "!Type:CCard\nD31.12.2023\nT-1.234,56\nPA\n^\nD01.01.2024\nT12,30\nPB\n^\n"
    assert [a for _, a, _ in rows_of(read(text))] == ["-1234.56", "12.30"]


def test_keeps_accounts_apart_and_names_them() -> None:
    text = (
        "!Option:AutoSwitch\n!Account\nNOne\nTBank\n^\nNTwo\nTCCard\n^\n!Clear:AutoSwitch\n"
        "!Account\nNOne\nTBank\n^\n!Type:Bank\nD1/13/2024\nT1.00\n^\n"
        "!Account\nNTwo\nTCCard\n^\n!Type:CCard\nD1/14/2024\nT2.00\n^\n"
        "!Type:Cat\nNFood\nE\n^\n"
    )
    file = read(text)
    assert file.account_names == ("One", "Two")
    assert [(s.account_hint, len(s.rows)) for s in file.statements] == [("One", 1), ("Two", 1)]


def test_reads_a_file_without_its_type_line() -> None:
    assert len(rows_of(read("D1/13/2024\nT1.00\nPX\n^\nD1/14/2024\nT2.00\nPY\n^\n"))) == 2


def test_reads_the_cash_of_an_investment_account_and_refuses_its_securities() -> None:
    cash = "!Type:Invst\nD1/13/2024\nNXOut\nT100.00\nPOut\n^\nD1/14/2024\nNIntInc\nT2.00\n^\n"
    assert [a for _, a, _ in rows_of(read(cash))] == ["-100.00", "2.00"]
    where, reason = refusal(cash + "D1/15/2024\nNBuy\nYACME\nI10\nQ5\nT50.00\n^\n")
    assert where == "line 12"
    assert "securities" in reason


def test_splits_that_do_not_add_up_are_a_finding() -> None:
    file = read(SPLIT.replace("$-10.00", "$-11.00"))
    assert "SPLIT_MISMATCH" in {finding.code for finding in file.findings}
    assert file.statements[0].rows[0].splits == ()


@pytest.mark.parametrize(
    ("text", "where", "reason"),
    [
        ("!Type:Bank\nD2/30/2024\nT1.00\n^\n", "line 2", "'2/30/2024' is not a date"),
        ("!Type:Bank\nT1.00\n^\n", "line 2", "nothing is not a date"),
        ("!Type:Bank\nD1/13/2024\nPX\n^\n", "line 2", "the amount is missing"),
        ("!Type:Bank\nD1/13/2024\nT1e5\n^\n", "line 3", "not an amount: '1e5'"),
        ("!Type:Bank\nD1/13/2024\nTNaN\n^\n", "line 3", "not an amount: text"),
        ("!Type:Bank\nD1/13/2024\nT1.00\n^\nD1/14/2024\nT1", "line 5", "ends inside this record"),
        ("!Type:Bank\nD1/13/2024\nT1.00\n!Type:Cat\n^\n", "line 4", "begins inside a record"),
        ("!Type:Wishes\nD1/13/2024\nT1.00\n^\n", "line 1", "not known"),
    ],
)
def test_refuses_a_record_that_cannot_be_read(text: str, where: str, reason: str) -> None:
    found_where, found_reason = refusal(text)
    assert found_where == where
    assert reason in found_reason
