"""More exports of North American banks, cards and budgeting programs.

The files are made up in the form of each bank; every one must be recognised by looking alone.
"""

from __future__ import annotations

from samples import rows_of

from mintflow.connectors.files import read_file

# ruff: noqa: E501 - the lines of a bank are as long as they are

DISCOVER = """\
Trans. Date,Post Date,Description,Amount,Category
01/15/2024,01/15/2024,"AMAZON",25.99,"Merchandise"
01/14/2024,01/14/2024,"SHELL",40.00,"Gasoline"
01/13/2024,01/13/2024,"TARGET",12.00,"Merchandise"
01/12/2024,01/12/2024,"INTERNET PAYMENT - THANK YOU",-300.00,"Payments and Credits"
"""


def test_reads_the_form_of_discover() -> None:
    file = read_file(DISCOVER.encode("utf-8"), "export.csv")
    assert rows_of(file) == [
        ("2024-01-15", "-25.99", "AMAZON"),
        ("2024-01-14", "-40.00", "SHELL"),
        ("2024-01-13", "-12.00", "TARGET"),
        ("2024-01-12", "300.00", "INTERNET PAYMENT - THANK YOU"),
    ]
    assert [(found.code, found.where) for found in file.findings] == [
        ("SIGN_ASSUMED", "line 1"),
    ]
    assert file.profile is not None
    assert file.profile.sign == -1


CITI = """\
Status,Date,Description,Debit,Credit
Cleared,01/15/2024,"STORE",12.00,
Cleared,01/14/2024,"ONLINE PAYMENT, THANK YOU",,-100.00
"""


def test_reads_the_form_of_citi() -> None:
    file = read_file(CITI.encode("utf-8"), "export.csv")
    assert rows_of(file) == [
        ("2024-01-15", "-12.00", "STORE"),
        ("2024-01-14", "100.00", "ONLINE PAYMENT, THANK YOU"),
    ]
    assert file.findings == ()


WELLS = """\
"01/15/2024","-12.00","*","","SHOP"
"01/14/2024","100.00","*","","DEPOSIT"
"""


def test_reads_the_form_of_wells() -> None:
    file = read_file(WELLS.encode("utf-8"), "export.csv")
    assert rows_of(file) == [
        ("2024-01-15", "-12.00", "SHOP"),
        ("2024-01-14", "100.00", "DEPOSIT"),
    ]
    assert file.findings == ()


USAA = """\
Date,Description,Original Description,Category,Amount,Status
2024-01-15,Shop,SHOP,Cat,-12.00,Posted
2024-01-16,Shop,SHOP,Cat,-13.00,Pending
"""


def test_reads_the_form_of_usaa() -> None:
    file = read_file(USAA.encode("utf-8"), "export.csv")
    assert rows_of(file) == [
        ("2024-01-15", "-12.00", "Shop"),
        ("2024-01-16", "-13.00", "Shop"),
    ]
    assert file.findings == ()
    assert [row.pending for row in file.statements[0].rows] == [False, True]


TANGERINE = """\
Date,Transaction,Name,Memo,Amount
1/15/2024,DEBIT,INTERAC e-Transfer To: X,Transferred,-20
1/16/2024,CREDIT,EFT Deposit,,1500
"""


def test_reads_the_form_of_tangerine() -> None:
    file = read_file(TANGERINE.encode("utf-8"), "export.csv")
    assert rows_of(file) == [
        ("2024-01-15", "-20", "INTERAC e-Transfer To: X"),
        ("2024-01-16", "1500", "EFT Deposit"),
    ]
    assert file.findings == ()


RBC = """\
"Account Type","Account Number","Transaction Date","Cheque Number","Description 1","Description 2","CAD$","USD$"
Chequing,01234-5678901,1/15/2024,,"INTERAC","SHOP",-12.34,,
Chequing,01234-5678901,1/16/2024,,"PAY","JOB",1200.00,,
"""


def test_reads_the_form_of_rbc() -> None:
    file = read_file(RBC.encode("utf-8"), "export.csv")
    assert rows_of(file) == [
        ("2024-01-15", "-12.34", "INTERAC SHOP"),
        ("2024-01-16", "1200.00", "PAY JOB"),
    ]
    assert file.findings == ()
    assert file.statements[0].account_hint == "01234-5678901"
    assert file.statements[0].currency == "CAD"


TD = """\
01/15/2024,SHOP,12.34,,987.66
01/14/2024,PAY,,1000.00,1000.00
"""


