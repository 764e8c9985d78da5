"""The merchant category code of a card payment, wherever a format has room for it."""

from __future__ import annotations

import pytest

from mintflow.connectors.files import read_file
from mintflow.connectors.files.merchant_codes import mcc_in

OFX = """OFXHEADER:100
DATA:OFXSGML
VERSION:102
ENCODING:USASCII
CHARSET:1252

<OFX><CREDITCARDMSGSRSV1><CCSTMTTRNRS><CCSTMTRS><CURDEF>USD<CCACCTFROM><ACCTID>4111</CCACCTFROM>
<BANKTRANLIST><STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20250103<TRNAMT>-9.50<FITID>A1<SIC>5812<NAME>LAUT
</STMTTRN><STMTTRN><TRNTYPE>DEBIT<DTPOSTED>20250104<TRNAMT>-3.50<FITID>A2<SIC>000000<NAME>KIOSK
</STMTTRN></BANKTRANLIST></CCSTMTRS></CCSTMTTRNRS></CREDITCARDMSGSRSV1></OFX>"""
CAMT = """<?xml version="1.0"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt><Id>1</Id>
<Acct><Id><IBAN>DE89370400440532013000</IBAN></Id></Acct>
<Ntry><Amt Ccy="EUR">9.50</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>
<BookgDt><Dt>2025-01-03</Dt></BookgDt>{entry}
<NtryDtls><TxDtls><RmtInf><Ustrd>LAUT</Ustrd></RmtInf>{details}</TxDtls></NtryDtls></Ntry>
</Stmt></BkToCstmrStmt></Document>"""
CARD = "<CardTx><POI><Id><Id>1</Id></Id></POI><Tx><MrchntCtgyCd>{}</MrchntCtgyCd></Tx></CardTx>"


def codes(text: str, name: str) -> list[str | None]:
    return [row.mcc for row in read_file(text.encode(), name).statements[0].rows]


def test_ofx_has_it_as_the_industry_of_the_payee() -> None:
    assert codes(OFX, "card.ofx") == ["5812", None]


@pytest.mark.parametrize("place", ["entry", "details"])
def test_camt_has_it_with_the_card(place: str) -> None:
    parts = {"entry": "", "details": "", place: CARD.format("5812")}
    assert codes(CAMT.format(**parts), "x.xml") == ["5812"]


def test_two_codes_of_one_entry_say_nothing() -> None:
    both = {"entry": CARD.format("5812"), "details": CARD.format("5411")}
    assert codes(CAMT.format(**both), "x.xml") == [None]


@pytest.mark.parametrize("name", ["MCC", "Merchant Category Code", "merchant_category", "mcc code"])
def test_a_csv_has_it_in_a_column_of_its_own(name: str) -> None:
    text = (
        f"Date,Description,{name},Amount\n2025-01-03,LAUT,5812,-9.50\n2025-01-04,KIOSK,,-3.50\n"
        "2025-01-05,ODD,n/a,-1.00\n"
    )
    file = read_file(text.encode(), "x.csv")
    assert [row.mcc for row in file.statements[0].rows] == ["5812", None, None]
    assert [str(row.amount) for row in file.statements[0].rows] == ["-9.50", "-3.50", "-1.00"]


@pytest.mark.parametrize(
    ("text", "code"),
    [("5812", "5812"), (" 5411 ", "5411"), ("005812", "5812"), ("0742", "0742"), ("0000", None),
     ("000000", None), ("581", None), ("58123", None), ("", None), ("58.1", None), ("٥٨١٢", None)],
)  # fmt: skip
def test_a_code_has_four_digits(text: str, code: str | None) -> None:
    assert mcc_in(text) == code
