"""The categorizer that ships with the product: what names and words mean, wherever one lives.

Last in the order of those who answer: the user's own value, his rules and what was learned from
his ledger go first (docs/reference/categorizer.md). Here the names and words that are known answer
first, and a guesser where none of them is found.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple, Protocol

from mintflow.domain.core.postings import TRANSFER
from mintflow.ml.categorize import Row, Suggestion, band_of, nothing
from mintflow.ml.knowledge import codes
from mintflow.ml.knowledge.book import Finding, Flow, PhraseBook
from mintflow.ml.knowledge.entries import Entry, shipped
from mintflow.ml.model.classifier import Classifier
from mintflow.ml.names import merchant_in
from mintflow.ml.people import person_in
from mintflow.ml.words import spelled_out, words_of

KNOWLEDGE_VERSION = "knowledge-4"
# Below this a row stays uncategorized: a wrong category costs its user more than none.
SURE_MIN = 0.5
_REMEMBERED_MAX = 50_000

_COUNTRIES: dict[str, frozenset[str]] = {
    "USD": frozenset({"US"}),
    "GBP": frozenset({"GB"}),
    "INR": frozenset({"IN"}),
    "NGN": frozenset({"NG"}),
    "GHS": frozenset({"GH"}),
    "KES": frozenset({"KE"}),
    "ZAR": frozenset({"ZA"}),
    "SEK": frozenset({"SE"}),
    "NOK": frozenset({"NO"}),
    "DKK": frozenset({"DK"}),
    "ISK": frozenset({"IS"}),
    "CHF": frozenset({"CH"}),
    "PLN": frozenset({"PL"}),
    "CZK": frozenset({"CZ"}),
    "CAD": frozenset({"CA"}),
    "AUD": frozenset({"AU"}),
    "NZD": frozenset({"NZ"}),
    "MXN": frozenset({"MX"}),
    "BRL": frozenset({"BR"}),
    "EUR": frozenset({"DE", "AT", "FR", "BE", "LU", "ES", "PT", "NL", "IT", "FI", "IE", "SM"}),
}
# Money back from where it is only ever spent; it belongs to what was spent there.
_BACK = frozenset(
    """refund refunded reversal return returned chargeback gutschrift erstattung rueckerstattung
    retoure remboursement avoir devolucion reembolso abono anulacion rimborso storno terugbetaling
    retour retur aterbetalning återbetalning tilbagebetaling palautus""".split()
)


class Guesser(Protocol):
    """Guesses where no known word helps."""

    def suggest(self, rows: Sequence[Row]) -> list[Suggestion | None]:
        """One guess per row, None where it would be one in the dark."""


class _Known(NamedTuple):
    """What words said of a row; told is None where they said nothing sure, and says that nobody
    knows where a person was paid."""

    merchant: str | None
    told: Suggestion | None


class BuiltIn:
    """A `Categorizer`; made once and shared between threads.

    book, guesser: what ships with the product unless another one is given. words_only: leave what
    the words do not know uncategorized.
    """

    def __init__(
        self,
        book: PhraseBook | None = None,
        guesser: Guesser | None = None,
        *,
        words_only: bool = False,
    ) -> None:
        self._book = book or PhraseBook(shipped())
        self._guesser = None if words_only else guesser or Classifier.shipped()
        self._known: dict[tuple[object, ...], _Known] = {}

    def suggest(self, rows: Sequence[Row]) -> list[Suggestion]:
        known = [self._look_up(row) for row in rows]
        answers = [
            one.told if row.mcc is None else _by_code(row, one)
            for row, one in zip(rows, known, strict=True)
        ]
        if self._guesser is not None:
            asked = [index for index, one in enumerate(answers) if one is None]
            guesses = self._guesser.suggest([_as_spent(rows[index]) for index in asked])
            for index, guess in zip(asked, guesses, strict=True):
                if guess is not None and _may_be(guess, rows[index]):
                    answers[index] = replace(guess, merchant=known[index].merchant)
        return [
            nothing("no word of it is sure of a category", one.merchant)
            if answer is None
            else answer
            for answer, one in zip(answers, known, strict=True)
        ]

    def _look_up(self, row: Row) -> _Known:
        """What is known of the words of a row; kept, because shops come again and again."""
        flow = _flow_of(row)
        countries = countries_of(row)
        key = (row.description, row.counterparty, row.memo, flow, row.currency, row.country)
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= _REMEMBERED_MAX:
                self._known.clear()
            known = self._known[key] = self._find(row, flow, countries)
        return known

    def _find(self, row: Row, flow: Flow, countries: frozenset[str] | None) -> _Known:
        best: Finding | None = None
        back = flow == "in" and _comes_back(row)
        to_a_person = False
        for text in (row.description, row.counterparty, row.memo):
            if not text:
                continue
            words = words_of(text)
            person = person_in(text, words, self._book.lone_names)
            found = self._of_text(text, words, person, flow, countries, back=back)
            to_a_person = to_a_person or person is not None
            if found is not None and (best is None or found.score > best.score):
                best = found
        merchant = _merchant(row, best)
        told = _by_words(best, merchant)
        if told is None and to_a_person:
            told = nothing("a payment to or from a person does not say what for", merchant)
        return _Known(merchant, told)

    def _of_text(
        self, text: str, words: list[str], person: range | None, flow: Flow,
        countries: frozenset[str] | None, *, back: bool,
    ) -> Finding | None:  # fmt: skip
        """The most telling entry of one text, which is not a part of a person's name."""
        found = self._book.find(words, flow, countries)
        if found is None and (spelled := spelled_out(text)) != text:
            found = self._book.find(words_of(spelled), flow, countries)
        if person is not None and found is not None and _is_in_a_name(found, words, person):
            words = [word for at, word in enumerate(words) if at not in person]
            found = self._book.find(words, flow, countries)
        # What says that it is income ("abono nomina") is no money back.
        if back:
            if found is None or found.entry.weight <= 0:
                found = self._book.find(words, "out", countries)
            if found is not None and found.entry.category == "financial.taxes":
                found = found._replace(entry=replace(found.entry, category="income.refunds"))
        return _by_processor(text) if found is None else found


