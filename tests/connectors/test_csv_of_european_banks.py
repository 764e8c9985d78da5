"""Exports of French, Spanish, Italian, Dutch, Nordic and Polish banks.

The files are made up in the form of each bank; every one must be recognised by looking alone.
"""

from __future__ import annotations

from samples import rows_of

from mintflow.connectors.files import read_file

# ruff: noqa: E501 - the lines of a bank are as long as they are

BNP = """\
Compte de chèques;Compte chèques;****1234;05/01/2024;;1 234,56
05/01/2024;;;FACTURE CARTE DU 040124 CARREFOUR;;-45,90
04/01/2024;;;VIR SEPA RECU /DE EMPLOYEUR;;2 000,00
"""


def test_reads_the_form_of_bnp() -> None:
    file = read_file(BNP.encode("latin-1"), "export.csv", currency="EUR")
    assert rows_of(file) == [
        ("2024-01-05", "-45.90", "FACTURE CARTE DU 040124 CARREFOUR"),
        ("2024-01-04", "2000.00", "VIR SEPA RECU /DE EMPLOYEUR"),
    ]
    assert [(found.code, found.where) for found in file.findings] == [
        ("DATE_ORDER_ASSUMED", "line 2"),
        ("SKIPPED_LINES", "line 1"),
    ]


FR_DEBIT_CREDIT = """\
Date de comptabilisation;Libelle simplifie;Libelle operation;Reference;Informations complementaires;Type operation;Categorie;Sous categorie;Debit;Credit;Date operation;Date de valeur;Pointage operation
05/01/2024;CARREFOUR;CB CARREFOUR FACT 040124;ABC;;Carte bancaire;Alimentation;Courses;-45,90;;05/01/2024;04/01/2024;0
04/01/2024;EMPLOYEUR;VIR EMPLOYEUR;DEF;;Virement;Revenus;Salaire;;+2000,00;04/01/2024;04/01/2024;0
"""


def test_reads_the_form_of_fr_debit_credit() -> None:
    file = read_file(FR_DEBIT_CREDIT.encode("utf-8"), "export.csv", currency="EUR")
    assert rows_of(file) == [
        ("2024-01-05", "-45.90", "CB CARREFOUR FACT 040124"),
        ("2024-01-04", "2000.00", "VIR EMPLOYEUR"),
    ]
    assert [(found.code, found.where) for found in file.findings] == [
        ("DATE_ORDER_ASSUMED", "line 1"),
    ]


SANTANDER_ES = """\
Fecha Operación;Fecha Valor;Concepto;Importe;Divisa;Saldo;Divisa
15/01/2024;15/01/2024;COMPRA MERCADONA;-1.045,20;EUR;1.954,80;EUR
14/01/2024;14/01/2024;NOMINA;3.000,00;EUR;3.000,00;EUR
"""


def test_reads_the_form_of_santander_es() -> None:
    file = read_file(SANTANDER_ES.encode("utf-8"), "export.csv", currency="EUR")
    assert rows_of(file) == [
        ("2024-01-15", "-1045.20", "COMPRA MERCADONA"),
        ("2024-01-14", "3000.00", "NOMINA"),
    ]
    assert file.findings == ()
    assert file.statements[0].currency == "EUR"
    assert file.statements[0].closing is not None
    assert str(file.statements[0].closing.amount) == "1954.80"


IT_DARE_AVERE = """\
Data Contabile;Data Valuta;Descrizione;Dare;Avere
15/01/2024;15/01/2024;PAGAMENTO POS ESSELUNGA;45,90;
14/01/2024;14/01/2024;STIPENDIO;;1.800,00
"""


def test_reads_the_form_of_it_dare_avere() -> None:
    file = read_file(IT_DARE_AVERE.encode("cp1252"), "export.csv", currency="EUR")
    assert rows_of(file) == [
        ("2024-01-15", "-45.90", "PAGAMENTO POS ESSELUNGA"),
        ("2024-01-14", "1800.00", "STIPENDIO"),
    ]
    assert file.findings == ()


ING_NL = """\
"Datum","Naam / Omschrijving","Rekening","Tegenrekening","Code","Af Bij","Bedrag (EUR)","Mutatiesoort","Mededelingen"
"20240115","Albert Heijn","NL69INGB0123456789","","BA","Af","12,34","Betaalautomaat","Pasvolgnr: 001"
"20240114","Werkgever","NL69INGB0123456789","NL02ABNA0123456789","GT","Bij","2500,00","Online bankieren","Salaris"
"""


def test_reads_the_form_of_ing_nl() -> None:
    file = read_file(ING_NL.encode("utf-8"), "export.csv", currency="EUR")
    assert rows_of(file) == [
        ("2024-01-15", "-12.34", "Albert Heijn Pasvolgnr: 001"),
        ("2024-01-14", "2500.00", "Werkgever Salaris"),
    ]
    assert file.findings == ()
    assert file.statements[0].account_hint == "NL69INGB0123456789"
    assert file.statements[0].currency == "EUR"


RABOBANK = """\
"IBAN/BBAN","Munt","BIC","Volgnr","Datum","Rentedatum","Bedrag","Saldo na trn","Tegenrekening IBAN/BBAN","Naam tegenpartij","Naam uiteindelijke partij","Naam initiërende partij","BIC tegenpartij","Code","Batch ID","Transactiereferentie","Machtigingskenmerk","Incassant ID","Betalingskenmerk","Omschrijving-1","Omschrijving-2","Omschrijving-3"
"NL71RABO0123456789","EUR","RABONL2U","000000000000001234","2024-01-15","2024-01-15","-12,34","+987,66","NL02ABNA0123456789","Jumbo","","","","bc","","","","","","Pin"," ",""
"NL71RABO0123456789","EUR","RABONL2U","000000000000001235","2024-01-16","2024-01-16","+12,34","+1000,00","NL02ABNA0123456789","Jan","","","","cb","","","","","","Terug"," ",""
"""


