"""Exports of Indian, Nigerian, Indonesian and Japanese banks: lakhs, marks, no cents.

The files are made up in the form of each bank; every one must be recognised by looking alone.
"""

from __future__ import annotations

from samples import rows_of

from mintflow.connectors.files import read_file

# ruff: noqa: E501 - the lines of a bank are as long as they are

SBI = """\
Account Name       :,Mr X
Account Number     :,_00000012345678901
Branch             :,PUNE
Interest Rate(% p.a.)  :,2.7
Balance as on 1 Jan 2024 :,"1,23,456.78"

Txn Date,Value Date,Description,Ref No./Cheque No.,Debit,Credit,Balance
3 Jan 2024,3 Jan 2024,"TO TRANSFER-UPI/DR/1234",TRANSFER TO 1,"1,000.00"," ","1,22,456.78"
5 Jan 2024,5 Jan 2024,"BY SALARY",," ","2,00,000.00","3,22,456.78"

**This is a computer generated statement and does not require a signature
"""


def test_reads_the_form_of_sbi() -> None:
    file = read_file(SBI.encode("utf-8"), "export.csv", currency="INR")
    assert rows_of(file) == [
        ("2024-01-03", "-1000.00", "TO TRANSFER-UPI/DR/1234"),
        ("2024-01-05", "200000.00", "BY SALARY"),
    ]
    assert [(found.code, found.where) for found in file.findings] == [
        ("SKIPPED_LINES", "lines 1-5"),
        ("SKIPPED_LINES", "line 11"),
    ]
    assert file.statements[0].closing is not None
    assert str(file.statements[0].closing.amount) == "322456.78"


HDFC = """\
  Date     ,Narration                                                                                                                ,Value Dat,Debit Amount       ,Credit Amount      ,Chq/Ref Number   ,Closing Balance
 03/01/24  ,UPI-ZOMATO-1234                                                                       , 03/01/24  ,           250.00   ,             0.00   ,0000400312345678      ,           99750.00
 05/01/24  ,NEFT CR-SALARY                                                                      , 05/01/24  ,             0.00   ,         50000.00   ,N012345678      ,           149750.00
"""


def test_reads_the_form_of_hdfc() -> None:
    file = read_file(HDFC.encode("utf-8"), "export.csv", currency="INR")
    assert rows_of(file) == [
        ("2024-01-03", "-250.00", "UPI-ZOMATO-1234"),
        ("2024-01-05", "50000.00", "NEFT CR-SALARY"),
    ]
    assert [(found.code, found.where) for found in file.findings] == [
        ("DATE_ORDER_ASSUMED", "line 1"),
    ]
    assert file.statements[0].closing is not None
    assert str(file.statements[0].closing.amount) == "149750.00"


ICICI_MARKS = """\
S No.,Transaction Date,Remarks,Amount(INR),Dr/Cr,Balance
1,03/01/2024,UPI ZOMATO,"1,250.00",DR,"1,00,000.00 Cr"
2,05/01/2024,SALARY,"50,000.00",CR,"1,50,000.00 Cr"
3,13/01/2024,RENT,"20,000.00",DR,"1,30,000.00 Cr"
"""


def test_reads_the_form_of_icici_marks() -> None:
    file = read_file(ICICI_MARKS.encode("utf-8"), "export.csv", currency="INR")
    assert rows_of(file) == [
        ("2024-01-03", "-1250.00", "UPI ZOMATO"),
        ("2024-01-05", "50000.00", "SALARY"),
        ("2024-01-13", "-20000.00", "RENT"),
    ]
    assert file.findings == ()
    assert file.statements[0].currency == "INR"
    assert file.statements[0].closing is not None
    assert str(file.statements[0].closing.amount) == "130000.00"


GTBANK = """\
Trans. Date,Value. Date,Reference,Debits,Credits,Balance,Originating Branch,Remarks
03-Jan-2024,03-Jan-2024,'0001,"1,000.00",,"9,000.00",IKEJA,TRANSFER TO MUSA
05-Jan-2024,05-Jan-2024,'0002,,"25,000.00","34,000.00",IKEJA,SALARY ACME
"""


def test_reads_the_form_of_gtbank() -> None:
    file = read_file(GTBANK.encode("utf-8"), "export.csv", currency="NGN")
    assert rows_of(file) == [
        ("2024-01-03", "-1000.00", "TRANSFER TO MUSA"),
        ("2024-01-05", "25000.00", "SALARY ACME"),
    ]
    assert file.findings == ()
    assert file.statements[0].closing is not None
    assert str(file.statements[0].closing.amount) == "34000.00"


IDR = """\
Tanggal,Keterangan,Jumlah,Saldo
15/01/2024,Transfer,-50.000,1.950.000
14/01/2024,Gaji,2.000.000,2.000.000
"""


def test_reads_the_form_of_idr() -> None:
    file = read_file(IDR.encode("utf-8"), "export.csv", currency="IDR")
    assert rows_of(file) == [
        ("2024-01-15", "-50000", "Transfer"),
        ("2024-01-14", "2000000", "Gaji"),
    ]
    assert file.findings == ()
    assert file.statements[0].closing is not None
    assert str(file.statements[0].closing.amount) == "1950000"


JPY = """\
日付,内容,金額,残高
2024/01/15,スーパー,-1500,98500
2024/01/16,給与,300000,398500
"""


def test_reads_the_form_of_jpy() -> None:
    file = read_file(JPY.encode("shift_jis"), "export.csv", currency="JPY")
    assert rows_of(file) == [
        ("2024-01-15", "-1500", "スーパー"),
        ("2024-01-16", "300000", "給与"),
    ]
    assert file.findings == ()
    assert file.statements[0].closing is not None
    assert str(file.statements[0].closing.amount) == "398500"
