"""Households that correct what is wrong for thirty days, and how right the thirty days after are.

Made from the labelled rows of the second and third set, which nothing was made from: each household
lives in one country, goes to some payees again and again, and now and then to a new one. It sees
some payees' category otherwise than most people do. What is learned is learned by the rules of
domain/rules, as in a ledger. Seeded; knows no database.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from random import Random
from uuid import NAMESPACE_OID, uuid5

from evaluation.rows import SETS, Labelled, labelled
from mintflow.domain.core.query import Facts
from mintflow.domain.rules.actions import Actions
from mintflow.domain.rules.engine import Engine
from mintflow.domain.rules.learning import Correction, learned, payee_of
from mintflow.domain.rules.rule import Rule
from mintflow.ml.builtin import BuiltIn
from mintflow.ml.categorize import Row

DAYS = 30  # of corrections; then as many are measured, in which nothing more is corrected
_HOUSEHOLDS = 45
_PAYEES_MIN = 30  # A country with fewer labelled ones makes no household.
_ROWS_A_DAY = 3.0
_NEW_SHARE = 0.12
_SEEN_OTHERWISE = 0.05
_START = dt.date(2025, 3, 1)


@dataclass(frozen=True, slots=True)
class Outcome:
    """Rows after the corrections. met: of payees that were there in the first days."""

    rows: int
    right: int
    right_untaught: int
    met: int
    met_right: int
    corrections: int

    @property
    def new_right(self) -> int:
        return self.right - self.met_right


def after_corrections(categorizer: BuiltIn, seed: int = 7) -> Outcome:
    """All households together."""
    random = Random(seed)  # noqa: S311 - it makes examples, no secrets
    pools = [one for one in _pools().values() if len(one) >= _PAYEES_MIN]
    found = [_lived(random.choice(pools), categorizer, random) for _ in range(_HOUSEHOLDS)]
    return Outcome(*(sum(column) for column in zip(*found, strict=True)))


@dataclass(slots=True)
class _Taught:
    """What a household taught its ledger."""

    said: defaultdict[str, list[Correction]]
    engine: Engine
    rules: dict[str, Rule]

    def correct(self, payee: str, category: str, amount: Decimal) -> None:
        """A payee that nothing finds again teaches nothing."""
        self.said[payee].insert(0, Correction(category, amount < 0))
        wanted = learned(payee, self.said[payee])
        if wanted is None:
            return
        rule_id = uuid5(NAMESPACE_OID, payee)
        self.rules[payee] = Rule(
            rule_id, payee, wanted[0], Actions(category_id=wanted[1]), "learned", "learned"
        )
        self.engine = Engine(list(self.rules.values()))


def _lived(
    pool: Sequence[Labelled], categorizer: BuiltIn, random: Random
) -> tuple[int, int, int, int, int, int]:
    taught = _Taught(defaultdict(list), Engine([]), {})
    rows = right = untaught = met_rows = met_right = corrections = 0
    met: set[str] = set()
    own: dict[str, str | None] = {}
    leaves = sorted({one.category for one in pool if one.category})
    for day, one in _visits(pool, random):
        known = one.row.description
        if known not in own:
            otherwise = random.random() < _SEEN_OTHERWISE
            own[known] = random.choice(leaves) if otherwise else one.category
        category = own[known]
        row = _again(one, day, random)
        told = categorizer.suggest([row])[0]
        facts = Facts(
            description=row.description,
            amount=row.amount or Decimal(0),
            date=_START,
            merchant=told.merchant or "",
        )
        rule = taught.engine.run(facts, row.currency or "", dict.fromkeys(leaves, "")).category_from
        said = rule.actions.category_id if rule is not None else told.category
        if day < DAYS:
            met.add(known)
            if said != category and category is not None:
                payee = payee_of(told.merchant or "", "", row.description)
                taught.correct(payee, category, row.amount or Decimal(0))
                corrections += 1
            continue
        rows += 1
        right += said == category
        untaught += told.category == category
        met_rows += known in met
        met_right += known in met and said == category
    return rows, right, untaught, met_rows, met_right, corrections


def _visits(pool: Sequence[Labelled], random: Random) -> Iterator[tuple[int, Labelled]]:
    """(day, whom): some payees often, most seldom, and a share that was never there before."""
    shuffled = random.sample(list(pool), len(pool))
    usual, others = shuffled[: _PAYEES_MIN - 5], shuffled[_PAYEES_MIN - 5 :]
    weights = [1 / (place + 2) for place in range(len(usual))]
    for day in range(2 * DAYS):
        for _ in range(int(_ROWS_A_DAY + random.random())):
            if random.random() < _NEW_SHARE:
                yield day, random.choice(others)
            else:
                yield day, random.choices(usual, weights)[0]


def _again(one: Labelled, day: int, random: Random) -> Row:
    """The row of another visit: other numbers, another amount."""
    text = "".join(
        str(random.randrange(10)) if char.isdigit() else char for char in one.row.description
    )
    amount = (one.row.amount or Decimal(0)) * Decimal(random.randint(70, 140)) / 100
    return replace(
        one.row,
        description=text,
        amount=amount.quantize(Decimal("0.01")),
        date=_START + dt.timedelta(days=day),
    )


def _pools() -> dict[str, list[Labelled]]:
    found: defaultdict[str, list[Labelled]] = defaultdict(list)
    for name in ("second", "third"):
        for one in labelled(SETS[name]):
            if one.difficulty != "cryptic":
                found[one.country].append(one)
    return dict(found)
