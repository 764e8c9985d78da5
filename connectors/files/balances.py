"""What a file says about balances, held against its own rows: shown, never hidden, never fatal."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from mintflow.domain.core.money import exact_sum, money_text
from mintflow.domain.statements import Finding, Statement, StatementBalance, StatementRow


def opening_to_closing(statement: Statement, where: str) -> list[Finding]:
    """BALANCE_MISMATCH if opening plus the booked rows is not closing.

    Pending rows are not part of a booked balance. Balances in two currencies cannot be compared;
    that is said too.
    """
    opening, closing = statement.opening, statement.closing
    if opening is None or closing is None:
        return []
    if opening.currency != closing.currency:
        detail = f"opening is in {opening.currency}, closing in {closing.currency}"
        return [Finding("BALANCE_NOT_COMPARABLE", where, detail)]
    booked = [row for row in statement.rows if not row.pending]
    if any(row.currency not in (None, opening.currency) for row in booked):
        return [Finding("BALANCE_NOT_COMPARABLE", where, "rows are in more than one currency")]
    expected = exact_sum([opening.amount, *(row.amount for row in booked)])
    if expected == closing.amount:
        return []
    return [mismatch(where, expected, closing)]


def mismatch(where: str, expected: Decimal, actual: StatementBalance) -> Finding:
    """The finding for a balance that is not what the rows add up to."""
    detail = (
        f"expected {money_text(expected)}, the file says {money_text(actual.amount)}"
        f" on {actual.date.isoformat()}"
    )
    return Finding("BALANCE_MISMATCH", where, detail)


def ids_that_repeat(rows: Sequence[StatementRow]) -> frozenset[str]:
    """Ids that stand on rows which are not the same row, so that they are no ids."""
    seen: dict[str, tuple[object, ...]] = {}
    repeated = set()
    for row in rows:
        if row.bank_id is None:
            continue
        content = (row.date, row.amount, row.description)
        if seen.setdefault(row.bank_id, content) != content:
            repeated.add(row.bank_id)
    return frozenset(repeated)
