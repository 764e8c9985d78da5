"""What a command is: a frozen, validated request in the words of one capability.

The models are also the bodies of the API, so a request is validated once, here.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from decimal import Decimal
from hashlib import sha256
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict, StringConstraints, WithJsonSchema

from mintflow.commands.core.ports import Principal
from mintflow.domain.core.errors import Conflict, Invalid
from mintflow.store.traces import Trace

if TYPE_CHECKING:
    from mintflow.commands.core.unit import Unit

KEY_LENGTH_MAX = 255


# Room for every amount that the books hold; what Decimal reads beyond it (1e5, 1_000) is no money.
AMOUNT_PATTERN = r"^[+-]?[0-9]{1,32}(\.[0-9]{1,32})?$"
_AS_WRITTEN = re.compile(AMOUNT_PATTERN.replace("$", r"\Z"))
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
# Postgres keeps no character 0 in a text, and no person types one.
NO_NUL = r"^[^\x00]*$"


def _no_float(value: Any) -> Any:
    """A JSON number has been through binary floating point before anyone could look at it."""
    if isinstance(value, float):
        raise ValueError('money is a decimal string, e.g. "12.30", not a JSON number')
    if isinstance(value, str) and not _AS_WRITTEN.match(value):
        raise ValueError('an amount is digits with at most one point, e.g. "12.30"')
    return value


def _as_it_is_written(value: Any) -> Any:
    """A part of a whole is no money: 0.8 is the 0.8 that somebody wrote, in digits again."""
    return _no_float(f"{Decimal(repr(value)):f}" if isinstance(value, float) else value)


def _day_in_letters(value: Any) -> Any:
    """A number would be read as seconds since 1970, which nobody means by a date."""
    if isinstance(value, dt.date) or (isinstance(value, str) and _DAY.match(value)):
        return value
    raise ValueError("a date is written like 2025-03-31")


Amount = Annotated[
    Decimal,
    BeforeValidator(_no_float),
    WithJsonSchema({"type": "string", "pattern": AMOUNT_PATTERN, "examples": ["-12.30"]}),
]
# A ratio or a percentage; a JSON number is as good as a string.
Proportion = Annotated[
    Decimal,
    BeforeValidator(_as_it_is_written),
    WithJsonSchema(
        {
            "anyOf": [{"type": "string", "pattern": AMOUNT_PATTERN}, {"type": "number"}],
            "examples": ["0.8"],
        }
    ),
]
Day = Annotated[dt.date, BeforeValidator(_day_in_letters)]
Currency = Annotated[str, StringConstraints(min_length=3, max_length=8, pattern=r"^[A-Z0-9]+$")]
CategoryPath = Annotated[str, StringConstraints(min_length=1, max_length=400, pattern=NO_NUL)]
Text = Annotated[str, StringConstraints(max_length=2_000, pattern=NO_NUL)]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=NO_NUL)]
Tag = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=NO_NUL)]
ForeignId = Annotated[str, StringConstraints(min_length=1, max_length=255, pattern=NO_NUL)]


class Command(BaseModel):
    """The base of all commands. An unknown field is refused: a typing error never passes."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def example(**fields: Any) -> ConfigDict:
    """The configuration of a command whose schema shows how it is asked for."""
    return ConfigDict(json_schema_extra={"examples": [fields]})


@dataclass(frozen=True, slots=True)
class Context:
    """Who asks for a command, in which ledger, and under which key.

    ledger_id: None only for commands that open one. idempotency_key: as the caller sent it. trace:
    the one that the caller names.
    """

    principal: Principal
    ledger_id: UUID | None
    correlation_id: UUID
    causation_id: UUID | None = None
    idempotency_key: str | None = None
    trace: Trace | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What a command answers. data: JSON values. position, ledger_seq: of its last event, None
    where it changed nothing. replayed: it is the first answer under this key, given again."""

    data: Any
    position: int | None
    ledger_seq: int | None
    replayed: bool = False


Handler = Callable[[Any, "Unit"], Awaitable[Any]]


class IdempotencyKeyReused(Invalid):
    """The key was used for another request before; a key belongs to one request for ever."""

    code = "idempotency_key_reused"


class IdempotencyKeyNotUsable(Invalid):
    """A key has 1 to 255 printable ASCII characters."""

    code = "idempotency_key_not_usable"


class ConcurrentChange(Conflict):
    """Others changed the same things faster, several times in a row; ask again."""

    code = "concurrent_change"


def check_key(key: str | None) -> str | None:
    """Raises IdempotencyKeyNotUsable."""
    if key is not None and not (
        0 < len(key) <= KEY_LENGTH_MAX and key.isascii() and key.isprintable()
    ):
        raise IdempotencyKeyNotUsable(
            "an idempotency key has 1 to 255 printable ASCII characters", length=len(key)
        )
    return key


def request_hash(command: Command, context: Context) -> bytes:
    """SHA-256 of what is asked: the command, its fields, the ledger and who asks."""
    text = f"{type(command).__name__}\n{context.ledger_id}\n{context.principal.user_id}\n"
    return sha256(text.encode() + command.model_dump_json().encode()).digest()


def utc_now() -> dt.datetime:
    """The clock of a host."""
    return dt.datetime.now(dt.UTC)
