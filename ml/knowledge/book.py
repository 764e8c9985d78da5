"""Finds what a bank row says by the words in it: the most telling name or word wins.

Names before words only where they are longer: "Tesco petrol" is fuel. A name of few letters counts
in its own country and as the first word, because elsewhere it is just a word.
"""

from __future__ import annotations

from bisect import bisect_left
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
# The shortest entry that counts as the end or the beginning of a word.
_PART_MIN = 4
# A row of at least this many letters may be the beginning of a longer name.
CUT = 6
# What a brand's file is not about: it may be abroad, or another of that name.
_ELSEWHERE, _UNPLACED = 0.86, 0.95
_BRAND, _SHORT_BRAND, _WHAT, _WORD, _PART = 0.982, 0.96, 0.97, 0.93, 0.88
# One that sells things of several kinds, so that its category is no leaf: one in five purchases
# there belongs to a leaf.
_MIXED = 0.8
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
# People pay people by these: a name of one word there is a person's. "ZELLE PAYMENT TO ANA".
_BETWEEN_PEOPLE = frozenset(("zelle", "venmo", "bizum", "tikkie"))
# A second finding of another category and nearly as telling as the first one.
_DOUBT = 0.85


# Trades whose word is never a place or a part of a name.
_TELLING_TRADES = frozenset(("bills.insurance", "health.fitness", "health.pharmacy"))


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
        names: list[tuple[str, Entry]] = []
        for entry in entries:
            if entry.ends or entry.begins:
                (self._ends if entry.ends else self._begins).setdefault(entry.words[0], entry)
                continue
            if entry.kind == "brand" and entry.weight == 0:
                glued = "".join(entry.words)
                if len(glued) >= GLUED:
                    self._begins.setdefault(glued, entry)
                    names.append((glued, entry))
            key = (entry.words, entry.direction, entry.countries)
            if seen.setdefault(key, entry) is entry:
                place = _Place(score_of(entry), entry.words[2:], entry)
                by_first[entry.words[0]]["".join(entry.words[1:2])].append(place)
        # Most words begin and end like no entry at all.
        self._first_letters = {one[:_PART_MIN] for one in self._begins}
        self._last_letters = {one[-_PART_MIN:] for one in self._ends}
        names.sort(key=lambda one: one[0])
        # Names of one word, which people may have as well.
        self.lone_names = frozenset(
            places[0].entry.words[0]
            for by_second in by_first.values()
            for places in (by_second.get("", ()),)
            if places and any(_is_a_lone_name(one.entry) for one in places)
        )
        self._glued = [glued for glued, _ in names]
        self._named = [entry for _, entry in names]
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
        name_at: int | None = None
        # Who stands first is who was paid; a name of one word behind it is a place or a product:
        # "LABCORP BURLINGTON NC".
        led = not _BETWEEN_PEOPLE.isdisjoint(words)
        for index, word in enumerate(words):
            by_second = by_first.get(word)
            found = None
            if by_second is not None:
                found = _at(by_second, words, index, flow, countries, leading=leading)
            first = leading
            leading = leading and (word in _BANKS_WORDS or word.isdigit())
            if found is None and len(word) > 6:
                found = self._in_part(word, flow, countries)
            if found is None:
                continue
            if led and _is_a_lone_name(found.entry):
                # It may still raise doubt.
                if second is None or found.score > second.score:
                    second = found
                continue
            if best is not None and name_at == index - 1 and _is_its_trade(found, best):
                # "Liberty Insurance" is no fuel, and "Costco Pharmacy" no groceries.
                best = found
                continue
            if first and _is_a_lone_name(found.entry):
                name_at = index
            led = led or (first and found.entry.kind == "brand" and found.entry.weight == 0)
            if best is None or found.score > best.score:
                best, second = found, best
            elif second is None or found.score > second.score:
                second = found
        if best is None:
            return self._cut_off(words, flow, countries)
        return best if second is None else _doubted(best, second)

    def _cut_off(
        self, words: Sequence[str], flow: Flow, countries: Collection[str] | None
    ) -> Finding | None:
        """The one name that the whole row begins, where a terminal had no room for the rest."""
        start = 0
        while start < len(words) and (words[start] in _BANKS_WORDS or words[start].isdigit()):
            start += 1
        begun = "".join(words[start:])
        if len(begun) < CUT or not begun.isalpha():
            return None
        best: Finding | None = None
        for index in range(bisect_left(self._glued, begun), len(self._glued)):
            if not self._glued[index].startswith(begun):
                break
            entry = self._named[index]
            if not _flows(entry, flow) or _is_abroad(entry, countries):
                continue
            if best is not None and best.entry.category != entry.category:
                return None
            best = Finding(entry, _BRAND * _PART, (0, 1, len(begun)))
        return best

    def _in_part(self, word: str, flow: Flow, countries: Collection[str] | None) -> Finding | None:
        """An entry for the end or the beginning of a word: Linden-apotheke, in one word. Abroad a
        name glued to more is just another word: “compensación” is not Compensa."""
        size = len(word)
        if word[-_PART_MIN:] in self._last_letters:
            for length in range(size - 1, _PART_MIN - 1, -1):
                entry = self._ends.get(word[size - length :])
                if entry is not None and _flows(entry, flow):
                    return Finding(entry, (entry.sure or 1) * _PART, (0, 1, length))
        if word[:_PART_MIN] in self._first_letters:
            # A name of two words in one, or one with more glued to it.
            entry = self._begins.get(word) if size >= GLUED else None
            if entry is not None and len(entry.words) > 1 and _flows(entry, flow):
                return Finding(entry, (entry.sure or 1) * _PART, (0, 1, size))
            for length in range(size - _GLUED_MORE, _PART_MIN - 1, -1):
                entry = self._begins.get(word[:length])
                if entry is None or (entry.kind == "brand" and _is_abroad(entry, countries)):
                    continue
                if _flows(entry, flow):
                    return Finding(entry, (entry.sure or 1) * _PART, (0, 1, length))
        return None


def _is_abroad(entry: Entry, countries: Collection[str] | None) -> bool:
    return (
        countries is not None
        and entry.countries is not None
        and entry.countries.isdisjoint(countries)
    )


def _is_a_lone_name(entry: Entry) -> bool:
    return entry.kind == "brand" and entry.weight == 0 and len(entry.words) == 1


def _is_its_trade(word: Finding, name: Finding) -> bool:
    """Whether a word right behind a name of one word says that another one is meant, or another
    trade of his."""
    said, known = word.entry, name.entry
    return (
        said.kind == "word"
        and said.category in _TELLING_TRADES
        and _is_a_lone_name(known)
        and known.category is not None
        and known.category.partition(".")[0] != said.category.partition(".")[0]
    )


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
    for second in (words[index + 1], "") if index + 1 < len(words) else ("",):
        for score, rest, entry in by_second.get(second, ()):
            if best is not None and score < best.score:
                break
            if rest and tuple(words[index + 2 : index + 2 + len(rest)]) != rest:
                continue
            if entry.direction != "any" and not _flows(entry, flow):
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
        if entry.category is not None and "." not in entry.category:
            sure = _MIXED
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
            # Abroad a name of one word is most often a person's or a place's: "BP R WILSON".
            if len(entry.words) == 1 and not leading:
                return 0
            sure = min(sure, _ELSEWHERE)
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
