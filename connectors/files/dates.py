"""Dates as banks print them: which order a column has, and one date read by that order.

Whether "03/04/2024" is in March or in April is asked of the whole column: a number above 12, rows
that are in order under one reading only, or a much tighter span. What stays open is assumed from
where such a file comes from, and said to be assumed. A day that does not exist is refused.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise

_CLOCK = r"\d{1,2}[:.h]\d{2}(?:[:.]\d{2}(?:[.,]\d+)?)?"
_ZONE = r"(?:Z|UTC|[A-Z]{2,4}|(?:UTC|GMT)?[+-]\d{1,2}(?::?\d{2})?)"
_TIME = re.compile(
    rf"(?:(?:T|,?\s+)-?\s*{_CLOCK}(?:\s*[AaPp]\.?[Mm]\.?)?(?:\s*{_ZONE})?|\s*\[[^\]]*\])\Z"
)
_NUMBERS = re.compile(r"(\d{4}|\d{1,2})([-/.])(\d{1,2})\2(\d{4}|\d{2})\Z")
_COMPACT = re.compile(r"(\d{8})(?:\d{6}(?:\.\d+)?|\d{4})?\Z")
_NAMED = re.compile(
    r"(\d{1,2})(?:st|nd|rd|th|er|º)?[-/ .]*([^\W\d_]{3,12})\.?[-/ ,.]*(\d{4}|\d{1,2})\Z"
)
_NAME_FIRST = re.compile(r"([^\W\d_]{3,12})\.?[- ]*(\d{1,2})(?:st|nd|rd|th)?[-, ]+(\d{4})\Z")
_YEAR_NAMED = re.compile(r"(\d{4})[-/ .]([^\W\d_]{3,12})\.?[-/ .](\d{1,2})\Z")
_WEEKDAY = re.compile(r"[^\W\d_]{2,12}\.?,\s*(?=\d)")
# Chinese and Japanese write the words for year, month and day behind their numbers.
_WITH_WORDS = re.compile(r"(\d{4})\s*年\s*(\d{1,2})\s*月\s*(\d{1,2})\s*日")
_LONELY_SPACE = re.compile(r"\s*([-/.])\s*")

# The first letters of the months in the languages whose exports print names; longest match wins.
_MONTHS = {
    1: "jan ene gen janv tammi sty led oca ian", 2: "feb fev fevr helmi lut uno sub",
    3: "mar mrz mrt mac maerz mars marz maa maalis", 4: "apr avr abr huhti kwi nis",
    5: "may mai maj mei mag touko", 6: "jun juin giu kesa cze haz iun",
    7: "jul juil lug heina lip tem iul", 8: "aug ago aou aout elo sie agu agt ogo",
    9: "sep set syys wrz eyl sze", 10: "oct okt ott out loka paz eki",
    11: "nov marras lis kas", 12: "dec dez dic des dis joulu gru ara",
}  # fmt: skip
_MONTH_OF = {stem: month for month, stems in _MONTHS.items() for stem in stems.split()}
_STEM_MAX = max(map(len, _MONTH_OF))
_NAMED_FORMATS = frozenset({"%d %b %Y", "%d %b %y"})
_ORDERS = ("dmy", "mdy", "ymd")
# Longer than any date with its time and zone; what is longer is text.
_PRINTED_MAX = 80
# A span this many times shorter is evidence; less could be chance.
_TIGHTER = 4


def looks_like_a_date(text: str) -> bool:
    """Whether the text has the shape of a date; "30.02.2024" has it and still is none."""
    return len(text) <= _PRINTED_MAX and _shape(_cut(text)) is not None


def decide_date_format(columns: Sequence[Sequence[str]], prefer: str) -> tuple[str | None, bool]:
    """The strptime form of the dates, and whether the order of day and month was assumed.

    columns: date columns in file order; all are written alike and vote together.
    prefer: "dmy" or "mdy", for when nothing in the columns decides.
    Returns (None, False) if the columns hold no dates.
    """
    shapes: dict[str, int] = {}
    short = [[v for v in column if v.strip() and len(v) <= _PRINTED_MAX] for column in columns]
    cut = [[_cut(value) for value in column] for column in short]
    for column in cut:
        for value in column:
            shape = _shape(value)
            if shape:
                shapes[shape] = shapes.get(shape, 0) + 1
    if not shapes:
        return None, False
    shape = max(shapes, key=lambda key: shapes[key])
    if not shape.startswith("numbers"):
        return shape, False
    order, assumed = _decide_order(cut, prefer)
    return _numeric_format(shape, order), assumed


def date_reader(date_format: str) -> Callable[[str], date]:
    """A function from printed text to a date by one format; raises ValueError for no such date.

    Times and zones behind the date are cut off: the date is the one the bank printed.
    """
    named = date_format in _NAMED_FORMATS

    def read(text: str) -> date:
        if len(text) > _PRINTED_MAX:
            raise ValueError("too long for a date")
        value = _cut(text)
        if named:
            return _named_date(value)
        try:
            return datetime.strptime(value, date_format).date()  # noqa: DTZ007
        except ValueError:
            # A format with a time in it, as a hand-written profile may have.
            return datetime.strptime(text.strip(), date_format).date()  # noqa: DTZ007

    return read


def runs_down(column: Sequence[str], date_format: str) -> bool | None:
    """Whether the rows run down in time, by the first and the last date; None if they are equal."""
    read = date_reader(date_format)
    first, last = _first_day(column, read), _first_day(reversed(column), read)
    return None if first is None or last is None or first == last else first > last


def _first_day(column: Iterable[str], read: Callable[[str], date]) -> date | None:
    for text in column:
        try:
            return read(text)
        except ValueError:
            continue
    return None


def plausible(value: date) -> bool:
    """Whether a bank can have booked on that day."""
    return 1950 <= value.year <= 2199


def _cut(text: str) -> str:
    value = text.strip()
    if "年" in value:
        value = _WITH_WORDS.sub(r"\1-\2-\3", value)
    if len(value) > 10:
        value = _TIME.sub("", value)
        weekday = _WEEKDAY.match(value)
        if weekday:
            value = value[weekday.end() :]
        compact = _COMPACT.match(value)
        if compact:
            value = compact[1]
    if " " in value:
        value = _LONELY_SPACE.sub(r"\1", value)
    return value.rstrip(".")


def _shape(value: str) -> str | None:
    """The strptime form where it is plain, else "numbers" with separator and where the year is."""
    match = _NUMBERS.match(value)
    if match:
        first, separator, middle, last = match.groups()
        if len(first) == 4:
            sane = len(last) <= 2 and int(middle) <= 12 and int(last) <= 31
            return f"%Y{separator}%m{separator}%d" if sane else None
        if int(first) > 31 and len(last) == 4:
            return None
        return f"numbers{separator}{'Y' if len(last) == 4 else 'y'}"
    if len(value) == 8 and value.isdigit() and value.isascii():
        if 1950 <= int(value[:4]) <= 2199 and 1 <= int(value[4:6]) <= 12:
            return "%Y%m%d" if 1 <= int(value[6:]) <= 31 else None
        if 1950 <= int(value[4:]) <= 2199 and int(value[:2]) <= 31 and int(value[2:4]) <= 12:
            return "%d%m%Y"
        return None
    named = _named_parts(value)
    if named:
        return "%d %b %Y" if len(named[2]) == 4 else "%d %b %y"
    return None


def _named_parts(value: str) -> tuple[str, int, str] | None:
    """Day, month and year of a date with a month's name."""
    if match := _NAMED.match(value):
        day, name, year = match.groups()
    elif match := _NAME_FIRST.match(value):
        name, day, year = match.groups()
    elif match := _YEAR_NAMED.match(value):
        year, name, day = match.groups()
    else:
        return None
    month = _month_of(name)
    return (day, month, year) if month else None


