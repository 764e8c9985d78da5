"""Exports of British, Irish and Australian banks, with and without column names.

The files are made up in the form of each bank; every one must be recognised by looking alone.
"""

from __future__ import annotations

from samples import rows_of

from mintflow.connectors.files import read_file

# ruff: noqa: E501 - the lines of a bank are as long as they are

BARCLAYS = """\
Number,Date,Account,Amount,Subcategory,Memo
\t ,15/01/2024,20-00-00 12345678,-45.00,PAYMENT,SAINSBURYS        ON 14 JAN
\t ,14/01/2024,20-00-00 12345678,1200.00,FT,EMPLOYER LTD
"""


def test_reads_the_form_of_barclays() -> None:
    file = read_file(BARCLAYS.encode("utf-8"), "export.csv", currency="GBP")
    assert rows_of(file) == [
        ("2024-01-15", "-45.00", "SAINSBURYS        ON 14 JAN"),
        ("2024-01-14", "1200.00", "EMPLOYER LTD"),
    ]
    assert file.findings == ()
    assert file.statements[0].account_hint == "20-00-00 12345678"


HSBC_HEADERLESS = """\
15/01/2024,TESCO STORES,"-1,045.00"
14/01/2024,SALARY,"2,500.00"
12/01/2024,TFL,-2.80
"""


def test_reads_the_form_of_hsbc_headerless() -> None:
    file = read_file(HSBC_HEADERLESS.encode("utf-8"), "export.csv", currency="GBP")
    assert rows_of(file) == [
        ("2024-01-15", "-1045.00", "TESCO STORES"),
        ("2024-01-14", "2500.00", "SALARY"),
        ("2024-01-12", "-2.80", "TFL"),
    ]
    assert file.findings == ()


LLOYDS = """\
Transaction Date,Transaction Type,Sort Code,Account Number,Transaction Description,Debit Amount,Credit Amount,Balance
15/01/2024,DEB,'11-22-33,12345678,TESCO,12.00,,988.00
14/01/2024,FPI,'11-22-33,12345678,J SMITH,,100.00,1000.00
"""


def test_reads_the_form_of_lloyds() -> None:
    file = read_file(LLOYDS.encode("utf-8"), "export.csv", currency="GBP")
    assert rows_of(file) == [
        ("2024-01-15", "-12.00", "TESCO"),
        ("2024-01-14", "100.00", "J SMITH"),
    ]
    assert file.findings == ()
    assert file.statements[0].account_hint == "12345678"
    assert file.statements[0].closing is not None
    assert str(file.statements[0].closing.amount) == "988.00"


MONZO = """\
Transaction ID,Date,Time,Type,Name,Emoji,Category,Amount,Currency,Local amount,Local currency,Notes and #tags,Address,Receipt,Description,Category split,Money Out,Money In
tx_0001,15/01/2024,10:00:00,Card payment,Pret,🥪,Eating out,-3.50,GBP,-3.50,GBP,,,,PRET A MANGER,,-3.50,
tx_0002,16/01/2024,10:00:00,Faster payment,Bob,,General,20.00,GBP,20.00,GBP,thanks,,,BOB,,,20.00
"""


def test_reads_the_form_of_monzo() -> None:
    file = read_file(MONZO.encode("utf-8"), "export.csv", currency="GBP")
    assert rows_of(file) == [
        ("2024-01-15", "-3.50", "Pret PRET A MANGER"),
        ("2024-01-16", "20.00", "Bob"),
    ]
    assert file.findings == ()
    assert file.statements[0].currency == "GBP"
    assert [row.bank_id for row in file.statements[0].rows] == ["tx_0001", "tx_0002"]


STARLING = """\
Date,Counter Party,Reference,Type,Amount (GBP),Balance (GBP),Spending Category,Notes
15/01/2024,Tesco,TESCO 123,CARD,-10.00,90.00,GROCERIES,
16/01/2024,Bob,rent,FASTER PAYMENT,50.00,140.00,INCOME,
"""


def test_reads_the_form_of_starling() -> None:
    file = read_file(STARLING.encode("utf-8"), "export.csv")
    assert rows_of(file) == [
        ("2024-01-15", "-10.00", "Tesco"),
        ("2024-01-16", "50.00", "Bob"),
    ]
    assert file.findings == ()
    assert file.statements[0].currency == "GBP"
    assert file.statements[0].closing is not None
    assert str(file.statements[0].closing.amount) == "140.00"


NATWEST = """\
Date, Type, Description, Value, Balance, Account Name, Account Number
15/01/2024,D/D,"'COUNCIL TAX",-120.00,880.00,"'Smith J","'600000-12345678",
13/01/2024,BAC,"'ACME LTD",1000.00,1000.00,"'Smith J","'600000-12345678",
"""


def test_reads_the_form_of_natwest() -> None:
    file = read_file(NATWEST.encode("utf-8"), "export.csv", currency="GBP")
    assert rows_of(file) == [
        ("2024-01-15", "-120.00", "'COUNCIL TAX"),
        ("2024-01-13", "1000.00", "'ACME LTD"),
    ]
    assert file.findings == ()
    assert file.statements[0].account_hint == "'600000-12345678"
    assert file.statements[0].closing is not None
    assert str(file.statements[0].closing.amount) == "880.00"


