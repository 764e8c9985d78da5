"""What the oracle does with budgets: a month at a time, from the beginning, every time."""

from __future__ import annotations

import datetime as dt
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any

from properties.oracle.books import Books, Refused, check_amount
from properties.oracle.categories import find, resolve


def set_budget(
    books: Books,
    path: str,
    amount: Decimal,
    *,
    start: str | None,
    rollover: str,
    threshold: Decimal,
    currency: str | None,
    ledger_currency: str,
    cap: Decimal | None = None,
) -> None:
    """Without a start the first one holds always, and leaves over from this month on."""
    category = resolve(books, path)
    this_month = f"{books.today:%Y-%m}"
    terms = books.terms.get(category.id)
    if terms is None:
        check_budget(amount)
        books.budget_currency[category.id] = currency or ledger_currency
        terms = books.terms[category.id] = {}
        begins, carries = start or "", start or this_month
    else:
        if currency not in (None, books.budget_currency[category.id]):
            raise Refused("currency_must_match")
        check_budget(amount)
        begins = carries = start or this_month
        held = term_of(terms, begins)
        same = {"amount": amount, "rollover": rollover, "threshold": threshold, "cap": cap}
        if held is not None and all(held[name] == said for name, said in same.items()):
            return
    terms[begins] = {
        "amount": amount, "rollover": rollover, "threshold": threshold, "carries": carries,
        "cap": cap,
    }  # fmt: skip


def archive_budget(books: Books, path: str, start: str | None) -> None:
    category = find(books, path)
    begins = start or f"{books.today:%Y-%m}"
    terms = books.terms.get(category.id)
    held = term_of(terms, begins) if terms else None
    if terms is None or held is None or held["amount"] is None:
        raise Refused("budget_not_found")
    terms[begins] = held | {
        "amount": None, "rollover": "none", "carries": begins, "cap": None,
    }  # fmt: skip


def status(books: Books, month: str) -> list[dict[str, Any]]:
    """How every budget that holds in a month stands."""
    found = []
    for category_id, terms in books.terms.items():
        held = term_of(terms, month)
        if held is None or held["amount"] is None:
            continue
        carried = _carried(books, category_id, month) if held["rollover"] != "none" else 0
        limit = held["amount"] + carried
        used = spent(books, category_id, month)
        state = "ok"
        if used > limit:
            state = "exceeded"
        elif used > 0 and used >= limit * held["threshold"]:
            state = "warning"
        ratio = None
        if limit > 0:
            ratio = (used / limit).quantize(Decimal("0.0001"), ROUND_HALF_EVEN)
        found.append(
            {
                "category": books.categories[category_id].path,
                "budgeted": held["amount"],
                "carried_in": Decimal(carried),
                "spent": used,
                "remaining": limit - used,
                "ratio": ratio,
                "status": state,
                "currency": books.budget_currency[category_id],
            }
        )
    return found


def spent(books: Books, category_id: str, month: str) -> Decimal:
    """What went out of the category and all below it; refunds lower it."""
    path, currency = books.categories[category_id].path, books.budget_currency[category_id]
    first = dt.date.fromisoformat(month + "-01")
    last = dt.date.fromisoformat(_next(month) + "-01") - dt.timedelta(days=1)
    total = Decimal(0)
    for row in books.standing():
        if row.posted and first <= row.date <= last and row.account.currency == currency:
            for part_id, amount in row.parts:
                if (books.categories[part_id].path + ".").startswith(path + "."):
                    total -= amount
    return total


def term_of(terms: dict[str, dict[str, Any]], month: str) -> dict[str, Any] | None:
    begun = [begins for begins in terms if begins <= month]
    return terms[max(begun)] if begun else None


def check_budget(amount: Decimal) -> None:
    check_amount(amount)
    if amount < 0:
        raise Refused("budget_amount_not_usable")


def _carried(books: Books, category_id: str, month: str) -> Decimal:
    """What each month leaves by its own rule; one that does not roll over leaves nothing."""
    terms = books.terms[category_id]
    carried, at = Decimal(0), _carries_since(terms, month)
    while at < month:
        then = term_of(terms, at)
        assert then is not None
        carried = then["amount"] + carried - spent(books, category_id, at)
        if then["rollover"] != "both":
            carried = max(carried, Decimal(0))
        if then["rollover"] == "capped":
            carried = min(carried, then["cap"])
        at = _next(at)
    return carried


def _carries_since(terms: dict[str, dict[str, Any]], month: str) -> str:
    """Told by the terms as they stand: one that carries goes on where the one before it carries."""
    since = None
    for begins in sorted(one for one in terms if one <= month):
        term = terms[begins]
        if term["amount"] is None or term["rollover"] == "none":
            since = None
        elif since is None:
            since = begins or str(term["carries"])
    return since or month


def _next(month: str) -> str:
    year, number = int(month[:4]), int(month[5:])
    return f"{year + number // 12:04d}-{number % 12 + 1:02d}"
