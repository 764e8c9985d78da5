"""More exports of banks from Vienna to Oslo, and of New Zealand and Brazil.

The files are made up in the form of each bank; every one must be recognised by looking alone.
"""

from __future__ import annotations

from samples import rows_of

from mintflow.connectors.files import read_file

# ruff: noqa: E501 - the lines of a bank are as long as they are

NATIONWIDE = """\
07 Nov 2013,Bank credit,Bank credit,,£500.00,£500.00
09 Oct 2013,ATM Withdrawal,Withdrawal,£20.00,,£480.00
09 Dec 2013,Visa,Supermarket,£19.77,,£460.23
10 Dec 2013,ATM Withdrawal 2,Withdrawal 2,£100.00,,£360.23
"""


def test_reads_the_form_of_nationwide() -> None:
    file = read_file(NATIONWIDE.encode("utf-8"), "export.csv")
    assert rows_of(file) == [
        ("2013-11-07", "500.00", "Bank credit"),
        ("2013-10-09", "-20.00", "ATM Withdrawal"),
        ("2013-12-09", "-19.77", "Visa"),
        ("2013-12-10", "-100.00", "ATM Withdrawal 2"),
    ]
    assert file.findings == ()
    assert file.statements[0].closing is not None
    assert str(file.statements[0].closing.amount) == "360.23"


RAIFFEISEN_AT = """\
05.01.2024;Bezahlung Karte BILLA;05.01.2024;-12,34;EUR;05.01.2024 10:00:00:123
04.01.2024;Gehalt;04.01.2024;1.000,00;EUR;04.01.2024 09:00:00:456
"""


def test_reads_the_form_of_raiffeisen_at() -> None:
    file = read_file(RAIFFEISEN_AT.encode("utf-8"), "export.csv")
    assert rows_of(file) == [
        ("2024-01-05", "-12.34", "Bezahlung Karte BILLA"),
        ("2024-01-04", "1000.00", "Gehalt"),
    ]
    assert file.findings == ()
    assert file.statements[0].currency == "EUR"


BAWAG = """\
AT611904300234573201;Bezahlung Karte BILLA;05.01.2024;05.01.2024;-12,34;EUR
AT611904300234573201;Gehalt;04.01.2024;04.01.2024;+1.000,00;EUR
"""


def test_reads_the_form_of_bawag() -> None:
    file = read_file(BAWAG.encode("utf-8"), "export.csv")
    assert rows_of(file) == [
        ("2024-01-05", "-12.34", "Bezahlung Karte BILLA"),
        ("2024-01-04", "1000.00", "Gehalt"),
    ]
    assert file.findings == ()
    assert file.statements[0].currency == "EUR"


ZKB = """\
"Datum";"Buchungstext";"Whg";"Betrag Detail";"ZKB-Referenz";"Referenznummer";"Belastung CHF";"Gutschrift CHF";"Valuta";"Saldo CHF";"Zahlungszweck";"Details"
"16.01.2024";"Einkauf Migros";"";"";"Z1";"";"12.35";"";"16.01.2024";"987.65";"";""
"15.01.2024";"Gutschrift";"";"";"Z2";"";"";"1000.00";"15.01.2024";"1000.00";"";""
"""


def test_reads_the_form_of_zkb() -> None:
    file = read_file(ZKB.encode("utf-8"), "export.csv")
    assert rows_of(file) == [
        ("2024-01-16", "-12.35", "Einkauf Migros"),
        ("2024-01-15", "1000.00", "Gutschrift"),
    ]
    assert file.findings == ()
    assert file.statements[0].currency == "CHF"
    assert file.statements[0].closing is not None
    assert str(file.statements[0].closing.amount) == "987.65"


FINECO = """\
Data;Entrate;Uscite;Descrizione;Descrizione_Completa;Stato
15/01/2024;;-12,34;Pos;ESSELUNGA;Contabilizzato
16/01/2024;100,00;;Bonifico;X Y;Contabilizzato
"""


def test_reads_the_form_of_fineco() -> None:
    file = read_file(FINECO.encode("utf-8"), "export.csv")
    assert rows_of(file) == [
        ("2024-01-15", "-12.34", "Pos ESSELUNGA"),
        ("2024-01-16", "100.00", "Bonifico X Y"),
    ]
    assert file.findings == ()


BOURSORAMA = """\
dateOp;dateVal;label;category;categoryParent;supplierFound;amount;comment;accountNum;accountLabel;accountbalance
2024-01-15;2024-01-15;"CARTE 12/01/24 SHOP";Alim;Vie;shop;-1 234,56;;00012345;BoursoBank;2 000,00
2024-01-16;2024-01-16;"VIR X";Rev;Rev;x;100,00;;00012345;BoursoBank;2 000,00
"""


def test_reads_the_form_of_boursorama() -> None:
    file = read_file(BOURSORAMA.encode("utf-8"), "export.csv")
    assert rows_of(file) == [
        ("2024-01-15", "-1234.56", "CARTE 12/01/24 SHOP"),
        ("2024-01-16", "100.00", "VIR X"),
    ]
    assert file.findings == ()


BUNQ = """\
"Date";"Interest Date";"Amount";"Account";"Counterparty";"Name";"Description"
"2024-01-15";"2024-01-15";"-1.234,56";"NL00BUNQ1";"NL00INGB2";"Shop";"Thing"
"""


