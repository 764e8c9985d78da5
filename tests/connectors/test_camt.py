"""CAMT: any version by local names, batches, reversals, balances, and XML that must be refused."""

from __future__ import annotations

from decimal import Decimal

import pytest
from samples import rows_of

from mintflow.connectors.files import UnreadableFile, read_file
from mintflow.domain.statements import StatementFile

ENTRY = (
    "<Ntry><Amt Ccy='EUR'>{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd><Sts>BOOK</Sts>"
    "<BookgDt><Dt>{day}</Dt></BookgDt>{more}</Ntry>"
)


def entry(amount: str = "4.50", side: str = "DBIT", day: str = "2024-01-05", more: str = "") -> str:
    return ENTRY.format(amount=amount, side=side, day=day, more=more)


def balance(kind: str, amount: str, side: str = "CRDT", currency: str = "EUR") -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp><Amt Ccy='{currency}'>{amount}</Amt>"
        f"<CdtDbtInd>{side}</CdtDbtInd><Dt><Dt>2024-01-31</Dt></Dt></Bal>"
    )


def document(
    inner: str, *, version: str = "053.001.02", root: str = "BkToCstmrStmt", part: str = "Stmt"
) -> str:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.{version}"><{root}><GrpHdr/>'
        f"<{part}><Id>1</Id><Acct><Id><IBAN>DE89370400440532013000</IBAN></Id><Ccy>EUR</Ccy></Acct>"
        f"{inner}</{part}></{root}></Document>"
    )


def read(text: str) -> StatementFile:
    return read_file(text.encode(), "statement.txt")


def refusal(text: str) -> tuple[str, str]:
    with pytest.raises(UnreadableFile) as caught:
        read(text)
    return caught.value.details["where"], caught.value.details["reason"]


@pytest.mark.parametrize(
    ("version", "root", "part"),
    [
        ("052.001.02", "BkToCstmrAcctRpt", "Rpt"),
        ("052.001.08", "BkToCstmrAcctRpt", "Rpt"),
        ("053.001.02", "BkToCstmrStmt", "Stmt"),
        ("053.001.13", "BkToCstmrStmt", "Stmt"),
        ("054.001.04", "BkToCstmrDbtCdtNtfctn", "Ntfctn"),
    ],
)
def test_reads_every_version_and_message(version: str, root: str, part: str) -> None:
    file = read(document(entry(), version=version, root=root, part=part))
    assert file.format == "camt"
    (statement,) = file.statements
    assert (statement.account_hint, statement.currency) == ("DE89370400440532013000", "EUR")
    assert [(r.date.isoformat(), r.amount, r.where) for r in statement.rows] == [
        ("2024-01-05", Decimal("-4.50"), "Ntry[1]")
    ]


def test_reads_a_document_with_a_prefix() -> None:
    text = document(entry()).replace("xmlns=", "xmlns:n=")
    text = text.replace("</", "</n:").replace("<", "<n:").replace("<n:/n:", "</n:")
    text = text.replace("<n:?xml", "<?xml")
    assert len(rows_of(read(text))) == 1


@pytest.mark.parametrize(
    ("status", "pending"),
    [
        ("<Sts>PDNG</Sts>", True),
        ("<Sts><Cd>PDNG</Cd></Sts>", True),
        ("<Sts><Cd>BOOK</Cd></Sts>", False),
        ("", False),
    ],
)
def test_reads_the_status_as_text_and_as_code(status: str, pending: bool) -> None:
    file = read(document(entry().replace("<Sts>BOOK</Sts>", status)))
    assert [row.pending for row in file.statements[0].rows] == [pending]


def test_an_entry_for_information_moves_nothing_and_is_reported() -> None:
    file = read(document(entry().replace("BOOK", "INFO") + entry("1.00")))
    assert [a for _, a, _ in rows_of(file)] == ["-1.00"]
    assert [(f.code, f.where) for f in file.findings] == [("INFORMATION_ONLY", "Ntry[1]")]


def test_a_reversal_moves_money_as_its_indicator_says() -> None:
    parties = (
        "<RvslInd>true</RvslInd><NtryDtls><TxDtls><RltdPties><Dbtr><Nm>Me</Nm></Dbtr>"
        "<Cdtr><Nm>Shop</Nm></Cdtr></RltdPties></TxDtls></NtryDtls>"
    )
    (row,) = read(document(entry(side="CRDT", more=parties))).statements[0].rows
    assert (row.amount, row.counterparty) == (Decimal("4.50"), "Shop")


def test_reads_parties_remittance_and_references() -> None:
    details = (
        "<AcctSvcrRef>BANKREF-1</AcctSvcrRef><NtryDtls><TxDtls><Refs><EndToEndId>E2E</EndToEndId>"
        "</Refs><RltdPties><Cdtr><Pty><Nm>Shop</Nm></Pty></Cdtr></RltdPties><RmtInf>"
        "<Ustrd>Invoice</Ustrd><Ustrd>17</Ustrd></RmtInf></TxDtls></NtryDtls>"
        "<AddtlNtryInf>SEPA transfer</AddtlNtryInf>"
    )
    (row,) = read(document(entry(more=details))).statements[0].rows
    assert (row.description, row.counterparty, row.memo) == ("Invoice 17", "Shop", "SEPA transfer")
    assert (row.reference, row.bank_id) == ("E2E", "BANKREF-1")


