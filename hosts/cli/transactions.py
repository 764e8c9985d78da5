"""`import`, `transactions`, `categorize`: rows in, rows found, rows put right."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer
from rich.console import Console
from rich.text import Text

from mintflow.hosts.cli import views
from mintflow.hosts.cli.files import Wish, import_files
from mintflow.hosts.cli.lookup import Row, accounts_of, the_account, the_ledger
from mintflow.hosts.cli.options import (
    DATA_DEFAULT,
    Account,
    AsOf,
    Data,
    Json,
    Kind,
    KnownAt,
    Ledger,
    date_of,
)
from mintflow.hosts.cli.shell import REFUSED, perform, shell_of
from mintflow.hosts.session import Refused, Session

PAGE_MAX = 1_000


def import_(
    ctx: typer.Context,
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE…", help="CSV, OFX, QFX, QIF, CAMT or MT940.")
    ],
    account: Annotated[
        str, typer.Option("--account", metavar="NAME", help="The account they are of.")
    ],
    ledger: Ledger = None,
    form: Annotated[
        str,
        typer.Option("--format", help="auto looks at the content, never at the file's name."),
    ] = "auto",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would happen to each file; keep nothing.")
    ] = False,
    kind: Annotated[
        Kind | None,
        typer.Option(
            help="Kind of an account that is made. [default: as the file says, else checking]",
            show_default=False,
        ),
    ] = None,
    currency: Annotated[
        str | None,
        typer.Option(
            help="Currency of what is made. [default: as the file says, else the ledger's, else "
            "USD]",
            show_default=False,
        ),
    ] = None,
    statement_account: Annotated[
        str | None,
        typer.Option(metavar="NUMBER", help="Which account is meant, where a file holds several."),
    ] = None,
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """Bring in bank files. Rows that are known already are never added twice.

    A ledger or account that is not there yet is made. Each file is imported whole or not at all;
    one that can not be read says where and why, and the others are imported still (exit code 1).
    """
    shell = shell_of(ctx)
    wish = Wish(files, ledger, account, form, dry_run, kind, currency, statement_account)

    async def work(session: Session) -> Row:
        with shell.progress() as tell:
            return await import_files(session, wish, tell, shell.say)

    def some_failed(report: Row) -> int:
        return REFUSED if any(one["error"] for one in report["files"]) else 0

    perform(
        ctx,
        work,
        views.imported,
        data=data,
        as_json=as_json,
        purpose="write",
        exit_code=some_failed,
    )


def list_transactions(
    ctx: typer.Context,
    words: Annotated[
        list[str] | None, typer.Argument(metavar="[WORD…]", help="Words that must all occur.")
    ] = None,
    ledger: Ledger = None,
    account: Account = None,
    category: Annotated[
        str | None, typer.Option(help="Of a category, with all below it.", show_default=False)
    ] = None,
    start: Annotated[
        str | None, typer.Option("--from", metavar="DATE", callback=date_of, help="First day.")
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", metavar="DATE", callback=date_of, help="Last day.")
    ] = None,
    min_amount: Annotated[
        str | None, typer.Option("--min", metavar="AMOUNT", help="Signed; money out is negative.")
    ] = None,
    max_amount: Annotated[
        str | None, typer.Option("--max", metavar="AMOUNT", help="Signed as well.")
    ] = None,
    tag: Annotated[str | None, typer.Option(help="With this tag.", show_default=False)] = None,
    status: Annotated[
        Literal["pending", "posted", "voided", "absorbed"] | None,
        typer.Option(help="Voided ones are listed only when asked for.", show_default=False),
    ] = None,
    sort: Annotated[
        Literal["-date", "date", "-amount", "amount", "-recorded", "recorded"],
        typer.Option(help="A minus puts the largest first."),
    ] = "-date",
    limit: Annotated[int, typer.Option(min=1, help="At most so many rows.")] = 25,
    ids: Annotated[bool, typer.Option("--ids", help="Show the id of each row.")] = False,
    as_of: AsOf = None,
    known_at: KnownAt = None,
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """List and search transactions, newest first."""

    async def work(session: Session) -> Row:
        found = await the_ledger(session, ledger)
        ledger_id = found["ledger_id"]
        accounts = await accounts_of(session, ledger_id, known_at=known_at)
        query: dict[str, Any] = {
            "category": category,
            "start_date": start,
            "end_date": end,
            "min_amount": min_amount,
            "max_amount": max_amount,
            "q": " ".join(words) if words else None,
            "tag": tag,
            "status": status,
            "sort": sort,
            "as_of": as_of,
            "known_at": known_at,
        }
        if account is not None:
            one = await the_account(session, ledger_id, account, known_at=known_at)
            query["account_id"] = one["account_id"]
        rows: list[Row] = []
        cursor: str | None = None
        path = f"/v1/ledgers/{ledger_id}/transactions"
        while True:
            some = min(limit - len(rows), PAGE_MAX)
            answer = await session.get(path, limit=some, cursor=cursor, **query)
            rows += answer.data
            cursor = answer.meta["pagination"]["next_cursor"]
            if cursor is None or len(rows) >= limit:
                break
        return {
            "transactions": rows,
            "next_cursor": cursor,
            "accounts": {one["account_id"]: one["name"] for one in accounts},
            "position": answer.position,
        }

    def show(console: Console, answer: Row) -> None:
        views.transactions(console, answer, ids=ids)

    perform(ctx, work, show, data=data, as_json=as_json)


def categorize(
    ctx: typer.Context,
    transaction_id: Annotated[
        str, typer.Argument(help="As `mintflow transactions --ids` lists it.")
    ],
    category: Annotated[str, typer.Argument(help="Like food_dining.groceries.")],
    ledger: Ledger = None,
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """Put a transaction into a category. No import ever changes what you set here."""

    async def work(session: Session) -> Row:
        found = await the_ledger(session, ledger)
        path = f"/v1/ledgers/{found['ledger_id']}/transactions/{transaction_id}/category"
        answer = await session.put(path, {"category": category})
        await session.settle(found["ledger_id"], answer.position)
        if not isinstance(answer.data, dict):
            raise Refused("answer_not_readable", "the host did not answer the transaction")
        return {**answer.data, "position": answer.position}

    def show(console: Console, row: Row) -> None:
        line = Text(f"{row['date']}  {row['description']}  ")
        line.append(views.money(row["amount"], row["currency"]))
        console.print(line.append(f"  {row['category']}", style="cyan"))

    perform(ctx, work, show, data=data, as_json=as_json)
