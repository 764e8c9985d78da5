"""Goals: the rows of a long history are the same anyhow; how they stand is reckoned by a day."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from read_models.books import NOW, Books

from mintflow.domain.accounts import Account
from mintflow.domain.goals import Goal, GoalTerms, SavingRule
from mintflow.domain.goals.events import Earmark
from mintflow.projections.goals import free_of_goals, get_goal, list_goals

TODAY = dt.date(2025, 3, 15)


def goal(books: Books, **facts: Any) -> Goal:
    plain: dict[str, Any] = {
        "kind": "saving", "target": Decimal(500), "months": None, "due": None, "priority": 1,
        "account_ids": (), "saving": None,
    }  # fmt: skip
    return Goal.create(books.new_id(), "Bike", "USD", GoalTerms(**{**plain, **facts}), NOW)


def stands(books: Books, one: Goal, today: dt.date = TODAY) -> dict[str, Any]:
    row, _ = books.ask(get_goal, books.ledger_id, one.id, today)
    return row


def test_the_rows_do_not_depend_on_how_they_came(books: Books) -> None:
    chance = books.chance
    accounts = [books.checking.id, books.savings.id]
    rule = SavingRule(Decimal(10), None, None, None, TODAY)
    made = [
        goal(books, saving=rule),
        goal(books, account_ids=(books.savings.id,), priority=2, due=dt.date(2026, 1, 1)),
        goal(books, kind="emergency", target=None, months=3, account_ids=tuple(accounts)),
    ]
    books.put(*made)
    for _ in range(60):
        day = TODAY + dt.timedelta(days=chance.randint(-40, 40))
        books.record(f"{chance.randint(-9_000, 6_000) or 1:.2f}", day.isoformat())
        marked = made[0]
        act = chance.randrange(6)
        if act == 0:
            marked.contribute(chance.choice(accounts), f"{chance.randint(1, 99)}", day, NOW)
        elif act == 1:
            income = Decimal(chance.randint(0, 900)).quantize(Decimal("0.01"))
            marked.save_from(books.new_id(), accounts[0], income, TODAY, Decimal(50), NOW)
        elif act == 2:
            pledge = marked.pledge(books.new_id(), *accounts, "12.50", day, NOW)
            if chance.random() < 0.6:
                marked.meet(pledge.pledge_id, books.new_id(), day, NOW)
                if chance.random() < 0.4:
                    marked.reopen(pledge.pledge_id, NOW)
            else:
                marked.withdraw(pledge.pledge_id, NOW)
        elif act == 3:
            made[1].change(f"Bike {chance.random()}", "red", made[1].terms, NOW)
        elif act == 4:
            made[1].observe(Decimal(chance.randint(0, 1)), Decimal(1), NOW)
        elif marked.earmarks.get(accounts[0]):
            back = (Earmark(accounts[0], Decimal("-0.01")),)
            marked.restore("Bike", "", marked.terms, False, back, NOW)
        books.put(*made)
    made[2].archive(NOW)
    books.put(made[2])
    books.check_everywhere()
    (rows, _) = books.ask(list_goals, books.ledger_id, dt.date(2026, 1, 1), archived=True)
    held = {row["goal_id"]: row["earmarked"] for row in rows}
    assert held[made[0].id] == sum(made[0].earmarks.values())


def test_a_day_is_reckoned_from_what_was_booked_until_then(books: Books) -> None:
    one = goal(books, account_ids=(books.checking.id,), due=dt.date(2025, 6, 15))
    books.put(one)
    books.record("100.00", "2025-03-15", "income.salary")
    books.record("50.00", "2025-03-16", "income.salary")
    books.fold()
    shown = stands(books, one)
    # The account held 100.00 ever before: in 91 days it grew by as much again.
    assert (shown["saved"], shown["remaining"]) == (Decimal("200.00"), Decimal("300.00"))
    assert shown["rate"] == Decimal("33.42")
    assert shown["needed_per_month"] == Decimal("100.00")
    assert shown["projected_on"] == TODAY + dt.timedelta(days=273)
    assert shown["status"] == "behind"
    assert stands(books, one, dt.date(2025, 3, 16))["saved"] == Decimal("250.00")
    rows, _ = books.ask(list_goals, books.ledger_id, TODAY - dt.timedelta(days=1))
    assert rows == []


def test_an_account_that_came_meanwhile_did_not_grow_by_what_it_held(books: Books) -> None:
    late = Account.open(
        books.new_id(), "Late", "savings", "USD", NOW, opening_balance="400",
        opening_date=TODAY - dt.timedelta(days=20),
    )  # fmt: skip
    one = goal(books, account_ids=(late.id,))
    books.put(late, one)
    books.fold()
    assert stands(books, one)["rate"] == 0
    newer = stands(books, one, TODAY)
    assert (newer["projected_on"], newer["status"]) == (None, "open")


def test_goals_of_two_ledgers_share_nothing(books: Books) -> None:
    other = books.beside(2)
    mine, theirs = goal(books), goal(other)
    mine.contribute(books.checking.id, "60", TODAY, NOW)
    theirs.contribute(other.checking.id, "70", TODAY, NOW)
    books.put(mine)
    other.put(theirs)
    books.fold()
    other.fold()
    assert stands(books, mine)["saved"] == 60
    assert stands(other, theirs)["saved"] == 70
    free = books.ask(free_of_goals, books.ledger_id, TODAY)
    assert free == {books.checking.id: Decimal("40.00"), books.savings.id: Decimal("5.00")}
    other.close()


def test_what_is_earmarked_for_a_day_to_come_is_free_no_more(books: Books) -> None:
    one = goal(books)
    one.contribute(books.checking.id, "60", TODAY + dt.timedelta(days=9), NOW)
    books.put(one)
    books.fold()
    assert stands(books, one)["saved"] == 0
    free = books.ask(free_of_goals, books.ledger_id, TODAY)
    assert free[books.checking.id] == Decimal("40.00")


def test_unsorted_spending_counts_as_usual_and_a_refund_lowers_it(books: Books) -> None:
    one = goal(books, kind="emergency", target=None, months=2, account_ids=(books.savings.id,))
    books.put(one)
    for month, amounts in (("2024-12", ["-90", "30"]), ("2025-01", ["-80"]), ("2025-02", ["-70"])):
        for amount in amounts:
            books.record(f"{amount}.00", f"{month}-10", "shopping")
    books.record("-1.00", "2025-01-10")
    books.record("999.00", "2025-02-10")
    books.record("-5000.00", "2025-02-10", "transfer")
    books.record("-5000.00", "2025-03-10", "shopping")
    books.fold()
    shown = stands(books, one)
    assert (shown["monthly_spending"], shown["target"]) == (Decimal("70.00"), Decimal("140.00"))
    assert shown["saved"] == Decimal("5.00")


def test_unsorted_wages_take_nothing_off_what_is_usually_spent(books: Books) -> None:
    one = goal(books, kind="emergency", target=None, months=3)
    books.put(one)
    for month in ("2024-12", "2025-01", "2025-02"):
        books.record("3000.00", f"{month}-01")
        books.record("-2000.00", f"{month}-09")
    books.fold()
    shown = stands(books, one)
    assert (shown["monthly_spending"], shown["target"]) == (Decimal("2000.00"), Decimal("6000.00"))


def test_a_month_without_spending_does_not_begin_what_is_usually_spent(books: Books) -> None:
    one = goal(books, kind="emergency", target=None, months=3)
    books.put(one)
    voided = books.record("-10.00", "2024-10-09", "shopping")
    voided.void(NOW)
    books.put(voided)
    books.record("3000.00", "2024-11-09")
    for month in ("2025-01", "2025-02"):
        books.record("-2000.00", f"{month}-09", "shopping")
    books.fold()
    assert stands(books, one)["monthly_spending"] is None
    books.record("-2000.00", "2024-12-09", "shopping")
    books.fold()
    assert stands(books, one)["monthly_spending"] == Decimal("2000.00")
