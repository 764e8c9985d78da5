"""More exports of India and Nigeria, and forms that no bank would own.

The files are made up in the form of each bank; every one must be recognised by looking alone.
"""

from __future__ import annotations

from samples import rows_of

from mintflow.connectors.files import read_file

KOTAK = """\
Sl. No.,Date,Description,Chq / Ref number,Amount,Dr / Cr,Balance,Dr / Cr
1,15/01/2024,UPI,UPI-1,100.00,DR,"9,900.00",CR
2,16/01/2024,NEFT,N-1,"1,000.00",CR,"10,900.00",CR
"""


def test_reads_the_form_of_kotak() -> None:
    file = read_file(KOTAK.encode("utf-8"), "export.csv")
    assert rows_of(file) == [
        ("2024-01-15", "-100.00", "UPI"),
        ("2024-01-16", "1000.00", "NEFT"),
    ]
    assert file.findings == ()
    assert file.statements[0].closing is not None
    assert str(file.statements[0].closing.amount) == "10900.00"


AXIS = """\
Tran Date,CHQNO,PARTICULARS,DR,CR,BAL,SOL
15-01-2024,-,UPI,100.00, ,9900.00,123
16-01-2024,-,NEFT, ,1000.00,10900.00,123
"""


def test_reads_the_form_of_axis() -> None:
    file = read_file(AXIS.encode("utf-8"), "export.csv")
    assert rows_of(file) == [
        ("2024-01-15", "-100.00", "UPI"),
        ("2024-01-16", "1000.00", "NEFT"),
    ]
    assert file.findings == ()
    assert file.statements[0].closing is not None
    assert str(file.statements[0].closing.amount) == "10900.00"


ACCESS_NG = """\
Posted Date,Value Date,Description,Debit,Credit,Balance
15-JAN-24,15-JAN-24,POS,"1,000.00",-,"9,000.00"
16-JAN-24,16-JAN-24,TRF,-,"5,000.00","14,000.00"
"""


def test_reads_the_form_of_access_ng() -> None:
    file = read_file(ACCESS_NG.encode("utf-8"), "export.csv")
    assert rows_of(file) == [
        ("2024-01-15", "-1000.00", "POS"),
        ("2024-01-16", "5000.00", "TRF"),
    ]
    assert file.findings == ()
    assert file.statements[0].closing is not None
    assert str(file.statements[0].closing.amount) == "14000.00"


HARDER = """\
10-Nov-9,-123.12,,,TRANSFER DEBIT INTERNET TRANSFER,INTERNET TRANSFER MORTGAGE,0.00,
09-Nov-10,123.12,,,TRANSFER CREDIT INTERNET TRANSFER,INTERNET TRANSFER,0.00,
04-Nov-11,-1000.00,,,TRANSFER DEBIT INTERNET TRANSFER,INTERNET TRANSFER,0.00,
"""


def test_reads_the_form_of_harder() -> None:
    file = read_file(HARDER.encode("utf-8"), "export.csv")
    assert rows_of(file) == [
        ("2009-11-10", "-123.12", "TRANSFER DEBIT INTERNET TRANSFER"),
        ("2010-11-09", "123.12", "TRANSFER CREDIT INTERNET TRANSFER"),
        ("2011-11-04", "-1000.00", "TRANSFER DEBIT INTERNET TRANSFER"),
    ]
    assert file.findings == ()


TSV = """\
Date\tPayee\tCategory\tAmount
5/1/2024\tA B\tx\t(5.00)
5/21/2024\tC\ty\t20.00
"""


def test_reads_the_form_of_tsv() -> None:
    file = read_file(TSV.encode("utf-8"), "export.csv")
    assert rows_of(file) == [
        ("2024-05-01", "-5.00", "A B"),
        ("2024-05-21", "20.00", "C"),
    ]
    assert file.findings == ()


SEMI_DOT = """\
Date;Label;Amount;Currency
2024-01-05;"Café; bar";-12.50;EUR
2024-01-06;X;1500;EUR
"""


def test_reads_the_form_of_semi_dot() -> None:
    file = read_file(SEMI_DOT.encode("utf-8"), "export.csv")
    assert rows_of(file) == [
        ("2024-01-05", "-12.50", "Café; bar"),
        ("2024-01-06", "1500", "X"),
    ]
    assert file.findings == ()
    assert file.statements[0].currency == "EUR"


INVALID_HEADER = """\
=
"Date","Description","Amount"
"2012/3/22","DEPOSIT","50.00"
"2012/3/23","TRANSFER","-10.00"
"""


def test_reads_the_form_of_invalid_header() -> None:
    file = read_file(INVALID_HEADER.encode("utf-8"), "export.csv")
    assert rows_of(file) == [
        ("2012-03-22", "50.00", "DEPOSIT"),
        ("2012-03-23", "-10.00", "TRANSFER"),
    ]
    assert [(found.code, found.where) for found in file.findings] == [
        ("SKIPPED_LINES", "line 1"),
    ]
