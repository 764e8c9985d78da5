"""MT940 and MT942: fields, reversals, several statements, and what must be refused."""

from __future__ import annotations

import logging
from decimal import Decimal

import pytest
from samples import rows_of

from mintflow.connectors.files import UnreadableFile, read_file
from mintflow.domain.statements import StatementFile

OPEN = ":20:REF\n:25:DE89370400440532013000\n:28C:1/1\n:60F:C240101EUR100,00\n"
CLOSE = ":62F:C240131EUR95,50\n-\n"
ROW = ":61:2401050105D4,50NTRFNONREF//BANKREF1\n:86:TEA SHOP\n"


def read(text: str) -> StatementFile:
    return read_file(text.encode("cp1252"), "statement.sta")


def refusal(text: str) -> tuple[str, str]:
    with pytest.raises(UnreadableFile) as caught:
        read(text)
    return caught.value.details["where"], caught.value.details["reason"]


def test_reads_a_statement() -> None:
    file = read(OPEN + ROW + CLOSE)
    (statement,) = file.statements
    (row,) = statement.rows
    assert file.format == "mt940"
    assert file.findings == ()
    assert statement.account_hint == "DE89370400440532013000"
    assert (row.where, row.bank_id, row.currency) == ("line 5", "BANKREF1", "EUR")
    assert rows_of(file) == [("2024-01-05", "-4.50", "TEA SHOP")]
    assert statement.opening is not None
    assert statement.closing is not None
    assert (statement.opening.amount, statement.closing.amount) == (100, Decimal("95.50"))


@pytest.mark.parametrize(
    ("mark", "amount"), [("C", "1.5"), ("D", "-1.5"), ("RC", "-1.5"), ("RD", "1.5"), ("CR", "1.5")]
)
def test_the_mark_gives_the_sign(mark: str, amount: str) -> None:
    """RC takes a credit back. CR is a C followed by the last letter of the currency EUR."""
    line = f":61:240105{mark}1,5NTRFNONREF\n"
    assert rows_of(read(OPEN + line + CLOSE))[0][1] == amount


def test_a_space_behind_the_amount_is_passed_over() -> None:
    (row,) = read(OPEN + ":61:2401050105D4,50 NTRFKREF+//BANKREF1\n" + CLOSE).statements[0].rows
    assert (str(row.amount), row.bank_id, row.reference) == ("-4.50", "BANKREF1", "KREF+")


def test_the_entry_date_takes_the_year_next_to_its_value_date() -> None:
    text = OPEN + ":61:2312290102D1,NTRFX\n:61:2401021229D1,NTRFX\n:61:240105D1,NTRFX\n" + CLOSE
    rows = read(text).statements[0].rows
    assert [row.date.isoformat() for row in rows] == ["2024-01-02", "2023-12-29", "2024-01-05"]
    assert [str(row.value_date) for row in rows] == ["2023-12-29", "2024-01-02", "2024-01-05"]


def test_reads_the_german_fields() -> None:
    text = OPEN + (
        ":61:2401050105D4,50NDDTKREF+\n:86:105?00LASTSCHRIFT?109075?20EREF+E2E-1?21SVWZ+Strom Ja"
        "nuar ?22Kunde 7?30BYLADEM1001?31DE02120300000000202051?32Stadtwerke?33 Koeln\n"
    )
    (row,) = read(text + CLOSE).statements[0].rows
    assert (row.description, row.memo) == ("Strom Januar Kunde 7", "LASTSCHRIFT")
    assert (row.counterparty, row.reference) == ("Stadtwerke Koeln", "E2E-1")


def test_reads_the_swift_codes() -> None:
    text = (
        OPEN + ":61:240105D4,50NTRFEREF\n:86:/EREF/X1/BENM//NAME/JOHN DOE/REMI/Rent 7/ISDT/2024\n"
    )
    (row,) = read(text + CLOSE).statements[0].rows
    assert (row.description, row.counterparty, row.reference) == ("Rent 7", "JOHN DOE", "X1")