def _month_of(name: str) -> int | None:
    plain = unicodedata.normalize("NFKD", name.casefold())
    plain = "".join(char for char in plain if char.isalpha() and char.isascii())
    for length in range(min(len(plain), _STEM_MAX), 2, -1):
        if month := _MONTH_OF.get(plain[:length]):
            return month
    return None


def _named_date(value: str) -> date:
    parts = _named_parts(value)
    if parts is None:
        raise ValueError("no date with a month's name")
    day, month, year = parts
    return date(_full_year(int(year), year), month, int(day))


def _full_year(year: int, text: str) -> int:
    """The pivot of strptime: 69 is 1969, 68 is 2068."""
    if len(text) == 4:
        return year
    return year + (1900 if year >= 69 else 2000)


def _numeric_format(shape: str, order: str) -> str:
    separator, year = shape[7], shape[8]
    letters = {"d": "%d", "m": "%m", "y": f"%{year}"}
    return separator.join(letters[letter] for letter in order)


def _decide_order(columns: Sequence[Sequence[str]], prefer: str) -> tuple[str, bool]:
    triples = [[_triple(value) for value in column] for column in columns]
    flat = {triple for column in triples for triple in column if triple}
    # By its numbers alone: "30/02/24" is a day that does not exist, and not one of the year 2030.
    fitting = {order: sum(_fits(triple, order) for triple in flat) for order in _ORDERS}
    best = max(fitting.values())
    orders = [order for order in _ORDERS if fitting[order] == best]
    if len(orders) == 1:
        return orders[0], False
    if not best or ("ymd" not in orders and all(first == second for first, second, _, _ in flat)):
        return prefer, False
    decided = _by_sequence(triples, orders) or _by_span(flat, orders)
    if decided:
        return decided, False
    orders = [order for order in orders if order != "ymd"]
    if len(orders) == 1:
        return orders[0], True
    # Nobody prints month.day.year with points.
    points = all(separator == "." for _, _, _, separator in flat)
    return ("dmy", False) if points else (prefer, True)


