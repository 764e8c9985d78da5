"""Real statement files, read as the expectation beside each of them says.

The files are of wolph/mt940 (BSD-3), genkgo/camt, jseutter/ofxparse, isaacharrisholt/quiffen and
cantino/reckon (MIT); they are read where they lie and are no part of this repository.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import yaml
from samples import sample

from mintflow.connectors.files import UnreadableFile, read_file
from mintflow.domain.statements import StatementFile, StatementRow

MT940 = [
    "abnamro", "amount_formats", "empty_86", "ing", "knab", "rabobank-iban", "sepa_mt9401",
    "sepa_snippet_broken",
]  # fmt: skip
CAMT = [
    "camt052.v8", "camt053.v2.five.decimals", "camt053.v2.minimal", "camt053.v2.multi.statement",
    "camt053.v4",
]  # fmt: skip


def read(path: Path, **more: Any) -> StatementFile:
    return read_file(path.read_bytes(), path.name, **more)


def all_rows(file: StatementFile) -> list[StatementRow]:
    return [row for statement in file.statements for row in statement.rows]


def brief(row: StatementRow) -> tuple[str, str]:
    return row.date.isoformat(), str(row.amount)


class _Plain(yaml.SafeLoader):
    """Reads the library's dumps without making its objects."""


def _construct(loader: _Plain, suffix: str, node: yaml.Node) -> Any:
    if isinstance(node, yaml.MappingNode):
        return loader.construct_mapping(node, deep=True)
    if isinstance(node, yaml.SequenceNode):
        return loader.construct_sequence(node, deep=True)
    return loader.construct_scalar(node)  # type: ignore[arg-type]


_Plain.add_multi_constructor("tag:yaml.org,2002:python/", _construct)


def as_date(value: Any) -> date:
    """A date as pickle keeps it: two bytes of year, one of month, one of day."""
    raw = value[0]
    return date(int.from_bytes(raw[:2], "big"), raw[2], raw[3])


def as_amount(value: Any) -> Decimal:
    return Decimal(value["amount"][0])


@pytest.mark.parametrize("name", MT940)
def test_reads_an_mt940_as_the_library_expects(name: str) -> None:
    path = sample("statements", "mt940", f"{name}.sta")
    file = read(path)
    # Each transaction of the dump points back at the whole, which would never end.
    dump = re.sub(
        r"(?m)^(  transactions): \*id\d+$", r"\1: null", path.with_suffix(".yml").read_text()
    )
    expected = yaml.load(dump, _Plain)
    assert file.format == "mt940"
    rows = all_rows(file)
    assert len(rows) == len(expected["transactions"])
    for row, wanted in zip(rows, expected["transactions"], strict=True):
        data = wanted["data"]
        amount = as_amount(data["amount"])
        # The expectation was written before the library signed reversals of a credit; the closing
        # balance of the same file proves that money goes out.
        assert row.amount == (-amount if data["status"] == "RC" else amount)
        assert row.currency == data["currency"]
        assert row.value_date == as_date(data["date"])
        assert row.date == as_date(data.get("entry_date") or data["date"])
    for key, side in (("final_opening_balance", "opening"), ("final_closing_balance", "closing")):
        if key in expected["data"]:
            balance = expected["data"][key]
            said = [getattr(statement, side) for statement in file.statements]
            assert (as_date(balance["date"]), as_amount(balance["amount"])) in [
                (found.date, found.amount) for found in said if found
            ]


def test_every_statement_of_a_consistent_mt940_adds_up() -> None:
    file = read(sample("statements", "mt940", "sepa_mt9401.sta"))
    assert len(file.statements) == 26
    assert file.findings == ()


def test_an_mt940_whose_rows_are_not_its_closing_balance_says_so() -> None:
    file = read(sample("statements", "mt940", "abnamro.sta"))
    found = [(f.where, f.detail) for f in file.findings if f.code == "BALANCE_MISMATCH"]
    assert found[0] == ("line 4", "expected 2914.84, the file says 876.84 on 2011-05-23")


def entries(node: Any) -> list[dict[str, Any]]:
    """The entries of a dumped message, in order, each once."""
    if isinstance(node, list):
        return [entry for item in node for entry in entries(item)]
    if not isinstance(node, dict):
        return []
    inner = [entry for value in node.values() for entry in entries(value)]
    return [node, *inner] if node.get("__CLASS__", "").endswith("DTO\\Entry") else inner