def test_joins_lines_that_the_format_cut() -> None:
    cut = "A" * 63 + "BC"
    text = OPEN + f":61:240105D4,50NTRFX\n:86:{cut}\nDE next\nline\n" + CLOSE
    assert rows_of(read(text))[0][2] == f"{cut}DE next line"


def test_details_of_the_statement_are_not_the_last_row_s() -> None:
    file = read(OPEN + ROW + ":62F:C240131EUR95,50\n:86:TOTALS OF THE BANK\n-\n")
    assert rows_of(file)[0][2] == "TEA SHOP"


def test_reads_several_statements_in_envelopes() -> None:
    first = "{1:F01BANKDEFFXXXX}{2:I940}{4:\n" + OPEN + ROW + ":62M:C240131EUR95,50\n-}\n"
    second = "0000 01BANK\n940\n" + OPEN.replace(":60F:", ":60M:") + ROW + CLOSE
    file = read(first + second)
    assert [len(statement.rows) for statement in file.statements] == [1, 1]
    # The same reference twice is no id.
    assert [s.rows[0].bank_id for s in file.statements] == [None, None]


def test_reads_an_interim_report() -> None:
    text = (
        ":20:REF\n:25:123\n:28C:1/1\n:34F:EUR0,\n:13D:2401051200+0100\n"
        ":61:240105D4,50NTRFNONREF\n:86:TEA\n:90D:1EUR4,50\n:90C:0EUR0,\n-\n"
    )
    file = read(text)
    assert rows_of(file) == [("2024-01-05", "-4.50", "TEA")]
    assert file.statements[0].currency == "EUR"
    assert file.findings == ()
    (found,) = read(text.replace(":90D:1EUR4,50", ":90D:2EUR5,50")).findings
    assert (found.code, found.where) == ("BALANCE_MISMATCH", "line 8")


def test_says_that_the_rows_are_not_the_closing_balance() -> None:
    (found,) = read(OPEN + ROW + CLOSE.replace("95,50", "90,00")).findings
    assert (found.code, found.where) == ("BALANCE_MISMATCH", "line 1")
    assert found.detail == "expected 95.50, the file says 90.00 on 2024-01-31"


def test_available_balances_are_marked() -> None:
    (statement,) = read(OPEN + ROW + ":62F:C240131EUR95,50\n:64:D240131EUR1,00\n").statements
    assert [(b.amount, b.available) for b in statement.reported] == [(-1, True)]


@pytest.mark.parametrize(
    ("text", "where", "reason"),
    [
        (OPEN + ":61:2402300105D4,50NTRFX\n" + CLOSE, "line 5", "'240230' is not a date"),
        (OPEN + ":61:2402280230D4,50NTRFX\n" + CLOSE, "line 5", "the entry date is no date"),
        (OPEN + ":61:240105D4.50NTRFX\n" + CLOSE, "line 5", ":61: number 1"),
        (OPEN + ":61:240105D1e5NTRFX\n" + CLOSE, "line 5", ":61: number 1"),
        (OPEN + ROW + ":61:garbage\n" + CLOSE, "line 7", ":61: number 2"),
        (OPEN + ":61:240105D1,2,3NTRFX\n" + CLOSE, "line 5", ":61: number 1"),
        (OPEN.replace("C240101EUR100,00", "nothing") + ROW, "line 4", ":60F: is not a balance"),
        (OPEN + ROW, "line 1", "no closing balance"),
        (OPEN + ROW + ":61:24", "line 7", ":61: number 2"),
    ],
)
def test_refuses_what_cannot_be_read(text: str, where: str, reason: str) -> None:
    found_where, found_reason = refusal(text)
    assert found_where == where
    assert reason in found_reason


def test_logs_nothing_of_what_it_refuses(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    refusal(OPEN + ":61:MARY SMITH\n" + CLOSE)
    read(OPEN + ROW + CLOSE)
    assert "MARY" not in caplog.text
    assert "TEA" not in caplog.text
