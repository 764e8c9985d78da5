"""A running balance against its rows: which way it runs, and where it breaks.

An export may run up or down in time; under the right direction each balance is the one before it
plus the row's amount. The direction with more links that hold is taken, and every link that does
not hold is reported.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from mintflow.domain.core.money import EXACT


class Chain(NamedTuple):
    """newest_first: the file runs down in time. breaks: indexes into the rows that were given."""

    newest_first: bool
    links: int
    held: int
    breaks: tuple[int, ...]

    @property
    def holds(self) -> bool:
        """Whether this is a running balance at all: half of its links hold, and there are some."""
        return self.links > 0 and self.held * 2 >= self.links


def follow(amounts: Sequence[Decimal], balances: Sequence[Decimal], newest_first: bool) -> Chain:
    """The better direction of the chain. newest_first: what the dates say, for a draw."""
    up = follow_in_time(amounts, balances, False)
    if not up.breaks and not newest_first:
        return up
    down = follow_in_time(amounts, balances, True)
    if len(down.breaks) < len(up.breaks) or (len(down.breaks) == len(up.breaks) and newest_first):
        return down
    return up


def follow_in_time(
    amounts: Sequence[Decimal], balances: Sequence[Decimal], newest_first: bool
) -> Chain:
    """The chain in the one direction that is given."""
    add, links = EXACT.add, max(0, len(amounts) - 1)
    if newest_first:
        broken = [i for i in range(links) if add(balances[i + 1], amounts[i]) != balances[i]]
    else:
        steps = range(1, links + 1)
        broken = [i for i in steps if add(balances[i - 1], amounts[i]) != balances[i]]
    return Chain(newest_first, links, links - len(broken), tuple(broken))


def share(
    amounts: Sequence[Decimal | None],
    balances: Sequence[Decimal | None],
    newest_first: bool | None = None,
) -> float:
    """The share of links that hold, 0.0 to 1.0, over the rows that move money.

    A balance that stands still beside an amount of zero shows nothing, and many columns would do.
    newest_first: the one direction that may hold, where the dates say it; None allows either.
    """
    both = [
        (a, b) for a, b in zip(amounts, balances, strict=True) if a is not None and b is not None
    ]
    if len(both) < 2:
        return 0.0
    moves, after = [a for a, _ in both], [b for _, b in both]
    if newest_first is None:
        chain = follow(moves, after, False)
    else:
        chain = follow_in_time(moves, after, newest_first)
    counted = moves[:-1] if chain.newest_first else moves[1:]
    moving = sum(bool(amount) for amount in counted)
    broken = sum(bool(moves[index]) for index in chain.breaks)
    return (moving - broken) / moving if moving else 0.0


def share_before(
    amounts: Sequence[Decimal | None], balances: Sequence[Decimal | None], newest_first: bool
) -> float:
    """As `share`, for balances that are printed as they were before their row.

    Read in the wrong direction, such a column is a running balance of all amounts upside down.
    """
    if newest_first:
        return share(amounts[1:], balances[:-1], True)
    return share(amounts[:-1], balances[1:], False)
