"""Finds what a bank row says by the words in it: the most telling name or word wins.

Names before words only where they are longer: "Tesco petrol" is fuel. A name of few letters counts
in its own country and as the first word, because elsewhere it is just a word.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from mintflow.ml.knowledge.entries import Entry
from mintflow.ml.phrases import Direction

Flow = Literal["in", "out", "unknown"]
# A single word of up to this many letters is a name only where its country is.
SHORT = 5
# A name of this many letters is seen also where terminals glue more to it: NETFLIXCOM.
GLUED = 7
_GLUED_MORE = 3
# What a brand's file is not about: it may be abroad, or another of that name.
_ELSEWHERE, _UNPLACED = 0.86, 0.95
_BRAND, _SHORT_BRAND, _WHAT, _WORD, _PART = 0.985, 0.95, 0.97, 0.93, 0.88
# What banks write before a name, as `words_of` gives it.
_BANKS_WORDS = frozenset(
    """pos web pymt purchase payment debit card credit checkcard contactless visa mastercard
    recurring direct dd to at the kartenzahlung girocard lastschrift sepa basislastschrift
    einkauf paiement cb carte achat prlv prelevement facture vir virement compra tarjeta
    tarj recibo pago adeudo cargo en pagamento addebito sdd acquisto bea betaalpas
    betaalautomaat pinbetaling incasso bck kortkop kortkob varekjop dankort kob nota
    korttiosto autogiro upi neft imps ach nach bbps ecs eftpos sq tst sumup zettle iz ccv
    paypal google sp interac preauthorized""".split()
)
# A second finding of another category and nearly as telling as the first one.
_DOUBT = 0.85


class Finding(NamedTuple):
    """An entry that stands in a row, how likely it is right, and how much it told."""

    entry: Entry
    sure: float
    score: tuple[int, int, int]


class _Place(NamedTuple):
    score: tuple[int, int, int]
    rest: tuple[str, ...]
    entry: Entry


class PhraseBook:
    """Entries by their first word; safe to share between threads."""

    def __init__(self, entries: Iterable[Entry]) -> None:
        # By the first two words: "the" and "credit" begin hundreds of texts.
        by_first: defaultdict[str, defaultdict[str, list[_Place]]] = defaultdict(
            lambda: defaultdict(list)
        )
        self._ends: dict[str, Entry] = {}
        self._begins: dict[str, Entry] = {}
        seen: dict[tuple[tuple[str, ...], Direction, frozenset[str] | None], Entry] = {}
        for entry in entries:
            if entry.ends or entry.begins:
                (self._ends if entry.ends else self._begins).setdefault(entry.words[0], entry)
                continue
            if entry.kind == "brand" and len(entry.words) == 1 and len(entry.words[0]) >= GLUED:
                self._begins.setdefault(entry.words[0], entry)
            key = (entry.words, entry.direction, entry.countries)
            if seen.setdefault(key, entry) is entry:
                place = _Place(score_of(entry), entry.words[2:], entry)
                by_first[entry.words[0]]["".join(entry.words[1:2])].append(place)
        self._by_first = {
            first: {
                second: sorted(places, key=lambda one: one.score, reverse=True)
                for second, places in by_second.items()
            }
            for first, by_second in by_first.items()
        }

    def find(
        self, words: Sequence[str], flow: Flow, countries: Collection[str] | None
    ) -> Finding | None:
        """The most telling entry in the words of one text; None where nothing is known of it.

        countries: where the account may be; None where that is not known.
        """
        best: Finding | None = None
        second: Finding | None = None
        by_first = self._by_first
        leading = True
        for index, word in enumerate(words):
            by_second = by_first.get(word)
            found = None
            if by_second is not None:
                found = _at(by_second, words, index, flow, countries, leading=leading)
            leading = leading and (word in _BANKS_WORDS or word.isdigit())
            if found is None and len(word) > 6:
                found = self._in_part(word, flow)
            if found is None:
                continue
            if best is None or found.score > best.score:
                best, second = found, best
            elif second is None or found.score > second.score:
                second = found
        if best is None or second is None:
            return best
        return _doubted(best, second)

    def _in_part(self, word: str, flow: Flow) -> Finding | None:
        """An entry for the end or the beginning of a word: Linden-apotheke, in one word."""
        for parts, cut in ((self._ends, -1), (self._begins, 1)):
            for length in range(len(word) - (1 if cut < 0 else _GLUED_MORE), 3, -1):
                part = word[-length:] if cut < 0 else word[:length]
                entry = parts.get(part)
                if entry is not None and _flows(entry, flow):
                    return Finding(entry, (entry.sure or 1) * _PART, (0, 1, length))
        return None


def score_of(entry: Entry) -> tuple[int, int, int]:
    """How telling an entry is: what the row is, then the longest."""
    return entry.weight, len(entry.words), sum(map(len, entry.words))


def _at(
    by_second: Mapping[str, list[_Place]],
    words: Sequence[str],
    index: int,
    flow: Flow,
    countries: Collection[str] | None,
    *,
    leading: bool,
) -> Finding | None:
    """The most telling entry that stands at this word; the country's own before a foreign one."""
    best: Finding | None = None
    # A single word is of those that have no second one, which stand under "".
    for second in (words[index + 1] if index + 1 < len(words) else "", ""):
        for score, rest, entry in by_second.get(second, ()):
            if best is not None and score < best.score:
                break
            if rest and tuple(words[index + 2 : index + 2 + len(rest)]) != rest:
                continue
            if not _flows(entry, flow):
                continue
            sure = _sureness(entry, countries, leading=leading)
            if sure > 0 and (best is None or score > best.score or sure > best.sure):
                best = Finding(entry, sure, score)
    return best


def _flows(entry: Entry, flow: Flow) -> bool:
    return flow == "unknown" or entry.direction in ("any", flow)


def _sureness(entry: Entry, countries: Collection[str] | None, *, leading: bool) -> float:
    """How likely the entry is right here; 0 where it is another word. leading: whether only what
    banks write stands before it."""
    short = len(entry.words) == 1 and len(entry.words[0]) <= SHORT
    if entry.kind == "brand":
        sure = _SHORT_BRAND if short else _BRAND
    else:
        sure = _WHAT if entry.weight > 0 else _WORD
    if entry.countries is not None:
        if countries is None:
            if len(entry.words) == 1 and len(entry.words[0]) <= SHORT + 1:
                return 0
            sure = min(sure, _UNPLACED)
        elif entry.countries.isdisjoint(countries):
            if short or entry.kind == "word":
                return 0
            sure = _ELSEWHERE
        # A name of few letters is one where it stands first: "MAX 114", not "PRO MAX".
        if short and entry.kind == "brand" and len(entry.words[0]) < SHORT and not leading:
            return 0
    return sure * entry.sure if entry.sure is not None else sure


def _doubted(best: Finding, second: Finding) -> Finding:
    one, other = best.entry.category, second.entry.category
    if one is None or other is None or best.score[:2] != second.score[:2]:
        return best
    if one == other or one.partition(".")[0] == other.partition(".")[0]:
        return best
    if second.score[2] * 2 < best.score[2] or second.entry.weight < 0:
        return best
    return best._replace(sure=best.sure * _DOUBT)
