"""Cards that print spending without a sign: what tells them, and what does not.

The files are made up; every one must be recognised by looking alone.
"""

from __future__ import annotations

import pytest
from samples import rows_of

from mintflow.connectors.files import profile_from_json, profile_to_json, read_file


def amounts(rows: str) -> tuple[list[str], list[str]]:
    """The amounts, read twice: by looking, and by the profile that came of it. The findings."""
    data = f"Date,Description,Amount\n{rows}".encode()
    file = read_file(data, "export.csv")
    assert file.profile is not None
    profile = profile_from_json(profile_to_json(file.profile))
    again = read_file(data, "export.csv", profile=profile)
    assert rows_of(again) == rows_of(file)
    return [amount for _, amount, _ in rows_of(file)], [found.code for found in file.findings]


@pytest.mark.parametrize("paid", ["100.00 CR", "100.00Cr", '"+ $100.00"', "+100.00"])
def test_amounts_without_a_mark_are_money_out_beside_credits_with_one(paid: str) -> None:
    rows = f"05/01/2024,SHOP,10.00\n13/01/2024,BILL,{paid}\n14/01/2024,CAFE,4.00\n"
    assert amounts(rows) == (["-10.00", "100.00", "-4.00"], ["SIGN_ASSUMED"])


def test_amounts_without_a_mark_are_money_in_beside_debits_with_one() -> None:
    rows = "05/01/2024,SHOP,10.00 DR\n13/01/2024,PAY,100.00\n14/01/2024,CAFE,4.00 DR\n"
    assert amounts(rows) == (["-10.00", "100.00", "-4.00"], [])


def test_a_plus_beside_a_minus_says_nothing_of_the_rest() -> None:
    rows = "05/01/2024,SHOP,-10.00\n13/01/2024,PAY,+100.00\n14/01/2024,GIFT,4.00\n"
    assert amounts(rows) == (["-10.00", "100.00", "4.00"], [])


def test_thanks_for_the_payment_tell_a_card_in_a_file_of_two_rows() -> None:
    rows = "13/01/2024,SHOP,10.00\n14/01/2024,PAYMENT RECEIVED - THANK YOU,-59.00\n"
    assert amounts(rows) == (["-10.00", "59.00"], ["SIGN_ASSUMED"])


def test_thanks_for_the_payment_tell_a_card_beside_what_is_owed() -> None:
    text = (
        "Date,Description,Amount,Balance\n13/01/2024,SHOP,10.00,10.00\n"
        "14/01/2024,CAFE,20.00,30.00\n15/01/2024,PAYMENT THANK YOU,-30.00,0.00\n"
        "16/01/2024,SHOP,5.00,5.00\n"
    )
    file = read_file(text.encode(), "export.csv")
    assert [amount for _, amount, _ in rows_of(file)] == ["-10.00", "-20.00", "30.00", "-5.00"]
    assert [found.code for found in file.findings] == ["SIGN_ASSUMED"]
    assert file.statements[0].closing is not None
    assert str(file.statements[0].closing.amount) == "-5.00"


@pytest.mark.parametrize("name", ["Debit/Credit", "BillingAmountSign"])
def test_nothing_in_a_column_of_credits_is_money_out(name: str) -> None:
    text = f"Date,Details,Amount,{name}\n05/01/2024,SHOP,10.00,\n13/01/2024,BILL,100.00,CR\n"
    file = read_file(text.encode(), "export.csv")
    assert [amount for _, amount, _ in rows_of(file)] == ["-10.00", "100.00"]
    assert file.findings == ()
    later = text.replace("10.00,\n", "10.00,DR\n").encode()
    again = read_file(later, "export.csv", profile=file.profile)
    assert [amount for _, amount, _ in rows_of(again)] == ["-10.00", "100.00"]
