"""Rules as a client keeps them, tries them, and applies them; what is learned of corrections."""

from __future__ import annotations

from typing import Any

import pytest

COFFEE = {
    "name": "Coffee",
    "condition": "description:blue amount<0",
    "actions": {"category": "food_dining.coffee_shops", "tags": ["morning"], "note": "again"},
}


def csv(*rows: tuple[str, str, str]) -> bytes:
    lines = ["Date,Description,Amount", *(",".join(row) for row in rows)]
    return "\n".join(lines).encode()


def bring_in(ledger: Any, *rows: tuple[str, str, str], account: str | None = None) -> Any:
    return ledger.client.upload(
        f"{ledger.path}/imports", "bank.csv", csv(*rows), account_id=account or ledger.checking
    )


def rows_of(ledger: Any, **query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ledger.client.pages(f"{ledger.path}/transactions", **query)
    return found


def categorize(ledger: Any, transaction_id: str, category: str) -> Any:
    address = f"{ledger.path}/transactions/{transaction_id}/category"
    return ledger.client.put(address, {"category": category})


def events(ledger: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ledger.client.get(f"{ledger.path}/events", limit=1000)
    return found


def test_a_rule_is_kept_shown_changed_switched_and_removed(ledger: Any) -> None:
    client, path = ledger.client, f"{ledger.path}/rules"
    made = client.post(path, COFFEE)
    assert made["actions"] == COFFEE["actions"]
    assert (made["stage"], made["source"], made["enabled"]) == ("main", "user", True)
    (listed,) = client.get(path)
    assert {name: listed[name] for name in made} == made
    assert listed["transactions"] == 0
    body = COFFEE | {"name": "Tea", "stage": "first"}
    changed = client.put(f"{path}/{made['rule_id']}", body)
    assert (changed["name"], changed["stage"]) == ("Tea", "first")
    assert client.patch(f"{path}/{made['rule_id']}", {"enabled": False})["enabled"] is False
    shown = client.get(f"{path}/{made['rule_id']}")
    assert (shown["name"], shown["enabled"]) == ("Tea", False)
    client.delete(f"{path}/{made['rule_id']}")
    assert client.get(path) == []
    assert client.send("GET", f"{path}/{made['rule_id']}").json()["error"]["code"] == (
        "rule_not_found"
    )


def test_rules_run_in_the_order_that_was_given(ledger: Any) -> None:
    client, path = ledger.client, f"{ledger.path}/rules"
    made = [
        client.post(path, COFFEE | {"name": name, "actions": {"category": category}})
        for name, category in (("a", "travel"), ("b", "health"), ("c", "bills"))
    ]
    ids = [one["rule_id"] for one in made]
    assert ledger.record(description="Blue")["category"] == "travel"
    order = [ids[2], ids[0], ids[1]]
    client.put(f"{path}/order", {"stage": "main", "rule_ids": order})
    assert [one["rule_id"] for one in client.get(path)] == order
    assert ledger.record(description="Blue")["category"] == "bills"
    first = client.post(path, COFFEE | {"stage": "first", "actions": {"category": "shopping"}})
    assert [one["rule_id"] for one in client.get(path)] == [first["rule_id"], *order]
    assert ledger.record(description="Blue")["category"] == "shopping"
    refused = client.send("PUT", f"{path}/order", json={"stage": "main", "rule_ids": ids[:2]})
    assert refused.json()["error"]["code"] == "rule_not_usable"


def test_new_rows_get_the_rules_in_the_command_that_brings_them(ledger: Any) -> None:
    rule = ledger.client.post(f"{ledger.path}/rules", COFFEE)
    recorded = ledger.record(description="Blue Bottle", tags=["mine"])
    assert (recorded["category"], recorded["category_source"]) == (
        "food_dining.coffee_shops", "rule",
    )  # fmt: skip
    assert recorded["rule_id"] == rule["rule_id"]
    assert recorded["category_reason"] == "your rule “Coffee”"
    assert (recorded["tags"], recorded["notes"]) == (["mine", "morning"], "again")
    bring_in(ledger, ("2025-03-20", "BLUE BOTTLE 7", "-4.00"), ("2025-03-20", "BLUE", "4.00"))
    out, into = (rows_of(ledger, q=f"size=4 amount{sign}0")[0] for sign in "<>")
    assert (out["category"], out["tags"]) == ("food_dining.coffee_shops", ["morning"])
    assert into["category_source"] != "rule"
    kinds = {one["type"] for one in events(ledger)}
    assert not kinds & {"transaction.categorized", "transaction.tagged", "transaction.noted"}


def test_what_the_user_says_no_rule_changes(ledger: Any) -> None:
    mine = ledger.record(description="Blue", category="health", notes="mine", tags=["own"])
    rule = ledger.client.post(
        f"{ledger.path}/rules",
        COFFEE | {"actions": COFFEE["actions"] | {"merchant": "Blue", "ignore_in_budgets": True}},
    )
    ledger.client.patch(
        f"{ledger.path}/transactions/{mine['transaction_id']}", {"merchant": "My Blue"}
    )
    batch = ledger.client.post(f"{ledger.path}/rules/{rule['rule_id']}/apply", {})
    (row,) = rows_of(ledger)
    assert batch["changed"] == 1
    assert (row["category"], row["category_source"], row["notes"]) == ("health", "user", "mine")
    assert (row["merchant"], row["tags"], row["budgeted"]) == ("My Blue", ["own"], False)
    # Said by a rule, so the user can take it back and then it is his.
    address = f"{ledger.path}/transactions/{mine['transaction_id']}"
    ledger.client.patch(address, {"budgeted": True})
    assert ledger.client.post(f"{ledger.path}/rules/{rule['rule_id']}/apply", {})["changed"] == 0


def test_a_preview_names_exactly_what_applying_changes(ledger: Any) -> None:
    for number in range(6):
        ledger.record(description=f"Blue {number}", amount="-1.00" if number % 2 else "1.00")
    mine = ledger.record(description="Blue mine", category="health")
    body = {name: COFFEE[name] for name in ("condition",)} | {
        "actions": {"category": "food_dining.coffee_shops"}
    }
    before = len(events(ledger))
    preview = ledger.client.post(f"{ledger.path}/rules/preview", body)
    assert len(events(ledger)) == before
    assert (preview["hits"], preview["would_change"]) == (4, 3)
    hits = {one["transaction_id"]: one["would_change"] for one in preview["transactions"]}
    assert hits[mine["transaction_id"]] is False
    assert set(hits) == {row["transaction_id"] for row in rows_of(ledger, q=COFFEE["condition"])}
    rule = ledger.client.post(f"{ledger.path}/rules", COFFEE | {"actions": body["actions"]})
    address = f"{ledger.path}/rules/{rule['rule_id']}/apply"
    dry = ledger.client.post(address, {"dry_run": True})
    assert len(events(ledger)) == before + 2  # the rule set and the rule
    batch = ledger.client.post(address, {})
    assert (dry["changed"], batch["changed"]) == (3, 3)
    changed = {one["transaction_id"] for one in batch["transactions"]}
    assert changed == {one for one, changes in hits.items() if changes}
    of_the_batch = [one for one in events(ledger) if one["correlation_id"] == batch["batch_id"]]
    assert {one["stream_id"] for one in of_the_batch} == changed
    assert ledger.client.get(f"{ledger.path}/rules")[0]["transactions"] == 3


def test_a_preview_leaves_out_what_a_user_set_himself(ledger: Any) -> None:
    """It once told of changes that no apply ever made: it knew of the user's categories alone."""
    mine = ledger.record(description="Blue", tags=["work"], notes="mine")
    address = f"{ledger.path}/transactions/{mine['transaction_id']}"
    ledger.client.patch(address, {"merchant": "My Blue"})
    ledger.client.patch(address, {"notes": ""})
    ledger.client.patch(address, {"tags": []})
    split = [{"category": "bills", "ratio": "0.5"}, {"category": "travel", "ratio": "0.5"}]
    for actions in ({"merchant": "Blue"}, {"note": "theirs"}, {"tags": ["work"]}, {"split": split}):
        body = {"condition": COFFEE["condition"], "actions": actions}
        rule = ledger.client.post(f"{ledger.path}/rules", COFFEE | body)
        apply = f"{ledger.path}/rules/{rule['rule_id']}/apply"
        if "split" in actions:
            assert ledger.client.post(apply, {})["changed"] == 1
        preview = ledger.client.post(f"{ledger.path}/rules/preview", body)
        (hit,) = preview["transactions"]
        changed = ledger.client.post(apply, {"dry_run": True})["changed"]
        assert (preview["hits"], preview["would_change"], hit["would_change"]) == (1, 0, False)
        assert changed == 0
        ledger.client.delete(f"{ledger.path}/rules/{rule['rule_id']}")


def test_a_split_comes_out_in_exact_cents(ledger: Any) -> None:
    split = [{"category": "bills", "ratio": "0.3333"}, {"category": "travel", "amount": "1"},
             {"category": "health"}]  # fmt: skip
    ledger.client.post(f"{ledger.path}/rules", COFFEE | {"actions": {"split": split}})
    row = ledger.record(description="Blue", amount="-10.00")
    assert row["splits"] == [
        {"category": "bills", "amount": "-3.33"},
        {"category": "travel", "amount": "-1.00"},
        {"category": "health", "amount": "-5.67"},
    ]
    assert ledger.record(description="Blue", amount="-0.50")["category"] == "uncategorized"


def test_a_transfer_by_a_rule_is_in_no_total(ledger: Any) -> None:
    ledger.client.post(f"{ledger.path}/rules", COFFEE | {"actions": {"transfer": True}})
    assert ledger.record(description="Blue")["category"] == "transfer"
    assert ledger.client.get(f"{ledger.path}/category-totals", month="2025-03") == []


def test_what_budgets_ignore_stays_in_totals(ledger: Any) -> None:
    budget = {"category": "health", "amount": "100", "period": "month", "rollover": "none"}
    ledger.client.put(f"{ledger.path}/budgets", budget)
    rule = COFFEE | {"actions": {"category": "health", "ignore_in_budgets": True}}
    ledger.client.post(f"{ledger.path}/rules", rule)
    ledger.record(description="Blue", amount="-30.00")
    ledger.record(description="other", amount="-5.00", category="health")
    (total,) = ledger.client.get(f"{ledger.path}/category-totals", month="2025-03")
    (status,) = ledger.client.get(f"{ledger.path}/budgets/status", month="2025-03")
    assert (total["amount"], status["spent"]) == ("-35.00", "5.00")


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"condition": "amount:abc"}, "query_not_readable"),
        ({"actions": {}}, "rule_not_usable"),
        ({"actions": {"merchant": ""}}, "rule_not_usable"),
        ({"actions": {"note": " ", "tags": ["x"]}}, "rule_not_usable"),
        ({"actions": {"category": "bills", "transfer": True}}, "rule_not_usable"),
        ({"actions": {"category": "no.such"}}, "category_not_found"),
        ({"actions": {"split": [{"category": "bills"}]}}, "rule_not_usable"),
        (
            {"actions": {"split": [{"category": "bills", "ratio": "0.5"},
                                   {"category": "travel", "ratio": "0.4"}]}},
            "rule_not_usable",
        ),
        (
            {"actions": {"split": [{"category": "bills", "ratio": "0.5", "amount": "1"},
                                   {"category": "travel"}]}},
            "rule_not_usable",
        ),
        ({"stage": "learned"}, "request_not_valid"),
        ({"condition": "x" * 2_001}, "request_not_valid"),
    ],
)  # fmt: skip
def test_refuses_a_rule_that_can_not_be(ledger: Any, change: dict[str, Any], code: str) -> None:
    for path, body in (("rules", COFFEE | change), ("rules/preview", {
        "condition": COFFEE["condition"], "actions": COFFEE["actions"], **change})):  # fmt: skip
        if "stage" in change and path == "rules/preview":
            continue
        answer = ledger.client.send("POST", f"{ledger.path}/{path}", json=body)
        assert (answer.status_code // 100, answer.json()["error"]["code"]) == (4, code)
    assert ledger.client.get(f"{ledger.path}/rules") == []


def test_after_three_corrections_of_a_payee_the_fourth_is_right(ledger: Any) -> None:
    bring_in(ledger, *((f"2025-03-0{n}", f"ZORP GALACTIC {n}{n}", f"-{n}.00") for n in (1, 2, 3)))
    for row in rows_of(ledger):
        assert row["category"] == "uncategorized"
        categorize(ledger, row["transaction_id"], "entertainment.games")
    (rule,) = ledger.client.get(f"{ledger.path}/rules")
    assert (rule["source"], rule["stage"]) == ("learned", "learned")
    assert rule["condition"] == 'merchant="Zorp Galactic"'
    assert rule["actions"] == {"category": "entertainment.games"}
    bring_in(ledger, ("2025-03-09", "Zorp Galactic 99", "-9.00"))
    (fourth,) = rows_of(ledger, q="amount=-9")
    assert (fourth["category"], fourth["category_source"]) == ("entertainment.games", "learned")
    assert fourth["rule_id"] == rule["rule_id"]
    assert "learned" in fourth["category_reason"]
    assert ledger.record(description="ZORP GALACTIC 5")["category"] == "entertainment.games"


def test_what_is_learned_follows_the_last_three(ledger: Any) -> None:
    said = ["health", "health", "health", "travel", "travel", "travel"]
    for number, category in enumerate(said):
        made = ledger.record(description=f"ZORP GALACTIC {number}")
        categorize(ledger, made["transaction_id"], category)
    assert ledger.record(description="ZORP GALACTIC 5")["category"] == "travel"
    (rule,) = ledger.client.get(f"{ledger.path}/rules")
    assert rule["actions"] == {"category": "travel"}


def test_a_learned_rule_that_is_switched_off_stays_off(ledger: Any) -> None:
    def correct(number: int) -> None:
        made = ledger.record(description=f"ZORP GALACTIC {number}")
        categorize(ledger, made["transaction_id"], "health")

    correct(1)
    (rule,) = ledger.client.get(f"{ledger.path}/rules")
    ledger.client.patch(f"{ledger.path}/rules/{rule['rule_id']}", {"enabled": False})
    for number in (2, 3, 4, 5):
        correct(number)
    assert ledger.record(description="ZORP GALACTIC 9")["category"] == "uncategorized"
    (still,) = ledger.client.get(f"{ledger.path}/rules")
    assert still["enabled"] is False


def test_a_learned_rule_that_is_edited_is_the_users(ledger: Any) -> None:
    made = ledger.record(description="ZORP GALACTIC 1")
    categorize(ledger, made["transaction_id"], "health")
    (rule,) = ledger.client.get(f"{ledger.path}/rules")
    body = {"name": "Zorp", "condition": rule["condition"], "actions": {"category": "travel"}}
    ledger.client.put(f"{ledger.path}/rules/{rule['rule_id']}", body)
    for number in (2, 3, 4):
        row = ledger.record(description=f"ZORP GALACTIC {number}")
        categorize(ledger, row["transaction_id"], "health")
    last = ledger.record(description="ZORP GALACTIC 9")
    assert (last["category"], last["category_source"]) == ("travel", "rule")


def test_a_rule_of_the_user_goes_before_what_was_learned(ledger: Any) -> None:
    made = ledger.record(description="Blue Zorp")
    categorize(ledger, made["transaction_id"], "health")
    ledger.client.post(f"{ledger.path}/rules", COFFEE)
    assert ledger.record(description="Blue Zorp")["category"] == "food_dining.coffee_shops"


def test_money_in_and_money_out_of_one_payee_may_be_different_things(ledger: Any) -> None:
    for amount, category in (("-5.00", "shopping"), ("7.00", "income.other"),
                             ("-6.00", "shopping"), ("8.00", "income.other")):  # fmt: skip
        made = ledger.record(description="ZORP GALACTIC", amount=amount)
        categorize(ledger, made["transaction_id"], category)
    assert ledger.record(description="ZORP GALACTIC", amount="9.00")["category"] == "income.other"


def test_many_corrections_at_once_all_succeed_and_are_learned(ledger: Any) -> None:
    bring_in(ledger, *(("2025-03-05", f"SHOP{'ABCDEFGHIJKLMNOPQRST'[n % 20]} X{n}", f"-{n}.00")
                       for n in range(1, 61)))  # fmt: skip
    requests = [
        ("PUT", f"{ledger.path}/transactions/{row['transaction_id']}/category",
         {"json": {"category": "health"}})
        for row in rows_of(ledger)
    ]  # fmt: skip
    answers = ledger.client.send_all(requests)
    assert {answer.status_code for answer in answers} == {200}
    bring_in(ledger, *(("2025-03-09", f"SHOP{letter} X99", "-99.00")
                       for letter in "ABCDEFGHIJKLMNOPQRST"))  # fmt: skip
    late = rows_of(ledger, q="date=2025-03-09")
    assert {row["category"] for row in late} == {"health"}


def test_categorize_sorts_history_as_one_batch(ledger: Any) -> None:
    shop = ledger.record(description="STARBUCKS 123")
    mine = ledger.record(description="STARBUCKS 124", category="travel")
    odd = ledger.record(description="XKCD 99")
    batch = ledger.client.post(f"{ledger.path}/categorize", {})
    assert batch["changed"] >= 1
    by_id = {row["transaction_id"]: row for row in rows_of(ledger)}
    assert by_id[shop["transaction_id"]]["category"] == "food_dining.coffee_shops"
    assert by_id[shop["transaction_id"]]["category_confidence"] is not None
    assert by_id[mine["transaction_id"]]["category"] == "travel"
    assert by_id[odd["transaction_id"]]["category"] == "uncategorized"
    assert ledger.client.post(f"{ledger.path}/categorize", {})["changed"] == 0


def test_merchants_are_counted_with_their_category(ledger: Any) -> None:
    for amount in ("-5.00", "-7.50", "2.00"):
        ledger.record(description="x", counterparty="Zorp Ltd", amount=amount, category="health")
    ledger.record(description="y", counterparty="other", category="travel")
    found = ledger.client.get(f"{ledger.path}/merchants")
    assert [(one["merchant"], one["transactions"], one["category"]) for one in found] == [
        ("Zorp Ltd", 3, "health"), ("other", 1, "travel"),
    ]  # fmt: skip
    assert found[0]["amounts"] == [{"currency": "USD", "amount": "-10.50"}]
    assert [one["merchant"] for one in ledger.client.get(f"{ledger.path}/merchants", q="ZORP")] == [
        "Zorp Ltd"
    ]


def test_rules_fill_the_tags_of_a_row_and_never_are_the_reason_that_it_is_refused(
    ledger: Any,
) -> None:
    for name in ("a", "b"):
        actions = {"tags": [f"{name}{number}" for number in range(30)]}
        rule = {"name": name, "condition": "blue", "actions": actions}
        made = ledger.client.post(f"{ledger.path}/rules", rule)
    assert bring_in(ledger, ("2025-03-01", "Blue Bottle", "-4.00"))["added"] == 1
    (row,) = rows_of(ledger)
    assert (len(row["tags"]), row["tags"][29:31]) == (50, ["a29", "b0"])
    mine = [f"m{number}" for number in range(50)]
    said = ledger.record(amount="-1.00", description="Blue Bottle", tags=mine)
    assert said["tags"] == mine
    answer = ledger.client.post(f"{ledger.path}/rules/{made['rule_id']}/apply", {})
    assert answer["changed"] == 0
