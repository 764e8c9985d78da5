"""`rules` and `transfers`: what sorts rows by itself, and which rows are one movement."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.text import Text

from mintflow.hosts.cli import views
from mintflow.hosts.cli.lookup import Row, settled, the_ledger
from mintflow.hosts.cli.options import DATA_DEFAULT, Data, Json, Ledger
from mintflow.hosts.cli.shell import perform
from mintflow.hosts.session import Session

Condition = Annotated[str, typer.Argument(help="A query, like 'merchant:starbucks amount<0'.")]
RuleId = Annotated[str, typer.Argument(help="As `mintflow rules list` shows it.")]
Category = Annotated[
    str | None, typer.Option("--category", help="Give this category.", show_default=False)
]
Merchant = Annotated[
    str | None, typer.Option("--merchant", help="Say who it is with.", show_default=False)
]
Tags = Annotated[list[str] | None, typer.Option("--tag", help="Add a tag; may be repeated.")]
Note = Annotated[str | None, typer.Option("--note", help="Write a note.", show_default=False)]
IsTransfer = Annotated[bool, typer.Option("--transfer", help="Mark as a transfer.")]
NotBudgeted = Annotated[bool, typer.Option("--ignore-in-budgets", help="Let budgets leave it out.")]
From = Annotated[str, typer.Argument(help="Transaction that leaves its account.")]
To = Annotated[str, typer.Argument(help="Transaction that enters the other one.")]


def list_rules(
    ctx: typer.Context, ledger: Ledger = None, data: Data = DATA_DEFAULT, as_json: Json = False
) -> None:
    """All rules in the order in which they run; those that were learned come last."""

    async def work(session: Session) -> Row:
        found = await the_ledger(session, ledger)
        answer = await session.get(f"/v1/ledgers/{found['ledger_id']}/rules")
        return {"rules": answer.data, "position": answer.position}

    def show(console: Console, answer: Row) -> None:
        made = views.table("Rules", "Rule", "Stage", "Condition", "Does", "Rows", "Id")
        for one in answer["rules"]:
            name = one["name"] if one["enabled"] else f"{one['name']} (off)"
            shown = (name, one["stage"], one["condition"], _does(one), str(one["transactions"]))
            made.add_row(*(Text(part) for part in shown), Text(one["rule_id"], style="dim"))
        console.print(made)

    perform(ctx, work, show, data=data, as_json=as_json)


def add_rule(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(help="What you call it.")],
    condition: Condition,
    category: Category = None,
    merchant: Merchant = None,
    tag: Tags = None,
    note: Note = None,
    transfer: IsTransfer = False,
    ignore_in_budgets: NotBudgeted = False,
    stage: Annotated[Literal["first", "main", "last"], typer.Option(help="When it runs.")] = "main",
    ledger: Ledger = None,
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """Add a rule. Every row that comes in from now on is put to it."""
    actions = _actions(category, merchant, tag, note, transfer, ignore_in_budgets)
    body = {"name": name, "condition": condition, "actions": actions, "stage": stage}
    _post(ctx, ledger, "rules", body, lambda row: f"{row['name']}  {row['rule_id']}", data, as_json)


def preview_rule(
    ctx: typer.Context,
    condition: Condition,
    category: Category = None,
    merchant: Merchant = None,
    tag: Tags = None,
    note: Note = None,
    transfer: IsTransfer = False,
    ignore_in_budgets: NotBudgeted = False,
    ledger: Ledger = None,
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """What a rule would hit and change, before it is kept."""
    actions = _actions(category, merchant, tag, note, transfer, ignore_in_budgets)
    body = {"condition": condition, "actions": actions}
    _post(ctx, ledger, "rules/preview", body, _hits, data, as_json)


def apply_rule(
    ctx: typer.Context,
    rule_id: RuleId,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say it, keep nothing.")] = False,
    ledger: Ledger = None,
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """Apply a rule to what is there already, as one batch. What you set yourself stays."""
    _post(ctx, ledger, f"rules/{rule_id}/apply", {"dry_run": dry_run}, _changed, data, as_json)


def remove_rule(
    ctx: typer.Context,
    rule_id: RuleId,
    ledger: Ledger = None,
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """Remove a rule; what it did stays."""

    async def work(session: Session) -> Row:
        found = await the_ledger(session, ledger)
        answer = await session.delete(f"/v1/ledgers/{found['ledger_id']}/rules/{rule_id}")
        return await settled(session, found["ledger_id"], answer)

    perform(ctx, work, _line(lambda row: f"Removed {row['name']}"), data=data, as_json=as_json)


def sort_history(
    ctx: typer.Context,
    query: Annotated[str | None, typer.Argument(help="Only what fits this query.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say it, keep nothing.")] = False,
    ledger: Ledger = None,
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """Sort what is there already by all rules, what was learned, and what is known of merchants."""
    body = {"q": query, "dry_run": dry_run}
    _post(ctx, ledger, "categorize", body, _changed, data, as_json)


def suggestions(
    ctx: typer.Context, ledger: Ledger = None, data: Data = DATA_DEFAULT, as_json: Json = False
) -> None:
    """Pairs of rows that may be one movement between own accounts, surest first."""

    async def work(session: Session) -> Row:
        found = await the_ledger(session, ledger)
        answer = await session.get(f"/v1/ledgers/{found['ledger_id']}/transfers/suggestions")
        return {"suggestions": answer.data, "position": answer.position}

    def show(console: Console, answer: Row) -> None:
        made = views.table("Transfers?", "Out", "In", "Amount", "Sure", "Because", "Ids")
        for one in answer["suggestions"]:
            ids = f"{one['from_transaction_id']} {one['to_transaction_id']}"
            made.add_row(
                Text(f"{one['from_date']} {one['from_description']}"),
                Text(f"{one['to_date']} {one['to_description']}"),
                views.money(one["amount"], one["currency"]),
                Text(one["confidence"]),
                Text(", ".join(one["reasons"])),
                Text(ids, style="dim"),
            )
        console.print(made)

    perform(ctx, work, show, data=data, as_json=as_json)


def accept(
    ctx: typer.Context,
    from_id: From,
    to_id: To,
    ledger: Ledger = None,
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """The two are one movement."""
    path, body = "transfers/suggestions/accept", _legs(from_id, to_id)
    _post(ctx, ledger, path, body, lambda row: f"Linked as {row['transfer_id']}", data, as_json)


def reject(
    ctx: typer.Context,
    from_id: From,
    to_id: To,
    ledger: Ledger = None,
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """The two are not one movement, and never suggested again."""
    path, body = "transfers/suggestions/reject", _legs(from_id, to_id)
    _post(ctx, ledger, path, body, lambda _: "Rejected", data, as_json)


def _post(
    ctx: typer.Context,
    ledger: str | None,
    path: str,
    body: Row,
    said: Any,
    data: Any,
    as_json: bool,
) -> None:
    async def work(session: Session) -> Row:
        found = await the_ledger(session, ledger)
        answer = await session.post(f"/v1/ledgers/{found['ledger_id']}/{path}", body)
        return await settled(session, found["ledger_id"], answer)

    perform(ctx, work, _line(said), data=data, as_json=as_json)


def _line(said: Any) -> Any:
    def show(console: Console, row: Row) -> None:
        console.print(Text(said(row)))

    return show


def _legs(from_id: str, to_id: str) -> Row:
    return {"from_transaction_id": from_id, "to_transaction_id": to_id}


def _actions(
    category: str | None,
    merchant: str | None,
    tags: list[str] | None,
    note: str | None,
    transfer: bool,
    ignore_in_budgets: bool,
) -> Row:
    given: Row = {"category": category, "merchant": merchant, "tags": tags, "note": note}
    found = {name: value for name, value in given.items() if value}
    return found | {"transfer": transfer, "ignore_in_budgets": ignore_in_budgets}


def _does(rule: Row) -> str:
    return ", ".join(f"{name}: {value}" for name, value in rule["actions"].items())


def _hits(row: Row) -> str:
    lines = [f"{row['hits']} hits, {row['would_change']} would change"]
    lines += [
        f"{one['date']}  {one['description']}  {one['amount']} {one['currency']}"
        for one in row["transactions"][:20]
    ]
    return "\n".join(lines)


def _changed(row: Row) -> str:
    would = "would change" if row["dry_run"] else "changed"
    return f"{row['changed']} of {row['looked_at']} {would}" + (
        f"  batch {row['batch_id']}" if row["batch_id"] else ""
    )
