"""A search and a rule that say the same mean the same: SQL and predicate agree on random rows."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from read_models.books import Books

from mintflow.domain.core.postings import Allocation
from mintflow.domain.core.query import Facts, parse, predicate
from mintflow.domain.transactions import Transaction
from mintflow.projections.transactions import TransactionFilter, list_transactions

NOW = dt.datetime(2025, 3, 15, 12, tzinfo=dt.UTC)
# Letters whose lower case is another one in another place or language among them.
_LETTERS = "aAbBäÄßẞéÉøØİ\u0131Σ\u03c3ςł 10.%_\\*'\"()"
TEXTS = st.text(alphabet=_LETTERS, max_size=6)
WORDS = st.text(alphabet="aAbBäÄßẞéøİ\u0131Σς10.%_\\*'", min_size=1, max_size=3)
AMOUNTS = st.sampled_from(["-10.00", "-4.50", "0.00", "4.50", "10.00"])
DAYS = st.integers(0, 20).map(lambda n: dt.date(2025, 2, 20) + dt.timedelta(days=n))
CATEGORIES = ("food_dining", "food_dining.groceries", "travel", "uncategorized")
TAGS = st.lists(st.sampled_from(["Ä", "b", "c c"]), max_size=2, unique=True)


def quoted(word: str) -> str:
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'


CONDITIONS = st.one_of(
    st.builds(
        lambda field, operator, words: f"{field}{operator}({', '.join(map(quoted, words))})",
        st.sampled_from(["text", "description", "merchant", "notes", "memo", "account", "tag"]),
        st.sampled_from([":", "=", "!=", "^="]),
        st.lists(WORDS, min_size=1, max_size=2),
    ),
    st.builds(
        lambda word: f"description~{quoted(word)}", st.sampled_from(["^a", "b$", "[äé]", "."])
    ),
    st.builds(
        lambda field, operator, amount: f"{field}{operator}{amount}",
        st.sampled_from(["amount", "size"]),
        st.sampled_from(["=", "!=", "<", "<=", ">", ">="]),
        AMOUNTS,
    ),
    st.builds(lambda low, high: f"amount:{low}..{high}", AMOUNTS, AMOUNTS),
    st.builds(
        lambda operator, day: f"date{operator}{day}",
        st.sampled_from([":", "!=", "<", "<=", ">", ">="]),
        DAYS | st.sampled_from(["2025-02", "2025-03", "2025"]),
    ),
    st.sampled_from(["weekday=mon", "weekday:(sat, sun)", "weekday!=tue"]),
    st.builds(
        lambda operator, category: f"category{operator}{category}",
        st.sampled_from([":", "=", "!="]),
        st.sampled_from(CATEGORIES),
    ),
    st.sampled_from(["tag=b", "account=checking", "account:ing", "status=pending"]),
    WORDS.map(quoted),
)
QUERIES = st.recursive(
    CONDITIONS,
    lambda inner: st.one_of(
        st.builds(lambda one: f"NOT ({one})", inner),
        st.builds(lambda one, other: f"({one} OR {other})", inner, inner),
        st.builds(lambda one, other: f"({one} {other})", inner, inner),
    ),
    max_leaves=5,
)
ROWS = st.fixed_dictionaries(
    {
        "amount": AMOUNTS,
        "day": DAYS,
        "category": st.sampled_from(CATEGORIES),
        "description": TEXTS,
        "counterparty": TEXTS,
        "merchant": TEXTS,
        "memo": TEXTS,
        "notes": TEXTS,
        "tags": TAGS,
        "status": st.sampled_from(["posted", "pending"]),
        "split": st.booleans(),
    }
)


def recorded(books: Books, row: dict[str, Any]) -> tuple[Transaction, Facts]:
    """The transaction of a row, and what a rule would know of it."""
    given_ = {name: row[name] for name in ("counterparty", "merchant", "memo", "notes", "status")}
    made = books.record(
        row["amount"], row["day"].isoformat(), row["category"], description=row["description"],
        tags=tuple(row["tags"]), **given_,
    )  # fmt: skip
    categories = [row["category"]]
    if row["split"] and row["amount"] != "0.00":
        amount = Decimal(row["amount"])
        parts = (
            Allocation("travel", Decimal("1.00")),
            Allocation(row["category"], amount - 1),
        )
        made.categorize(parts, "user", NOW)
        books.put(made)
        categories.append("travel")
    facts = Facts(
        description=row["description"], amount=Decimal(row["amount"]), date=row["day"],
        account=("Checking", str(books.checking.id)), tags=row["tags"], categories=categories,
        **given_,
    )  # fmt: skip
    return made, facts


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    rows=st.lists(ROWS, min_size=1, max_size=8), queries=st.lists(QUERIES, min_size=8, max_size=12)
)
def test_a_search_finds_what_a_rule_would_hit(
    books: Books, rows: list[dict[str, Any]], queries: list[str]
) -> None:
    ledger = books.beside(books.chance.randrange(10, 2**40))
    try:
        made = [recorded(ledger, row) for row in rows]
        ledger.fold()
        for query in queries:
            page = ledger.ask(list_transactions, ledger.ledger_id, TransactionFilter(q=query))
            hit = predicate(parse(query))
            expected = {one.id for one, facts in made if hit(facts)}
            assert {row["transaction_id"] for row in page.rows} == expected, query
    finally:
        ledger.close()


def test_pages_of_a_pattern_leave_nothing_out(books: Books) -> None:
    for number in range(25):
        books.record("-1.00", "2025-03-01", description=f"row {number:02}")
    books.fold()
    wanted = TransactionFilter(q='description~"[02468]$"')
    found: list[str] = []
    cursor = None
    while True:
        page = books.ask(list_transactions, books.ledger_id, wanted, limit=4, cursor=cursor)
        found += [row["description"] for row in page.rows]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert found == [f"row {number:02}" for number in range(24, -1, -2)]