def test_reads_the_form_of_rabobank() -> None:
    file = read_file(RABOBANK.encode("latin-1"), "export.csv", currency="EUR")
    assert rows_of(file) == [
        ("2024-01-15", "-12.34", "Jumbo Pin"),
        ("2024-01-16", "12.34", "Jan Terug"),
    ]
    assert file.findings == ()
    assert file.statements[0].account_hint == "NL71RABO0123456789"
    assert file.statements[0].currency == "EUR"
    assert file.statements[0].closing is not None
    assert str(file.statements[0].closing.amount) == "1000.00"


ABN_TAB = """\
123456789\tEUR\t20240115\t1000,00\t950,00\t20240115\t-50,00\tBEA, Betaalpas   Jumbo,PAS123
123456789\tEUR\t20240116\t950,00\t1950,00\t20240116\t1000,00\tSEPA Overboeking  Werkgever
"""


def test_reads_the_form_of_abn_tab() -> None:
    file = read_file(ABN_TAB.encode("utf-8"), "export.csv", currency="EUR")
    assert rows_of(file) == [
        ("2024-01-15", "-50.00", "BEA, Betaalpas   Jumbo,PAS123"),
        ("2024-01-16", "1000.00", "SEPA Overboeking  Werkgever"),
    ]
    assert file.findings == ()
    assert file.statements[0].currency == "EUR"
    assert file.statements[0].closing is not None
    assert str(file.statements[0].closing.amount) == "1950.00"


NORDEA_SE = """\
Bokföringsdag;Belopp;Avsändare;Mottagare;Namn;Rubrik;Saldo;Valuta
Reserverad;-100,00;;;;ICA;;SEK
2024/01/15;-250,50;1234;;;Hyra;9749,50;SEK
2024/01/12;10000,00;;1234;;Lön;10000,00;SEK
"""


def test_reads_the_form_of_nordea_se() -> None:
    file = read_file(NORDEA_SE.encode("utf-8"), "export.csv", currency="SEK")
    assert rows_of(file) == [
        ("2024-01-15", "-250.50", "Hyra"),
        ("2024-01-12", "10000.00", "Lön"),
    ]
    assert [(found.code, found.where) for found in file.findings] == [
        ("SKIPPED_LINES", "line 2"),
    ]
    assert file.statements[0].currency == "SEK"
    assert file.statements[0].closing is not None
    assert str(file.statements[0].closing.amount) == "9749.50"


DANSKE = """\
"Dato";"Tekst";"Beløb";"Saldo";"Status";"Afstemt"
"15.01.2024";"Netto";"-45,00";"955,00";"Udført";"Nej"
"16.01.2024";"Løn";"1.000,00";"1.955,00";"Udført";"Nej"
"""


def test_reads_the_form_of_danske() -> None:
    file = read_file(DANSKE.encode("latin-1"), "export.csv", currency="DKK")
    assert rows_of(file) == [
        ("2024-01-15", "-45.00", "Netto"),
        ("2024-01-16", "1000.00", "Løn"),
    ]
    assert file.findings == ()
    assert file.statements[0].closing is not None
    assert str(file.statements[0].closing.amount) == "1955.00"


DNB_NO = """\
"Dato";"Forklaring";"Rentedato";"Ut fra konto";"Inn på konto"
"15.01.2024";"Varekjøp REMA";"15.01.2024";"123,40";""
"14.01.2024";"Lønn";"14.01.2024";"";"25 000,00"
"""


def test_reads_the_form_of_dnb_no() -> None:
    file = read_file(DNB_NO.encode("utf-8"), "export.csv", currency="NOK")
    assert rows_of(file) == [
        ("2024-01-15", "-123.40", "Varekjøp REMA"),
        ("2024-01-14", "25000.00", "Lønn"),
    ]
    assert file.findings == ()


OP_FI = """\
Kirjauspäivä;Arvopäivä;Määrä EUROA;Laji;Selitys;Saaja/Maksaja;Saajan tilinumero;Saajan pankin BIC;Viite;Viesti;Arkistointitunnus
2024-01-15;2024-01-15;-12,34;162;PKORTTIMAKSU;K-MARKET;;;ref=;Viesti: osto;20240115/588001
2024-01-16;2024-01-16;100,00;710;TILISIIRTO;VIRTANEN;;;ref=;;20240116/588002
"""


def test_reads_the_form_of_op_fi() -> None:
    file = read_file(OP_FI.encode("utf-8"), "export.csv", currency="EUR")
    assert rows_of(file) == [
        ("2024-01-15", "-12.34", "K-MARKET Viesti: osto"),
        ("2024-01-16", "100.00", "VIRTANEN"),
    ]
    assert file.findings == ()


PL_MBANK = """\
#Data operacji;#Opis operacji;#Rachunek;#Kategoria;#Kwota;
2024-01-15;ŻABKA ZAKUP;mKonto;Zakupy;-12,34 PLN;;
2024-01-14;PRZELEW WYNAGRODZENIE;mKonto;Wpływy;5 000,00 PLN;;
"""


def test_reads_the_form_of_pl_mbank() -> None:
    file = read_file(PL_MBANK.encode("cp1250"), "export.csv", currency="PLN")
    assert rows_of(file) == [
        ("2024-01-15", "-12.34", "ŻABKA ZAKUP"),
        ("2024-01-14", "5000.00", "PRZELEW WYNAGRODZENIE"),
    ]
    assert file.findings == ()
    assert file.statements[0].currency == "PLN"