def test_a_batch_is_one_row_with_its_parts() -> None:
    def part(amount: str, name: str) -> str:
        return (
            f"<TxDtls><AmtDtls><TxAmt><Amt Ccy='EUR'>{amount}</Amt></TxAmt></AmtDtls>"
            f"<RltdPties><Cdtr><Nm>{name}</Nm></Cdtr></RltdPties></TxDtls>"
        )

    batch = f"<NtryDtls>{part('3.00', 'A')}{part('1.50', 'B')}</NtryDtls>"
    (row,) = read(document(entry(more=batch))).statements[0].rows
    assert [(s.amount, s.memo) for s in row.splits] == [
        (Decimal("-3.00"), "A"),
        (Decimal("-1.50"), "B"),
    ]
    (other,) = read(document(entry("9.99", more=batch))).statements[0].rows
    assert other.splits == ()


def test_a_reference_is_an_id_only_if_it_is_unique_and_no_counter() -> None:
    def with_ref(tag: str, ref: str) -> str:
        return entry(more=f"<{tag}>{ref}</{tag}>")

    ids = [
        with_ref("AcctSvcrRef", "SAME-REF"), with_ref("AcctSvcrRef", "SAME-REF"),
        with_ref("AcctSvcrRef", "OTHER-REF"), with_ref("NtryRef", "000000001"),
        with_ref("NtryRef", "2024-01-05-0001"), with_ref("AcctSvcrRef", "NOTPROVIDED"),
    ]  # fmt: skip
    found = read(document("".join(ids))).statements[0].rows
    assert [row.bank_id for row in found] == [
        None, None, "OTHER-REF", None, "2024-01-05-0001", None,
    ]  # fmt: skip


def test_holds_the_rows_against_the_balances() -> None:
    good = balance("OPBD", "100.00") + balance("CLBD", "95.50") + entry()
    assert read(document(good)).findings == ()
    bad = read(document(balance("PRCD", "100.00") + balance("CLBD", "95.00") + entry()))
    assert [(f.code, f.where, f.detail) for f in bad.findings] == [
        ("BALANCE_MISMATCH", "Stmt", "expected 95.50, the file says 95.00 on 2024-01-31")
    ]
    other = balance("OPBD", "1") + balance("CLBD", "1", currency="USD")
    assert [f.code for f in read(document(other)).findings] == ["BALANCE_NOT_COMPARABLE"]


def test_an_available_balance_is_marked_as_one() -> None:
    text = document(balance("ITBD", "1.00") + balance("CLAV", "2.00", "DBIT"))
    (statement,) = read(text).statements
    assert [(b.amount, b.available) for b in statement.reported] == [
        (Decimal("1.00"), False),
        (Decimal("-2.00"), True),
    ]


def test_reads_several_statements() -> None:
    one = document(entry())
    stmt = one[one.index("<Stmt>") : one.index("</BkToCstmrStmt>")]
    file = read(one.replace(stmt, stmt + stmt))
    assert [s.rows[0].where for s in file.statements] == ["Ntry[1]", "Stmt[2]/Ntry[1]"]


def test_keeps_every_digit() -> None:
    assert rows_of(read(document(entry("8.85000"))))[0][1] == "-8.85000"


@pytest.mark.parametrize(
    ("text", "where", "reason"),
    [
        (document(entry(amount="1e5")), "line 2, Ntry[1]", "Amt is not an amount: '1e5'"),
        (document(entry(amount="-1.00")), "line 2, Ntry[1]", "Amt is not an amount"),
        (document(entry(amount="NaN")), "line 2, Ntry[1]", "Amt is not an amount: text"),
        (document(entry(amount="")), "line 2, Ntry[1]", "Amt is not an amount: nothing"),
        (document(entry(amount="9" * 16)), "line 2, Ntry[1]", "Amt is not an amount"),
        (document(entry(side="?")), "line 2, Ntry[1]", "neither CRDT nor DBIT"),
        (document(entry(day="2024-02-30")), "line 2, Ntry[1]", "'2024-02-30'"),
        (document(entry(day="")), "line 2, Ntry[1]", "neither a booking date nor"),
        (document(entry())[:-60], "line 2", "broken or cut off"),
        (document(entry())[:200], "line 2", "broken or cut off"),
        (document("&nbsp;"), "file", "broken or cut off"),
        (document("<a>" * 300 + "</a>" * 300), "line 2", "broken or cut off"),
    ],
)
def test_refuses_what_cannot_be_read(text: str, where: str, reason: str) -> None:
    found_where, found_reason = refusal(text)
    assert found_where == where
    assert reason in found_reason


@pytest.mark.parametrize(
    "declared",
    [
        '<!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
        '<!DOCTYPE d [<!ENTITY a SYSTEM "file:///etc/passwd">]>',
        '<!DOCTYPE d SYSTEM "http://127.0.0.1:9/evil.dtd">',
    ],
)
def test_refuses_every_document_type(declared: str) -> None:
    text = document(entry()).replace("<Document", f"{declared}<Document")
    assert "document type" in refusal(text)[1]
    wide = text.encode("utf-16")
    with pytest.raises(UnreadableFile, match="document type"):
        read_file(wide, "statement.xml")


def test_refuses_other_xml() -> None:
    assert "neither OFX nor CAMT" in refusal('<?xml version="1.0"?><invoice/>')[1]
