"""`erase`: have everything personal of a ledger erased, call that off, or see how it stands."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer
from rich.console import Console
from rich.text import Text

from mintflow.hosts.cli import views
from mintflow.hosts.cli.lookup import Row, the_ledger
from mintflow.hosts.cli.options import DATA_DEFAULT, Data, Json, Ledger
from mintflow.hosts.cli.shell import Progress, perform, settings_of_command
from mintflow.hosts.cli.upkeep import key_store, must_have_keys, operate
from mintflow.hosts.session import Refused, Session


def erase(
    ctx: typer.Context,
    ledger: Ledger = None,
    confirm: Annotated[
        str | None,
        typer.Option("--confirm", metavar="PHRASE", help="The phrase “erase everything”."),
    ] = None,
    now: Annotated[
        bool,
        typer.Option("--now", help="Without the waiting time, and wait until it is done."),
    ] = False,
    cancel: Annotated[
        bool, typer.Option("--cancel", help="Call off what waits, of all ledgers.")
    ] = False,
    data: Data = DATA_DEFAULT,
    as_json: Json = False,
) -> None:
    """Erase everything personal of a ledger for ever, once the waiting time is over.

    Its keys are destroyed, and names, descriptions and notes are gone for everybody. Amounts,
    dates, categories and every proof stay. Without --confirm nothing is done: the state is shown.
    """

    if cancel and (now or confirm is not None):
        raise typer.BadParameter("either --cancel, or --confirm and --now")

    async def work(session: Session) -> Row:
        if cancel:
            return {"ledgers": (await session.delete("/v1/me/erasure")).data}
        if confirm is None:
            return {"ledgers": (await session.get("/v1/me/erasure")).data}
        found = await the_ledger(session, ledger)
        body = {"confirm": confirm, "ledger_ids": [found["ledger_id"]]}
        return {"ledgers": (await session.post("/v1/me/erasure", body)).data}

    if not now:
        perform(ctx, work, _show, data=data, as_json=as_json)
        return

    async def at_once(url: str, tell: Progress) -> Row:
        tell("erasing", 0, 1)
        return await _erase_now(url, data, ledger, confirm)

    operate(ctx, at_once, _show, data=data, as_json=as_json)


async def _erase_now(url: str, data: Path, ledger: str | None, confirm: str | None) -> Row:
    """As the operator, who has the keys and the database in his hands anyway."""
    from mintflow.commands.core.command import Context
    from mintflow.commands.core.ids import new_id
    from mintflow.commands.core.ports import Principal
    from mintflow.commands.erasure import CancelErasure, RequestErasure
    from mintflow.hosts.bootstrap import running
    from mintflow.hosts.erasure import Erasing
    from mintflow.projections.erasure import erasures_of

    settings = settings_of_command().model_copy(update={"erasure_wait_s": 0.0})
    must_have_keys(data, settings)
    keys = key_store(data, settings)
    async with running(url, keys, settings, lambda _: None, react=False) as product:
        async with product.pool.connection() as conn:
            cursor = await conn.execute(
                "select ledger_id, owner from ledgers where %(wanted)s::text is null"
                " or name = %(wanted)s or ledger_id::text = %(wanted)s",
                {"wanted": ledger},
            )
            found: list[tuple[UUID, str]] = await cursor.fetchall()
        if len(found) != 1:
            raise Refused(
                "ledger_not_found" if not found else "name_not_unique",
                "say --ledger with the name or the id of one ledger",
                {"ledger_id": [str(one) for one, _ in found]},
            )
        ((ledger_id, owner),) = found
        context = Context(Principal(UUID(owner), "process:operator"), ledger_id, new_id())
        async with product.pool.connection() as conn:
            states = {one["ledger_id"]: one["state"] for one in await erasures_of(conn, owner)}
        if states[ledger_id] not in ("erasing", "erased"):
            if states[ledger_id] == "waiting" and confirm is not None:
                await product.bus.execute(CancelErasure(), context)
            await product.bus.execute(RequestErasure(confirm=confirm or ""), context)
        # Also where it was begun already, perhaps by a host that is no more.
        await Erasing(url, product, keys).erase_now(ledger_id, owner)
        async with product.pool.connection() as conn:
            rows = await erasures_of(conn, owner)
    return {"ledgers": [one for one in rows if one["ledger_id"] == ledger_id]}


def _show(console: Console, answer: Row) -> None:
    made = views.table("Erasures", "Ledger", "State", "Asked for", "Due", "Ended")
    for one in answer["ledgers"]:
        times = (one["requested_at"], one["due_at"], one["ended_at"])
        made.add_row(
            Text(str(one["ledger_id"]), style="dim"),
            Text(one["state"]),
            *(Text(str(at)[:19].replace("T", " ") if at else "") for at in times),
        )
    console.print(made)