def test_reads_the_form_of_bunq() -> None:
    file = read_file(BUNQ.encode("utf-8"), "export.csv")
    assert rows_of(file) == [
        ("2024-01-15", "-1234.56", "NL00INGB2 Shop Thing"),
    ]
    assert file.findings == ()


NORDNET = """\
Dato\tBeløp\tTekst
15.01.2024\t-1 234,56\tX
16.01.2024\t2 000,00\tY
"""


def test_reads_the_form_of_nordnet() -> None:
    file = read_file(NORDNET.encode("utf-8"), "export.csv")
    assert rows_of(file) == [
        ("2024-01-15", "-1234.56", "X"),
        ("2024-01-16", "2000.00", "Y"),
    ]
    assert file.findings == ()


SBANKEN = """\
BOKFØRINGSDATO;RENTEDATO;ARKIVREFERANSE;TYPE;TEKST;UT FRA KONTO;INN PÅ KONTO
2024-01-15;2024-01-15;"1";VARER;REMA;12,34;
2024-01-16;2024-01-16;"2";LØNN;JOBB;;1000,00
"""


def test_reads_the_form_of_sbanken() -> None:
    file = read_file(SBANKEN.encode("utf-8"), "export.csv")
    assert rows_of(file) == [
        ("2024-01-15", "-12.34", "REMA"),
        ("2024-01-16", "1000.00", "JOBB"),
    ]
    assert file.findings == ()


SEB = """\
Bokföringsdatum;Valutadatum;Verifikationsnummer;Text/mottagare;Belopp;Saldo
2024-01-16;2024-01-16;5484;ICA;-12.340;987.660
2024-01-15;2024-01-15;5485;LÖN;1000.000;1000.000
"""


def test_reads_the_form_of_seb() -> None:
    file = read_file(SEB.encode("utf-8"), "export.csv")
    assert rows_of(file) == [
        ("2024-01-16", "-12.340", "ICA"),
        ("2024-01-15", "1000.000", "LÖN"),
    ]
    assert file.findings == ()
    assert file.statements[0].closing is not None
    assert str(file.statements[0].closing.amount) == "987.660"


SPANISH = """\
02/02/2009;02/02/2009;CARGO POR AMORTIZACION;-85,00;1.200,00
13/02/2009;13/02/2009;ABONO NOMINA;1.585,00;2.785,00
"""


def test_reads_the_form_of_spanish() -> None:
    file = read_file(SPANISH.encode("utf-8"), "export.csv")
    assert rows_of(file) == [
        ("2009-02-02", "-85.00", "CARGO POR AMORTIZACION"),
        ("2009-02-13", "1585.00", "ABONO NOMINA"),
    ]
    assert file.findings == ()
    assert file.statements[0].closing is not None
    assert str(file.statements[0].closing.amount) == "2785.00"


INVERSED = """\
2013/01/17,2013/01/16,2013011702,DEBIT,2226,"VODAFONE PREPAY VISA M AUCKLAND NZL",30.00
2013/01/18,2013/01/17,2013011801,DEBIT,2226,"WILSON PARKING AUCKLAND NZL",4.60
2013/01/18,2013/01/17,2013011802,DEBIT,2226,"AUCKLAND TRANSPORT HENDERSON NZL",2.00
2013/01/22,2013/01/20,2013012202,CREDIT,2226,"PAYMENT RECEIVED",-300.00
"""


def test_reads_the_form_of_inversed() -> None:
    file = read_file(INVERSED.encode("utf-8"), "export.csv")
    assert rows_of(file) == [
        ("2013-01-17", "-30.00", "VODAFONE PREPAY VISA M AUCKLAND NZL"),
        ("2013-01-18", "-4.60", "WILSON PARKING AUCKLAND NZL"),
        ("2013-01-18", "-2.00", "AUCKLAND TRANSPORT HENDERSON NZL"),
        ("2013-01-22", "300.00", "PAYMENT RECEIVED"),
    ]
    assert [(found.code, found.where) for found in file.findings] == [
        ("SIGN_ASSUMED", "line 1"),
    ]
    assert file.profile is not None
    assert file.profile.sign == -1


EXTRATO = """\
"Data","Dependencia Origem","Histórico","Data do Balancete","Número do documento","Valor",
"10/31/2012","","Saldo Anterior","","0","100.00",
"11/01/2012","0000-9","Transferência on line - 01/11 4885     256620-6 XXXXXXXXXXXXX","","224885000256620","100.00",
"11/01/2012","","Depósito bloqueado 1 dia útil","","000000000000001","200.00",
"11/02/2012","","Pagamento","","2","-50.00",
"""


def test_reads_the_form_of_extrato() -> None:
    file = read_file(EXTRATO.encode("utf-8"), "export.csv")
    assert rows_of(file) == [
        ("2012-10-31", "100.00", "Saldo Anterior"),
        ("2012-11-01", "100.00", "Transferência on line - 01/11 4885     256620-6 XXXXXXXXXXXXX"),
        ("2012-11-01", "200.00", "Depósito bloqueado 1 dia útil"),
        ("2012-11-02", "-50.00", "Pagamento"),
    ]
    assert file.findings == ()
