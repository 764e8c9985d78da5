"""Categories: given events, then the tree, totals per day and month, and a balanced ledger."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import orjson
from read_models.books import NOW, Books

from mintflow.domain.accounts import Account
from mintflow.domain.core.postings import Allocation, Booking, postings, whole
from mintflow.projections.categories import category_totals, list_categories, subtree_totals
from mintflow.projections.core.bookings import account_leg, category_legs
from mintflow.projections.ledgers import default_ledger, get_ledger, list_ledgers, trial_balance
from mintflow.store.mapper import canonical_json

MARCH = {"start": dt.date(2025, 3, 1), "end": dt.date(2025, 3, 31)}


def totals(books: Books, **period: Any) -> dict[str, tuple[str, int]]:
    rows, _ = books.ask(category_totals, books.ledger_id, **(period or MARCH))
    return {row["category"]: (str(row["amount"]), row["transactions"]) for row in rows}


def test_spending_is_negative_a_refund_lowers_it_and_transfers_are_absent(books: Books) -> None:
    books.record("-30.00", "2025-03-01", "food_dining.groceries")
    books.record("5.00", "2025-03-31", "food_dining.groceries")
    books.record("900.00", "2025-03-15", "income.salary")
    books.record("-50.00", "2025-03-15").link(books.new_id(), NOW)
    linked = books.record("-50.00", "2025-03-15")
    linked.link(books.new_id(), NOW)
    books.put(linked)
    books.record("-1.00", "2025-03-15", status="pending")
    books.record("-7.00", "2025-04-01", "food_dining.groceries")
    books.fold()
    assert totals(books) == {
        "food_dining.groceries": ("-25.00", 2),
        "income.salary": ("900.00", 1),
        "uncategorized": ("-50.00", 1),
    }
    books.check_everywhere()


def test_days_months_and_a_cut_month_say_the_same(books: Books) -> None:
    for day in (1, 2, 30):
        books.record("-1.00", f"2025-03-{day:02d}", "shopping")
    books.fold()
    assert totals(books) == {"shopping": ("-3.00", 3)}
    cut = {"start": dt.date(2025, 3, 2), "end": dt.date(2025, 3, 31)}
    assert totals(books, **cut) == {"shopping": ("-2.00", 2)}
    assert totals(books, **MARCH, as_of=dt.date(2025, 3, 2)) == {"shopping": ("-2.00", 2)}
    assert totals(books, **MARCH, as_of=dt.date(2025, 3, 31)) == {"shopping": ("-3.00", 3)}
    assert totals(books, **MARCH, as_of=dt.date(2025, 2, 1)) == {}


def test_a_change_corrects_the_day_and_the_month_it_was_booked_in(books: Books) -> None:
    made = books.record("-10.00", "2025-02-28", "shopping")
    made.categorize(whole(Decimal("-10.00"), "health"), "user", NOW)
    made.amend(NOW, origin="manual", date=dt.date(2025, 3, 1), amount="-11.00")
    books.put(made)
    pending = books.record("-4.00", "2025-02-27", "travel", status="pending")
    pending.post(NOW, date=dt.date(2025, 3, 2), amount="-4.40")
    books.put(pending)
    voided = books.record("-8.00", "2025-03-03", "travel")
    voided.void(NOW)
    books.put(voided)
    books.fold()
    assert totals(books) == {"health": ("-11.00", 1), "travel": ("-4.40", 1)}
    february = {"start": dt.date(2025, 2, 1), "end": dt.date(2025, 2, 28)}
    assert totals(books, **february) == {}
    books.check_everywhere()


def test_a_split_counts_once_in_each_of_its_categories(books: Books) -> None:
    made = books.record("-10.00", "2025-03-01", "shopping")
    parts = (
        Allocation("shopping", Decimal("-4.00")),
        Allocation("health", Decimal("-5.00")),
        Allocation("shopping", Decimal("-1.00")),
    )
    made.categorize(parts, "user", NOW)
    books.put(made)
    books.fold()
    assert totals(books) == {"shopping": ("-5.00", 1), "health": ("-5.00", 1)}
    books.check_everywhere()


def test_subtree_totals_add_up_what_is_below(books: Books) -> None:
    books.record("-1.00", "2025-03-01", "food_dining")
    books.record("-2.00", "2025-03-01", "food_dining.groceries")
    books.record("-4.00", "2025-03-01", "food_dining.restaurants")
    books.record("-8.00", "2025-03-01", "health.doctor")
    books.fold()
    rows, _ = books.ask(category_totals, books.ledger_id, **MARCH)
    found = {row["category"]: (str(row["amount"]), row["transactions"])
             for row in subtree_totals(rows)}  # fmt: skip
    assert found["food_dining"] == ("-7.00", 3)
    assert found["food_dining.groceries"] == ("-2.00", 1)
    assert found["health"] == found["health.doctor"] == ("-8.00", 1)


def test_the_tree_is_what_was_said_last_and_totals_follow_it(books: Books) -> None:
    books.record("-1.00", "2025-03-01", "food_dining.fast_food")
    books.tree.add("hobbies", NOW)
    books.tree.add("hobbies.chess", NOW)
    books.tree.move("food_dining.fast_food", "hobbies.burgers", NOW)
    books.tree.archive("travel", NOW)
    books.tree.merge("health.pharmacy", "health.doctor", NOW)
    books.put(books.tree)
    books.tree.restore("travel", NOW)
    books.put(books.tree)
    books.fold()
    rows, _ = books.ask(list_categories, books.ledger_id)
    shown = {row["category"]: row for row in rows}
    assert [row["category"] for row in rows] == sorted(shown)
    assert shown["hobbies.burgers"]["category_id"] == "food_dining.fast_food"
    assert shown["hobbies.chess"]["kind"] == "expense"
    assert not shown["travel"]["archived"]
    assert shown["travel.flights"]["archived"]
    assert shown["health.pharmacy"]["merged_into"] == "health.doctor"
    assert totals(books) == {"hobbies.burgers": ("-1.00", 1)}
    books.check_everywhere()


def test_the_trial_balance_is_zero_now_and_on_every_day_in_every_currency(books: Books) -> None:
    euro = Account.open(books.new_id(), "Giro", "checking", "EUR", NOW, opening_balance="7.00")
    books.put(euro)
    books.record("-30.00", "2025-03-01", "food_dining.groceries")
    books.record("900.00", "2025-03-02", "income.salary", account=euro)
    books.record("-2.00", "2025-03-03", account=euro, status="pending")
    books.fold()
    rows, position = books.ask(trial_balance, books.ledger_id)
    assert [(row["currency"], str(row["debits"]), str(row["credits"])) for row in rows] == [
        ("EUR", "907.00", "907.00"),
        ("USD", "105.00", "105.00"),
    ]
    assert all(str(row["difference"]) == "0.00" for row in rows)
    assert position == len(books.events())
    for day in range(1, 5):
        rows, _ = books.ask(trial_balance, books.ledger_id, as_of=dt.date(2025, 3, day))
        assert all(row["difference"] == 0 for row in rows)
        assert [row["currency"] for row in rows] == ["EUR", "USD"]
    books.check_everywhere()


def test_the_postings_of_all_that_stands_sum_to_zero(books: Books) -> None:
    made = books.record("-10.00", "2025-03-01", "shopping")
    parts = (Allocation("shopping", Decimal("-4.00")), Allocation("health", Decimal("-6.00")))
    made.categorize(parts, "user", NOW)
    voided = books.record("-8.00", "2025-03-03", "travel")
    voided.void(NOW)
    books.put(made, voided)
    books.fold()
    rows = books.conn.execute(
        "select transaction_id, sum(amount), count(*) from model.postings group by 1"
    ).fetchall()
    assert {(str(total), count) for _, total, count in rows} == {("0.00", 3), ("0.00", 4)}
    assert len(rows) == 2
    legs = books.conn.execute(
        "select category_id, amount from model.postings where transaction_id = %s order by amount",
        [made.id],
    ).fetchall()
    assert [(name, str(amount)) for name, amount in legs] == [
        (None, "-10.00"), ("shopping", "4.00"), ("health", "6.00"),
    ]  # fmt: skip


def test_folds_and_the_domain_have_one_posting_rule(books: Books) -> None:
    booking = Booking(
        books.checking.id,
        dt.date(2025, 3, 1),
        Decimal("-10.00"),
        "USD",
        "posted",
        (Allocation("shopping", Decimal("-4.00")), Allocation("health", Decimal("-6.00"))),
    )
    written = orjson.loads(canonical_json(booking))
    mirrored: list[tuple[str | None, Decimal]] = [(None, account_leg(written))]
    mirrored += [(name, -amount) for name, amount in category_legs(written)]
    assert mirrored == [(leg.category_id, leg.amount) for leg in postings(booking)]


def test_ledgers_are_listed_to_their_owner_oldest_first(books: Books) -> None:
    younger = books.beside(2)
    younger.close()
    books.fold()
    rows = books.ask(list_ledgers, "owner-1")
    assert {row["ledger_id"] for row in rows} == {books.ledger_id, younger.ledger_id}
    assert books.ask(list_ledgers, "owner-2") == []
    assert books.ask(default_ledger, "owner-1") == books.ledger_id
    assert books.ask(default_ledger, "owner-2") is None
    row, _ = books.ask(get_ledger, books.ledger_id)
    assert row == {"ledger_id": books.ledger_id, "name": "Home", "currency": "USD"}
