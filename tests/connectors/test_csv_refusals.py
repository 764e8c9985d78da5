"""What a CSV reader must refuse, by line and reason, and what it may pass over, by line."""

from __future__ import annotations

import pytest
from samples import rows_of

from mintflow.connectors.files import UnreadableFile, read_file
from mintflow.domain.statements import StatementFile

HEAD = "Date,Description,Amount,Balance\n"
ROWS = "2024-01-05,COFFEE,-4.50,95.50\n2024-01-06,PAY,100.00,195.50\n"


def read(text: str | bytes) -> StatementFile:
    data = text if isinstance(text, bytes) else text.encode()
    return read_file(data, "bank.csv", currency="EUR")


def refusal(text: str | bytes) -> tuple[str, str]:
    with pytest.raises(UnreadableFile) as caught:
        read(text)
    details = caught.value.details
    assert details["file"] == "bank.csv"
    assert caught.value.code == "unreadable_file"
    return details["where"], details["reason"]


@pytest.mark.parametrize(
    ("line", "where", "reason"),
    [
        ("2024-02-30,COFFEE,-4.50,95.50", "line 4", "'2024-02-30' is not a date"),
        ("2023-02-29,COFFEE,-4.50,95.50", "line 4", "'2023-02-29' is not a date"),
        ("someday,COFFEE,-4.50,95.50", "line 4", "not a date but text"),
        (",COFFEE,-4.50,95.50", "line 4", "not a date but nothing"),
        ("2024-02-03,COFFEE,1e5,95.50", "line 4", "not an amount: '1e5'"),
        ("2024-02-03,COFFEE,NaN,95.50", "line 4", "not an amount"),
        ("2024-02-03,COFFEE,Infinity,95.50", "line 4", "not an amount"),
        ("2024-02-03,COFFEE,0x10,95.50", "line 4", "not an amount"),
        ("2024-02-03,COFFEE,1.2.3,95.50", "line 4", "not an amount"),
        ('2024-02-03,COFFEE,"4,50",95.50', "line 4", "the decimal sign of this file is '.'"),
        ("2024-02-03,COFFEE,--4.50,95.50", "line 4", "not an amount"),
        ("2024-02-03,COFFEE,(4.50,95.50", "line 4", "not an amount"),
        (f"2024-02-03,COFFEE,{'9' * 16},95.50", "line 4", "not an amount"),
        (f"2024-02-03,COFFEE,1.{'1' * 19},95.50", "line 4", "not an amount"),
        ("2024-02-03,COFFEE,\u0661\u0662.50,95.50", "line 4", "not an amount"),
        ("2024-02-03,COFFEE,,95.50", "line 4", "the amount is missing"),
        ("2024-02-03,COFFEE", "line 4", "2 fields where 4 are expected"),
        ("2024-02-03,COFFEE,-4.50", "line 4", "3 fields where 4 are expected"),
        ("2024-02-03,COFFEE, INC,-4.50,95.50", "line 4", "5 fields where 4 are expected"),
        ('2024-02-03,"COFFEE,-4.50,95.50', "line 4", "a quote is opened here and never closed"),
        (f"2024-02-03,{'x' * 140_000},-4.50,95.50", "line 4", "longer than 131072"),
        ("9999-12-31,COFFEE,-4.50,95.50", "line 4", "the year 9999 cannot be meant"),
    ],
)
@pytest.mark.parametrize("after", ["", "2024-02-05,TEA,-1.00,94.50\n"])
def test_refuses_a_row_that_cannot_be_read(line: str, where: str, reason: str, after: str) -> None:
    found_where, found_reason = refusal(f"{HEAD}{ROWS}{line}\n{after}")
    assert found_where == where
    if after and "quote" in reason:
        return
    assert reason in found_reason


def test_refuses_a_first_row_that_cannot_be_read_without_a_header() -> None:
    assert refusal("2024-02-30,COFFEE,-4.50\n2024-02-05,TEA,-1.00\n")[0] == "line 1"
    assert (
        refusal("2024-02-03,COFFEE,1e5\n2024-02-05,TEA,-1.00\n2024-02-06,T,-1.00\n")[0] == "line 1"
    )


@pytest.mark.parametrize("cut", range(1, 27))
def test_refuses_a_file_that_is_cut_off_in_its_last_row(cut: int) -> None:
    """Wherever a row of this file is cut, something that every row has is missing."""
    whole = HEAD + ROWS + "2024-02-03,COFFEE INC,-4.50,191.00"
    assert refusal(whole[: len(HEAD + ROWS) + cut])[0] == "line 4"


