"""Rules as clients see them, and what was said of payees."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import tuple_row

from mintflow.domain.rules import RuleNotFound
from mintflow.domain.rules.learning import EVIDENCE, Correction
from mintflow.projections.core.reading import Row, Rows, positioned, read, read_one
from mintflow.store.arrays import TextArray


async def list_rules(conn: AsyncConnection[Any], ledger_id: UUID) -> tuple[Rows, int]:
    """All rules in the order in which they run, and the position.

    [{rule_id, name, condition, actions, stage, source, enabled, transactions, changed_at}].
    actions: as a rule is written, with only what it does. transactions: how many have their
    category from it now.
    """
    rows, position = await read(conn, _LIST, ledger_id, {})
    return [_shown(row) for row in rows], position


async def get_rule(conn: AsyncConnection[Any], ledger_id: UUID, rule_id: UUID) -> tuple[Row, int]:
    """One rule, and the position. Raises RuleNotFound."""
    missing = RuleNotFound("there is no such rule", rule_id=str(rule_id))
    row, position = await read_one(conn, _GET, ledger_id, {"rule_id": rule_id}, missing)
    return _shown(row), position


async def corrections_of(
    conn: AsyncConnection[Any], ledger_id: UUID, payees: Sequence[str]
) -> Mapping[str, list[Correction]]:
    """What the user said of each of these payees, newest first, as much as learning asks for.

    By the payee in small letters. Leans on corrections_of_payee.
    """
    found: defaultdict[str, list[Correction]] = defaultdict(list)
    if not payees:
        return found
    async with conn.cursor(row_factory=tuple_row, binary=True) as cursor:
        await cursor.execute(
            _CORRECTIONS.encode(),
            {"ledger_id": ledger_id, "payees": TextArray.of(list(payees)), "most": 2 * EVIDENCE},
            prepare=True,
        )
        for payee, category_id, money_out in await cursor.fetchall():
            found[payee].append(Correction(category_id, money_out))
    return found


def _shown(row: Row) -> Row:
    paths = row.pop("paths") or {}
    actions = row["actions"]
    shown: dict[str, Any] = {}
    if actions.get("category_id") is not None:
        shown["category"] = paths.get(actions["category_id"], actions["category_id"])
    if actions.get("split"):
        shown["split"] = [
            {
                "category": paths.get(share["category_id"], share["category_id"]),
                **{name: share[name] for name in ("ratio", "amount") if share[name] is not None},
            }
            for share in actions["split"]
        ]
    for name in ("merchant", "note"):
        if actions.get(name) is not None:
            shown[name] = actions[name]
    if actions.get("tags"):
        shown["tags"] = actions["tags"]
    for name in ("transfer", "ignore_in_budgets"):
        if actions.get(name):
            shown[name] = True
    row["actions"] = shown
    return row


def _query(condition: str) -> str:
    return positioned(
        f"""
        select r.rule_id, r.name, r.condition, r.actions, r.stage, r.source, r.enabled,
            (select count(*) from transactions t where t.ledger_id = r.ledger_id
                and t.rule_id = r.rule_id and t.status in ('posted', 'pending')) as transactions,
            r.changed_at,
            (select jsonb_object_agg(c.category_id, c.path) from categories c
                where c.ledger_id = r.ledger_id and (c.category_id = r.actions ->> 'category_id'
                    or c.category_id in (select s ->> 'category_id'
                        from jsonb_array_elements(r.actions -> 'split') s))) as paths
        from rules r where r.ledger_id = %(ledger_id)s {condition}
        order by array_position(array['first', 'main', 'last', 'learned'], r.stage), r.place
        """,  # noqa: S608 - constants only
        "rules",
        "categories",
    )


_LIST = _query("")
_GET = _query("and r.rule_id = %(rule_id)s")
_CORRECTIONS = """
    select lower(p.payee), c.category_id, c.money_out
    from unnest(%(payees)s::text[]) as p (payee) cross join lateral (
        select category_id, money_out, seq from corrections c
        where c.ledger_id = %(ledger_id)s and c.counts
            and md5(lower(c.payee)) = md5(lower(p.payee))
        order by seq desc limit %(most)s
    ) c
    order by lower(p.payee), c.seq desc
"""
