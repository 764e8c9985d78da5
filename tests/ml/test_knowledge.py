"""What is known of merchants and words: its form, and that the country decides what is meant."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import iso18245
import pytest

from mintflow.domain.categories import DEFAULT_TREE
from mintflow.ml.builtin import BuiltIn
from mintflow.ml.categorize import Row, Suggestion
from mintflow.ml.knowledge.book import PhraseBook
from mintflow.ml.knowledge.codes import category_of, codes
from mintflow.ml.knowledge.entries import Entry, KnowledgeNotReadable, read_file, shipped
from mintflow.ml.names import merchant_in

BUILT_IN = BuiltIn()
ENTRIES = list(shipped())


def told(description: str, amount: str = "-10", currency: str | None = None) -> Suggestion:
    return BUILT_IN.suggest([Row(description, Decimal(amount), currency)])[0]


def test_every_category_is_one_of_the_default_tree() -> None:
    tree = {
        *DEFAULT_TREE,
        *(f"{top}.{leaf}" for top, leaves in DEFAULT_TREE.items() for leaf in leaves),
    }
    assert {one.category for one in ENTRIES if one.category} <= tree


def test_thousands_of_names_are_known() -> None:
    assert len({one.merchant for one in ENTRIES if one.merchant}) > 5_000


@pytest.mark.parametrize(
    ("description", "merchant"),
    [
        ("STARBUCKS #1234 NEW YORK", "Starbucks"),
        ("SQ *RITUAL COFFEE ROASTER San Francisco", "Ritual Coffee Roaster"),
        ("TST* LUCKY NOODLE HOUSE", "Lucky Noodle House"),
        ("PAYPAL *SPOTIFY 4029357733", "Spotify"),
        ("AMZN Mktp US*RT4G90KL2", "Amazon"),
        ("REWE SAGT DANKE. 45021//Koeln/DE", "REWE"),
        ("CARTE X1234 TOTALENERGIES NANTES", "TotalEnergies"),
        ("COMPRA TARJETA MERCADONA VALENCIA", "Mercadona"),
        ("BETAALAUTOMAAT 14-03 PLUS VAN DIJK", "Plus"),
        ("UPI/412233445566/ZOMATO/zomato@paytm", "Zomato"),
        ("POS/WEB PYMT SHOPRITE IKEJA NG", "Shoprite"),
        ("MCDONALD\u2019S F1234", "McDonald's"),
        ("WHOLEFDS MKT 10234 AUSTIN TX", "Whole Foods"),
    ],
)
def test_a_row_has_the_usual_name_of_its_merchant(description: str, merchant: str) -> None:
    assert told(description).merchant == merchant


def test_the_wording_of_a_bank_is_no_part_of_a_name() -> None:
    assert told("Kortkøb FØTEX VESTERBRO", currency="DKK").merchant == "Føtex"
    assert told("Kortkøb BLÅ STUE").merchant == "Blå Stue"


@pytest.mark.parametrize(
    ("description", "merchant"),
    [
        ("KWIK STOP 1442 TUALATIN OR", "Kwik Stop"),
        ("KWIK STOP #99 SCAPPOOSE", "Kwik Stop"),
        ("ZORBLAX STORE 1121 KETCHIKAN AK", "Zorblax"),
        ("LEVEL 256 COFFEE HOUSE", "Level Coffee House"),
    ],
)
def test_branches_of_one_shop_have_one_name(description: str, merchant: str) -> None:
    assert merchant_in(description) == merchant


@pytest.mark.parametrize(
    ("description", "currency", "category"),
    [
        ("LIBERTY SEGUROS 4411", "EUR", "bills.insurance"),
        ("CHINA GARDEN 12", "USD", "food_dining.restaurants"),
        ("ZUM GOLDENEN HIRSCHEN", "EUR", "food_dining.restaurants"),
        ("CHINESE ACUPUNCTURE CLINIC", "USD", "health.doctor"),
        ("TM *TAYLOR SWIFT", "USD", "entertainment.concerts"),
        ("MENARDS EAU CLAIRE WI", "USD", "housing.maintenance"),
    ],
)
def test_what_stands_beside_a_name_counts_where_it_tells(
    description: str, currency: str, category: str
) -> None:
    assert told(description, "-20", currency).category == category


def test_money_back_is_guessed_as_what_was_spent() -> None:
    spent, back = BUILT_IN.suggest(
        [
            Row("FRUITLAND", Decimal("-41.20"), "USD"),
            Row("FRUITLAND", Decimal("41.20"), "USD", memo="REFUND"),
        ]
    )
    assert (back.category, back.source) == (spent.category, "model")
    assert (spent.category or "").startswith("food_dining")


@pytest.mark.parametrize("text", ["POS 4829103", "1023", "SEPA-BASISLASTSCHRIFT 0041229 REF 81"])
def test_a_row_of_numbers_names_nobody(text: str) -> None:
    assert merchant_in(text) is None


def test_a_name_of_few_letters_counts_in_its_own_country() -> None:
    assert told("MAX 114", currency="SEK").category == "food_dining.fast_food"
    assert told("MAX 114", currency="USD").category is None
    assert told("MAX 114").category is None


def test_the_country_decides_between_two_of_one_name() -> None:
    assert told("METRO ETS 2281", currency="CAD").category == "food_dining.groceries"
    assert told("WOOLWORTHS 1221", currency="AUD").category == "food_dining.groceries"


def test_money_back_belongs_to_what_was_spent() -> None:
    assert told("UBER TRIP REFUND", "12.00").category == "transportation.ride_share"
    assert told("UBER TRIP", "12.00").category is None
    assert told("AMAZON.COM REFUND", "61.77").category == "shopping"


def test_a_heading_of_wordings_is_no_wording() -> None:
    assert told("CARD PAYMENT 0042").category is None


def test_a_bad_file_of_names_says_where(tmp_path: Path) -> None:
    path = tmp_path / "names.txt"
    path.write_text("[shopping sideways]\nShop\n", "utf-8")
    with pytest.raises(KnowledgeNotReadable, match=r"names\.txt:1"):
        list(read_file(path, "brand", None))


def test_the_more_telling_entry_wins_and_doubt_lowers_it() -> None:
    book = PhraseBook(
        [Entry(("red", "barn"), "a.b", "brand"), Entry(("red",), "c", "brand"),
         Entry(("east",), "x.y", "brand"), Entry(("left",), "c", "brand")]
    )  # fmt: skip
    found = book.find(["red", "barn"], "out", None)
    assert found is not None
    assert found.entry.category == "a.b"
    sure = book.find(["east"], "out", None)
    torn = book.find(["east", "left"], "out", None)
    assert sure is not None
    assert torn is not None
    assert torn.sure < sure.sure


def test_every_merchant_category_code_is_one_of_the_standard_and_means_a_known_category() -> None:
    tree = {
        *DEFAULT_TREE,
        *(f"{top}.{leaf}" for top, below in DEFAULT_TREE.items() for leaf in below),
    }
    assert set(codes().values()) <= tree
    # Of the thousand that are kept for airlines, car rental and hotels not all are given out.
    for code in (one for one in codes() if not one.startswith("3")):
        iso18245.get_mcc(code)
    assert category_of("3005") == "travel.flights"
    assert category_of("3405") == "travel.car_rental"
    assert category_of("3640") == "travel.hotels"
    assert category_of("0001") is None


def coded(description: str, mcc: str, currency: str = "USD") -> Suggestion:
    return BUILT_IN.suggest([Row(description, Decimal("-10"), currency, mcc=mcc)])[0]


def test_a_merchant_category_code_says_what_no_word_does() -> None:
    found = coded("QWXZ 8821", "5411")
    assert found.category == "food_dining.groceries"
    assert "5411" in found.reason
    assert coded("QWXZ 8821", "9999").category is None
    # A surer name knows more than its code, and a leaf more than what it belongs to.
    assert coded("STARBUCKS #1234", "5814").category == "food_dining.coffee_shops"
    assert coded("AMAZON.COM*RT4KL21B0", "5942").category == "shopping"


@pytest.mark.parametrize(
    ("description", "currency", "category"),
    [
        # Who stands first was paid; behind him stands where.
        ("LABCORP BURLINGTON NC", "USD", "health.doctor"),
        # No room for the rest of the name.
        ("TRADER JO", "USD", "food_dining.groceries"),
        # Glued together.
        ("OLIVEGARDEN 0021", "USD", "food_dining.restaurants"),
        # A till that stands in restaurants only.
        ("TST* MARLOWE & SONS", "USD", "food_dining.restaurants"),
        # What a country calls it.
        ("CAFETERIA LA PLAZA", "EUR", "food_dining.coffee_shops"),
        ("CAFETERIA 12", "USD", "food_dining.restaurants"),
    ],
)
def test_a_row_is_read_as_people_read_it(description: str, currency: str, category: str) -> None:
    assert told(description, currency=currency).category == category


def test_the_name_of_a_person_is_no_name_of_a_shop() -> None:
    assert told("ZELLE PAYMENT TO ANA", currency="USD").category is None
    assert told("BP R WILSON VIA MOBILE XFER", currency="GBP").category is None


def test_income_that_a_bank_calls_a_credit_is_no_money_back() -> None:
    assert told("ABONO NOMINA TALLERES SL", "1430", "EUR").category == "income.salary"
    assert told("FINANZAMT ERSTATTUNG", "310", "EUR").category == "income.refunds"
