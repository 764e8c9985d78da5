"""Amounts as banks print them, read exactly: "-$1,750.06", "1.000,-", "(12.34)", "1,23,456.78 Cr".

One value cannot say whether "1.000" is one or a thousand, so reading has two steps: `taken_apart`
finds sign, digits and currency of one value, and `decide_decimal_sign` looks at a whole column.
No float, no exponent, no NaN: what is not digits with one decimal sign is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Literal, NamedTuple

from mintflow.domain.core.money import (
    INTEGER_DIGITS_MAX,
    UnknownCurrency,
    digits_of,
    exact_sum,
    negated,
)

DecimalSign = Literal[".", ","]
FRACTION_DIGITS_MAX = 18

# Longer than any amount; it keeps a long run of spaces from costing the pattern below its time.
_PRINTED_MAX = 64

_SPACES = str.maketrans(dict.fromkeys("\u00a0\u202f\u2009\u2007\u2008\t", " ") | {"\u2019": "'"})
# The hyphen stands last because these go into character classes.
_MINUS = "\u2212\u2013\u2012-"
_SYMBOL = r"[$€£¥₹₦₩₪₫₱₴₺₽₿₡₲₵₸฿₨]"
_MARK = rf"(?:[A-Za-z]{{0,3}}{_SYMBOL}|[^\W\d_]{{1,4}}\.?)"
_PARTS = re.compile(
    rf"""(?P<open>\()?\s*
    (?P<sign>[+{_MINUS}])?\s*(?P<before>{_MARK})?\s*(?P<sign2>[+{_MINUS}])?\s*
    (?P<body>[0-9](?:[0-9.,' ]*[0-9])?|[.,][0-9]+)
    (?P<tail>[.,](?:-{{1,2}}|\u2013|\u2014)?)?\s*
    (?P<sign3>[+{_MINUS}])?\s*(?P<after>{_MARK})?\s*(?P<mark>[A-Za-z]{{1,2}}\.?)?\s*
    (?P<close>\))?\Z""",
    re.VERBOSE,
)
# Words around an amount that are signs and not currencies; S and H are the German Soll and Haben.
_DEBIT_WORDS = frozenset({"DR", "D", "S", "DB"})
_CREDIT_WORDS = frozenset({"CR", "C", "H"})
# Letters that are printed as a currency and are no ISO code.
_LETTER_MARKS = frozenset(
    {"KR", "FR", "SFR", "RS", "ZL", "ZŁ", "KČ", "KC", "FT", "LEI", "R", "RP", "RM", "DM", "US",
     "DH", "N", "KN", "DIN", "ЛВ", "РУБ", "ГРН", "TL", "AU", "NZ", "CA", "SEK"}
)  # fmt: skip
# Symbols of one currency only; "$", "¥" and "kr" are several countries'.
CURRENCY_OF_SYMBOL = {
    "€": "EUR", "£": "GBP", "₹": "INR", "₦": "NGN", "₩": "KRW", "₪": "ILS", "₫": "VND", "₱": "PHP",
    "₴": "UAH", "₺": "TRY", "₽": "RUB", "₿": "BTC", "₵": "GHS", "₲": "PYG", "₸": "KZT", "฿": "THB",
    "ZŁ": "PLN", "KČ": "CZK", "US$": "USD", "R$": "BRL", "円": "JPY", "원": "KRW",
}  # fmt: skip
_WESTERN = re.compile(r"[0-9]{1,3}(?:(?P<g>[.,' ])[0-9]{3})(?:(?P=g)[0-9]{3})*\Z")
_INDIAN = re.compile(r"[0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3}\Z")
_ONE_SEPARATOR = re.compile(r"([0-9]*)([.,])([0-9]*)\Z")


class Parts(NamedTuple):
    """One value taken apart. body: digits and separators. negative: by sign, brackets or word.

    marked: whether the value itself carries a sign. currency: ISO code, if it is printed.
    """

    body: str
    negative: bool
    marked: bool
    currency: str | None


def taken_apart(text: str) -> Parts | None:
    """Sign, digits and currency of one printed amount, or None if it is not an amount."""
    text = text.strip()
    if len(text) > _PRINTED_MAX:
        return None
    match = _PARTS.match(text.translate(_SPACES))
    if match is None or bool(match["open"]) != bool(match["close"]):
        return None
    signs = [match[name] for name in ("sign", "sign2", "sign3") if match[name]]
    words = [match[name].strip(".").upper() for name in ("before", "after", "mark") if match[name]]
    sides = [word for word in words if word in _DEBIT_WORDS or word in _CREDIT_WORDS]
    currency = None
    for word in words:
        if word in sides:
            continue
        if not is_currency_mark(word):
            return None
        currency = CURRENCY_OF_SYMBOL.get(word, word if is_currency(word) else currency)
    if len(signs) + len(sides) + bool(match["open"]) > 1:
        return None
    negative = bool(match["open"]) or any(sign in _MINUS for sign in signs)
    negative = negative or any(side in _DEBIT_WORDS for side in sides)
    # "1.000,-" has no cents: its dash stands for digits. "12.34-" has no such separator before it.
    body = match["body"] + (match["tail"] or "")[:1]
    return Parts(body, negative, bool(signs or sides or match["open"]), currency)


def is_currency(code: str) -> bool:
    """Whether the code is one that the books know."""
    try:
        digits_of(code)
    except UnknownCurrency:
        return False
    return True


def is_currency_mark(word: str) -> bool:
    """Whether letters or a symbol beside digits can be a currency."""
    word = word.upper()
    known = word in _LETTER_MARKS or word in CURRENCY_OF_SYMBOL
    return known or not word[-1].isalpha() or is_currency(word)


def exact(text: str, decimal_sign: DecimalSign) -> Decimal | None:
    """The signed amount of one printed value, or None if it is not one under this decimal sign."""
    parts = taken_apart(text)
    if parts is None:
        return None
    plain = plain_digits(parts.body, decimal_sign)
    if plain is None:
        return None
    amount = Decimal(plain)
    return negated(amount) if parts.negative else amount


def plain_digits(body: str, decimal_sign: DecimalSign) -> str | None:
    """Digits with at most one point, e.g. "1234.50"; None if the grouping is not a grouping."""
    whole, found, fraction = body.rpartition(decimal_sign)
    if not found:
        whole, fraction = body, ""
    whole = whole.strip()
    if not whole.isdigit() and whole:
        if not (_WESTERN.match(whole) or _INDIAN.match(whole)) or decimal_sign in whole:
            return None
        whole = re.sub(r"[.,' ]", "", whole)
    if fraction and not fraction.isdigit():
        return None
    if len(whole.lstrip("0")) > INTEGER_DIGITS_MAX or len(fraction) > FRACTION_DIGITS_MAX:
        return None
    if not whole and not fraction:
        return None
    return f"{whole or '0'}.{fraction}" if fraction else whole


def decide_decimal_sign(
    bodies: Iterable[str], currency: str | None, fallback: DecimalSign
) -> tuple[DecimalSign, bool]:
    """The decimal sign of a whole column, and whether it had to be assumed.

    bodies: as `taken_apart` gives them. "1.000" alone says nothing; "110.7" beside it, two
    separators in one value, or a leading zero decide. Where nothing decides, the currency's digits
    do: three or more make "1.000" one, fewer make it a thousand.
    fallback: when no value has a separator.
    """
    votes = {".": 0, ",": 0}
    unclear: dict[str, list[str]] = {".": [], ",": []}
    for body in bodies:
        sign, sure = _evidence(body)
        if sign and sure:
            votes[sign] += 1
        elif sign:
            unclear[sign].append(body)
    if votes["."] or votes[","]:
        return ("." if votes["."] >= votes[","] else ","), False
    if not unclear["."] and not unclear[","]:
        return fallback, False
    separator: DecimalSign = "." if len(unclear["."]) >= len(unclear[","]) else ","
    other: DecimalSign = "," if separator == "." else "."
    digits = digits_of(currency) if currency and is_currency(currency) else None
    if digits is not None and digits >= 3:
        return separator, True
    # A third digit that is not zero cannot be cents, so it ends a group of thousands.
    certain = digits is not None and any(not b.endswith("0") for b in unclear[separator])
    return other, not certain


def _evidence(body: str) -> tuple[DecimalSign | None, bool]:
    """Which separator is the decimal sign in this value, and whether that is certain."""
    dots, commas = body.count("."), body.count(",")
    if not dots and not commas:
        return None, False
    if dots and commas:
        return ("." if body.rindex(".") > body.rindex(",") else ","), True
    separator: DecimalSign = "." if dots else ","
    if dots + commas > 1:
        return ("," if dots else "."), True
    if "'" in body or " " in body:
        return separator, True
    match = _ONE_SEPARATOR.match(body)
    if match is None:
        return separator, True
    before, after = match[1], match[3]
    grouped = len(after) == 3 and 1 <= len(before) <= 3 and not before.startswith("0")
    return separator, not grouped


def difference(total: Iterable[Decimal], start: Decimal) -> Decimal:
    """start plus all amounts, exactly."""
    return exact_sum([start, *total])
