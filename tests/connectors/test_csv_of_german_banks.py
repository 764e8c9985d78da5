"""Exports of German, Austrian and Swiss banks: semicolons, comma cents, text above the table.

The files are made up in the form of each bank; every one must be recognised by looking alone.
"""

from __future__ import annotations

from samples import rows_of

from mintflow.connectors.files import read_file

# ruff: noqa: E501 - the lines of a bank are as long as they are

SPARKASSE = """\
"Auftragskonto";"Buchungstag";"Valutadatum";"Buchungstext";"Verwendungszweck";"Glaeubiger ID";"Mandatsreferenz";"Kundenreferenz (End-to-End)";"Sammlerreferenz";"Lastschrift Ursprungsbetrag";"Auslagenersatz Ruecklastschrift";"Beguenstigter/Zahlungspflichtiger";"Kontonummer/IBAN";"BIC (SWIFT-Code)";"Betrag";"Waehrung";"Info"
"DE89370400440532013000";"05.01.24";"05.01.24";"FOLGELASTSCHRIFT";"Strom Januar Müller";"DE98ZZZ";"M1";"E1";"";"";"";"Stadtwerke Köln";"DE02120300000000202051";"BYLADEM1001";"-84,50";"EUR";"Umsatz gebucht"
"DE89370400440532013000";"04.01.24";"04.01.24";"GUTSCHR. UEBERWEISUNG";"Gehalt";"";"";"";"";"";"";"Firma GmbH";"DE02500105170137075030";"INGDDEFF";"2.345,67";"EUR";"Umsatz gebucht"
"DE89370400440532013000";"08.01.24";"08.01.24";"KARTENZAHLUNG";"REWE";"";"";"";"";"";"";"REWE";"DE02500105170137075030";"INGDDEFF";"-12,00";"EUR";"Umsatz vorgemerkt"
"""


def test_reads_the_form_of_sparkasse() -> None:
    file = read_file(SPARKASSE.encode("latin-1"), "export.csv", currency="EUR")
    assert rows_of(file) == [
        ("2024-01-05", "-84.50", "Stadtwerke Köln Strom Januar Müller"),
        ("2024-01-04", "2345.67", "Firma GmbH Gehalt"),
        ("2024-01-08", "-12.00", "REWE"),
    ]
    assert file.findings == ()
    assert file.statements[0].account_hint == "DE89370400440532013000"
    assert file.statements[0].currency == "EUR"
    assert [row.pending for row in file.statements[0].rows] == [False, False, True]


ING_DIBA = """\
Umsatzanzeige;Datei erstellt am: 05.01.2024 10:00
;Letztes Update: aktuell

IBAN;DE89 3704 0044 0532 0130 00
Kontoname;Girokonto
Bank;ING
Kunde;Max Mustermann
Zeitraum;01.01.2024 - 31.01.2024
Saldo;1.234,56;EUR

Sortierung;Datum absteigend

In der CSV-Datei finden Sie alle bereits gebuchten Umsätze.

Buchung;Wertstellungsdatum;Auftraggeber/Empfänger;Buchungstext;Verwendungszweck;Saldo;Währung;Betrag;Währung
04.01.2024;04.01.2024;VISA REWE;Lastschrift;NR XXXX;1.234,56;EUR;-65,44;EUR
03.01.2024;03.01.2024;Firma;Gehalt/Rente;Lohn;1.300,00;EUR;1.000,00;EUR
02.01.2024;02.01.2024;Miete;Dauerauftrag;Miete Januar;300,00;EUR;-700,00;EUR
"""


