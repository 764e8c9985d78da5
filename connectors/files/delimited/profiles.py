"""A CSV profile as JSON and back, so that an account can remember how its bank writes."""

from __future__ import annotations

import codecs
from dataclasses import asdict, fields
from typing import Any

from mintflow.domain.core.errors import Invalid
from mintflow.domain.statements import CsvProfile

_COLUMNS_MAX = 1000
_REQUIRED = ("delimiter", "encoding", "has_header", "date", "date_format", "decimal_sign")


class ProfileNotValid(Invalid):
    """A CSV profile that no file can be read with. details: field, reason."""

    code = "profile_not_valid"

    def __init__(self, field: str, reason: str) -> None:
        """field: the name in the JSON object."""
        super().__init__(f"CSV profile: {field}: {reason}", field=field, reason=reason)


def profile_to_json(profile: CsvProfile) -> dict[str, Any]:
    """Plain JSON values; `profile_from_json` gives the same profile back."""
    return {
        name: list(value) if isinstance(value, tuple) else value
        for name, value in asdict(profile).items()
    }


def profile_from_json(value: object) -> CsvProfile:
    """The profile of a JSON object. Raises ProfileNotValid, naming the field."""
    if not isinstance(value, dict):
        raise ProfileNotValid("profile", "must be an object")
    known = {field.name for field in fields(CsvProfile)}
    for name in value:
        if name not in known:
            raise ProfileNotValid(str(name)[:40], "is not a field of a profile")
    for name in (*_REQUIRED, "description"):
        if name not in value:
            raise ProfileNotValid(name, "is missing")
    checked: dict[str, Any] = {}
    for name, item in value.items():
        texts = item if isinstance(item, (list, tuple)) else [item]
        if any(isinstance(text, str) and "\0" in text for text in texts):
            raise ProfileNotValid(name, "must not have the character 0 in it")
        checked[name] = _CHECKS[name](name, item)
    profile = CsvProfile(**checked)
    _check_whole(profile)
    return profile


def _check_whole(profile: CsvProfile) -> None:
    if profile.amount is None and (profile.debit is None and profile.credit is None):
        raise ProfileNotValid("amount", "either amount, or debit and credit, must be given")
    if profile.amount is not None and (profile.debit is not None or profile.credit is not None):
        raise ProfileNotValid("amount", "not together with debit or credit")
    if profile.direction is not None and not profile.debit_marks:
        raise ProfileNotValid("debit_marks", "is needed with direction")


def _column(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < _COLUMNS_MAX:
        raise ProfileNotValid(name, f"must be a column from 0 to {_COLUMNS_MAX - 1}")
    return value


def _optional_column(name: str, value: object) -> int | None:
    return None if value is None else _column(name, value)


def _columns(name: str, value: object) -> tuple[int, ...]:
    if not isinstance(value, (list, tuple)):
        raise ProfileNotValid(name, "must be a list of columns")
    return tuple(_column(name, item) for item in value)


def _marks(name: str, value: object) -> tuple[str, ...]:
    if not isinstance(value, (list, tuple)) or not all(isinstance(v, str) for v in value):
        raise ProfileNotValid(name, "must be a list of texts")
    return tuple(value)


def _truth(name: str, value: object) -> bool:
    if not isinstance(value, bool):
        raise ProfileNotValid(name, "must be true or false")
    return value


def _one_of(*allowed: object) -> Any:
    def check(name: str, value: object) -> object:
        if isinstance(value, bool) or value not in allowed:
            raise ProfileNotValid(name, f"must be one of {', '.join(map(repr, allowed))}")
        return value

    return check


def _delimiter(name: str, value: object) -> str:
    if not isinstance(value, str) or len(value) != 1 or value in '"\n\r' or value.isalnum():
        raise ProfileNotValid(name, "must be one character that is no letter, digit or quote")
    return value


def _encoding(name: str, value: object) -> str:
    try:
        found = codecs.lookup(value) if isinstance(value, str) else None
    except (LookupError, ValueError):
        found = None
    # Codecs such as "hex" or "zlib" are no encodings of text.
    if found is None or not getattr(found, "_is_text_encoding", True):
        raise ProfileNotValid(name, "is not a text encoding that Python knows")
    return str(value)


def _date_format(name: str, value: object) -> str:
    if not isinstance(value, str) or not 2 <= len(value) <= 60:
        raise ProfileNotValid(name, "must be a strptime form")
    day_and_month = "%d" in value and ("%m" in value or "%b" in value or "%B" in value)
    if not day_and_month or ("%Y" not in value and "%y" not in value):
        raise ProfileNotValid(name, "must have day, month and year, as in '%d.%m.%Y'")
    return value


def _count(name: str, value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 10_000:
        raise ProfileNotValid(name, "must be a count of records from 0 to 10000")
    return value


_CHECKS: dict[str, Any] = {
    "delimiter": _delimiter,
    "encoding": _encoding,
    "has_header": _truth,
    "date": _column,
    "date_format": _date_format,
    "decimal_sign": _one_of(".", ","),
    "description": _columns,
    "amount": _optional_column,
    "debit": _optional_column,
    "credit": _optional_column,
    "direction": _optional_column,
    "debit_marks": _marks,
    "sign": _one_of(1, -1),
    "balance": _optional_column,
    "currency": _optional_column,
    "bank_id": _optional_column,
    "status": _optional_column,
    "pending_marks": _marks,
    "memo": _columns,
    "value_date": _optional_column,
    "fee": _optional_column,
    "skip_head": _count,
    "skip_foot": _count,
}
