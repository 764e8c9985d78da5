"""Ledgers and accounts by the names that people use."""

from __future__ import annotations

from typing import Any

from mintflow.hosts.session import Answer, Refused, Session

Row = dict[str, Any]


async def ledgers_of(session: Session) -> list[Row]:
    """The ledgers of the data folder's owner, oldest first."""
    rows: list[Row] = (await session.get("/v1/ledgers")).data
    return rows


async def accounts_of(session: Session, ledger_id: str, known_at: str | None = None) -> list[Row]:
    """The accounts of a ledger with their balances, in the order in which they were opened."""
    answer = await session.get(f"/v1/ledgers/{ledger_id}/accounts", known_at=known_at)
    rows: list[Row] = answer.data
    return rows


async def the_ledger(session: Session, wanted: str | None) -> Row:
    """The ledger of this name or id; without one the only one there is. Raises Refused."""
    ledgers = await ledgers_of(session)
    if wanted is None:
        if len(ledgers) == 1:
            return ledgers[0]
        if not ledgers:
            raise Refused("ledger_not_found", "there are no books here yet: import a bank file")
        names = [one["name"] for one in ledgers]
        raise Refused("ledger_not_named", "there are several: say --ledger", {"ledgers": names})
    found = named(ledgers, wanted, "ledger")
    if found is None:
        raise Refused(
            "ledger_not_found",
            f"there is no ledger called “{wanted}” here",
            {"ledgers": [one["name"] for one in ledgers]},
        )
    return found


async def settled(session: Session, ledger_id: str, answer: Answer) -> Row:
    """What a command answered, once every query shows it, with its position. Raises Refused."""
    await session.settle(ledger_id, answer.position)
    return {**answer.data, "position": answer.position}


async def the_account(
    session: Session, ledger_id: str, wanted: str, known_at: str | None = None
) -> Row:
    """The account of this name or id. Raises Refused."""
    accounts = await accounts_of(session, ledger_id, known_at)
    found = named(accounts, wanted, "account")
    if found is None:
        raise Refused(
            "account_not_found",
            f"there is no account called “{wanted}” in this ledger",
            {"accounts": [one["name"] for one in accounts]},
        )
    return found


def named(rows: list[Row], wanted: str, what: str) -> Row | None:
    """The row of this id or name, or None. An exact name goes before one in another case.

    what: "ledger", "account" or "goal". Raises Refused if several rows have the name.
    """
    key = f"{what}_id"
    wanted = wanted.strip()
    for fits in (
        [one for one in rows if one[key] == wanted],
        [one for one in rows if one["name"] == wanted],
        [one for one in rows if one["name"].casefold() == wanted.casefold()],
    ):
        if len(fits) == 1:
            return fits[0]
        if fits:
            raise Refused(
                "name_not_unique",
                f"there are {len(fits)} {what}s called “{wanted}”: say which one by its id",
                {key: [one[key] for one in fits]},
            )
    return None
