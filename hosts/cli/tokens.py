"""`token create`, `token list`, `token revoke`: who beside the owner may ask a host what."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.text import Text

from mintflow.hosts.cli import views
from mintflow.hosts.cli.lookup import Row
from mintflow.hosts.cli.options import DATA_DEFAULT, Data, Json
from mintflow.hosts.cli.shell import present, refusals, run, settings_of_command, shell_of
from mintflow.hosts.session import DataFolderNotFound


def create(
    ctx: typer.Context,
    scope: Annotated[
        Literal["analyst", "auditor"],
        typer.Option(
            "--scope",
            help="analyst: the open facts of the events of all ledgers. auditor: the proofs.",
        ),
    ],
    name: Annotated[
        str, typer.Option("--name", help="Whom it is for, so that you know which one to revoke.")
    ] = "",
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """Make a token for an analyst or an auditor; it is shown this once.

    Neither can send a command, and neither reads descriptions, names or notes. A running host
    takes it at once.
    """
    shell = shell_of(ctx)
    with refusals(shell, as_json=as_json):
        from mintflow.commands.core.command import utc_now
        from mintflow.commands.core.ids import new_id
        from mintflow.hosts.tokens import Tokens

        tokens = Tokens(_there(data))
        token, secret = tokens.create(scope, name, token_id=new_id(), now=utc_now())
        noted = _noted(data, "token create", "token.made", f"{scope}:{token.token_id}")
        answer = {**_plain(token), "token": secret, "noted": noted}

    def show(console: Console, made: Row) -> None:
        console.print(Text("Keep it: it is not shown again.", style="bold"))
        views.facts(console, [("Token", made["token"]), ("Id", made["token_id"])])

    present(shell, answer, show, as_json=as_json)


def list_tokens(ctx: typer.Context, data: Data = DATA_DEFAULT, as_json: Json = False) -> None:
    """The tokens that were given out, never the tokens themselves."""
    shell = shell_of(ctx)
    with refusals(shell, as_json=as_json):
        from mintflow.hosts.tokens import Tokens

        answer = {"tokens": [_plain(one) for one in Tokens(_there(data)).all()]}

    def show(console: Console, found: Row) -> None:
        made = views.table("Tokens", "Id", "Scope", "For", "Since")
        for one in found["tokens"]:
            made.add_row(one["token_id"], one["scope"], Text(one["name"]), one["created_at"])
        console.print(made)

    present(shell, answer, show, as_json=as_json)


def revoke(
    ctx: typer.Context,
    token_id: Annotated[str, typer.Argument(help="As `mintflow token list` shows it.")],
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """Let a token in no longer; a running host refuses it from the next request on."""
    shell = shell_of(ctx)
    with refusals(shell, as_json=as_json):
        from mintflow.hosts.tokens import Tokens

        gone = Tokens(_there(data)).revoke(token_id)
        noted = _noted(data, "token revoke", "token.revoked", f"{gone.scope}:{gone.token_id}")
        answer = {**_plain(gone), "noted": noted}
    present(shell, answer, _show_revoked, as_json=as_json)


def _show_revoked(console: Console, answer: Row) -> None:
    console.print(Text(f"Revoked: {answer['scope']} {answer['name']}".rstrip()))


def _noted(data: Path, command: str, what: str, reason: str) -> bool:
    """Who lets in whom is in the trail; a token is revoked whether or not a database answers."""
    from mintflow.hosts.noting import note_if_possible

    return run(note_if_possible(data, settings_of_command(), command, what, reason))


def _there(data: Path) -> Path:
    if not data.is_dir():
        raise DataFolderNotFound(f"there is no data folder at {data}", folder=str(data))
    return data


def _plain(token: object) -> Row:
    return {name: getattr(token, name) for name in ("token_id", "scope", "name", "created_at")}
