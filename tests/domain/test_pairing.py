"""Which two transactions may be one movement, and how surely."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from mintflow.domain.transfers.pairing import WINDOW_DAYS, Leg, pairs, words_in

CHECKING, CARD = UUID(int=1), UUID(int=2)


def leg(number: int, amount: str, day: int = 10, *, text: str = "", **facts: Any) -> Leg:
    plain: dict[str, Any] = {
        "account_id": CHECKING if amount.startswith("-") else CARD,
        "kind": "checking" if amount.startswith("-") else "credit_card",
        "name": "checking",
        "currency": "USD",
        **facts,
    }
    return Leg(
        UUID(int=100 + number), date=dt.date(2025, 3, day), amount=Decimal(amount),
        words=words_in(text), **plain,
    )  # fmt: skip


class Fixed:
    """One rate, on one day."""

    def rate(self, base: str, quote: str, day: dt.date) -> Decimal | None:
        known = (base, quote, day) == ("USD", "EUR", dt.date(2025, 3, 10))
        return Decimal("0.9") if known else None


def test_a_card_payment_that_says_so_is_certain() -> None:
    (pair,) = pairs([leg(1, "-50.00", text="PAYMENT"), leg(2, "50.00")])
    assert pair.certain
    assert pair.out.amount == Decimal("-50.00")
    assert "it pays what is owed" in pair.reasons


def test_opposite_amounts_alone_are_a_suggestion() -> None:
    (pair,) = pairs([leg(1, "-50.00"), leg(2, "50.00", 12, kind="checking")])
    assert not pair.certain


def test_never_within_one_account() -> None:
    assert pairs([leg(1, "-50.00"), leg(2, "50.00", account_id=CHECKING)]) == []


def test_not_beyond_the_window_and_not_of_another_amount() -> None:
    assert pairs([leg(1, "-50.00", 10), leg(2, "50.00", 11 + WINDOW_DAYS)]) == []
    assert pairs([leg(1, "-50.00"), leg(2, "50.01")]) == []


def test_two_partners_are_sure_of_none() -> None:
    legs = [leg(1, "-50.00", text="payment"), leg(2, "50.00"), leg(3, "50.00", 11)]
    found = pairs(legs)
    assert len(found) == 2
    assert not any(pair.certain for pair in found)
    assert pairs(legs[::-1]) == found


def test_equal_movements_between_two_accounts_go_by_their_turn() -> None:
    savings = {"kind": "savings"}
    legs = [
        leg(1, "-100.00", 10, text="transfer"), leg(2, "-100.00", 11, text="transfer"),
        leg(3, "100.00", 11, **savings), leg(4, "100.00", 12, **savings),
    ]  # fmt: skip
    for given in (legs, legs[::-1]):
        sure = {(one.out, one.into) for one in pairs(given) if one.certain}
        assert sure == {(legs[0], legs[2]), (legs[1], legs[3])}
    third = leg(5, "-100.00", 12, text="transfer")
    assert not any(one.certain for one in pairs([*legs, third]))
    elsewhere = leg(4, "100.00", 12, account_id=UUID(int=3), **savings)
    assert not any(one.certain for one in pairs([*legs[:3], elsewhere]))


def test_turns_that_lie_too_far_apart_are_sure_of_nothing() -> None:
    legs = [
        leg(1, "-100.00", 2, text="transfer"), leg(2, "-100.00", 6, text="transfer"),
        leg(3, "100.00", 5), leg(4, "100.00", 11),
    ]  # fmt: skip
    assert not any(one.certain for one in pairs(legs))


def test_a_purchase_is_no_transfer_to_where_another_shop_gives_money_back() -> None:
    shop = leg(1, "-80.00", text="card payment to asda", says_else=True)
    assert pairs([shop, leg(2, "80.00", 11, says_else=True)]) == []
    (suggested,) = pairs([shop, leg(2, "80.00", 11, text="transfer from", says_so=True,
                                    kind="savings")])  # fmt: skip
    assert not suggested.certain
    assert "one of them is of another category" in suggested.reasons


@pytest.mark.parametrize(
    ("out", "into"),
    [
        ({"text": "zelle 0417"}, {"text": "payment received", "kind": "savings"}),
        ({"text": "to rainy day"}, {"text": "0417", "name": "rainy day", "kind": "savings"}),
    ],
    ids=["the bank's words", "the account's name"],
)
def test_two_guessed_categories_do_not_hide_what_the_texts_say(
    out: dict[str, str], into: dict[str, str]
) -> None:
    (suggested,) = pairs([
        leg(1, "-80.00", says_else=True, **out), leg(2, "80.00", 11, says_else=True, **into),
    ])  # fmt: skip
    assert not suggested.certain


def test_a_mortgage_is_still_the_payment_of_a_loan() -> None:
    (pair,) = pairs([
        leg(1, "-900.00", text="mortgage payment", says_else=True),
        leg(2, "900.00", 11, kind="loan", says_so=True),
    ])  # fmt: skip
    assert pair.certain


def test_the_name_of_the_other_account_is_a_word_for_it() -> None:
    (named,) = pairs([
        leg(1, "-50.00", text="to rainy day"),
        leg(2, "50.00", kind="savings", name="rainy day"),
    ])  # fmt: skip
    assert named.certain


def test_two_currencies_are_a_pair_only_at_a_known_rate_of_that_day() -> None:
    legs = [leg(1, "-100.00", text="transfer"), leg(2, "89.00", currency="EUR")]
    assert pairs(legs) == []
    (pair,) = pairs(legs, Fixed())
    assert not pair.certain
    assert pair.reasons[0] == "worth the same at the rate of the day"
    assert pairs([legs[0], leg(2, "80.00", currency="EUR")], Fixed()) == []
    assert pairs([leg(1, "-100.00", 9), legs[1]], Fixed()) == []


def test_words_are_runs_of_letters_and_digits_of_any_script() -> None:
    text = "ÜBERWEISUNG_an:Ağaç-42/Καφές ½ №7 d'Été"
    apart = "".join(c if c.isalnum() else " " for c in text.casefold()).split()
    assert words_in(text, "Umbuchung") == {*apart, "umbuchung"}
