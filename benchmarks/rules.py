"""Fifty rules over 100,000 transactions, against one plain search for a word in each of them."""

from __future__ import annotations

import datetime as dt
import random
import time
from decimal import Decimal
from uuid import UUID

from mintflow.domain.core.query import Facts
from mintflow.domain.rules import Actions, Engine, Rule

_WORDS = ("coffee", "market", "rail", "phone", "books", "pharmacy", "cinema", "garage", "gym")


def facts(count: int, seed: int = 7) -> list[Facts]:
    """Rows of a household, always the same."""
    chance = random.Random(seed)
    day = dt.date(2020, 1, 1)
    return [
        Facts(
            description=f"{chance.choice(_WORDS).upper()} {chance.randrange(9999)} CITY",
            merchant=chance.choice(_WORDS),
            amount=Decimal(chance.randrange(-20_000, 5_000)).scaleb(-2),
            date=day + dt.timedelta(days=chance.randrange(2_000)),
            account=("Checking", "id"),
            categories=("uncategorized",),
        )
        for _ in range(count)
    ]


def rules(count: int) -> list[Rule]:
    """A mixture of words, merchants, ranges, patterns and brackets."""
    conditions = (
        "description:{word} amount<-{n}",
        "merchant={word} weekday:(sat, sun) date>=2021",
        'description~"^{word} [0-9]{{2,4}}" size>{n}',
        "(merchant:{word} OR tag=x) AND NOT amount>0",
        "description:(zorp{n}, qux{n})",
    )
    return [
        Rule(
            UUID(int=n), f"rule {n}",
            conditions[n % len(conditions)].format(word=_WORDS[n % len(_WORDS)], n=n),
            Actions(category_id=f"c{n}"), "main", "user",
        )
        for n in range(count)
    ]  # fmt: skip


def run(rows: int = 100_000, how_many: int = 50) -> dict[str, float]:
    """Seconds for the rules, and for the baseline."""
    made, paths = facts(rows), {f"c{n}": f"c{n}" for n in range(how_many)}
    engine = Engine(rules(how_many))
    began = time.perf_counter()
    hits = sum(bool(engine.run(one, "USD", paths).hits) for one in made)
    took = time.perf_counter() - began
    began = time.perf_counter()
    for one in made:
        for _ in range(how_many):
            "zorp" in one.description  # noqa: B015
    baseline = time.perf_counter() - began
    return {"rows": rows, "rules": how_many, "hits": hits, "seconds": round(took, 2),
            "baseline_seconds": round(baseline, 2)}  # fmt: skip


if __name__ == "__main__":
    print(run())