def test_a_refusal_never_repeats_a_description() -> None:
    where, reason = refusal(HEAD + ROWS + "MARY SMITH,2024-02-03,-4.50,95.50\n" + ROWS)
    assert "MARY" not in where + reason


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b" \r\n \n", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (bytes(range(256)) * 64, "NUL byte"),
        (b"\x01\x02\x03\x04\x05\x06\x07" * 99, "binary"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"PK\x03\x04....", "Excel"),
        (b"\xd0\xcf\x11\xe0....", "Excel"),
        (b"<html><table></table></html>", "web page"),
        (b"hello\nthis is a letter\n", "no table"),
        (b'{"transactions": []}', "no table"),
        (b"a,b\n1,2\n", "no table"),
        ((HEAD + ROWS).encode() + b"\0", "NUL byte"),
        (b"Date,Description,Amount\nsomeday,X,lots\n", "first line below the column names"),
    ],
)
def test_refuses_what_is_no_bank_file(data: bytes, reason: str) -> None:
    assert reason in refusal(data)[1]


def test_refuses_an_unknown_format() -> None:
    with pytest.raises(UnreadableFile, match="must be one of"):
        read_file(ROWS.encode(), "bank.csv", format="xlsx")


def test_reads_column_names_without_rows() -> None:
    assert rows_of(read(HEAD)) == []


def test_reads_what_is_odd_but_whole() -> None:
    odd = (
        "Date,Description,Amount,Balance\r\n"
        "\r\n"
        '2024-01-05,"COFFEE\r\nSHOP",-4.50,95.50\n'
        '2024-01-06,"THE "OLD" INN",-5.50,90.00,,\r'
        '2024-01-07,12" PIZZA,-10.00,80.00\n'
        '2024-01-08 , "A, B" , -0.00 , 80.00'
    )
    assert rows_of(read(odd)) == [
        ("2024-01-05", "-4.50", "COFFEE SHOP"),
        ("2024-01-06", "-5.50", 'THE OLD" INN"'),
        ("2024-01-07", "-10.00", '12" PIZZA'),
        ("2024-01-08", "0.00", "A, B"),
    ]
    assert read(odd).statements[0].rows[1].where == "line 5"


def test_reports_what_it_passes_over_by_line() -> None:
    file = read(
        "Account statement\nfor January\n\n"
        + HEAD
        + ROWS
        + HEAD
        + "2024-01-07,TEA,-1.00,194.50\nTotal,,94.50,\n2024-01-08,TEA,-1.00,193.50\n"
        + "\nTotal,,93.50,\nThis is no invoice\n"
    )
    assert len(rows_of(file)) == 4
    assert [(f.code, f.where, f.detail) for f in file.findings] == [
        ("SKIPPED_LINES", "lines 1-2", "text above the table"),
        ("SKIPPED_LINES", "line 7", "the column names again"),
        ("SKIPPED_LINES", "line 9", "totals and lines between the rows"),
        ("SKIPPED_LINES", "lines 12-13", "text below the table"),
    ]


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "cp1252"],
)
def test_reads_every_encoding(encoding: str) -> None:
    text = "Datum;Empfänger;Betrag\n13.01.2024;Müller & Söhne \u2013 Köln;-1,50\n"
    file = read(text.encode(encoding))
    assert rows_of(file) == [("2024-01-13", "-1.50", "Müller & Söhne \u2013 Köln")]


@pytest.mark.parametrize(
    ("encoding", "told"),
    [("cp1250", "ŻABKA zakupy spożywcze Łódź"), ("cp1251", "Оплата товаров"),
     ("cp850", "Überweisung Müller für Straße"), ("shift_jis", "スーパーで買い物"),],
)  # fmt: skip
def test_reads_old_encodings(encoding: str, told: str) -> None:
    text = f"Date;Description;Amount\n13.01.2024;{told};-1,50\n"
    assert rows_of(read(text.encode(encoding))) == [("2024-01-13", "-1.50", told)]


def test_a_wrong_extension_does_not_matter() -> None:
    for name in ("export.ofx", "export.xls", "export", "export.mt940"):
        assert len(rows_of(read_file((HEAD + ROWS).encode(), name))) == 2


def test_says_where_a_balance_does_not_follow() -> None:
    broken = HEAD + ROWS + "2024-01-07,TEA,-1.00,190.00\n2024-01-08,TEA,-1.00,189.00\n"
    file = read(broken)
    assert [(f.code, f.where, f.detail) for f in file.findings] == [
        ("BALANCE_MISMATCH", "line 4", "expected 194.50, the file says 190.00"),
    ]
    assert len(rows_of(file)) == 4


def test_follows_balances_that_run_down_in_time() -> None:
    lines = (HEAD + ROWS).splitlines()
    file = read("\n".join([lines[0], *reversed(lines[1:])]) + "\n")
    assert file.findings == ()
    (statement,) = file.statements
    assert statement.opening is not None
    assert statement.closing is not None
    assert (str(statement.opening.amount), str(statement.closing.amount)) == ("100.00", "195.50")


def test_turns_a_balance_that_is_owed() -> None:
    text = (
        "Transaction Date,Description,Type,Amount,Balance\n"
        "2024-01-05,SHOP,Sale,10.00,110.00\n2024-01-06,SHOP,Sale,5.00,115.00\n"
        "2024-01-07,THANKS,Payment,-100.00,15.00\n"
    )
    file = read(text)
    assert [row.amount for row in file.statements[0].rows] == [-10, -5, 100]
    assert [row.balance_after for row in file.statements[0].rows] == [-110, -115, -15]
    assert "BALANCE_MISMATCH" not in {finding.code for finding in file.findings}


