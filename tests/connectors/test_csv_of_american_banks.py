"""Exports of banks and cards of the United States: month first, dollars, cards upside down.

The files are made up in the form of each bank; every one must be recognised by looking alone.
"""

from __future__ import annotations

from samples import rows_of

from mintflow.connectors.files import read_file

# ruff: noqa: E501 - the lines of a bank are as long as they are

CHASE_CARD = """\
Transaction Date,Post Date,Description,Category,Type,Amount,Memo
01/15/2024,01/16/2024,AMZN Mktp,Shopping,Sale,-45.99,
01/14/2024,01/15/2024,STARBUCKS,Food & Drink,Sale,-5.25,
01/10/2024,01/10/2024,Payment Thank You-Mobile,,Payment,500.00,
"""


def test_reads_the_form_of_chase_card() -> None:
    file = read_file(CHASE_CARD.encode("utf-8"), "export.csv", currency="USD")
    assert rows_of(file) == [
        ("2024-01-16", "-45.99", "AMZN Mktp"),
        ("2024-01-15", "-5.25", "STARBUCKS"),
        ("2024-01-10", "500.00", "Payment Thank You-Mobile"),
    ]
    assert file.findings == ()


CARD_SALE_POSITIVE = """\
Transaction Date,Post Date,Description,Category,Type,Amount
01/15/2024,01/16/2024,AMZN Mktp,Shopping,Sale,45.99
01/14/2024,01/15/2024,STARBUCKS,Food & Drink,Sale,5.25
01/10/2024,01/10/2024,Payment Thank You-Mobile,,Payment,-500.00
"""


def test_reads_the_form_of_card_sale_positive() -> None:
    file = read_file(CARD_SALE_POSITIVE.encode("utf-8"), "export.csv", currency="USD")
    assert rows_of(file) == [
        ("2024-01-16", "-45.99", "AMZN Mktp"),
        ("2024-01-15", "-5.25", "STARBUCKS"),
        ("2024-01-10", "500.00", "Payment Thank You-Mobile"),
    ]
    assert [(found.code, found.where) for found in file.findings] == [
        ("SIGN_ASSUMED", "line 1"),
    ]
    assert file.profile is not None
    assert file.profile.sign == -1


AMEX = """\
Date,Description,Amount
01/15/2024,UBER TRIP,23.40
01/14/2024,WHOLEFDS,102.11
01/13/2024,DELTA AIR,350.00
01/10/2024,AUTOPAY PAYMENT - THANK YOU,-890.12
"""


def test_reads_the_form_of_amex() -> None:
    file = read_file(AMEX.encode("utf-8"), "export.csv", currency="USD")
    assert rows_of(file) == [
        ("2024-01-15", "-23.40", "UBER TRIP"),
        ("2024-01-14", "-102.11", "WHOLEFDS"),
        ("2024-01-13", "-350.00", "DELTA AIR"),
        ("2024-01-10", "890.12", "AUTOPAY PAYMENT - THANK YOU"),
    ]
    assert [(found.code, found.where) for found in file.findings] == [
        ("SIGN_ASSUMED", "line 1"),
    ]
    assert file.profile is not None
    assert file.profile.sign == -1


CHASE_CHECKING = """\
Details,Posting Date,Description,Amount,Type,Balance,Check or Slip #
DEBIT,01/15/2024,"VENMO PAYMENT",-100.00,ACH_DEBIT,1900.00,,
CREDIT,01/14/2024,"PAYROLL",1500.00,ACH_CREDIT,2000.00,,
CHECK,01/12/2024,"CHECK 101",-250.00,CHECK_PAID,500.00,101,
"""


def test_reads_the_form_of_chase_checking() -> None:
    file = read_file(CHASE_CHECKING.encode("utf-8"), "export.csv", currency="USD")
    assert rows_of(file) == [
        ("2024-01-15", "-100.00", "VENMO PAYMENT"),
        ("2024-01-14", "1500.00", "PAYROLL"),
        ("2024-01-12", "-250.00", "CHECK 101"),
    ]
    assert file.findings == ()
    assert file.statements[0].closing is not None
    assert str(file.statements[0].closing.amount) == "1900.00"


