"""Every GET of a ledger that there is, and what to ask it: found in the application, not listed.

A route that somebody adds is asked too. One whose address or query needs a value that nothing here
can give fails the test with the name of the value.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator
from typing import Any

from acceptance.product import Client, Product
from fastapi.routing import APIRoute

PREFIX = "/v1/ledgers/{ledger_id}"
MONTHS = ("2025-01", "2025-02", "2025-03")

# Addresses that are no read of the books at a moment, each with the reason.
NO_MOMENT: dict[str, str] = {
    "/evidence/{event_id}": "a proof is against the newest signed head, whenever it is asked for",
    "/bills/calendar.ics": "no envelope; its rows are those of /bills, which is asked",
    "/events/stream": "no envelope, and live; the tests of streams ask it until a moment",
}

# Queries of an address, beside the plain one where that is usable.
QUERIES: dict[str, list[dict[str, Any]]] = {
    "/accounts": [{"as_of": "2025-02-10"}],
    "/accounts/{account_id}": [{"as_of": "2025-01-20"}],
    "/accounts/{account_id}/history": [
        {"interval": "month"},
        {"start": "2025-01-01", "end": "2025-03-31", "as_of": "2025-02-15"},
    ],
    "/transactions": [
        {"limit": 5},
        {"category": "food_dining", "sort": "amount"},
        {"q": "coffee", "sort": "-recorded", "status": "voided"},
        {"as_of": "2025-02-01", "sort": "recorded"},
    ],
    "/category-totals": [
        *({"month": month} for month in MONTHS),
        {"start": "2025-01-10", "end": "2025-03-09", "as_of": "2025-02-20"},
    ],
    "/explain": [
        {"figure": "category", "category": "food_dining", "month": "2025-02"},
        {"figure": "budget", "category": "food_dining", "month": "2025-02"},
    ],
    "/history": [{"actor": "user:x"}, {"of": "00000000-0000-4000-8000-000000000000"}],
    "/insights": [{"today": "2025-03-20"}, {"today": "2025-02-28", "dismissed": "true"}],
    "/forecast": [{"today": "2025-03-20", "days": 30}],
    "/spending/predictions": [{"today": "2025-03-20"}],
    "/spending/by-category": [
        *({"month": month} for month in MONTHS),
        {"start": "2025-01-10", "end": "2025-03-09", "as_of": "2025-02-20"},
    ],
    "/spending/by-merchant": [{"month": "2025-02"}],
    "/spending/by-account": [{"month": "2025-02"}],
    "/spending/by-tag": [{"month": "2025-02"}],
    "/spending/summary": [{"month": "2025-02"}],
    "/spending/trends": [{"start": "2025-01-01", "end": "2025-03-31", "interval": "week"}],
    "/cash-flow": [{"start": "2025-01-01", "end": "2025-03-31"}],
    "/net-worth": [{"start": "2025-01-01", "end": "2025-03-31", "interval": "day"}],
    "/trial-balance": [{"as_of": "2025-02-10"}],
    "/budgets": [{"as_of": "2025-02-10"}],
    "/budgets/status": [
        *({"month": month} for month in MONTHS),
        {"month": "2025-02", "as_of": "2025-02-10"},
    ],
    "/goals": [{"as_of": "2025-02-10"}, {"archived": "true"}],
    "/events": [{"limit": 7}, {"types": "transaction.recorded,budget.set", "after": 3}],
}
# Addresses that refuse to be asked without a query.
NEVER_PLAIN = {"/category-totals", "/explain", "/history"}
# Where the values of an address's parts are found: (list to ask, field of its rows).
IDS: dict[str, tuple[str, str]] = {
    "account_id": ("/accounts", "account_id"),
    "transaction_id": ("/transactions", "transaction_id"),
    "rule_id": ("/rules", "rule_id"),
    "goal_id": ("/goals", "goal_id"),
}
# How many of the newest and oldest things of a kind are looked at.
THINGS = 2


def reads(product: Product) -> list[str]:
    """The addresses below the ledger's own that answer a GET, with names for their parts."""
    return sorted(
        route.path.removeprefix(PREFIX)
        for route in product.running.app.router.routes
        if isinstance(route, APIRoute)
        and "GET" in route.methods
        and route.path.startswith(PREFIX)
        and route.path.removeprefix(PREFIX) not in NO_MOMENT
    )


def questions(product: Product, client: Client, path: str) -> list[tuple[str, dict[str, Any]]]:
    """(address, query) of everything that can be asked of a ledger as it stands now."""
    found: dict[str, list[str]] = {}

    def ids(name: str) -> list[str]:
        assert name in IDS, f"say in known_at/routes.py where a {name} is found"
        if name not in found:
            where, field = IDS[name]
            rows = [str(row[field]) for row in client.get(f"{path}{where}")]
            found[name] = list(dict.fromkeys([*rows[:THINGS], *rows[-THINGS:]]))
        return found[name]

    asked = []
    for template in reads(product):
        queries = QUERIES.get(template, [])
        plain: list[dict[str, Any]] = [] if template in NEVER_PLAIN else [{}]
        for address in _addresses(template, ids):
            asked += [(f"{path}{address}", query) for query in (*plain, *queries)]
    return asked


def _addresses(template: str, ids: Callable[[str], list[str]]) -> Iterator[str]:
    names = re.findall(r"{(\w+)(?::\w+)?}", template)
    for values in itertools.product(*(ids(name) for name in names)):
        parts = iter(values)
        yield re.sub(r"{[^}]+}", lambda _, parts=parts: next(parts), template)  # type: ignore[misc]
