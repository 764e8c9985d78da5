"""What a person sees of the books, in a form in which two moments can be compared."""

from __future__ import annotations

from typing import Any

Screens = tuple[tuple[str, dict[str, Any]], ...]

# Lists that show what a command did as soon as it is visible.
SCREENS: Screens = (
    ("", {}),
    ("/accounts", {}),
    ("/transactions", {"limit": 200}),
    ("/categories", {}),
    ("/category-totals", {"month": "2025-03"}),
    ("/transfers/suggestions", {}),
    ("/budgets", {}),
    ("/budgets/envelopes", {"month": "2025-03"}),
    ("/goals", {}),
    ("/rules", {}),
    ("/connections", {}),
    ("/rates", {}),
)
# With those that follow by themselves a moment later, or of which a zero may stay.
ALL_SCREENS: Screens = (
    *SCREENS,
    ("/trial-balance", {}),
    ("/budgets/status", {}),
    ("/alerts", {}),
    ("/bills/list", {}),
    ("/bills", {"from": "2025-03-01", "to": "2025-07-31", "today": "2025-06-08"}),
    ("/recurring", {}),
    ("/insights", {"today": "2025-02-10"}),
)


def plain(data: Any) -> Any:
    """Without times; without the ids of transfers, for one that stands again is another one; and
    without rows that say nothing: zeros, budgets of no amount, what is closed."""
    if isinstance(data, dict):
        names = [name for name in data if not name.endswith("_at") and name != "transfer_id"]
        return {name: plain(data[name]) for name in names}
    if isinstance(data, list):
        return [plain(one) for one in data if not _says_nothing(one)]
    return data


def _says_nothing(one: Any) -> bool:
    if not isinstance(one, dict):
        return False
    if "envelopes" in one:
        return not one["envelopes"]
    empty = "amount" in one and one["amount"] in (None, "0.00")
    gone = bool(one.get("closed_on")) or one.get("archived") is True
    return empty or gone or one.get("status") == "withdrawn"


def named(answer: dict[str, Any]) -> list[Any]:
    """The changes; a transfer that begins anew has an id of its own each time."""
    shown = [(one["kind"], one["id"], one["fields"]) for one in answer["changes"]]
    return [one if one[0] != "transfer" else (one[0], one[2]) for one in shown]