def _is_in_a_name(found: Finding, words: list[str], person: range) -> bool:
    """Whether what was found is a word of a person's name: Douglas, Baker, Müller."""
    entry = found.entry
    if entry.weight > 0 or len(entry.words) > 1:
        return False
    name = [words[at] for at in person]
    # An entry for a part of a word ("Bäckerei…") is no word of the row.
    return entry.words[0] in name or any(
        len(word) >= len(entry.words[0]) and entry.words[0] in word for word in name
    )


@lru_cache(maxsize=1)
def built_in() -> BuiltIn:
    """The one of this process: reading the knowledge and the model takes most of a second."""
    return BuiltIn()


def _may_be(guess: Suggestion, row: Row) -> bool:
    """Whether a guess goes with where the money went: what comes in is no spending, unless the row
    says that it comes back."""
    assert guess.category is not None
    if row.amount is None:
        return True
    earned = guess.category.startswith("income.")
    if row.amount <= 0:
        return not earned
    if _comes_back(row):
        return not earned
    return earned or guess.category == TRANSFER


def _comes_back(row: Row) -> bool:
    """Whether a row says that it is money back."""
    return any(
        not _BACK.isdisjoint(words_of(text))
        for text in (row.description, row.counterparty, row.memo)
        if text
    )


def _as_spent(row: Row) -> Row:
    """Money back as what was spent, because that is what it lowers."""
    if row.amount is None or row.amount <= 0 or not _comes_back(row):
        return row
    told_only_that = _BACK.issuperset(words_of(row.memo))
    return replace(row, amount=-row.amount, memo="" if told_only_that else row.memo)


def _merchant(row: Row, found: Finding | None) -> str | None:
    if found is not None and found.entry.merchant is not None:
        return found.entry.merchant
    # "Hyra april" says what it is and names nobody.
    says_what = found is not None and found.entry.weight > 0
    text = row.counterparty if says_what else row.counterparty or row.description
    return merchant_in(text) if text else None


def countries_of(row: Row) -> frozenset[str] | None:
    """Where the account of a row may be; None where neither country nor currency says it."""
    if row.country:
        return frozenset({row.country.upper()})
    return _COUNTRIES.get((row.currency or "").upper())


def _flow_of(row: Row) -> Flow:
    if row.amount is None:
        return "unknown"
    return "in" if row.amount > 0 else "out"


def _by_processor(text: str) -> Finding | None:
    """Who takes the payment, where only one trade uses it: tills of Toast stand in restaurants, and
    who is charged by Ticketmaster bought a ticket; so did who is charged with the number of one."""
    if _AIR_TICKET.search(text):
        return _BY_AIR
    return _PROCESSORS.get(text[:4].upper())


# The thirteen digits of an air ticket, or ten of them, begin with the number of the airline.
_AIR_TICKET = re.compile(
    r"(?i)\b(?:united|delta|american|southwes|alaska|jetblue|air|airlines?)[a-z. ]{0,12}"
    r"(?:0?(?:01|06|16|27)|526|279)\d{7,10}\b"
)
_BY_AIR = Finding(Entry(("ticket",), "travel.flights", "word"), 0.9, (-1, 1, 6))
_PROCESSORS = {
    "TST*": Finding(Entry(("tst",), "food_dining.restaurants", "word"), 0.85, (-1, 1, 3)),
    "TM *": Finding(Entry(("tm",), "entertainment.concerts", "word"), 0.85, (-1, 1, 2)),
}


def _by_code(row: Row, known: _Known) -> Suggestion | None:
    """The surer one of the words and the merchant category code of a row."""
    by_words = known.told
    assert row.mcc is not None
    category = codes.category_of(row.mcc)
    if category is None or (by_words is not None and by_words.confidence > codes.SURE):
        return by_words
    if by_words is not None and (by_words.category or "").partition(".")[0] == category:
        # Both agree, and the words name a leaf of it.
        return by_words
    return Suggestion(
        category,
        known.merchant,
        codes.SURE,
        band_of(codes.SURE),
        "merchant",
        f"the merchant category code is {row.mcc}",
        KNOWLEDGE_VERSION,
    )


def _by_words(found: Finding | None, merchant: str | None) -> Suggestion | None:
    if found is None:
        return None
    entry = found.entry
    if entry.category is None:
        return nothing(f"“{_text(found)}” does not say what for", merchant)
    if found.sure < SURE_MIN:
        return None
    reason = f"{entry.merchant} is a known name" if entry.merchant else f"says “{_text(found)}”"
    return Suggestion(
        entry.category,
        merchant,
        found.sure,
        band_of(found.sure),
        "merchant",
        reason,
        KNOWLEDGE_VERSION,
    )


def _text(found: Finding) -> str:
    return " ".join(found.entry.words)
