"""What was found among payments, remembered by those payments.

Looking for streams takes a thousand times longer than seeing that nothing has changed, and one more
purchase changes one payee. What is kept are schedules and places, under a digest of days and
amounts: no names, and nothing that says whose payments they were. The same payments always give the
same streams, so an answer from here is the one that looking again would give.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import Generic, TypeVar

from mintflow.domain.bills.calendar import IsFree
from mintflow.ml.recurring.payments import Found, Payment

# Answers, of half a kilobyte each: several large households at once.
ANSWERS_MAX = 60_000

Answer = TypeVar("Answer")


class Remembered(Generic[Answer]):
    """The newest answers. Threads may share it: at worst one of them looks in vain."""

    def __init__(self, answers_max: int = ANSWERS_MAX) -> None:
        self._max = answers_max
        self._held: OrderedDict[Hashable, Answer] = OrderedDict()

    def get(self, facts: Iterable[str], besides: Hashable, look: Callable[[], Answer]) -> Answer:
        """The answer to the same facts and besides, or what `look` finds."""
        key = (blake2b("".join(facts).encode(), digest_size=16).digest(), besides)
        held = self._held.pop(key, None)
        if held is None:
            held = look()
            while len(self._held) >= self._max:
                self._held.popitem(last=False)
        self._held[key] = held
        return held


# A stream without its payments: places in the rows that it was found in take their place.
_Places = tuple[tuple[Found, tuple[int, ...]], ...]
_REMEMBERED: Remembered[_Places] = Remembered()


def known(
    rows: Sequence[Payment],
    is_free: IsFree,
    income: bool,
    look: Callable[[Sequence[Payment], IsFree, bool], list[Found]],
) -> list[Found]:
    """What `look` finds in rows, which depends on their days, amounts and habits alone."""

    def found() -> _Places:
        place = {id(one): at for at, one in enumerate(rows)}
        return tuple(
            (replace(one, payments=()), tuple(place[id(paid)] for paid in one.payments))
            for one in look(rows, is_free, income)
        )

    facts = [f"{one.day} {one.amount} {one.habit:d}," for one in rows]
    return [
        replace(one, payments=tuple(rows[at] for at in places))
        for one, places in _REMEMBERED.get(facts, (look, is_free, income), found)
    ]
