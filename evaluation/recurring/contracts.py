"""A second way to make histories with a known truth, apart from `household.py` in style and cases.

There every stream follows a schedule with jitter; here a contract is lived through day by day: it
is put off for weekends and holidays, paused, moved to another day when a card is renewed, dearer
each year, charged twice and paid back, renamed, and tried for free first. Beside the contracts are
habits of one price: lunch on working days, bus tickets, a barber every few weeks.
"""

from __future__ import annotations

import datetime as dt
import random
from calendar import monthrange
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal

import holidays

from evaluation.recurring.household import Household, Row, Truth
from evaluation.recurring.places import PLACES, Place

Day = dt.date
ONE = dt.timedelta(days=1)
_AFTER_DAYS = 430  # Contracts are lived on beyond the history, to know what comes next.


@dataclass(slots=True)
class Contract:
    """frequency: as the detection calls it. wanted: the days that it means, in order. shift: +1 to
    the next working day, -1 to the one before, 0 stays. price: of the nth time, signed. text: how
    the bank writes the nth time."""

    case: str
    frequency: str
    wanted: Iterator[Day]
    shift: int
    price: Callable[[int, Day], Decimal]
    text: Callable[[int], str]
    skips: float = 0.0
    ends_after: int | None = None
    refunds: float = 0.0
    doubles: float = 0.0
    needed_from: int = 3
    booked: list[Day] = field(default_factory=list)


def lived(seed: int) -> Household:
    """The household of a seed; the same on every machine."""
    return _Life(random.Random(f"contracts {seed}")).home  # noqa: S311 - has to be repeatable


