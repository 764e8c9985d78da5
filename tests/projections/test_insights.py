"""Spending, trends, cash flow and net worth: against plain sums over what was recorded."""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from decimal import Decimal
from typing import Any

import pytest
from read_models.books import NOW, Books

from mintflow.domain.accounts import Account
from mintflow.domain.core.postings import Allocation
from mintflow.domain.insights import Span, intervals
from mintflow.domain.insights.dismissal import Dismissal
from mintflow.projections.insights import cash_flow, net_worth, spending, summary, trends

MARCH = Span(dt.date(2025, 3, 1), dt.date(2025, 3, 31))
SHOP, RENT, PAY = "food_dining.groceries", "housing.rent", "income.salary"
Record = tuple[str, str, str]


def spent(books: Books, by: str, name: str, span: Span = MARCH) -> dict[Any, list[str]]:
    rows, _ = books.ask(spending, books.ledger_id, span, by=by)
    thens = ("previous", "year_ago")
    return {
        row[name]: [str(row["spent"]), *(str(row[then]["spent"]) for then in thens)] for row in rows
    }


def test_a_refund_lowers_spending_in_every_view_alike(books: Books) -> None:
    books.record("-30.00", "2025-03-02", SHOP, merchant="Aldi", tags=["home"])
    books.record("10.00", "2025-03-09", SHOP, merchant="ALDI", tags=["home"])
    books.fold()
    assert spent(books, "category", "category")["food_dining"][0] == "20.00"
    assert spent(books, "merchant", "merchant").popitem()[1][0] == "20.00"
    assert spent(books, "account", "account_id")[books.checking.id][0] == "20.00"
    assert spent(books, "tag", "tag")["home"][0] == "20.00"
    (row,), _ = books.ask(summary, books.ledger_id, MARCH)
    assert (str(row["spent"]), str(row["income"])) == ("20.00", "0.00")
    assert row["saving_rate"] is None
    rows, _ = books.ask(trends, books.ledger_id, MARCH, "month")
    assert [str(one["spent"]) for one in rows] == ["20.00"]


def test_a_tag_that_a_row_has_twice_is_spent_once(books: Books) -> None:
    books.record("-30.00", "2025-03-02", SHOP, tags=["home", "food"])
    books.fold()
    # As a release folded it that recorded every tag as often as it was said.
    books.conn.execute("update model.transactions set tags = array['home', 'food', 'home']")
    rows, _ = books.ask(spending, books.ledger_id, MARCH, by="tag")
    assert [(one["tag"], str(one["spent"]), one["transactions"]) for one in rows] == [
        ("food", "30.00", 1),
        ("home", "30.00", 1),
    ]


def test_transfers_openings_and_pending_rows_are_nowhere(books: Books) -> None:
    linked = books.record("-50.00", "2025-03-15", SHOP)
    linked.link(books.new_id(), NOW)
    books.put(linked)
    books.record("-1.00", "2025-03-15", SHOP, status="pending")
    books.fold()
    assert books.ask(spending, books.ledger_id, MARCH)[0] == []
    assert books.ask(cash_flow, books.ledger_id, MARCH, "month")[0] == []


def test_two_earlier_spans_stand_beside_it_with_differences(books: Books) -> None:
    books.record("-30.00", "2025-03-31", SHOP)
    books.record("-20.00", "2025-02-01", SHOP)
    books.record("-5.00", "2025-01-31", SHOP)
    books.record("-60.00", "2024-03-31", SHOP)
    books.record("-9.00", "2024-03-05", RENT)
    books.fold()
    rows, _ = books.ask(spending, books.ledger_id, MARCH)
    shop = next(row for row in rows if row["category"] == SHOP)
    assert [str(shop["previous"][one]) for one in ("spent", "difference", "ratio")] == [
        "20.00", "10.00", "0.5000",
    ]  # fmt: skip
    assert [str(shop["year_ago"][one]) for one in ("spent", "difference", "ratio")] == [
        "60.00", "-30.00", "-0.5000",
    ]  # fmt: skip
    rent = next(row for row in rows if row["category"] == RENT)
    assert (str(rent["spent"]), str(rent["year_ago"]["spent"])) == ("0.00", "9.00")
    assert rent["previous"]["ratio"] is None
    half = Span(dt.date(2025, 3, 22), dt.date(2025, 3, 31))
    assert spent(books, "category", "category", half)[SHOP] == ["30.00", "0.00", "60.00"]


def test_what_is_uncategorized_goes_by_its_sign(books: Books) -> None:
    books.record("-8.00", "2025-03-02")
    books.record("100.00", "2025-03-02")
    books.fold()
    assert spent(books, "category", "category") == {"uncategorized": ["8.00", "0.00", "0.00"]}
    (row,), _ = books.ask(summary, books.ledger_id, MARCH)
    assert [str(row[name]) for name in ("income", "saved", "saving_rate")] == [
        "100.00", "92.00", "0.9200",
    ]  # fmt: skip


