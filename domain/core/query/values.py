"""What the values of a condition may be, by field: texts, amounts, days, weekdays."""

from __future__ import annotations

import calendar
import datetime as dt
import re
from decimal import Decimal

from mintflow.domain.core.errors import Invalid
from mintflow.domain.core.money import exact_amount
from mintflow.domain.core.query.errors import QueryNotReadable
from mintflow.domain.core.query.lexer import Token
from mintflow.domain.core.query.matching import folded, pattern_of
from mintflow.domain.core.query.tree import (
    AmountIs,
    DateIs,
    Node,
    Not,
    Or,
    TextField,
    TextIs,
    TextOperator,
    WeekdayIs,
)

_TEXT_OPERATORS: dict[str, TextOperator] = {
    ":": "contains", "=": "equals", "!=": "equals", "^=": "starts", "~": "pattern",
}  # fmt: skip
_STATUSES = ("pending", "posted", "voided", "absorbed")
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_DAY = re.compile(r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2}))?)?\Z")
_ORDERED = (":", "=", "!=", "<", "<=", ">", ">=")


def condition(field: Token, values: list[Token]) -> Node:
    """The tree of one condition. Raises QueryNotReadable."""
    match field.text:
        case "amount" | "size":
            found = _any([_amount(field, value) for value in values])
        case "date":
            found = _any([_date(field, value) for value in values])
        case "weekday":
            _only(field, (":", "=", "!="))
            found = WeekdayIs(tuple(sorted({_weekday(value) for value in values})))
        case _:
            found = _text(field, values)
    return Not(found) if field.operator == "!=" else found


def _text(field: Token, values: list[Token]) -> Node:
    _only(field, tuple(_TEXT_OPERATORS))
    name: TextField = field.text  # type: ignore[assignment]
    operator = _TEXT_OPERATORS[field.operator]
    if operator == "pattern":
        for value in values:
            pattern_of(value.text, value.at)
        return TextIs(name, operator, tuple(value.text for value in values))
    if name == "category" and field.operator == ":":
        operator = "below"
    if name == "status" or (name == "tag" and operator == "contains"):
        operator = "equals"
    texts = tuple(folded(value.text) for value in values)
    if name == "status":
        for value, text in zip(values, texts, strict=True):
            if text not in _STATUSES:
                raise QueryNotReadable(f"a status is one of {', '.join(_STATUSES)}", value.at)
    return TextIs(name, operator, texts)


def _amount(field: Token, value: Token) -> Node:
    _only(field, _ORDERED)
    size = field.text == "size"
    low_text, dots, high_text = value.text.partition("..")
    if dots:
        _only(field, (":", "=", "!="))
        low = _number(low_text, value) if low_text else None
        high = _number(high_text, value) if high_text else None
        return AmountIs(low, high, size=size)
    number = _number(value.text, value)
    match field.operator:
        case "<" | "<=":
            return AmountIs(None, number, strict=field.operator == "<", size=size)
        case ">" | ">=":
            return AmountIs(number, None, strict=field.operator == ">", size=size)
    return AmountIs(number, number, size=size)


def _number(text: str, value: Token) -> Decimal:
    try:
        return exact_amount(text, "ETH")
    except Invalid:
        raise QueryNotReadable("an amount is digits with at most one point", value.at) from None


def _date(field: Token, value: Token) -> Node:
    _only(field, _ORDERED)
    first_text, dots, last_text = value.text.partition("..")
    if dots:
        _only(field, (":", "=", "!="))
        first = _days(first_text, value)[0] if first_text else None
        last = _days(last_text, value)[1] if last_text else None
        return DateIs(first, last)
    first, last = _days(value.text, value)
    day = dt.timedelta(days=1)
    match field.operator:
        case "<":
            return DateIs(None, first - day)
        case "<=":
            return DateIs(None, last)
        case ">":
            return DateIs(last + day, None)
        case ">=":
            return DateIs(first, None)
    return DateIs(first, last)


def _days(text: str, value: Token) -> tuple[dt.date, dt.date]:
    """First and last day of a day, a month or a year."""
    found = _DAY.match(text)
    if found is not None and 1900 <= int(found[1]) <= 2200:
        year, month, day = int(found[1]), found[2], found[3]
        if month is None:
            return dt.date(year, 1, 1), dt.date(year, 12, 31)
        if 1 <= int(month) <= 12:
            last = calendar.monthrange(year, int(month))[1]
            if day is None:
                return dt.date(year, int(month), 1), dt.date(year, int(month), last)
            if 1 <= int(day) <= last:
                exact = dt.date(year, int(month), int(day))
                return exact, exact
    raise QueryNotReadable("a date is written like 2025-03-31, 2025-03 or 2025", value.at)


def _weekday(value: Token) -> int:
    text = value.text.lower()
    for number, name in enumerate(_WEEKDAYS, 1):
        if text in (name, name[:3]):
            return number
    raise QueryNotReadable("a weekday is monday or mon to sunday or sun", value.at)


def _only(field: Token, operators: tuple[str, ...]) -> None:
    if field.operator not in operators:
        raise QueryNotReadable(f"{field.text} does not go with {field.operator}", field.at)


def _any(nodes: list[Node]) -> Node:
    return nodes[0] if len(nodes) == 1 else Or(tuple(nodes))
