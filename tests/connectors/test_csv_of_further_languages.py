"""Exports with column names in languages and scripts of Asia and of Eastern Europe.

The files are made up in the form of such banks; every one must be recognised by looking alone.
"""

from __future__ import annotations

import pytest
from samples import rows_of

from mintflow.connectors.files import UnreadableFile, read_file

# ruff: noqa: RUF001 - letters of other scripts that look like Latin ones are meant

# Money in stands first in most of these, so that nothing but the names tells the two apart.
PAIRS = {
    "Russian": "Дата операции;Описание операции;Приход;Расход",
    "Ukrainian": "Дата операції;Опис операції;Надходження;Витрати",
    "Hungarian": "Dátum;Leírás;Jóváírás;Terhelés",
    "Romanian": "Data tranzacției;Detalii;Credit;Debit",
    "Slovak": "Dátum;Účel platby;Príjem;Výdaj",
    "Croatian": "Datum;Opis;Uplate;Isplate",
    "Greek": "Ημερομηνία;Περιγραφή;Πίστωση;Χρέωση",
    "Lithuanian": "Operacijos data;Paskirtis;Pajamos;Išlaidos",
    "Hebrew": "תאריך;תיאור;זכות;חובה",
    "Arabic": "التاريخ;الوصف;إيداع;سحب",
    "Persian": "تاریخ;شرح;واریز;برداشت",
    "Chinese": "交易日期;摘要;收入;支出",
    "Chinese in brackets": "交易日期;摘要;记账金额(收入);记账金额(支出)",
    "Japanese": "取引日;お取引内容;受入金額（円）;払出金額（円）",
    "Korean": "거래일시;적요;입금액;출금액",
    "Thai": "วันที่;รายการ;ฝาก;ถอน",
    "Vietnamese": "Ngày giao dịch;Nội dung;Ghi có;Ghi nợ",
    "English in brackets": "Date;Description;Amount (Credit);Amount (Debit)",
}


@pytest.mark.parametrize("names", PAIRS.values(), ids=PAIRS.keys())
def test_tells_money_in_from_money_out_by_the_names_of_their_columns(names: str) -> None:
    rows = "2024-01-13;A;500;\n2024-01-14;B;;120\n2024-01-15;C;;30\n"
    file = read_file(f"{names}\n{rows}".encode(), "export.csv")
    assert rows_of(file) == [
        ("2024-01-13", "500", "A"),
        ("2024-01-14", "-120", "B"),
        ("2024-01-15", "-30", "C"),
    ]
    assert file.findings == ()


MARKS = {
    "Lithuanian": ("D/K", "D", "K"),
    "Estonian": ("Deebet/Kreedit", "Deebet", "Kreedit"),
    "Hungarian": ("Bevétel/Kiadás", "Kiadás", "Bevétel"),
    "Chinese": ("收/支", "支出", "收入"),
    "Chinese of a book": ("借贷", "借", "贷"),
    "Japanese": ("種別", "出金", "入金"),
}


@pytest.mark.parametrize(("name", "debit", "credit"), MARKS.values(), ids=MARKS.keys())
def test_tells_money_in_from_money_out_by_a_mark(name: str, debit: str, credit: str) -> None:
    text = (
        f"Date,Text,Amount,{name}\n2024-01-13,A,500,{credit}\n"
        f"2024-01-14,B,120,{debit}\n2024-01-15,C,30,{debit}\n"
    )
    file = read_file(text.encode(), "export.csv")
    assert [amount for _, amount, _ in rows_of(file)] == ["500", "-120", "-30"]
    assert file.findings == ()


def test_the_amount_in_the_accounts_currency_is_taken() -> None:
    text = (
        "Дата операции;Сумма операции;Валюта операции;Сумма пересчитанная в валюту счета;"
        "Валюта счета;Основание\n"
        "2024-01-13;-4,50;EUR;-336,15;RUB;Кафе\n"
        "2024-01-14;-300,00;RUB;-300,00;RUB;Метро\n"
    )
    file = read_file(text.encode("cp1251"), "export.csv")
    assert rows_of(file) == [("2024-01-13", "-336.15", "Кафе"), ("2024-01-14", "-300.00", "Метро")]
    assert file.statements[0].currency == "RUB"
    assert file.statements[0].closing is None


def test_days_of_a_file_of_balances_are_no_rows() -> None:
    text = "Datum,Boeksaldo,Valutair saldo\n2024-01-14,13.20,13.20\n2024-01-13,13.20,13.20\n"
    with pytest.raises(UnreadableFile, match="no column of amounts"):
        read_file(text.encode(), "export.csv")


@pytest.mark.parametrize(
    ("printed", "day"),
    [
        ("2024年1月13日", "2024-01-13"),
        ("13 mrt 2024", "2024-03-13"),
        ("13 ianuarie 2024", "2024-01-13"),
        ("2024. szept. 13.", "2024-09-13"),
    ],
)
def test_reads_days_with_names_and_words(printed: str, day: str) -> None:
    text = f"Date;Description;Amount\n{printed};A;-1,50\n"
    assert rows_of(read_file(text.encode(), "export.csv")) == [(day, "-1.50", "A")]


def test_yen_are_read_with_their_sign() -> None:
    text = (
        "日付,内容,出金金額(円),入金金額(円),残高(円)\n"
        "2024/1/13,A,,1200円,1200円\n2024/1/14,B,300円,,900円\n"
    )
    file = read_file(text.encode("shift_jis"), "export.csv", currency="JPY")
    assert [row[:2] for row in rows_of(file)] == [("2024-01-13", "1200"), ("2024-01-14", "-300")]
    assert file.statements[0].currency == "JPY"
    assert file.statements[0].closing is not None
    assert str(file.statements[0].closing.amount) == "900"


@pytest.mark.parametrize(
    ("encoding", "names", "told"),
    [
        ("cp1250", "Datum provedení;Zpráva;Zaúčtovaná částka", "Příjem za červen, Mělník"),
        ("cp1257", "Data;Paaiškinimai;Išlaidos;Pajamos", "Mokėjimas už gėles"),
        ("cp1254", "Tarih;Açıklama;İşlem Tutarı", "Alışveriş"),
        ("cp1252", "Buchungstag;Verwendungszweck;Betrag;Währung", "Überweisung für März"),
    ],
)
def test_column_names_tell_the_encoding(encoding: str, names: str, told: str) -> None:
    more = ";" * (names.count(";") - 2)
    text = f"{names}\n13.01.2024;{told};-1,50{more}\n14.01.2024;{told};-2,50{more}\n"
    file = read_file(text.encode(encoding), "export.csv")
    assert [row[2] for row in rows_of(file)] == [told, told]
    assert file.profile is not None
    assert file.profile.encoding == encoding


def test_the_shop_in_a_swedish_reference_is_part_of_the_description() -> None:
    text = (
        "Radnummer,Bokföringsdag,Referens,Beskrivning,Belopp,Bokfört saldo\n"
        "1,2024-01-14,BOKHANDEL NORR,Kortköp/uttag,-120.00,880.00\n"
        "2,2024-01-13,MATBUTIK,Kortköp/uttag,-11.00,1000.00\n"
    )
    file = read_file(text.encode("cp1252"), "export.csv")
    assert [told for _, _, told in rows_of(file)] == [
        "BOKHANDEL NORR Kortköp/uttag",
        "MATBUTIK Kortköp/uttag",
    ]