def test_reads_the_form_of_ing_diba() -> None:
    file = read_file(ING_DIBA.encode("latin-1"), "export.csv")
    assert rows_of(file) == [
        ("2024-01-04", "-65.44", "VISA REWE NR XXXX"),
        ("2024-01-03", "1000.00", "Firma Lohn"),
        ("2024-01-02", "-700.00", "Miete Miete Januar"),
    ]
    assert [(found.code, found.where) for found in file.findings] == [
        ("SKIPPED_LINES", "lines 1-2"),
        ("SKIPPED_LINES", "lines 4-9"),
        ("SKIPPED_LINES", "line 11"),
        ("SKIPPED_LINES", "line 13"),
    ]
    assert file.statements[0].account_hint == "DE89370400440532013000"
    assert file.statements[0].currency == "EUR"
    assert file.statements[0].closing is not None
    assert str(file.statements[0].closing.amount) == "1234.56"


DKB = """\
"Girokonto";"DE89370400440532013000"
"Kontostand vom 05.01.2024:";"1.234,56 €"
""
"Buchungsdatum";"Wertstellung";"Status";"Zahlungspflichtige*r";"Zahlungsempfänger*in";"Verwendungszweck";"Umsatztyp";"IBAN";"Betrag (€)";"Gläubiger-ID";"Mandatsreferenz";"Kundenreferenz"
"05.01.24";"";"Vorgemerkt";"ISSUER";"ALDI";"Einkauf";"Ausgang";"DE02120300000000202051";"-23,4";"";"";""
"04.01.24";"04.01.24";"Gebucht";"ISSUER";"REWE";"Einkauf";"Ausgang";"DE02120300000000202051";"-1.023,45";"";"";""
"03.01.24";"03.01.24";"Gebucht";"Arbeitgeber";"Max";"Lohn";"Eingang";"DE02120300000000202051";"3.000";"";"";""
"""


def test_reads_the_form_of_dkb() -> None:
    file = read_file(DKB.encode("utf-8"), "export.csv", currency="EUR")
    assert rows_of(file) == [
        ("2024-01-05", "-23.4", "ISSUER ALDI Einkauf"),
        ("2024-01-04", "-1023.45", "ISSUER REWE Einkauf"),
        ("2024-01-03", "3000", "Arbeitgeber Max Lohn"),
    ]
    assert [(found.code, found.where) for found in file.findings] == [
        ("SKIPPED_LINES", "lines 1-2"),
    ]
    assert file.statements[0].account_hint == "DE89370400440532013000"
    assert file.statements[0].currency == "EUR"
    assert [row.pending for row in file.statements[0].rows] == [True, False, False]


COMDIRECT = """\
;
"Umsätze Girokonto";"Zeitraum: 10 Tage";
"Neuer Kontostand";"1.234,56 EUR";

"Buchungstag";"Wertstellung (Valuta)";"Vorgang";"Buchungstext";"Umsatz in EUR";
"offen";"--";"Kartenverfügung";"Buchungstext: LIDL";"-9,90";
"04.01.2024";"04.01.2024";"Lastschrift / Belastung";"Auftraggeber: Vodafone Buchungstext: Rechnung";"-39,99";
"03.01.2024";"03.01.2024";"Übertrag / Überweisung";"Empfänger: Oma";"50,00";

"Alter Kontostand";"1.224,55 EUR";
"""


def test_reads_the_form_of_comdirect() -> None:
    file = read_file(COMDIRECT.encode("cp1252"), "export.csv", currency="EUR")
    assert rows_of(file) == [
        ("2024-01-04", "-39.99", "Auftraggeber: Vodafone Buchungstext: Rechnung"),
        ("2024-01-03", "50.00", "Empfänger: Oma"),
    ]
    assert [(found.code, found.where) for found in file.findings] == [
        ("SKIPPED_LINES", "lines 2-3"),
        ("SKIPPED_LINES", "line 6"),
        ("SKIPPED_LINES", "line 10"),
    ]
    assert file.statements[0].currency == "EUR"


N26 = """\
"Date","Payee","Account number","Transaction type","Payment reference","Amount (EUR)","Amount (Foreign Currency)","Type Foreign Currency","Exchange Rate"
"2024-01-05","REWE","","MasterCard Payment","","-12.5","-12.5","EUR","1.0"
"2024-01-06","Amazon US","","MasterCard Payment","","-110.7","-120.0","USD","1.084"
"2024-01-07","ACME","DE02120300000000202051","Income","Salary Jan","3000.0","","",""
"""


