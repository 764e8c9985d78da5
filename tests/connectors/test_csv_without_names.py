"""Exports without column names, or with names that say less than what stands below them.

The files are made up in the form of each bank; every one must be recognised by looking alone.
"""

from __future__ import annotations

import pytest
from samples import rows_of

from mintflow.connectors.files import read_file

# The Volksbank of the Netherlands prints the balance as it was before the row.
ASN = """\
17-06-2024,NL00ASNB0000000000,,Employer,,,,EUR,100.00,EUR,2000.00,17-06-2024,17-06-2024,1,SAL,1,,'June'
18-06-2024,NL00ASNB0000000000,,Landlord,,,,EUR,2100.00,EUR,-900.00,18-06-2024,18-06-2024,2,IDM,2,,'Rent'
20-06-2024,NL00ASNB0000000000,,Grocer,,,,EUR,1200.00,EUR,-45.10,20-06-2024,20-06-2024,3,BEA,3,,'Market'
21-06-2024,NL00ASNB0000000000,,Grocer,,,,EUR,1154.90,EUR,-4.90,21-06-2024,21-06-2024,4,BEA,4,,'Bread'
"""


@pytest.mark.parametrize("newest_first", [False, True])
def test_a_balance_before_its_row_turns_no_sign(newest_first: bool) -> None:
    lines = ASN.splitlines()
    file = read_file("\n".join(lines[::-1] if newest_first else lines).encode(), "export.csv")
    rows = [
        ("2024-06-17", "2000.00"),
        ("2024-06-18", "-900.00"),
        ("2024-06-20", "-45.10"),
        ("2024-06-21", "-4.90"),
    ]
    assert [row[:2] for row in rows_of(file)] == (rows[::-1] if newest_first else rows)
    assert file.findings == ()
    assert file.statements[0].closing is None


@pytest.mark.parametrize("newest_first", [False, True])
def test_a_balance_that_falls_by_its_row_turns_the_sign(newest_first: bool) -> None:
    names, *lines = (
        "Date,Description,Amount,Balance",
        "2024-01-05,SHOP,10.00,90.00",
        "2024-01-06,CAFE,4.00,86.00",
        "2024-01-07,REFUND,-6.00,92.00",
    )
    lines = lines[::-1] if newest_first else lines
    file = read_file("\n".join([names, *lines]).encode(), "export.csv")
    amounts = ["-10.00", "-4.00", "6.00"]
    assert [amount for _, amount, _ in rows_of(file)] == (
        amounts[::-1] if newest_first else amounts
    )
    assert file.findings == ()
    assert file.statements[0].closing is not None
    assert str(file.statements[0].closing.amount) == "92.00"


def test_within_one_day_a_sign_that_only_the_balance_turns_is_said_to_be_assumed() -> None:
    text = (
        "Date,Description,Amount,Balance\n2024-01-05,SHOP,10.00,90.00\n2024-01-05,CAFE,4.00,86.00\n"
    )
    file = read_file(text.encode(), "export.csv")
    assert [amount for _, amount, _ in rows_of(file)] == ["-10.00", "-4.00"]
    assert [found.code for found in file.findings] == ["SIGN_ASSUMED"]


FIDUCIA = """\
Buchungstag;Valuta;Auftraggeber/Zahlungsempfänger;Empfänger/Zahlungspflichtiger;Konto-Nr.;IBAN;BLZ;BIC;Vorgang/Verwendungszweck;Kundenreferenz;Währung;Umsatz;
03.04.2024;04.04.2024;Erika Beispiel;Turnverein;;;;;"LASTSCHRIFT
Beitrag";;EUR;1.012,00;S
03.04.2024;04.04.2024;Erika Beispiel;Bäckerei;;;;;"KARTE
Brot";;EUR;4,20;S
02.04.2024;02.04.2024;Erika Beispiel;Werk AG;;;;;"LOHN
April";;EUR;2.100,00;H
;;;;;;;;;;;;
28.03.2024;;;;;;;;;Anfangssaldo;EUR;500,00;H
04.04.2024;;;;;;;;;Endsaldo;EUR;1.583,80;H
"""


