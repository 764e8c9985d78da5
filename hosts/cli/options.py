"""Options and arguments that many commands share, each said once."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Annotated, Literal

import typer

DATA_DEFAULT = Path("mintflow-data")
# Those of mintflow.domain.accounts, which a --help should not wait for; a test compares them.
Kind = Literal["checking", "savings", "cash", "credit_card", "loan", "investment", "wallet"]
_MONTH = re.compile(r"\d{4}-(0[1-9]|1[0-2])\Z")


def _month(text: str | None) -> str | None:
    if text is not None and not _MONTH.match(text):
        raise typer.BadParameter("a month is written like 2026-03")
    return text


def _date(text: str | None) -> str | None:
    if text is not None:
        try:
            dt.date.fromisoformat(text)
        except ValueError:
            raise typer.BadParameter("a date is written like 2026-03-31") from None
    return text


Data = Annotated[
    Path,
    typer.Option(
        "--data",
        envvar="MINTFLOW_DATA",
        help="The data folder: everything this machine keeps of your books.",
        metavar="DIR",
        file_okay=False,
        rich_help_panel="Common",
    ),
]
Json = Annotated[
    bool,
    typer.Option(
        "--json",
        help="Print one JSON document on stdout and nothing else.",
        rich_help_panel="Common",
    ),
]
Ledger = Annotated[
    str | None,
    typer.Option(
        "--ledger",
        metavar="NAME",
        help="Which books, by name or id. Not needed where there is only one ledger.",
    ),
]
Account = Annotated[
    str | None, typer.Option("--account", metavar="NAME", help="Which account, by name or id.")
]
MonthOf = Annotated[
    str | None,
    typer.Option(
        "--month", metavar="YYYY-MM", callback=_month, help="Which month. [default: this month]"
    ),
]
AsOf = Annotated[
    str | None,
    typer.Option(
        "--as-of",
        metavar="DATE",
        callback=_date,
        help="Only what happened on this day or before, like 2026-03-31.",
    ),
]
KnownAt = Annotated[
    str | None,
    typer.Option(
        "--known-at",
        metavar="TIME|POSITION",
        help="What was known then: a position that an answer named, a time with its zone, a day "
        "(its end, UTC), or seq: and an event's number in the ledger.",
    ),
]
Port = Annotated[
    int | None,
    typer.Option(
        "--port",
        min=0,
        max=65_535,
        help="Port on loopback; 0 takes a free one. [default: 8377, or a free one]",
    ),
]
date_of = _date
month_of = _month