_Triple = tuple[int, int, int, str]


def _triple(value: str) -> _Triple | None:
    match = _NUMBERS.match(value)
    if match is None or len(match[1]) == 4:
        return None
    year = int(match[4])
    return int(match[1]), int(match[3]), year, match[2]


def _in_order(triple: _Triple, order: str) -> tuple[int, int, int]:
    """Day, month and year."""
    first, second, third, _ = triple
    return {
        "dmy": (first, second, third), "mdy": (second, first, third), "ymd": (third, second, first),
    }[order]  # fmt: skip


def _fits(triple: _Triple, order: str) -> bool:
    """Whether the numbers can be day and month of some year."""
    day, month, _ = _in_order(triple, order)
    return 1 <= day <= 31 and 1 <= month <= 12


def _as_date(triple: _Triple, order: str) -> date | None:
    day, month, year = _in_order(triple, order)
    try:
        return date(year if year > 99 else _full_year(year, "yy"), month, day)
    except ValueError:
        return None


def _by_sequence(columns: Sequence[Sequence[_Triple | None]], orders: list[str]) -> str | None:
    """The order under which the rows run up or down without a step back, if only one does."""
    steady = []
    for order in orders:
        for column in columns:
            days = [_as_date(triple, order) for triple in column if triple]
            known = [day for day in days if day]
            steps = list(pairwise(known))
            if len(set(known)) < 3:
                break
            if any(a > b for a, b in steps) and any(a < b for a, b in steps):
                break
        else:
            steady.append(order)
    return steady[0] if len(steady) == 1 else None


def _by_span(flat: set[_Triple], orders: list[str]) -> str | None:
    """The order whose dates lie several times closer together; an export covers days on end."""
    spans = {}
    for order in orders:
        days = [day for triple in flat if (day := _as_date(triple, order))]
        if not days:
            return None
        spans[order] = (max(days) - min(days)) + timedelta(days=1)
    tight, wide, *_ = sorted(spans, key=lambda order: spans[order])
    enough = len(flat) >= 3 and spans[wide] >= spans[tight] * _TIGHTER
    return tight if enough else None