class _Life:
    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.place: Place = chance.choice(PLACES)
        self.free = holidays.country_holidays(self.place.country, years=range(2020, 2029))
        self.until = dt.date(2024, 3, 1) + dt.timedelta(days=chance.randrange(700))
        self.since = self.until - dt.timedelta(days=chance.randint(420, 1_050))
        self.home = Household(self.place.country, self.place.currency, self.until)
        for one in self.contracts():
            self.live(one)
        self.habits()
        self.home.rows.sort(key=lambda row: (row.date, row.description, row.amount))

    def contracts(self) -> Iterator[Contract]:
        chance, place = self.chance, self.place
        yield self.salary()
        yield Contract(
            "rent", "monthly", self.months([chance.choice((1, 1, 3, 5))]), 1,
            self.dearer(-self.money(600, 1_900), Decimal("1.03")), self.text(place.rent),
        )  # fmt: skip
        for one in place.utilities:
            base = self.money(30, 140)
            frequency = chance.choice(("monthly", "monthly", "two_monthly", "quarterly"))
            step = {"monthly": 1, "two_monthly": 2, "quarterly": 3}[frequency]
            yield Contract(
                "utility", frequency, self.months([chance.randint(2, 27)], step), 1,
                lambda _, day, base=base: self.seasonal(-base, day), self.text(one),
                needed_from=4 if step > 1 else 3,
            )  # fmt: skip
        cases = (
            "plain", "trial", "rise", "paused", "card renewed", "refunded", "doubled", "renamed",
            "cancelled",
        )  # fmt: skip
        for text in chance.sample(place.services, 6):
            yield self.service(text, chance.choice(cases))
        bank = place.loan
        for number in (1, 2):
            code = chance.randint(10_000_000, 99_999_999)
            price = -self.money(80, 500)
            wanted = self.months([chance.randint(1, 28)])
            yield Contract(
                "two loans of one bank", "monthly", wanted, number - 1,
                lambda *_, price=price: price, lambda _, code=code: bank.format(ref=code),
            )  # fmt: skip
        weekday = chance.randrange(7)
        pocket = -Decimal(chance.choice((5, 7, 10, 15))) * place.scale
        yield Contract(
            "allowance with gaps", "weekly", self.weeks(weekday), 0, lambda *_: pocket,
            self.text(place.allowance), skips=0.08, needed_from=8,
        )  # fmt: skip
        yearly = chance.sample(place.yearly, 2)
        for text in yearly:
            month = chance.randint(1, 12)
            yield Contract(
                "yearly, dearer", "yearly", self.months([chance.randint(1, 28)], 12, month), 1,
                self.dearer(-self.money(30, 600), Decimal("1.06")), self.text(text), needed_from=2,
            )  # fmt: skip

    def salary(self) -> Contract:
        chance = self.chance
        base = self.money(1_400, 3_600)
        kind = chance.choice(self.place.pay)
        wanted = {
            "semi_monthly": lambda: self.months([15, 31]),
            "monthly": lambda: self.months([chance.choice((25, 27, 28, 31))]),
            "two_weekly": lambda: self.weeks(4, 2),
            "four_weekly": lambda: self.weeks(4, 4),
        }[kind]()

        def price(_: int, day: Day) -> Decimal:
            extra = Decimal("1.8") if day.month == 12 and day.day > 15 else Decimal(1)
            hours = Decimal(chance.choice((0, 0, 0, 1, 2))) * Decimal("11.37")
            return (base * extra + hours).quantize(Decimal("0.01"))

        return Contract("salary", kind, wanted, -1, price, self.text(self.place.salary))

    def service(self, text: str, case: str) -> Contract:
        chance = self.chance
        full = -self.money(4, 45)
        day = chance.randint(1, 31)
        one = Contract(
            case, "monthly", self.months([day]), 0, lambda *_: full, self.text(text)
        )  # fmt: skip
        if case == "trial":
            first = -Decimal("1.00") * self.place.scale
            one.price = lambda number, _: first if number == 0 else full
        elif case == "rise":
            one.price = self.dearer(full, Decimal("1.15"))
        elif case == "paused":
            one.skips = 0.07
        elif case == "card renewed":
            one.wanted = self.moved(day, chance.randint(1, 28))
        elif case == "refunded":
            one.refunds = 0.12
        elif case == "doubled":
            one.doubles = 0.08
        elif case == "renamed":
            before, after = self.text(text), self.text(_renamed(text))
            change = chance.randint(4, 9)
            one.text = lambda number: before(number) if number < change else after(number)
        elif case == "cancelled":
            one.ends_after = chance.randint(6, 11)
        return one

    def live(self, one: Contract) -> None:
        """Book it until long after the history; what lies in it are rows."""
        chance, number = self.chance, len(self.home.truths)
        truth = Truth(one.frequency, one.case)
        last: Day | None = None
        count = 0
        for wanted in one.wanted:
            # A pause is never the newest time: nobody could know of it.
            if one.skips and count > 1 and chance.random() < one.skips and wanted < self.until:
                continue
            day = self.shifted(wanted, one.shift)
            if last is not None and day <= last:
                continue
            last = day
            if day > self.until:
                truth.next = day
                break
            if one.ends_after is not None and count >= one.ends_after:
                truth.ended = (self.until - day).days > 38
                if truth.ended:
                    break
            amount = one.price(count, day)
            self.book(day, amount, one.text(count), number)
            if chance.random() < one.doubles:
                self.book(day + ONE, amount, one.text(count), None)
                self.book(day + 5 * ONE, -amount, one.text(count), None)
            if chance.random() < one.refunds:
                self.book(day + chance.randint(3, 12) * ONE, -amount, one.text(count), None)
            truth.rows += 1
            count += 1
        truth.needed = truth.rows >= one.needed_from
        self.home.truths.append(truth)

    def book(self, day: Day, amount: Decimal, text: str, truth: int | None) -> None:
        if day <= self.until:
            account = self.chance.choice(("card", "card", "giro"))
            self.home.rows.append(Row(day, amount, text, account, truth))

    def shifted(self, day: Day, shift: int) -> Day:
        while shift and (day.weekday() >= 5 or day in self.free):
            day += shift * ONE
        return day

    def months(self, days: list[int], step: int = 1, month: int | None = None) -> Iterator[Day]:
        first = self.since.year * 12 + (self.since.month if month is None else month) - 1
        if month is None:
            first += self.chance.randrange(step)
        for at in range(first, first + 12 * 5, step):
            year, index = divmod(at, 12)
            for day in days:
                found = dt.date(year, index + 1, min(day, monthrange(year, index + 1)[1]))
                if found >= self.since:
                    yield found

    def moved(self, before: int, after: int) -> Iterator[Day]:
        """By one day of the month until a card is renewed, then by another."""
        renewed = self.since + (self.until - self.since) * self.chance.uniform(0.3, 0.6)
        old = [day for day in self.months([before]) if day < renewed]
        yield from old
        for day in self.months([after]):
            if day > renewed and (not old or (day - old[-1]).days >= 15):
                yield day

    def weeks(self, weekday: int, step: int = 1) -> Iterator[Day]:
        day = self.since + dt.timedelta(days=(weekday - self.since.weekday()) % 7)
        while day < self.until + _AFTER_DAYS * ONE:
            yield day
            day += 7 * step * ONE

    def money(self, low: int, high: int) -> Decimal:
        cents = self.chance.randint(low * 100, high * 100) * self.place.scale
        return Decimal(cents) / 100

    def dearer(self, price: Decimal, rise: Decimal) -> Callable[[int, Day], Decimal]:
        """A price that rises once a year, in one month."""
        month = self.chance.randint(1, 12)

        def of(_: int, day: Day) -> Decimal:
            years = day.year - self.since.year + (day.month >= month)
            return (price * rise**years).quantize(Decimal("0.01"))

        return of

    def seasonal(self, price: Decimal, day: Day) -> Decimal:
        """Within about 30 %, more in winter."""
        winter = Decimal("0.18") if day.month in (12, 1, 2) else Decimal("-0.08")
        share = 1 + winter + Decimal(self.chance.randint(-12, 12)) / 100
        return (price * share).quantize(Decimal("0.01"))

    def text(self, form: str) -> Callable[[int], str]:
        return lambda _: form.format(ref=self.chance.randint(100_000, 9_999_999))

    def habits(self) -> None:
        """What is regular and is no contract, and what is neither."""
        chance, place = self.chance, self.place
        lunch = -Decimal(chance.choice(("6.50", "7.90", "4.20"))) * place.scale
        ticket = -Decimal(chance.choice(("2.40", "3.00"))) * place.scale
        day, barber = self.since, self.since
        while day <= self.until:
            if day.weekday() < 5 and chance.random() < 0.55:
                self.book(day, lunch, place.lunch, None)
            if chance.random() < 0.3:
                self.book(day, ticket, place.ticket, None)
            if day >= barber:
                self.book(day, -Decimal(25) * place.scale, place.barber, None)
                barber = day + chance.randint(24, 58) * ONE
            for text, share, low, high in (
                (chance.choice(place.groceries), 0.45, 8, 110),
                (chance.choice(place.shops), 0.16, 5, 220),
                (chance.choice(place.friends), 0.05, 10, 60),
                (place.cash, 0.04, 20, 100),
            ):
                if chance.random() < share:
                    price = -self.money(low, high)
                    self.book(day, price, text.format(ref=chance.randint(1_000, 99_999)), None)
                    if chance.random() < 0.03:
                        self.book(day + 9 * ONE, -price, text.format(ref=7), None)
            if chance.random() < 0.012:
                self.book(day, self.money(80, 900), place.side_job, None)
            day += ONE


def _renamed(form: str) -> str:
    """The same payee as it calls itself later."""
    first = form.split(" ")[0].split("*")[0].removesuffix(".COM")
    return f"{first} INTERNATIONAL {{ref}}"
