"""Households with a known truth: what recurs in them, on which days, and everything around it.

Every seed is another household of one of eight countries. What recurs is drawn from classes of
cases (a price, a rise, a missed month, a changed card, a varying utility, pay before weekends …);
what does not is what a household does: groceries every Saturday, coffee, fuel, shops, refunds,
double charges, withdrawals. Days are moved by banks with holidays of the country, not by the
calendar that the detection uses for the euro.
"""

from __future__ import annotations

import calendar
import datetime as dt
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal

import holidays

from evaluation.recurring.names import NAMES, Names

Day = dt.date


@dataclass(frozen=True, slots=True)
class Row:
    """A line of an account. truth: number of the stream that it belongs to, None for the rest."""

    date: Day
    amount: Decimal
    description: str
    account: str
    truth: int | None


@dataclass(slots=True)
class Truth:
    """A stream as it was made. next: the first day after the history; None where it ended.
    needed: whether it has come often enough that it has to be found."""

    frequency: str
    case: str
    ended: bool = False
    next: Day | None = None
    rows: int = 0
    needed: bool = True


@dataclass(slots=True)
class Household:
    country: str
    currency: str
    until: Day
    rows: list[Row] = field(default_factory=list)
    truths: list[Truth] = field(default_factory=list)


def household(seed: int) -> Household:
    """The household of a seed; the same on every machine."""
    return _Maker(random.Random(seed)).made()  # noqa: S311 - has to be repeatable


