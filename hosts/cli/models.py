"""`model show`, `model compare`: which model answers, and what another one would change."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from mintflow.hosts.cli.lookup import Row, accounts_of, the_ledger
from mintflow.hosts.cli.options import DATA_DEFAULT, Data, Json, Ledger
from mintflow.hosts.cli.shell import perform, present, refusals, shell_of
from mintflow.hosts.session import Refused, Session

if TYPE_CHECKING:
    from mintflow.ml.model.classifier import Artefact
    from mintflow.ml.model.comparison import Booked, Change

_SHOWN_MAX = 40


def show(ctx: typer.Context, as_json: Json = False) -> None:
    """The model that ships with this version: its name, digest, size and categories."""
    from mintflow.ml.builtin import KNOWLEDGE_VERSION
    from mintflow.ml.model.classifier import Classifier

    artefact = Classifier.shipped().artefact
    answer = {
        "version": artefact.version,
        "digest": artefact.digest(),
        "bytes": len(artefact.to_bytes()),
        "categories": len(artefact.classes) - 1,
        "knowledge": KNOWLEDGE_VERSION,
    }
    present(shell_of(ctx), answer, _show_facts, as_json=as_json)


def compare(
    ctx: typer.Context,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE", help="The artefact to try, as `python -m mintflow.ml.model.train` made."
        ),
    ],
    ledger: Ledger = None,
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """Try another model on the books' history and show what it would change; nothing is changed.

    Compared is the category that a row has, which was decided when its file came, with what the
    candidate says of all rows together; so even the shipped model may differ from some.
    What a user, a rule or the bank said is never changed by a model and counts as kept. Rows that
    the user categorized show how often the model of today and the candidate would have been right.
    """
    with refusals(shell_of(ctx), as_json=as_json):
        candidate = _read(file)

    async def work(session: Session) -> dict[str, Any]:
        found = await the_ledger(session, ledger)
        kinds = {
            one["account_id"]: one["kind"] for one in await accounts_of(session, found["ledger_id"])
        }
        path = f"/v1/ledgers/{found['ledger_id']}/transactions"
        rows = [row async for row in session.pages(path, limit=1_000, sort="recorded")]
        return _compared(found, rows, kinds, candidate)

    perform(ctx, work, _show_comparison, data=data, as_json=as_json)


def _read(file: Path) -> Artefact:
    """Raises Refused."""
    from mintflow.ml.model.classifier import Artefact, ArtefactNotUsable

    try:
        return Artefact.from_bytes(file.read_bytes())
    except (OSError, ArtefactNotUsable) as trouble:
        raise Refused(
            "artefact_not_usable",
            "the file is no model that this version can try",
            {"reason": str(trouble) if isinstance(trouble, ArtefactNotUsable) else "not readable"},
        ) from None


def _compared(
    ledger: Row, rows: list[Row], kinds: dict[str, str], candidate: Artefact
) -> dict[str, Any]:
    from mintflow.ml.builtin import BuiltIn, built_in
    from mintflow.ml.model.classifier import Classifier
    from mintflow.ml.model.comparison import compare as tried

    # A split was made by somebody who knew more than one category.
    books = [_booked(row, kinds) for row in rows if row["category"] is not None]
    found = tried(books, built_in(), BuiltIn(guesser=Classifier(candidate)))
    return {
        "ledger_id": ledger["ledger_id"],
        "ledger": ledger["name"],
        "current": Classifier.shipped().artefact.version,
        "candidate": candidate.version,
        "digest": candidate.digest(),
        "looked_at": found.looked_at,
        "kept": found.kept,
        "unchanged": found.unchanged,
        "said_by_user": found.said_by_user,
        "right_now": found.right_now,
        "right_then": found.right_then,
        "changes": [_change(one) for one in found.changes],
    }


def _booked(row: Row, kinds: dict[str, str]) -> Booked:
    from mintflow.ml.categorize import Row as BankRow
    from mintflow.ml.model.comparison import Booked

    category = row["category"]
    return Booked(
        row["transaction_id"],
        BankRow(
            row["description"],
            Decimal(row["amount"]),
            row["currency"],
            dt.date.fromisoformat(row["date"]),
            kinds.get(row["account_id"]),
            memo=row.get("memo") or "",
        ),
        None if category == "uncategorized" else category,
        row["category_source"],
    )


def _change(one: Change) -> dict[str, Any]:
    booked, after = one.booked, one.after
    return {
        "transaction_id": booked.key,
        "date": str(booked.row.date),
        "amount": str(booked.row.amount),
        "currency": booked.row.currency,
        "description": booked.row.description,
        "before": booked.category,
        "before_source": booked.source,
        "after": after.category,
        "confidence": round(after.confidence, 4),
        "reason": after.reason,
    }


def _show_facts(out: Console, answer: dict[str, Any]) -> None:
    for name, value in answer.items():
        out.print(Text(f"{name:<12}{value}"))


def _show_comparison(out: Console, answer: dict[str, Any]) -> None:
    changes = answer["changes"]
    out.print(
        Text(
            f"{answer['candidate']} instead of {answer['current']}, on {answer['looked_at']:,} "
            f"transactions: {len(changes):,} would change, {answer['unchanged']:,} would not, "
            f"{answer['kept']:,} are not a model's to change."
        )
    )
    if answer["said_by_user"]:
        out.print(
            Text(
                f"Of {answer['said_by_user']:,} that you categorized, {answer['right_now']:,} are "
                f"right today and {answer['right_then']:,} would be."
            )
        )
    table = Table(box=None, header_style="bold")
    for title in ("Date", "Amount", "Description", "Now", "Then", "Sure"):
        table.add_column(title, justify="right" if title in ("Amount", "Sure") else "left")
    for one in changes[:_SHOWN_MAX]:
        table.add_row(
            one["date"],
            Text(f"{one['amount']} {one['currency']}"),
            Text(one["description"]),
            Text(one["before"] or "—"),
            Text(one["after"] or "—"),
            f"{one['confidence']:.0%}" if one["after"] else "",
        )
    if changes:
        out.print(table)
    if len(changes) > _SHOWN_MAX:
        out.print(Text(f"… and {len(changes) - _SHOWN_MAX:,} more: --json has all.", style="dim"))
