"""What a person is told of a file, and what its event keeps: of much alike the first, and a count.

A file of a whole upload can hold the same fault in every row. All of them in one event would make
it larger than any reader of the log takes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from itertools import chain
from typing import Any

from mintflow.domain.statements import Finding

OF_A_CODE_MAX = 20


def told(*findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """In their order: of each code the first OF_A_CODE_MAX, then one that counts the others and
    stands where the first of them does."""
    counted: Counter[str] = Counter()
    shown: list[Finding] = []
    beyond: dict[str, Finding] = {}
    for one in chain(*findings):
        counted[one.code] += 1
        if counted[one.code] <= OF_A_CODE_MAX:
            shown.append(one)
        else:
            beyond.setdefault(one.code, one)
    shown += [
        Finding(code, first.where, f"{counted[code] - OF_A_CODE_MAX} more of these, from here on")
        for code, first in beyond.items()
    ]
    return [asdict(one) for one in shown]
