"""A CSV's profile: it is returned, survives JSON, and is obeyed when it is given."""

from __future__ import annotations

import json
from typing import Any

import pytest
from samples import rows_of

from mintflow.connectors.files import (
    UnreadableFile,
    profile_from_json,
    profile_to_json,
    read_file,
)
from mintflow.connectors.files.delimited.profiles import ProfileNotValid
from mintflow.domain.statements import CsvProfile

EXPORT = (
    "Konto 123\n\nBuchung;Text;Soll;Haben;Saldo\n"
    "13.01.2024;Miete;700,00;;300,00\n14.01.2024;Lohn;;1.000,00;1.300,00\n\nEndsaldo;;;;1.300,00\n"
).encode("cp1252")
# Nothing in this file says whether it is March or April; only a profile can.
OPEN = b"Date,Description,Amount\n03/04/2024,TEA,-1.000\n"


def plain(**more: Any) -> dict[str, Any]:
    return {
        "delimiter": ",", "encoding": "utf-8", "has_header": True, "date": 0,
        "date_format": "%d/%m/%Y", "decimal_sign": ".", "description": [1], "amount": 2, **more,
    }  # fmt: skip


def test_the_profile_that_was_found_reads_the_file_again() -> None:
    first = read_file(EXPORT, "a.csv")
    assert first.profile is not None
    remembered = profile_from_json(json.loads(json.dumps(profile_to_json(first.profile))))
    assert remembered == first.profile
    again = read_file(EXPORT, "a.csv", profile=remembered)
    assert again.statements == first.statements
    assert again.profile == first.profile


def test_blank_lines_below_the_names_are_no_rows_for_a_profile_either() -> None:
    spaced = OPEN.replace(b"\n", b"\n\n")
    first = read_file(spaced, "a.csv", currency="USD")
    assert first.profile is not None
    assert read_file(spaced, "a.csv", profile=first.profile).statements == first.statements


def test_a_profile_is_obeyed_where_looking_would_say_otherwise() -> None:
    assert rows_of(read_file(OPEN, "a.csv", currency="USD")) == [("2024-03-04", "-1000", "TEA")]
    profile = profile_from_json(plain())
    assert rows_of(read_file(OPEN, "a.csv", currency="USD", profile=profile)) == [
        ("2024-04-03", "-1.000", "TEA")
    ]
    assert read_file(OPEN, "a.csv", profile=profile).findings == ()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le"])
def test_a_remembered_encoding_is_for_files_that_do_not_tell_theirs(encoding: str) -> None:
    text = "Date,Description,Amount\n2024-01-13,Café Überall,-1.50\n2024-01-14,Plain,-2.00\n"
    first = read_file(text.encode("cp1252"), "a.csv")
    assert first.profile is not None
    assert first.profile.encoding == "cp1252"
    again = read_file(text.encode(encoding), "a.csv", profile=first.profile)
    assert again.statements == first.statements


def test_an_old_encoding_that_is_said_is_obeyed() -> None:
    profile = profile_from_json(plain(encoding="cp1251"))
    data = "Date,Description,Amount\n13/04/2024,Чай,-1.50\n".encode("cp1251")
    assert rows_of(read_file(data, "a.csv", profile=profile)) == [("2024-04-13", "-1.50", "Чай")]


def test_what_had_to_be_assumed_is_said() -> None:
    file = read_file(OPEN, "a.csv", currency="EUR")
    assert [(found.code, found.where) for found in file.findings] == [
        ("DATE_ORDER_ASSUMED", "line 1"),
        ("DECIMAL_SIGN_ASSUMED", "line 1"),
    ]


def test_a_profile_turns_signs_and_names_its_own_marks() -> None:
    profile = profile_from_json(plain(sign=-1, direction=3, debit_marks=["raus"]))
    data = b"Date,Description,Amount,Way\n13/04/2024,TEA,1.00,raus\n14/04/2024,PAY,2.00,rein\n"
    assert rows_of(read_file(data, "a.csv", profile=profile)) == [
        ("2024-04-13", "1.00", "TEA"),
        ("2024-04-14", "-2.00", "PAY"),
    ]