BOA = """\
Description,,Summary Amt.
Beginning balance as of 01/01/2024,,"1,000.00"
Total credits,,"500.00"
Total debits,,"-104.50"
Ending balance as of 01/31/2024,,"1,395.50"

Date,Description,Amount,Running Bal.
01/01/2024,Beginning balance as of 01/01/2024,,"1,000.00"
01/05/2024,"COFFEE","-4.50","995.50"
01/15/2024,"PAYROLL","500.00","1,495.50"
01/20/2024,"RENT","-100.00","1,395.50"
"""


def test_reads_the_form_of_boa() -> None:
    file = read_file(BOA.encode("utf-8"), "export.csv", currency="USD")
    assert rows_of(file) == [
        ("2024-01-05", "-4.50", "COFFEE"),
        ("2024-01-15", "500.00", "PAYROLL"),
        ("2024-01-20", "-100.00", "RENT"),
    ]
    assert [(found.code, found.where) for found in file.findings] == [
        ("SKIPPED_LINES", "lines 1-5"),
        ("SKIPPED_LINES", "line 8"),
    ]
    assert file.statements[0].closing is not None
    assert str(file.statements[0].closing.amount) == "1395.50"


CAPITAL_ONE = """\
Transaction Date,Posted Date,Card No.,Description,Category,Debit,Credit
2024-01-15,2024-01-16,1234,TARGET,Merchandise,45.10,
2024-01-14,2024-01-15,1234,CAPITAL ONE MOBILE PYMT,Payment/Credit,,300.00
"""


def test_reads_the_form_of_capital_one() -> None:
    file = read_file(CAPITAL_ONE.encode("utf-8"), "export.csv", currency="USD")
    assert rows_of(file) == [
        ("2024-01-16", "-45.10", "TARGET"),
        ("2024-01-15", "300.00", "CAPITAL ONE MOBILE PYMT"),
    ]
    assert file.findings == ()


PAYPAL = """\
"Date","Time","TimeZone","Name","Type","Status","Currency","Gross","Fee","Net","From Email Address","To Email Address","Transaction ID","Reference Txn ID","Balance","Balance Impact"
"01/15/2024","10:00:00","PST","Shop","Express Checkout Payment","Completed","USD","-20.00","0.00","-20.00","a@b.c","d@e.f","1AB","","80.00","Debit"
"01/16/2024","10:00:00","PST","Bob","Mobile Payment","Completed","USD","50.00","-1.75","48.25","a@b.c","d@e.f","2AB","","128.25","Credit"
"01/17/2024","10:00:00","PST","Eve","Mobile Payment","Denied","USD","50.00","0.00","50.00","a@b.c","d@e.f","3AB","","128.25","Memo"
"01/18/2024","10:00:00","PST","Zed","Mobile Payment","Pending","USD","1,050.00","0.00","1,050.00","a@b.c","d@e.f","4AB","","1,178.25","Credit"
"""


def test_reads_the_form_of_paypal() -> None:
    file = read_file(PAYPAL.encode("utf-8-sig"), "export.csv", currency="USD")
    assert rows_of(file) == [
        ("2024-01-15", "-20.00", "Shop"),
        ("2024-01-16", "48.25", "Bob"),
        ("2024-01-18", "1050.00", "Zed"),
    ]
    assert [(found.code, found.where) for found in file.findings] == [
        ("SKIPPED_LINES", "line 4"),
    ]
    assert file.statements[0].currency == "USD"
    assert file.statements[0].closing is not None
    assert str(file.statements[0].closing.amount) == "128.25"
    assert [row.pending for row in file.statements[0].rows] == [False, False, True]
    assert [row.bank_id for row in file.statements[0].rows] == ["1AB", "2AB", "4AB"]