REVOLUT = """\
Type,Product,Started Date,Completed Date,Description,Amount,Fee,Currency,State,Balance
TOPUP,Current,2024-01-01 10:00:00,2024-01-01 10:00:05,Top-Up by *1234,100.00,0.00,EUR,COMPLETED,100.00
CARD_PAYMENT,Current,2024-01-02 11:00:00,2024-01-03 08:00:00,Lidl,-12.50,0.00,EUR,COMPLETED,87.50
EXCHANGE,Current,2024-01-04 11:00:00,2024-01-04 11:00:00,To GBP,-20.00,0.20,EUR,COMPLETED,67.30
CARD_PAYMENT,Current,2024-01-05 11:00:00,,Uber,-8.00,0.00,EUR,PENDING,
CARD_PAYMENT,Current,2024-01-05 12:00:00,,Bad Shop,-99.00,0.00,EUR,REVERTED,
TRANSFER,Current,2024-01-06 11:00:00,2024-01-06 11:00:01,To Bob,-7.30,0.00,EUR,COMPLETED,60.00
"""


def test_reads_the_form_of_revolut() -> None:
    file = read_file(REVOLUT.encode("utf-8"), "export.csv", currency="EUR")
    assert rows_of(file) == [
        ("2024-01-01", "100.00", "Top-Up by *1234"),
        ("2024-01-03", "-12.50", "Lidl"),
        ("2024-01-04", "-20.20", "To GBP"),
        ("2024-01-05", "-8.00", "Uber"),
        ("2024-01-06", "-7.30", "To Bob"),
    ]
    assert [(found.code, found.where) for found in file.findings] == [
        ("SKIPPED_LINES", "line 6"),
    ]
    assert file.statements[0].currency == "EUR"
    assert file.statements[0].closing is not None
    assert str(file.statements[0].closing.amount) == "60.00"
    assert [row.pending for row in file.statements[0].rows] == [False, False, False, True, False]


WISE = """\
"TransferWise ID",Date,Amount,Currency,Description,"Payment Reference","Running Balance","Exchange From","Exchange To","Exchange Rate","Payer Name","Payee Name","Payee Account Number",Merchant,"Card Last Four Digits","Card Holder Full Name",Attachment,Note,"Total fees"
CARD-1002,05-01-2024,-12.34,EUR,"Card transaction of 12.34 EUR issued by Lidl",,987.66,,,,,,,Lidl,1234,"A B",,,0.00
TRANSFER-99,03-01-2024,1000.00,EUR,"Received money from ACME","Salary",1000.00,,,,ACME,,,,,,,,0.41
"""


def test_reads_the_form_of_wise() -> None:
    file = read_file(WISE.encode("utf-8"), "export.csv", currency="EUR")
    assert rows_of(file) == [
        ("2024-01-05", "-12.34", "Lidl Card transaction of 12.34 EUR issued by Lidl"),
        ("2024-01-03", "1000.00", "Received money from ACME Salary"),
    ]
    assert [(found.code, found.where) for found in file.findings] == [
        ("DATE_ORDER_ASSUMED", "line 1"),
    ]
    assert file.statements[0].currency == "EUR"
    assert file.statements[0].closing is not None
    assert str(file.statements[0].closing.amount) == "987.66"
    assert [row.bank_id for row in file.statements[0].rows] == ["CARD-1002", "TRANSFER-99"]


COMMBANK = """\
15/01/2024,"-12.34","WOOLWORTHS 1234 SYDNEY","+987.66"
14/01/2024,"+1000.00","Salary ACME","+1000.00"
"""


def test_reads_the_form_of_commbank() -> None:
    file = read_file(COMMBANK.encode("utf-8"), "export.csv", currency="AUD")
    assert rows_of(file) == [
        ("2024-01-15", "-12.34", "WOOLWORTHS 1234 SYDNEY"),
        ("2024-01-14", "1000.00", "Salary ACME"),
    ]
    assert file.findings == ()
    assert file.statements[0].closing is not None
    assert str(file.statements[0].closing.amount) == "987.66"


ANZ = """\
15/01/2024,-12.34,WOOLWORTHS 1234 SYDNEY
14/01/2024,1000.00,Salary ACME
"""


def test_reads_the_form_of_anz() -> None:
    file = read_file(ANZ.encode("utf-8"), "export.csv", currency="AUD")
    assert rows_of(file) == [
        ("2024-01-15", "-12.34", "WOOLWORTHS 1234 SYDNEY"),
        ("2024-01-14", "1000.00", "Salary ACME"),
    ]
    assert file.findings == ()


WESTPAC = """\
Bank Account,Date,Narrative,Debit Amount,Credit Amount,Balance,Categories,Serial
032000123456,15/01/2024,"WOOLWORTHS",12.34,,987.66,PAYMENT,
032000123456,14/01/2024,"SALARY",,1000.00,1000.00,DEP,
"""


def test_reads_the_form_of_westpac() -> None:
    file = read_file(WESTPAC.encode("utf-8"), "export.csv", currency="AUD")
    assert rows_of(file) == [
        ("2024-01-15", "-12.34", "WOOLWORTHS"),
        ("2024-01-14", "1000.00", "SALARY"),
    ]
    assert file.findings == ()
    assert file.statements[0].account_hint == "032000123456"
    assert file.statements[0].closing is not None
    assert str(file.statements[0].closing.amount) == "987.66"