def test_a_profile_that_does_not_fit_is_refused_by_line() -> None:
    profile = profile_from_json(plain(balance=7))
    with pytest.raises(UnreadableFile, match="line 2: the profile needs more columns"):
        read_file(OPEN, "a.csv", profile=profile)
    with pytest.raises(UnreadableFile, match="line 2: '03/04/2024' is not a date of the form"):
        read_file(OPEN, "a.csv", profile=profile_from_json(plain(date_format="%Y-%m-%d")))
    with pytest.raises(UnreadableFile, match="is not ascii text"):
        read_file("é".encode("cp1252"), "a.csv", profile=profile_from_json(plain(encoding="ascii")))


def test_a_profile_of_the_account_does_not_stop_another_format() -> None:
    ofx = b"<OFX><BANKMSGSRSV1><STMTTRNRS><STMTRS></STMTRS></STMTTRNRS></BANKMSGSRSV1></OFX>"
    assert read_file(ofx, "a.csv", profile=profile_from_json(plain())).format == "ofx"


def test_a_profile_that_knows_of_foot_text_does_not_hide_a_cut_off_row() -> None:
    first = read_file(EXPORT, "a.csv")
    assert first.profile is not None
    assert first.profile.skip_foot == 1
    cut = EXPORT[: EXPORT.index(b"Endsaldo")].rstrip(b"\n") + b"\n15.0"
    with pytest.raises(UnreadableFile, match="ends in the middle of this line"):
        read_file(cut, "a.csv", profile=first.profile)


def test_a_profile_whose_head_is_of_another_length_is_refused_and_never_misread() -> None:
    first = read_file(EXPORT, "a.csv")
    with pytest.raises(UnreadableFile, match="line 3: the column names are not where"):
        read_file(b"one line more\n" + EXPORT, "a.csv", profile=first.profile)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"delimiter": ""}, "delimiter"),
        ({"delimiter": ",,"}, "delimiter"),
        ({"delimiter": '"'}, "delimiter"),
        ({"encoding": "no-such"}, "encoding"),
        ({"encoding": "hex"}, "encoding"),
        ({"has_header": 1}, "has_header"),
        ({"date": -1}, "date"),
        ({"date": "0"}, "date"),
        ({"date": True}, "date"),
        ({"date_format": "%d"}, "date_format"),
        ({"decimal_sign": ";"}, "decimal_sign"),
        ({"description": 1}, "description"),
        ({"amount": None}, "amount"),
        ({"debit": 3}, "amount"),
        ({"direction": 3}, "debit_marks"),
        ({"debit_marks": "DR"}, "debit_marks"),
        ({"sign": 0}, "sign"),
        ({"sign": True}, "sign"),
        ({"skip_head": -1}, "skip_head"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_refuses_a_profile_that_cannot_be_meant(change: dict[str, Any], field: str) -> None:
    with pytest.raises(ProfileNotValid) as caught:
        profile_from_json(plain(**change))
    assert caught.value.details["field"] == field
    assert caught.value.code == "profile_not_valid"


def test_refuses_a_profile_that_is_no_object_or_not_whole() -> None:
    with pytest.raises(ProfileNotValid, match="must be an object"):
        profile_from_json([])
    for name in ("delimiter", "date_format", "description"):
        short = plain()
        del short[name]
        with pytest.raises(ProfileNotValid, match=f"{name}: is missing"):
            profile_from_json(short)


def test_every_field_of_a_profile_has_a_check() -> None:
    whole = CsvProfile(
        delimiter=";", encoding="cp1252", has_header=True, date=0, date_format="%d.%m.%Y",
        decimal_sign=",", description=(1, 2), debit=3, credit=4, balance=5, currency=6, bank_id=7,
        status=8, pending_marks=("offen",), memo=(9,), value_date=10, skip_head=2, skip_foot=1,
        fee=11,
    )  # fmt: skip
    assert profile_from_json(profile_to_json(whole)) == whole
