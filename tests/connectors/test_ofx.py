"""OFX and QFX: what banks write, and what must be refused."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from samples import rows_of

from mintflow.connectors.files import UnreadableFile, read_file
from mintflow.domain.statements import StatementFile

HEADER = "OFXHEADER:100\nDATA:OFXSGML\nVERSION:102\nENCODING:USASCII\nCHARSET:1252\n\n"
SIGNON = "<SIGNONMSGSRSV1><SONRS><STATUS><CODE>0<SEVERITY>INFO</STATUS></SONRS></SIGNONMSGSRSV1>"
ROW = (
    "<STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20240105<TRNAMT>-4.50<FITID>F1<NAME>TEA<MEMO>black</STMTTRN>"
)


def bank(rows: str, *, more: str = "", currency: str = "EUR") -> str:
    return (
        f"{HEADER}<OFX>{SIGNON}<BANKMSGSRSV1><STMTTRNRS><TRNUID>1<STATUS><CODE>0<SEVERITY>INFO"
        f"</STATUS><STMTRS><CURDEF>{currency}<BANKACCTFROM><BANKID>1<ACCTID>42<ACCTTYPE>CHECKING"
        f"</BANKACCTFROM><BANKTRANLIST><DTSTART>20240101<DTEND>20240131\n{rows}\n</BANKTRANLIST>"
        f"{more}</STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>"
    )


def row(amount: str = "-4.50", day: str = "20240105", more: str = "<NAME>TEA") -> str:
    return f"<STMTTRN><DTPOSTED>{day}<TRNAMT>{amount}<FITID>F1{more}</STMTTRN>"


def read(text: str, encoding: str = "utf-8") -> StatementFile:
    return read_file(text.encode(encoding), "bank.qfx")


def refusal(text: str) -> tuple[str, str]:
    with pytest.raises(UnreadableFile) as caught:
        read(text)
    return caught.value.details["where"], caught.value.details["reason"]


def test_reads_a_row_of_ofx_1() -> None:
    file = read(bank(ROW, more="<LEDGERBAL><BALAMT>100.00<DTASOF>20240131</LEDGERBAL>"))
    (statement,) = file.statements
    (found,) = statement.rows
    assert file.format == "ofx"
    assert (statement.account_hint, statement.currency) == ("42", "EUR")
    assert (found.description, found.memo, found.bank_id) == ("TEA", "black", "F1")
    assert found.where == "STMTTRN[1]"
    assert statement.closing is not None
    assert (statement.closing.date, str(statement.closing.amount)) == (date(2024, 1, 31), "100.00")


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("-4.50", "-4.50"), ("4,50", "4.50"), ("+4.5", "4.5"), ("-1234", "-1234"),
        (" 4.50 ", "4.50"), (".5", "0.5"), ("1,234.56", "1234.56"), ("1.234,56", "1234.56"),
        ("4.123", "4.123"), ("4,123", "4.123"),
    ],
)  # fmt: skip
def test_reads_an_amount_with_a_point_or_a_comma(text: str, amount: str) -> None:
    assert rows_of(read(bank(row(text))))[0][1] == amount


def test_a_sign_that_groups_in_one_row_groups_in_all() -> None:
    found = rows_of(read(bank(row("1,234.56") + row("2,000"))))
    assert [amount for _, amount, _ in found] == ["1234.56", "2000"]


@pytest.mark.parametrize("text", ["", "$4", "1e5", "NaN", "4.5.6", "--4", "9" * 16, "four"])
def test_refuses_what_is_no_amount(text: str) -> None:
    where, reason = refusal(bank(ROW + "\n" + row(text)))
    assert where == "line 9, STMTTRN[2]"
    assert reason.startswith("TRNAMT is not an amount")


@pytest.mark.parametrize(
    "text",
    ["20240105", "20240105120000", "20240105120000.000[-5:EST]", "20240105235959[+14:X]",
     "202401050800", "2024-01-05"],
)  # fmt: skip
def test_the_day_is_the_one_that_the_bank_printed(text: str) -> None:
    assert rows_of(read(bank(row(day=text))))[0][0] == "2024-01-05"


@pytest.mark.parametrize("text", ["", "20240230", "20241301", "00000000", "202401", "05/01/2024"])
def test_refuses_a_day_that_does_not_exist(text: str) -> None:
    assert refusal(bank(row(day=text)))[1].startswith("DTPOSTED is not a date")


@pytest.mark.parametrize(
    ("tags", "description", "memo"),
    [
        ("<NAME>A<MEMO>B", "A", "B"),
        ("<NAME></NAME><MEMO>B</MEMO>", "B", "B"),
        ("<MEMO>B", "B", "B"),
        ("<PAYEE><NAME>P<ADDR1>x<CITY>y</PAYEE><MEMO>", "P", ""),
        ("<NAME>AT&amp;T &#x20AC; &lt;b&gt;", "AT&T € <b>", ""),
        ("<NAME><![CDATA[A & B <C>]]></NAME>", "A & B <C>", ""),
        ("<NAME>&evil; &#0; R&D", "&evil; &#0; R&D", ""),
        ("<NAME>TWO\n LINES", "TWO LINES", ""),
        ("<NAME>5 < 6", "5 < 6", ""),
        ("<MEMO>\n<NAME>A\n", "A", ""),
    ],
)
def test_reads_what_a_person_reads(tags: str, description: str, memo: str) -> None:
    (found,) = read(bank(row(more=tags))).statements[0].rows
    assert (found.description, found.memo) == (description, memo)


def test_an_empty_fitid_is_none_and_one_on_two_different_rows_too() -> None:
    none = row().replace("<FITID>F1", "<FITID></FITID>")
    assert read(bank(none)).statements[0].rows[0].bank_id is None
    same = read(bank(row() + row()))
    assert [r.bank_id for r in same.statements[0].rows] == ["F1", "F1"]
    other = read(bank(row() + row("-5.00")))
    assert [r.bank_id for r in other.statements[0].rows] == [None, None]
    assert [finding.code for finding in other.findings] == ["BANK_ID_NOT_UNIQUE"]


def test_reads_ofx_2_of_a_card_in_another_encoding() -> None:
    text = (
        '<?xml version="1.0" encoding="ISO-8859-1"?>\n<?OFX OFXHEADER="200" VERSION="211"?>\n'
        "<OFX><CREDITCARDMSGSRSV1><CCSTMTTRNRS><CCSTMTRS><CURDEF>SEK</CURDEF><CCACCTFROM>"
        "<ACCTID>4111</ACCTID></CCACCTFROM><BANKTRANLIST><!-- none --><STMTTRN>"
        "<DTPOSTED>20240105</DTPOSTED><TRNAMT>-10,50</TRNAMT><FITID>1</FITID>"
        "<NAME>Köpmän Ängö</NAME><MEMO/><CURRENCY><CURRATE>11.2</CURRATE><CURSYM>EUR</CURSYM>"
        "</CURRENCY></STMTTRN></BANKTRANLIST><LEDGERBAL><BALAMT>-99</BALAMT><DTASOF>20240104"
        "</DTASOF></LEDGERBAL></CCSTMTRS></CCSTMTTRNRS></CREDITCARDMSGSRSV1></OFX>"
    )
    (statement,) = read(text, "cp1252").statements
    assert rows_of(read(text, "cp1252")) == [("2024-01-05", "-10.50", "Köpmän Ängö")]
    assert (statement.rows[0].currency, statement.currency) == ("EUR", "SEK")
    # A balance that is older than a row is no closing balance.
    assert statement.closing is None
    assert [(b.date, b.amount) for b in statement.reported] == [(date(2024, 1, 4), Decimal(-99))]


def test_reads_pending_rows() -> None:
    pending = (
        "<BANKTRANLISTP><DTASOF>20240131<STMTTRNP><DTTRAN>20240130<TRNAMT>-1<NAME>P</STMTTRNP>"
    )
    file = read(bank(ROW, more=f"{pending}</BANKTRANLISTP>"))
    assert [(r.pending, r.date.day) for r in file.statements[0].rows] == [(False, 5), (True, 30)]


def test_keeps_accounts_apart() -> None:
    two = bank(ROW).replace("</BANKMSGSRSV1>", bank(ROW)[bank(ROW).index("<STMTTRNRS>") :])
    file = read(two.replace("</OFX></OFX>", "</OFX>").replace("</OFX></BANK", "</BANK"))
    assert len(file.statements) == 2
    assert file.statements[1].rows[0].where == "STMTRS[2]/STMTTRN[1]"


@pytest.mark.parametrize("share", [0.3, 0.5, 0.7, 0.9, 0.99])
def test_refuses_a_file_that_is_cut_off(share: float) -> None:
    text = bank(ROW * 5)
    body = len(HEADER) + int((len(text) - len(HEADER)) * share)
    assert "the file ends inside" in refusal(text[:body])[1]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("<OFX></OFX>", "no statement"),
        (
            '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><OFX><NAME>&b;</NAME></OFX>',
            "document type",
        ),
        ("<OFX>" + "<A>" * 70 + "</A>" * 70 + "</OFX>", "nested deeper"),
        (
            "<OFX><SONRS><STATUS><CODE>15500<SEVERITY>ERROR</STATUS></SONRS></OFX>",
            "the bank refused the sign-on with status 15500",
        ),
        (
            "<OFX><STMTTRNRS><STATUS><CODE>2003<SEVERITY>ERROR</STATUS></STMTTRNRS></OFX>",
            "the bank refused a request with status 2003",
        ),
    ],
)
def test_refuses_what_is_no_statement(text: str, reason: str) -> None:
    assert reason in refusal(text)[1]