def test_balances_in_the_column_of_amounts_are_no_rows() -> None:
    file = read_file(FIDUCIA.encode("cp1252"), "export.csv")
    assert [row[:2] for row in rows_of(file)] == [
        ("2024-04-03", "-1012.00"),
        ("2024-04-03", "-4.20"),
        ("2024-04-02", "2100.00"),
    ]
    assert [(found.code, found.where) for found in file.findings] == [
        ("SKIPPED_LINES", "lines 9-10")
    ]


def test_a_row_is_not_passed_over_for_the_name_of_one_balance() -> None:
    text = "Date,Description,Amount\n2024-01-05,Opening balance,10.00\n2024-01-06,CAFE,-4.00\n"
    assert len(rows_of(read_file(text.encode(), "export.csv"))) == 2


def test_the_own_name_in_every_row_is_no_description() -> None:
    file = read_file(FIDUCIA.encode("cp1252"), "export.csv")
    assert [told for _, _, told in rows_of(file)] == [
        "Turnverein LASTSCHRIFT Beitrag",
        "Bäckerei KARTE Brot",
        "Werk AG LOHN April",
    ]


def test_a_pair_that_nothing_tells_apart_is_said_to_be_assumed() -> None:
    text = "2024-01-05,SHOP,10.00,\n2024-01-06,CAFE,4.00,\n2024-01-07,REFUND,,6.00\n"
    file = read_file(text.encode(), "export.csv")
    assert [amount for _, amount, _ in rows_of(file)] == ["-10.00", "-4.00", "6.00"]
    assert [(found.code, found.where) for found in file.findings] == [("SIGN_ASSUMED", "line 1")]


def test_the_half_of_a_pair_that_has_no_cents_is_not_lost() -> None:
    text = "2024-01-05;SHOP;10,50;0\n2024-01-06;CAFE;4,20;0\n2024-01-07;SALARY;0;600\n"
    file = read_file(text.encode(), "export.csv")
    assert [amount for _, amount, _ in rows_of(file)] == ["-10.50", "-4.20", "600"]


def test_the_same_money_in_another_currency_is_no_balance() -> None:
    text = (
        "Tag;Foreign;Home;What\n2024-01-05;-10,00;-9,20;SHOP\n"
        "2024-01-06;-4,00;-4,00;CAFE\n2024-01-07;6,00;5,50;REFUND\n"
    )
    file = read_file(text.encode(), "export.csv")
    assert file.statements[0].closing is None
    assert file.findings == ()


def test_amounts_with_signs_may_be_named_for_their_marks() -> None:
    text = "Buchungstag;Soll/Haben;Name\n05.01.2024;-10,00;Laden\n13.01.2024;500,00;Werk\n"
    file = read_file(text.encode(), "export.csv")
    assert rows_of(file) == [("2024-01-05", "-10.00", "Laden"), ("2024-01-13", "500.00", "Werk")]


def test_codes_right_of_the_amount_are_its_currency_under_any_name() -> None:
    text = "Date,Text,Amount,Geld\n2024-01-05,SHOP,-10,HUF\n2024-01-13,PAY,500,HUF\n"
    assert read_file(text.encode(), "export.csv").statements[0].currency == "HUF"


def test_a_long_text_in_few_rows_does_not_describe_the_others() -> None:
    text = (
        "POS 1 SHOP|20240105|-10.00|\nPOS 2 CAFE|20240106|-4.00|\n"
        "TRANSFER|20240107|-6.00| a reference of some length\nPOS 3 SHOP|20240108|-8.00|\n"
    )
    file = read_file(text.encode(), "export.csv")
    assert [told for _, _, told in rows_of(file)] == [
        "POS 1 SHOP", "POS 2 CAFE", "TRANSFER", "POS 3 SHOP",
    ]  # fmt: skip