def test_keeps_the_accounts_of_one_file_apart() -> None:
    text = (
        '"Auftragskonto";"Buchungstag";"Verwendungszweck";"Betrag"\n'
        '"DE89370400440532013000";"13.01.2024";"eins";"-1,00"\n'
        '"DE02120300000000202051";"14.01.2024";"zwei";"-2,00"\n'
        '"DE89370400440532013000";"15.01.2024";"drei";"-3,00"\n'
    )
    file = read(text)
    assert [(s.account_hint, len(s.rows)) for s in file.statements] == [
        ("DE89370400440532013000", 2),
        ("DE02120300000000202051", 1),
    ]


def test_an_id_that_repeats_on_another_row_is_no_id() -> None:
    text = "Date,Transaction ID,Description,Amount\n" + "".join(
        f"2024-01-{day:02},T{day},X,-{day}.00\n" for day in range(1, 29)
    )
    assert read(text).statements[0].rows[0].bank_id == "T1"
    many = "".join(f"2024-02-{1 + n % 28:02},U{n},X,-{n}.25\n" for n in range(1000))
    file = read(text + many + "2024-03-01,T1,Y,-9.00\n")
    assert {row.bank_id for row in file.statements[0].rows} == {None}
    assert [finding.code for finding in file.findings] == ["BANK_ID_NOT_UNIQUE"]


def test_two_equal_rows_stay_two() -> None:
    row = "2024-01-06,COFFEE,-4.50,95.50\n"
    assert len(rows_of(read(HEAD + row + row))) == 2


def test_reads_many_rows_in_order() -> None:
    text = HEAD + "".join(
        f"2024-{1 + n % 12:02}-01,ROW {n},{n}.25,1.00\n" for n in range(1, 20_001)
    )
    rows = read(text).statements[0].rows
    assert [row.description for row in rows] == [f"ROW {n}" for n in range(1, 20_001)]
    assert rows[-1].where == "line 20001"


@pytest.mark.parametrize(
    "data",
    [
        (HEAD + ROWS + "2024-02-03,1" + " " * 100_000 + "x,-1.00,1.00\n").encode(),
        (HEAD + ROWS + "2024-02-03,TEA,1" + " " * 100_000 + "x,1.00\n").encode(),
        b"2024-01-05,TEA,-1.00" + b"," * 3_000_000,
        b"<OFX>" + b"<![CDATA[" * 100_000,
        b"<OFX>" + b"<!--" * 200_000,
        b"<OFX>" + b"<" * 300_000,
        b"<OFX>" + b"</A>" * 100_000 + b"<B>" * 100_000,
        b'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02">' + b"<a>" * 100_000,
        b"!Type:Bank\n" + b"D1/1/2024\n" * 100_000,
        b":20:X\n" + b":86:" + b"/A/" * 100_000,
        (HEAD + '2024-02-03,"TEA,-1.00,1.00\n' * 20_000).encode(),
        b"1" * 5_000_000,
        b" " * 1_000_000 + b"1",
    ],
)
def test_a_hostile_file_is_answered_and_not_chewed_on(data: bytes) -> None:
    """Each of these made a pattern or a parser look at the same text again and again."""
    try:
        file = read_file(data, "bank.csv")
    except UnreadableFile as error:
        assert len(error.message) < 400  # noqa: PT017 - either answer is right, in time
    else:
        assert len(file.statements) == 1


GOES_ON = (
    "Transaction date,Value date,Description,Withdrawals (SGD),Deposits (SGD)\n"
    "18/04/2024,18/04/2024,DEBIT PURCHASE,6.60,\n,,15/04/24 UBER  TRIP\n,, SINGAPORE\n"
    "18/04/2024,18/04/2024,CCY CONVERSION FEE,0.10,\n17/04/2024,17/04/2024,SALARY,,900.00\n"
    ",,WORKS LTD\n"
)


@pytest.mark.parametrize("again", [False, True])
def test_lines_that_go_on_with_a_description_belong_to_the_row_above(again: bool) -> None:
    file = read(GOES_ON)
    if again:
        file = read_file(GOES_ON.encode(), "export.csv", profile=file.profile)
    assert rows_of(file) == [
        ("2024-04-18", "-6.60", "DEBIT PURCHASE 15/04/24 UBER TRIP SINGAPORE"),
        ("2024-04-18", "-0.10", "CCY CONVERSION FEE"),
        ("2024-04-17", "900.00", "SALARY WORKS LTD"),
    ]
    assert file.findings == ()


@pytest.mark.parametrize(
    ("line", "where"), [(",,PART,5.00,", "line 3"), (",17/04/2024,PART,,", "line 3")]
)
def test_a_line_with_more_than_a_description_goes_on_with_nothing(line: str, where: str) -> None:
    names, first, *_ = GOES_ON.splitlines()
    text = f"{names}\n{first}\n{line}\n17/04/2024,17/04/2024,SALARY,,900.00\n"
    assert refusal(text)[0] == where