class _Maker:
    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.names: Names = NAMES[chance.choice(sorted(NAMES))]
        self.until = dt.date(2025, 1, 1) + dt.timedelta(days=chance.randrange(365))
        self.since = self.until - dt.timedelta(days=chance.choice((400, 550, 730, 1_000)))
        self.free = holidays.country_holidays(self.names.country, years=range(2021, 2028))
        self.home = Household(self.names.country, self.names.currency, self.until)

    def made(self) -> Household:
        names, chance = self.names, self.chance
        pay = chance.choice(names.pay)
        self.stream(names.salary, pay, "income", -self.price(1_500, 4_000), spread=0.0)
        if chance.random() < 0.3:
            self.stream(names.wage, chance.choice(("weekly", "two_weekly")), "wages",
                        -self.price(200, 900), spread=0.08)  # fmt: skip
        self.stream(names.rent, "monthly", "rent", self.price(500, 1_800), jitter=1)
        for one in names.utilities:
            frequency = chance.choice(("monthly", "monthly", "monthly", "quarterly"))
            self.stream(one, frequency, "utility", self.price(30, 160), spread=0.22, jitter=1)
        for one in chance.sample(names.subscriptions, 5):
            case = chance.choice(("price", "price", "rise", "missed", "ended", "card", "double"))
            self.stream(one, "monthly", case, self.price(3, 40))
        for one in chance.sample(names.yearly, 2):
            case = chance.choice(("yearly", "yearly rise"))
            self.stream(one, "yearly", case, self.price(20, 400), jitter=1)
        for one, frequency in zip(
            chance.sample(names.others, 3),
            ("weekly", "four_weekly", "quarterly"),
            strict=True,
        ):
            self.stream(one, frequency, frequency, self.price(8, 60))
        two = chance.choice(names.shops)
        self.stream(two, "monthly", "in a shop", self.price(5, 15))
        twin = chance.choice(names.twins)
        self.stream(twin, "monthly", "two of one payee", Decimal("2.99"))
        self.stream(twin, "monthly", "two of one payee", Decimal("9.99"))
        self.noise(two)
        self.home.rows.sort(key=lambda row: (row.date, row.description, row.amount))
        return self.home

    def price(self, low: int, high: int) -> Decimal:
        scale = self.names.scale
        return Decimal(self.chance.randint(low * 100 * scale, high * 100 * scale)) / 100

    def stream(
        self, text: str, frequency: str, case: str, price: Decimal, *, spread: float = 0.0,
        jitter: int = 0,
    ) -> None:  # fmt: skip
        """Rows of a stream. price: negative for income. spread: how much the amount varies."""
        chance, number = self.chance, len(self.home.truths)
        truth = Truth(frequency, case)
        days = list(self.days(frequency, jitter))
        past = [day for day in days if day <= self.until]
        if case == "ended" and len(past) > 8:
            past = past[: -chance.randint(3, 5)]
            truth.ended = True
        elif case == "price" and chance.random() < 0.2:
            past = past[-chance.randint(3, 6) :]
        if case == "missed" and len(past) > 6:
            del past[chance.randint(2, len(past) - 3)]
        rise_at = chance.randint(2, max(2, len(past) - 2)) if "rise" in case else len(past)
        season = chance.random() * 6.28
        for count, day in enumerate(past):
            amount = price
            if count >= rise_at or (case == "yearly rise" and count == len(past) - 1):
                amount = (price * Decimal("1.12")).quantize(Decimal("0.01"))
            if spread:
                wave = 0.6 * _wave(day, season) if case == "utility" else 0.0
                share = 1 + spread * (wave + chance.gauss(0, 0.5))
                amount = (price * Decimal(max(0.4, share))).quantize(Decimal("0.01"))
            account = "card 2" if case == "card" and count > len(past) // 2 else "card 1"
            self.add(day, -amount, text, account, number)
            truth.rows += 1
            if case == "double" and count == len(past) // 2:
                self.add(day, -amount, text, account, None)
                self.add(day + dt.timedelta(days=4), amount, text, account, None)
        later = [day for day in days if day > self.until]
        truth.next = None if truth.ended else later[0]
        truth.needed = truth.rows >= (2 if frequency == "yearly" else 3)
        self.home.truths.append(truth)

    def days(self, frequency: str, jitter: int) -> Iterator[Day]:
        """Booked days from the beginning of the history to well after its end, in order."""
        chance = self.chance
        roll = chance.choice((0, 1, 1, -1))
        end = self.until + dt.timedelta(days=420)
        seen: Day | None = None
        for day in _nominal(frequency, chance, self.since, end):
            booked = day
            while roll and (booked.weekday() >= 5 or booked in self.free):
                booked += dt.timedelta(days=roll)
            if jitter:
                booked += dt.timedelta(days=chance.choice((0, 0, 0, jitter, -jitter)))
            if seen is None or booked > seen:
                seen = booked
                yield booked

    def add(self, day: Day, amount: Decimal, text: str, account: str, truth: int | None) -> None:
        chance = self.chance
        written = text.format(
            ref=chance.randint(10_000, 999_999),
            month=calendar.month_name[day.month].upper(),
            year=day.year,
            code="".join(chance.choices("ABCDEFGHJKLMNP23456789", k=8)),
        )
        if day <= self.until:
            self.home.rows.append(Row(day, amount, written, account, truth))

    def noise(self, shop: str) -> None:
        """What a household does besides."""
        chance, names = self.chance, self.names
        day = self.since
        while day <= self.until:
            if day.weekday() == 5:
                self.spend(day, names.groceries[0], 25, 140)
            for text, share, low, high in (
                (names.groceries[1], 0.25, 4, 60),
                (names.coffee, 0.2, 2, 6),
                (names.fuel, 0.06, 30, 70),
                (shop, 0.05, 5, 120),
                (chance.choice(names.shops), 0.08, 8, 200),
                (chance.choice(names.restaurants), 0.12, 10, 80),
                (names.cash, 0.04, 1, 1),
            ):
                if chance.random() < share:
                    self.spend(day, text, low, high)
            day += dt.timedelta(days=1)
        # A coffee of one price, on days that nobody plans.
        for _ in range(40):
            day = self.since + dt.timedelta(days=chance.randrange((self.until - self.since).days))
            self.add(day, -Decimal("3.50") * names.scale, names.bakery, "card 1", None)
        for text in names.rare:
            for _ in range(chance.randint(1, 3)):
                days = chance.randrange((self.until - self.since).days)
                self.spend(self.since + dt.timedelta(days=days), text, 15, 300)

    def spend(self, day: Day, text: str, low: int, high: int) -> None:
        amount = self.price(low, high)
        if low == high:
            amount = Decimal(self.chance.choice((20, 50, 50, 100)) * self.names.scale)
        self.add(day, -amount, text, "card 1", None)
        if self.chance.random() < 0.02:
            self.add(day + dt.timedelta(days=6), amount, text, "card 1", None)


def _wave(day: Day, season: float) -> float:
    from math import sin

    return sin(day.timetuple().tm_yday / 58.1 + season)


def _nominal(frequency: str, chance: random.Random, since: Day, end: Day) -> Iterator[Day]:
    steps = {"weekly": 7, "two_weekly": 14, "four_weekly": 28}
    if frequency in steps:
        day = since + dt.timedelta(days=chance.randrange(steps[frequency]))
        while day <= end:
            yield day
            day += dt.timedelta(days=steps[frequency])
        return
    if frequency == "semi_monthly":
        pair: tuple[int, ...] = chance.choice(((1, 15), (15, 31), (10, 25), (5, 20)))
        step = 1
    else:
        pair = (chance.choice((*range(1, 29), 1, 1, 15, 31, 31)),)
        step = {"monthly": 1, "quarterly": 3, "yearly": 12}[frequency]
    month = since.year * 12 + since.month - 1 + chance.randrange(step)
    while (first := dt.date(month // 12, month % 12 + 1, 1)) <= end:
        length = calendar.monthrange(first.year, first.month)[1]
        for day_of in pair:
            day = first.replace(day=min(day_of, length))
            if since <= day <= end:
                yield day
        month += step