def test_currencies_are_never_summed_up(books: Books) -> None:
    euros = Account.open(books.new_id(), "Euros", "checking", "EUR", NOW, opening_balance="7.00")
    card = Account.open(books.new_id(), "Card", "credit_card", "USD", NOW)
    books.put(euros, card)
    books.record("-1.00", "2025-03-02", SHOP, account=euros)
    books.record("-2.00", "2025-03-02", SHOP, account=card)
    books.fold()
    rows, _ = books.ask(spending, books.ledger_id, MARCH)
    found = {(row["currency"], str(row["spent"])) for row in rows if row["category"] == SHOP}
    assert found == {("EUR", "1.00"), ("USD", "2.00")}
    rows, _ = books.ask(net_worth, books.ledger_id, MARCH, "month")
    names = ("assets", "liabilities", "net_worth")
    assert {row["currency"]: [str(row[name]) for name in names] for row in rows} == {
        "EUR": ["6.00", "0.00", "6.00"], "USD": ["105.00", "2.00", "103.00"],
    }  # fmt: skip


def test_as_of_leaves_out_what_is_dated_later(books: Books) -> None:
    books.record("-3.00", "2025-03-10", SHOP)
    books.record("-4.00", "2025-03-20", SHOP)
    books.fold()
    day = dt.date(2025, 3, 15)
    for query, args in (
        (spending, (MARCH,)), (trends, (MARCH, "month")), (summary, (MARCH,)),
    ):  # fmt: skip
        rows, _ = books.ask(query, books.ledger_id, *args, as_of=day)
        assert {str(row["spent"]) for row in rows} == {"3.00"}
    rows, _ = books.ask(net_worth, books.ledger_id, MARCH, "day", as_of=day)
    assert (len(rows), str(rows[-1]["net_worth"])) == (31, "102.00")


@pytest.mark.parametrize("seed", range(4))
def test_any_history_gives_the_plain_sums(books: Books, seed: int) -> None:
    """Splits, refunds, voids; each figure again by sums in Python."""
    chance = random.Random(seed)
    parts: list[tuple[dt.date, str, Decimal, Any, Any]] = []
    flows: list[tuple[dt.date, Decimal]] = []
    for _ in range(40):
        account = chance.choice([books.checking, books.savings])
        day = dt.date(2024, 2, 20) + dt.timedelta(days=chance.randrange(420))
        amount = Decimal(chance.randint(-9_999, 4_000)).scaleb(-2)
        one, other = chance.choice([SHOP, RENT, PAY]), chance.choice([SHOP, "uncategorized"])
        merchant = chance.choice(["Aldi", "aldi", "Shell", ""])
        made = books.record(str(amount), str(day), one, account=account, merchant=merchant)
        own = [(one, amount)]
        if chance.random() < 0.4 and one != other:
            half = Decimal(chance.randint(-500, 500)).scaleb(-2)
            own = [(one, amount - half), (other, half)]
            made.categorize(tuple(Allocation(*part) for part in own), "user", NOW)
            books.put(made)
        if chance.random() < 0.2:
            made.void(NOW)
            books.put(made)
            continue
        flows.append((day, amount))
        parts += [(day, name, part, account.id, merchant.lower() or None) for name, part in own]
    books.fold()
    span = Span(dt.date(2025, 2, 1), dt.date(2025, 4, 30))
    for then, name in ((span, "now"), (span.previous(), "previous"), (span.year_ago(), "year_ago")):
        by_category: defaultdict[str, Decimal] = defaultdict(Decimal)
        by_merchant: defaultdict[Any, Decimal] = defaultdict(Decimal)
        income = outgo = Decimal(0)
        for day, category, amount, _, merchant in parts:
            if not then.first <= day <= then.last:
                continue
            if category == PAY or (category == "uncategorized" and amount >= 0):
                income += amount
                continue
            outgo -= amount
            by_merchant[merchant] -= amount
            names = category.split(".")
            for depth in range(len(names)):
                by_category[".".join(names[: depth + 1])] -= amount
        for by, key, wanted in (
            ("category", "category", by_category), ("merchant", "merchant", by_merchant),
        ):  # fmt: skip
            rows, _ = books.ask(spending, books.ledger_id, span, by=by)
            got = {
                (row[key] or "").lower() or None: (row if name == "now" else row[name])["spent"]
                for row in rows
            }
            assert {k: v for k, v in got.items() if v} == {k: v for k, v in wanted.items() if v}
        rows, _ = books.ask(summary, books.ledger_id, span)
        figures = rows[0] if name == "now" else rows[0][name]
        assert (figures["income"], figures["spent"]) == (income, outgo)
    for interval in ("day", "week", "month", "quarter", "year"):
        rows, _ = books.ask(cash_flow, books.ledger_id, span, interval)
        wanted_nets = [
            sum((amount for day, amount in flows if one.first <= day <= one.last), Decimal(0))
            for one in intervals(span, interval)  # type: ignore[arg-type]
        ]
        assert [row["net"] for row in rows] == wanted_nets
        rows, _ = books.ask(net_worth, books.ledger_id, span, interval)
        assert [row["net_worth"] for row in rows] == [
            sum((amount for day, amount in flows if day <= one.last), Decimal("105.00"))
            for one in intervals(span, interval)  # type: ignore[arg-type]
        ]


def test_a_dismissal_is_kept_however_the_log_is_cut(books: Books) -> None:
    for about in (("spike", "shopping", "USD", "2025-03"), ('a "b\\c"',)):
        made = Dismissal.begin(books.ledger_id, about, NOW)
        books.put(made)
        made.show(NOW)
        books.put(made)
    made.dismiss(NOW)
    books.put(made)
    books.fold()
    rows = books.rows("dismissed_insights", "insight_id, about, dismissed_at is null")
    assert sorted(row[1:] for row in rows) == [
        (['a "b\\c"'], False), (["spike", "shopping", "USD", "2025-03"], True),
    ]  # fmt: skip
    books.check_everywhere()