@pytest.mark.parametrize("name", CAMT)
def test_reads_a_camt_as_the_library_expects(name: str) -> None:
    path = sample("statements", "camt", f"{name}.xml")
    file = read(path)
    expected = entries(json.loads(path.with_suffix(".json").read_text()))
    rows = all_rows(file)
    assert [len(statement.rows) for statement in file.statements] == [1] * len(file.statements)
    # Of two statements the dump keeps the entries of the last one only.
    assert len(expected) == 1
    for row, wanted in zip(rows[-1:], expected, strict=True):
        amount = wanted["getAmount"]
        assert row.amount == Decimal(amount["getAmount"]) / 100
        assert row.currency == amount["getCurrency"]["getCode"]
        assert row.date.isoformat() == wanted["getBookingDate"]["0"][:10]
        assert row.value_date is not None
        assert row.value_date.isoformat() == wanted["getValueDate"]["0"][:10]
        assert row.bank_id == wanted["getAccountServicerReference"]
        assert row.pending is (wanted["getStatus"] == "PDNG")


def test_refuses_a_camt_without_a_statement() -> None:
    with pytest.raises(UnreadableFile, match="no statement"):
        read(sample("statements", "camt", "camt053.v2.wrong.xml"))


def test_reads_a_chase_csv_without_a_header() -> None:
    rows = all_rows(read(sample("statements", "csv", "chase.csv")))
    assert len(rows) == 9
    assert brief(rows[0]) == ("2009-12-24", "-85.00")
    assert brief(rows[-2]) == ("2009-12-11", "-116.22")
    assert rows[2].description.startswith("GITHUB")


def test_reads_a_danish_csv_and_reports_that_its_balances_do_not_follow() -> None:
    file = read(sample("statements", "csv", "danish_kroner_nordea_example.csv"))
    rows = all_rows(file)
    assert [brief(row) for row in rows[:3]] == [
        ("2012-11-16", "-48.00"), ("2012-10-26", "-79.00"), ("2012-10-22", "497.90"),
    ]  # fmt: skip
    assert rows[2].value_date == date(2012, 10, 23)
    assert rows[0].balance_after == Decimal("26550.33")
    assert {finding.code for finding in file.findings} == {"BALANCE_MISMATCH"}


def test_reads_a_french_csv_without_a_header() -> None:
    rows = all_rows(read(sample("statements", "csv", "french_example.csv")))
    assert len(rows) == 9
    assert brief(rows[2]) == ("2014-01-22", "-105.90")
    assert rows[2].description.startswith("CARTE 012345")


def test_reads_two_columns_of_money_and_reports_the_broken_balance() -> None:
    file = read(sample("statements", "csv", "two_money_columns.csv"))
    assert [brief(row) for row in all_rows(file)] == [
        ("2008-04-01", "-76.00"), ("2008-03-28", "327.49"), ("2008-03-27", "-800.00"),
        ("2008-03-26", "-88.55"), ("2008-03-26", "88.55"),
    ]  # fmt: skip
    assert [finding.where for finding in file.findings] == ["line 3", "line 4"]


def test_reads_a_csv_of_column_names_only() -> None:
    file = read(sample("statements", "csv", "bom_utf8_file.csv"))
    assert file.format == "csv"
    assert all_rows(file) == []


def test_reads_an_ofx_of_a_bank() -> None:
    file = read(sample("statements", "ofx", "bank_medium.ofx"))
    rows = all_rows(file)
    assert [brief(row) for row in rows] == [
        ("2009-04-01", "-6.60"), ("2009-04-02", "-316.67"), ("2009-04-03", "-22.00"),
    ]  # fmt: skip
    assert rows[0].description == "MCDONALD'S #112"
    assert rows[0].bank_id == "0000123456782009040100001"
    (statement,) = file.statements
    assert statement.closing is not None
    assert (statement.closing.date, statement.closing.amount) == (
        date(2009, 5, 23),
        Decimal("382.34"),
    )
    assert [(b.amount, b.available) for b in statement.reported] == [(Decimal("682.34"), True)]


