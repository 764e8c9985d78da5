"""How many requests were answered, by route and status: counted here, told by the host.

Labels are the template of the route, the method and the status; never an address that was asked
for, so that no id or name gets into a metric and nobody can make more of them at will.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass, field

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


@dataclass(frozen=True, slots=True)
class RequestCounts:
    """Of one application since its start. Both: (method, route, status) -> how much."""

    requests: Counter[tuple[str, str, int]] = field(default_factory=Counter)
    seconds: dict[tuple[str, str, int], float] = field(default_factory=lambda: defaultdict(float))

    def count(self, method: str, route: str, status: int, seconds: float) -> None:
        """Take one answer. route: the template; `unmatched` where no route took the request."""
        key = (method if method in _METHODS else "other", route, status)
        self.requests[key] += 1
        self.seconds[key] += seconds