def test_reads_the_form_of_td() -> None:
    file = read_file(TD.encode("utf-8"), "export.csv")
    assert rows_of(file) == [
        ("2024-01-15", "-12.34", "SHOP"),
        ("2024-01-14", "1000.00", "PAY"),
    ]
    assert file.findings == ()
    assert file.statements[0].closing is not None
    assert str(file.statements[0].closing.amount) == "987.66"


YNAB = """\
"Account","Flag","Date","Payee","Category Group/Category","Category Group","Category","Memo","Outflow","Inflow","Cleared"
"Checking","","01/15/2024","Shop","A: B","A","B","memo x","$12.34","$0.00","Cleared"
"Checking","","01/16/2024","Job","I","I","","","$0.00","$1,000.00","Cleared"
"""


def test_reads_the_form_of_ynab() -> None:
    file = read_file(YNAB.encode("utf-8"), "export.csv")
    assert rows_of(file) == [
        ("2024-01-15", "-12.34", "Shop"),
        ("2024-01-16", "1000.00", "Job"),
    ]
    assert file.findings == ()


MINTCOM = """\
"Date","Description","Original Description","Amount","Transaction Type","Category","Account Name","Labels","Notes"
"1/15/2024","Shop","SHOP #1","12.34","debit","Shopping","Checking","",""
"1/16/2024","Job","JOB INC","1000.00","credit","Paycheck","Checking","",""
"""


def test_reads_the_form_of_mintcom() -> None:
    file = read_file(MINTCOM.encode("utf-8"), "export.csv")
    assert rows_of(file) == [
        ("2024-01-15", "-12.34", "Shop SHOP #1"),
        ("2024-01-16", "1000.00", "Job JOB INC"),
    ]
    assert file.findings == ()


MINT = """\
"12/10/2014","Dn Ing Inv","[DN]ING INV/PLA","16.50","credit","Investments","Chequing","",""
"12/10/2014","Transfer","TFR-TO C/C","200.00","debit","Transfer","Chequing","",""
"12/12/2014","Shop","SHOP 1","7.50","debit","Shopping","Chequing","",""
"""


def test_reads_the_form_of_mint() -> None:
    file = read_file(MINT.encode("utf-8"), "export.csv")
    assert rows_of(file) == [
        ("2014-12-10", "16.50", "[DN]ING INV/PLA"),
        ("2014-12-10", "-200.00", "TFR-TO C/C"),
        ("2014-12-12", "-7.50", "SHOP 1"),
    ]
    assert [(found.code, found.where) for found in file.findings] == [
        ("DATE_ORDER_ASSUMED", "line 1"),
    ]


SUNTRUST = """\
11/01/2014,0, Deposit,0,500.00
11/02/2014,101,Check,100.00,0
11/03/2014,102,Check,100.00,0
11/04/2014,103,Check,100.00,0
"""


def test_reads_the_form_of_suntrust() -> None:
    file = read_file(SUNTRUST.encode("utf-8"), "export.csv")
    assert rows_of(file) == [
        ("2014-11-01", "500.00", "Deposit"),
        ("2014-11-02", "-100.00", "Check"),
        ("2014-11-03", "-100.00", "Check"),
        ("2014-11-04", "-100.00", "Check"),
    ]
    assert [(found.code, found.where) for found in file.findings] == [("SIGN_ASSUMED", "line 1")]


BROKER = """\
2014-02-10,2014-02-10,Interest,ISHARES S&P/TSX CAPPED REIT IN,XRE,179,,,12.55,CAD
2014-01-16,2014-01-16,Reinvestment,ISHARES GLOBAL AGRICULTURE IND,COW,3,,,-81.57,CAD
2014-01-16,2014-01-16,Contribution,CONTRIBUTION,,,,,600.00,CAD
2014-01-16,2014-01-16,Interest,ISHARES GLOBAL AGRICULTURE IND,COW,200,,,87.05,CAD
"""


def test_reads_the_form_of_broker() -> None:
    file = read_file(BROKER.encode("utf-8"), "export.csv")
    assert rows_of(file) == [
        ("2014-02-10", "12.55", "ISHARES S&P/TSX CAPPED REIT IN"),
        ("2014-01-16", "-81.57", "ISHARES GLOBAL AGRICULTURE IND"),
        ("2014-01-16", "600.00", "CONTRIBUTION"),
        ("2014-01-16", "87.05", "ISHARES GLOBAL AGRICULTURE IND"),
    ]
    assert file.findings == ()
    assert file.statements[0].currency == "CAD"
