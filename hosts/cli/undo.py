"""`operations`, `undo`: what was done lately, and the undoing of it."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from mintflow.hosts.cli import views
from mintflow.hosts.cli.lookup import Row, the_ledger
from mintflow.hosts.cli.options import DATA_DEFAULT, Data, Json, Ledger
from mintflow.hosts.cli.shell import perform
from mintflow.hosts.session import Session

_CHANGES_SHOWN = 20


def operations(
    ctx: typer.Context,
    ledger: Ledger = None,
    limit: Annotated[
        int, typer.Option("--limit", metavar="N", min=1, max=200, help="How many.")
    ] = 20,
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """What was done in the ledger, newest first, with the ids that undo takes."""

    async def work(session: Session) -> Row:
        found = await the_ledger(session, ledger)
        path = f"/v1/ledgers/{found['ledger_id']}/operations"
        answer = await session.get(path, limit=limit)
        return {"operations": answer.data}

    def show(console: Console, answer: Row) -> None:
        made = views.table("Operations", "When", "What", ">Events", "By", "Operation", "")
        for one in answer["operations"]:
            made.add_row(
                Text(one["recorded_at"][:19].replace("T", " ")),
                Text(one["what"]),
                f"{sum(one['events'].values()):,}",
                Text(one["actor"].partition(":")[0]),
                Text(one["operation_id"], style="dim"),
                Text("undone" if one["undone"] else "", style="yellow"),
            )
        console.print(made)

    perform(ctx, work, show, data=data, as_json=as_json)


def undo(
    ctx: typer.Context,
    operation: Annotated[
        str | None, typer.Argument(metavar="[OPERATION]", help="Its id; without it the last one.")
    ] = None,
    imported: Annotated[
        str | None, typer.Option("--import", metavar="ID", help="The import of this id.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would change; change nothing.")
    ] = False,
    discard_edits: Annotated[
        bool,
        typer.Option("--discard-edits", help="Also what was changed by hand since it came in."),
    ] = False,
    ledger: Ledger = None,
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """Undo all that one operation did: an import, a run of rules, a merge, any command.

    What was changed by hand since is kept and listed. Nothing is deleted: undo the undoing to have
    it back.
    """
    if operation is not None and imported is not None:
        raise typer.BadParameter("either an operation or --import")

    async def work(session: Session) -> Row:
        found = await the_ledger(session, ledger)
        path = f"/v1/ledgers/{found['ledger_id']}"
        body: Row = {"dry_run": dry_run, "discard_edits": discard_edits}
        if imported is not None:
            body["import_id"] = imported
        elif operation is not None:
            body["operation_id"] = operation
        else:
            newest = await session.get(f"{path}/operations", limit=1)
            body["operation_id"] = newest.data[0]["operation_id"]
        return dict((await session.post(f"{path}/undo", body)).data)

    perform(ctx, work, _show, data=data, as_json=as_json, purpose="write")


def _show(console: Console, answer: Row) -> None:
    would = "would be " if answer["dry_run"] else ""
    how = "brought back" if answer["redo"] else "undone"
    console.print(Text(f"{answer['changed']:,} changes {would}{how}.", style="green"))
    for one in answer["changes"][:_CHANGES_SHOWN]:
        fields = ", ".join(
            f"{name}: {_word(change['from'])} → {_word(change['to'])}"
            for name, change in one["fields"].items()
        )
        console.print(Text(f"  {one['kind']} {one['id'][:8]}  {fields}"))
    if answer["changed"] > _CHANGES_SHOWN:
        console.print(Text(f"  … and {answer['changed'] - _CHANGES_SHOWN:,} more", style="dim"))
    for one in answer["conflicts"][:_CHANGES_SHOWN]:
        text = f"  kept: {one['kind']} {one['id'][:8]}, {one['reason']} {', '.join(one['fields'])}"
        console.print(Text(text, style="yellow"))
    if answer["operation_id"]:
        console.print(Text(f"To have it back: mintflow undo {answer['operation_id']}", style="dim"))


def _word(value: object) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "counts" if value else "does not count"
    if isinstance(value, dict) and "parts" in value:
        return ", ".join(part["category_id"] for part in value["parts"])
    return str(value)