def test_reads_an_ofx_of_two_accounts_without_rows() -> None:
    file = read(sample("statements", "ofx", "multiple_accounts2.ofx"))
    assert [statement.account_hint for statement in file.statements] == ["9100", "9200"]
    assert all_rows(file) == []


def test_reads_an_ofx_with_empty_tags() -> None:
    file = read(sample("statements", "ofx", "ofx-v102-empty-tags.ofx"))
    (row,) = all_rows(file)
    assert (row.bank_id, row.currency, row.description) == (None, "AUD", "CBA:Transfer")
    assert file.statements[0].closing is None


def test_reads_ofx_2_with_cdata() -> None:
    (row,) = all_rows(read(sample("statements", "ofx", "suncorp.ofx")))
    assert row.description == "EFTPOS WDL HANDYWAY ALDI STORE"
    assert brief(row) == ("2013-12-15", "-16.85")


def test_refuses_an_ofx_whose_date_is_none() -> None:
    with pytest.raises(UnreadableFile, match=r"line 34, STMTTRN\[1\]"):
        read(sample("statements", "ofx", "decimal_error.ofx"))


def test_refuses_an_ofx_whose_sign_on_failed_and_names_the_code() -> None:
    with pytest.raises(UnreadableFile, match="15500"):
        read(sample("statements", "ofx", "signon_fail.ofx"))


def test_reads_a_qif_with_splits_lists_and_an_investment_account() -> None:
    file = read(sample("statements", "qif", "test.qif"))
    rows = all_rows(file)
    assert [brief(row) for row in rows] == [
        ("2020-02-10", "0.00"), ("2020-02-14", "67.50"), ("2020-02-14", "32.00"),
        ("2020-02-12", "-10.00"), ("2020-02-11", "-25.00"), ("2020-02-10", "-100.00"),
    ]  # fmt: skip
    assert [(s.amount, s.category, s.memo) for s in rows[1].splits] == [
        (Decimal("-15.00"), "Bills:Cell Phone", "sign up credit"),
        (Decimal("82.50"), "Bills:Cell Phone", "new account"),
    ]
    assert rows[4].category == "Food:Groceries"
    assert "SECURITIES_SKIPPED" in {finding.code for finding in file.findings}


def test_reads_the_names_of_a_qif_account_list() -> None:
    file = read(sample("statements", "qif", "test_category_inherit.qif"))
    assert file.account_names == ("My Bank Account",)


def test_reads_a_quicken_date_with_an_apostrophe() -> None:
    (row,) = all_rows(read(sample("statements", "qif", "test_split.qif")))
    assert brief(row) == ("2000-01-01", "-10.00")
    assert [split.category for split in row.splits] == ["[An Account]", "A Category"]


def test_the_household_files_give_its_rows_and_balances() -> None:
    """Both halves of each export, rows of the overlap once: every month ends as expected."""
    expected = json.loads(sample("household", "expected.json").read_text())
    card: dict[str, StatementRow] = {}
    for name in ("card-1.ofx", "card-2.ofx"):
        for row in all_rows(read(sample("household", name), currency="USD")):
            assert row.bank_id is not None
            card[row.bank_id] = row
    assert len(card) == expected["rows"]["card"]
    assert_month_ends(list(card.values()), Decimal(0), expected["month_end"]["card"])
    first, second = (
        read(sample("household", name), currency="USD")
        for name in ("checking-1.csv", "checking-2.csv")
    )
    assert first.findings == second.findings == ()
    (early,), (late,) = first.statements, second.statements
    assert early.opening is not None
    assert str(early.opening.amount) == expected["opening"]["checking"]
    border = late.rows[0].date
    checking = [row for row in early.rows if row.date < border] + list(late.rows)
    assert len(checking) == expected["rows"]["checking"]
    assert_month_ends(checking, early.opening.amount, expected["month_end"]["checking"])


def assert_month_ends(rows: list[StatementRow], opening: Decimal, wanted: dict[str, str]) -> None:
    moved: dict[str, Decimal] = defaultdict(Decimal)
    for row in rows:
        moved[row.date.isoformat()[:7]] += row.amount
    balance = opening
    for month, end in wanted.items():
        balance += moved[month]
        assert balance == Decimal(end), month