def test_reads_the_form_of_n26() -> None:
    file = read_file(N26.encode("utf-8"), "export.csv", currency="EUR")
    assert rows_of(file) == [
        ("2024-01-05", "-12.5", "REWE"),
        ("2024-01-06", "-110.7", "Amazon US"),
        ("2024-01-07", "3000.0", "ACME Salary Jan"),
    ]
    assert file.findings == ()
    assert file.statements[0].currency == "EUR"


UBS = """\
Kontonummer:;0234 00123456.40;
IBAN:;CH93 0076 2011 6238 5295 7;
Von:;2024-01-01;
Bis:;2024-01-31;
Anfangssaldo:;1000.00;
Schlusssaldo:;1850.50;
Bewertet in:;CHF;

Abschlussdatum;Abschlusszeit;Buchungsdatum;Valutadatum;Währung;Belastung;Gutschrift;Einzelbetrag;Saldo;Transaktions-Nr.;Beschreibung1;Beschreibung2;Beschreibung3;Fussnoten;
2024-01-16;;2024-01-16;2024-01-16;CHF;;1'000.00;;1850.50;123;"Lohn AG";"";"";;
2024-01-15;10:00:00;2024-01-15;2024-01-15;CHF;-149.50;;;850.50;124;"Migros";"";"";;
"""


def test_reads_the_form_of_ubs() -> None:
    file = read_file(UBS.encode("utf-8"), "export.csv", currency="CHF")
    assert rows_of(file) == [
        ("2024-01-16", "1000.00", "Lohn AG"),
        ("2024-01-15", "-149.50", "Migros"),
    ]
    assert [(found.code, found.where) for found in file.findings] == [
        ("SKIPPED_LINES", "lines 1-7"),
    ]
    assert file.statements[0].account_hint == "CH9300762011623852957"
    assert file.statements[0].currency == "CHF"
    assert file.statements[0].closing is not None
    assert str(file.statements[0].closing.amount) == "1850.50"


POSTFINANCE = """\
Datum von:;2024-01-01
Konto:;CH9300762011623852957
Währung:;CHF

Buchungsdatum;Avisierungstext;Gutschrift in CHF;Lastschrift in CHF;Valuta;Saldo in CHF
16.01.2024;GIRO AUS KONTO;1'000.00;;16.01.2024;1'850.50
15.01.2024;KAUF/DIENSTLEISTUNG MIGROS;;-149.50;15.01.2024;850.50

Disclaimer:
Der Dokumentinhalt wurde durch Filtereinstellungen generiert.
"""


def test_reads_the_form_of_postfinance() -> None:
    file = read_file(POSTFINANCE.encode("latin-1"), "export.csv", currency="CHF")
    assert rows_of(file) == [
        ("2024-01-16", "1000.00", "GIRO AUS KONTO"),
        ("2024-01-15", "-149.50", "KAUF/DIENSTLEISTUNG MIGROS"),
    ]
    assert [(found.code, found.where) for found in file.findings] == [
        ("SKIPPED_LINES", "lines 1-3"),
        ("SKIPPED_LINES", "lines 9-10"),
    ]
    assert file.statements[0].account_hint == "CH9300762011623852957"
    assert file.statements[0].currency == "CHF"
    assert file.statements[0].closing is not None
    assert str(file.statements[0].closing.amount) == "1850.50"


SG_AMOUNT_EUR_DASH = """\
Datum;Text;Betrag
05.01.2024;Miete;EUR 1.000,-
06.01.2024;Storno;EUR -12,50
"""


def test_reads_the_form_of_sg_amount_eur_dash() -> None:
    file = read_file(SG_AMOUNT_EUR_DASH.encode("utf-8"), "export.csv", currency="EUR")
    assert rows_of(file) == [
        ("2024-01-05", "1000", "Miete"),
        ("2024-01-06", "-12.50", "Storno"),
    ]
    assert file.findings == ()
    assert file.statements[0].currency == "EUR"
