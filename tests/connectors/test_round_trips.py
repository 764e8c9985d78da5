"""Rows written in each format by a small generator are read back exactly.

Dates, amounts and descriptions; whatever the separators, order of day and month, or line ends.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from decimal import Decimal
from xml.sax.saxutils import escape

from hypothesis import given
from hypothesis import strategies as st

from mintflow.connectors.files import UnreadableFile, read_file
from mintflow.domain.statements import StatementFile

Row = tuple[date, Decimal, str]

days = st.dates(date(1990, 1, 1), date(2060, 12, 31))
amounts = st.integers(-(10**11), 10**11).filter(bool).map(lambda n: Decimal(n).scaleb(-2))
# What a description may hold in every format; leading and trailing space is not kept by any.
letters = st.characters(codec="utf-8", categories=["L", "N", "P", "S", "Zs"])
free_texts = st.text(letters, min_size=1, max_size=30).map(lambda t: " ".join(t.split()))
# Descriptions that could be taken for something else.
sly_texts = st.sampled_from(
    ["1.00", "-5,00", "2024-01-05", "31.12.2023", "EUR", "Total", "Balance", "DEBIT", "CREDIT", "C",
     "pending", "offen", "Date", "Amount", "12345", "Closing balance", "DE89370400440532013000"]
)  # fmt: skip
texts = st.one_of(free_texts.filter(bool), sly_texts)
words = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ abcdefghij0123456789", min_size=1, max_size=30)
plain_words = words.map(lambda t: "X" + " ".join(t.split()))
rows = st.lists(st.tuples(days, amounts, texts), min_size=1, max_size=20)
plain_rows = st.lists(st.tuples(days, amounts, plain_words), min_size=1, max_size=20)


def read(text: str, encoding: str = "utf-8") -> StatementFile:
    return read_file(text.encode(encoding), "file", currency="EUR")


def read_back(file: StatementFile) -> list[Row]:
    (statement,) = file.statements
    return [(row.date, row.amount, row.description) for row in statement.rows]


def quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def printed(amount: Decimal, grouping: str, point: str) -> str:
    return f"{amount:,.2f}".replace(",", "\0").replace(".", point).replace("\0", grouping)


@given(
    rows,
    st.sampled_from([",", ";", "\t", "|"]),
    st.sampled_from([("", "."), (",", "."), (".", ","), (" ", ","), ("'", "."), ("\u202f", ",")]),
    st.sampled_from(["\n", "\r\n", "\r"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_csv_with_names(
    written: list[Row], delimiter: str, signs: tuple[str, str], end: str, encoding: str
) -> None:
    lines = [delimiter.join(["Date", "Description", "Amount"])]
    for day, amount, text in written:
        fields = [day.isoformat(), quoted(text), quoted(printed(amount, *signs))]
        lines.append(delimiter.join(fields))
    assert read_back(read(end.join(lines) + end, encoding)) == written


@given(
    rows,
    st.sampled_from(["%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%b-%Y", "%Y%m%d"]),
)
def test_csv_in_every_date_form(written: list[Row], form: str) -> None:
    """A row with a day above 12 says which form it is; that is all that is needed."""
    sure = [(date(2024, 12, 25), Decimal("-1.00"), "SURE"), *written]
    lines = ["Date,Description,Amount"]
    lines += [f"{day.strftime(form)},{quoted(text)},{amount}" for day, amount, text in sure]
    assert read_back(read("\n".join(lines) + "\n")) == sure


@given(plain_rows, st.booleans())
def test_csv_with_two_columns_of_money_and_a_balance(
    written: list[Row], newest_first: bool
) -> None:
    balance, lines = Decimal(0), []
    for day, amount, text in sorted(written, key=lambda row: row[0]):
        balance += amount
        debit, credit = (abs(amount), "") if amount < 0 else ("", amount)
        lines.append(f"{day.isoformat()};{text};{debit};{credit};{balance}")
    if newest_first:
        lines.reverse()
    file = read("Date;Description;Debit;Credit;Balance\n" + "\n".join(lines) + "\n")
    assert file.findings == ()
    assert sorted(read_back(file)) == sorted(written)
    (statement,) = file.statements
    assert statement.closing is not None
    assert statement.closing.amount == balance
    assert statement.opening is not None
    assert statement.opening.amount == 0


@given(rows)
def test_ofx(written: list[Row]) -> None:
    body = "".join(
        f"<STMTTRN><DTPOSTED>{day:%Y%m%d}120000[0:GMT]<TRNAMT>{amount}<FITID>{n}"
        f"<NAME>{escape(text)}</STMTTRN>\n"
        for n, (day, amount, text) in enumerate(written)
    )
    file = read(
        "OFXHEADER:100\n\n<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS><CURDEF>EUR<BANKTRANLIST>"
        f"{body}</BANKTRANLIST></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>"
    )
    assert read_back(file) == written
    assert [row.bank_id for row in file.statements[0].rows] == [str(n) for n in range(len(written))]


@given(rows)
def test_qif(written: list[Row]) -> None:
    sure = [(date(2024, 12, 25), Decimal("-1.00"), "SURE"), *written]
    body = "".join(f"D{d:%m/%d/%Y}\nT{a:,.2f}\nP{t}\n^\n" for d, a, t in sure)
    assert read_back(read(f"!Type:Bank\n{body}")) == sure


@given(rows)
def test_camt(written: list[Row]) -> None:
    body = "".join(
        f"<Ntry><Amt Ccy='EUR'>{abs(amount)}</Amt><CdtDbtInd>{'CRDT' if amount > 0 else 'DBIT'}"
        f"</CdtDbtInd><BookgDt><Dt>{day}</Dt></BookgDt><NtryDtls><TxDtls><RmtInf><Ustrd>"
        f"{escape(text)}</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
        for day, amount, text in written
    )
    file = read(
        "<Document xmlns='urn:iso:std:iso:20022:tech:xsd:camt.053.001.08'><BkToCstmrStmt><Stmt>"
        f"{body}</Stmt></BkToCstmrStmt></Document>"
    )
    assert read_back(file) == written


@given(plain_rows)
def test_mt940(written: list[Row]) -> None:
    written = [row for row in written if 2000 <= row[0].year < 2060] or [
        (date(2024, 1, 5), Decimal(1), "X")
    ]
    body = "".join(
        f":61:{day:%y%m%d%m%d}{'C' if amount > 0 else 'D'}{str(abs(amount)).replace('.', ',')}"
        f"{',' if '.' not in str(amount) else ''}NTRFNONREF\n:86:{text}\n"
        for day, amount, text in written
    )
    closing = sum((amount for _, amount, _ in written), Decimal(0))
    end = f":62F:{'D' if closing < 0 else 'C'}600101EUR{str(abs(closing)).replace('.', ',')}"
    file = read(f":20:X\n:25:1\n:28C:1\n:60F:C000101EUR0,00\n{body}{end}\n-\n")
    assert read_back(file) == written
    assert file.findings == ()


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with suppress(UnreadableFile):
        read_file(data, "file")


@given(
    st.sampled_from([",", ";", "\t"]),
    st.lists(
        st.lists(
            st.sampled_from(
                ["2024-01-05", "30.02.2024", "1.000", "-12,34", "", "Total", "TEA", '"', "EUR", "0"]
            ),
            max_size=6,
        ),
        max_size=8,
    ),
)
def test_any_table_is_read_or_refused(delimiter: str, table: list[list[str]]) -> None:
    text = "Date,Text,Amount\n" + "\n".join(delimiter.join(fields) for fields in table)
    for head in (text, text.partition("\n")[2]):
        with suppress(UnreadableFile):
            file = read(head)
            assert all(row.amount.is_finite() for s in file.statements for row in s.rows)


@given(
    st.sampled_from(["<OFX>", "!Type:Bank\n", ":20:X\n", "<Document><BkToCstmrStmt><Stmt>"]),
    st.lists(
        st.sampled_from(
            ["<STMTTRN>", "</STMTTRN>", "<STMTRS>", "</STMTRS>", "</OFX>", "<NAME>x", "<TRNAMT>1",
             "<DTPOSTED>20240105", "^\n", "D1/2/2024\n", "T1.00\n", "SFood\n", "$1.00\n",
             "!Account\n", "NBank\n", ":61:240105D1,NTRFX\n", ":86:x\n", ":60F:C240101EUR1,\n",
             ":62F:C240101EUR1,\n", "-\n", "<Ntry>", "</Ntry>",
             "</Stmt>", "</BkToCstmrStmt></Document>",
             "<Amt>1</Amt>", "<CdtDbtInd>DBIT</CdtDbtInd>", "<ValDt>2024-01-05</ValDt>", "\n"]
        ),
        max_size=14,
    ),
)  # fmt: skip
def test_any_order_of_elements_is_read_or_refused(start: str, parts: list[str]) -> None:
    with suppress(UnreadableFile):
        read(start + "".join(parts))
