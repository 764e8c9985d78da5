"""A query as SQL over the transactions read model; its values are parameters, never text of it.

What SQL can not say (a pattern of RE2) is left open here: the SQL then holds of more rows than the
query, and whoever asks puts each of them to the query's predicate.
"""

from __future__ import annotations

from typing import Any

from mintflow.domain.core.query.tree import (
    AmountIs,
    And,
    DateIs,
    Leaf,
    Node,
    Not,
    Or,
    TextIs,
    WeekdayIs,
    leaves,
)
from mintflow.store.arrays import TextArray

_COLUMNS = {
    "text": (
        "t.description || ' ' || t.counterparty || ' ' || t.memo || ' ' || t.notes || ' '"
        " || t.merchant"
    ),
    "description": "t.description",
    "merchant": "coalesce(nullif(t.merchant, ''), t.counterparty)",
    "notes": "t.notes",
    "memo": "t.memo",
    "status": "t.status",
}
# Fields whose texts stand in other rows: which of those fit is found once for the whole query,
# and a transaction is then held to their ids. `{fits}`: what must hold of a text named `one`.
_ELSEWHERE = {
    "account": (
        "t.account_id = any(array(select a.account_id from accounts a"
        " cross join lateral (values (a.name), (a.account_id::text)) as several (one)"
        " where a.ledger_id = %(ledger_id)s and {fits}))"
    ),
    "category": (
        "t.category_ids && array(select c.category_id from categories c"
        " cross join lateral (values (c.path)) as several (one)"
        " where c.ledger_id = %(ledger_id)s and {fits})"
    ),
}
_TESTS = {
    "contains": "strpos({text}, wanted) > 0",
    "equals": "{text} = wanted",
    "starts": "starts_with({text}, wanted)",
    "below": "({text} = wanted or starts_with({text}, wanted || '.'))",
}


def asks_more_than_sql(node: Node) -> bool:
    """Whether the rows of the SQL still have to be put to the predicate."""
    return any(isinstance(leaf, TextIs) and leaf.operator == "pattern" for leaf in leaves(node))


def asks_for_a_status(node: Node) -> bool:
    """Whether the query itself says which statuses count."""
    return any(isinstance(leaf, TextIs) and leaf.field == "status" for leaf in leaves(node))


def condition(node: Node, args: dict[str, Any], *, holds: bool = True) -> str:
    """SQL over `transactions t` that holds of every row of which the query does (holds=False: does
    not). Its values go into `args`."""
    match node:
        case And(parts) | Or(parts):
            joined = " and " if isinstance(node, And) is holds else " or "
            if not parts:
                return "true" if holds else "false"
            return "(" + joined.join(condition(part, args, holds=holds) for part in parts) + ")"
        case Not(part):
            return condition(part, args, holds=not holds)
        case TextIs(operator="pattern"):
            return "true"
        case _:
            sql = _leaf(node, args)
            return sql if holds else f"not {sql}"


def _leaf(leaf: Leaf, args: dict[str, Any]) -> str:
    def value(given: Any) -> str:
        name = f"query_{len(args)}"
        args[name] = given
        return f"%({name})s"

    match leaf:
        case TextIs():
            return _text(leaf, value(TextArray.of(leaf.values)))
        case AmountIs(low, high, strict, size):
            amount = "abs(t.amount)" if size else "t.amount"
            equal = "" if strict else "="
            bounds = [
                *([f"{amount} >{equal} {value(low)}"] if low is not None else ()),
                *([f"{amount} <{equal} {value(high)}"] if high is not None else ()),
            ]
        case DateIs(first, last):
            bounds = [
                *([f"t.date >= {value(first)}"] if first is not None else ()),
                *([f"t.date <= {value(last)}"] if last is not None else ()),
            ]
        case WeekdayIs(days):
            bounds = [f"extract(isodow from t.date)::integer in ({', '.join(map(str, days))})"]
    return f"({' and '.join(bounds) or 'true'})"


def _text(leaf: TextIs, values: str) -> str:
    wanted = f"unnest({values}::text[]) as wanted"
    if leaf.field in _COLUMNS:
        column = f"lower({_COLUMNS[leaf.field]})"
        if leaf.operator == "equals":
            return f"({column} = any({values}::text[]))"
        if len(leaf.values) == 1:
            test = _TESTS[leaf.operator].format(text=column)
            return f"({test.replace('wanted', f'({values}::text[])[1]')})"
        return f"exists (select from {wanted} where {_TESTS[leaf.operator].format(text=column)})"
    test = _TESTS[leaf.operator].format(text="lower(one)")
    if leaf.field in _ELSEWHERE:
        fits = f"exists (select from {wanted} where {test})"
        return f"({_ELSEWHERE[leaf.field].format(fits=fits)})"
    # Most rows have no tags, and are through without a look at any.
    several = "unnest(t.tags) as several (one)"
    return f"(t.tags <> '{{}}' and exists (select from {several}, {wanted} where {test}))"
