"""Bills by hand and from streams: what is due, what became of it, the calendar, subscriptions."""

from __future__ import annotations

import datetime as dt
from typing import Any
from uuid import UUID, uuid4

from acceptance.product import TOKENS, authenticate
from icalendar import Calendar

from mintflow.commands.bills import DueBill, RemindBills
from mintflow.commands.core.command import Context
from mintflow.hosts.reminding import remind


def monthly(ledger: Any, description: str, amount: str, day: int, months: range) -> None:
    for month in months:
        ledger.record(date=f"2025-{month:02}-{day:02}", amount=amount, description=description)


def insurance(ledger: Any, **other: Any) -> dict[str, Any]:
    body = {
        "name": "Acme Insurance", "amount": "-42.00", "frequency": "monthly",
        "first_due": "2025-03-10", **other,
    }  # fmt: skip
    added: dict[str, Any] = ledger.client.post(f"{ledger.path}/bills", body)
    return added


def due(ledger: Any, **query: Any) -> list[dict[str, Any]]:
    asked = {"from": "2025-03-01", "to": "2025-07-31", "today": "2025-06-08", **query}
    found: list[dict[str, Any]] = ledger.client.get(f"{ledger.path}/bills", **asked)
    return found


def test_each_time_of_a_bill_says_what_became_of_it(ledger: Any) -> None:
    bill = insurance(ledger)
    paid = ledger.record(date="2025-03-11", amount="-42.00", description="ACME INSURANCE 4711")
    rows = due(ledger)
    assert [(row["due"], row["status"]) for row in rows] == [
        ("2025-03-10", "paid"), ("2025-04-10", "missed"), ("2025-05-10", "missed"),
        ("2025-06-10", "due"), ("2025-07-10", "upcoming"),
    ]  # fmt: skip
    assert rows[0]["transaction_id"] == paid["transaction_id"]
    path = f"{ledger.path}/bills/{bill['bill_id']}"
    ledger.client.post(f"{path}/marks", {"due": "2025-04-10", "mark": "skipped"})
    ledger.client.post(f"{path}/marks", {"due": "2025-05-10", "mark": "paid"})
    assert [row["status"] for row in due(ledger)][:3] == ["paid", "skipped", "paid"]
    ledger.client.post(f"{path}/end", {"last_day": "2025-06-30"})
    assert [row["due"] for row in due(ledger)][-1] == "2025-06-10"
    late = due(ledger, today="2025-06-18")
    assert late[-1]["status"] == "late"


def test_a_payment_that_a_mark_names_pays_that_time_alone(ledger: Any) -> None:
    path = f"{ledger.path}/bills/{insurance(ledger)['bill_id']}/marks"
    late = ledger.record(date="2025-05-06", amount="-42.00", description="ACME INSURANCE 4711")
    other = ledger.record(date="2025-03-11", amount="-42.00", description="A friend who paid it")
    for on, payment in (("2025-04-10", late), ("2025-03-10", other)):
        body = {"due": on, "mark": "paid", "transaction_id": payment["transaction_id"]}
        ledger.client.post(path, body)
    assert [(row["due"], row["status"], row["paid_on"]) for row in due(ledger)[:3]] == [
        ("2025-03-10", "paid", "2025-03-11"), ("2025-04-10", "paid", "2025-05-06"),
        ("2025-05-10", "missed", None),
    ]  # fmt: skip


def test_what_is_skipped_takes_no_payment_of_the_next_time(ledger: Any) -> None:
    bill = insurance(ledger, frequency="weekly")
    ledger.record(date="2025-03-13", amount="-42.00", description="ACME INSURANCE 4711")
    mark = {"due": "2025-03-10", "mark": "skipped"}
    ledger.client.post(f"{ledger.path}/bills/{bill['bill_id']}/marks", mark)
    rows = due(ledger, to="2025-03-17")
    assert [(row["due"], row["status"]) for row in rows] == [
        ("2025-03-10", "skipped"), ("2025-03-17", "paid"),
    ]  # fmt: skip


def test_a_time_that_is_none_can_not_be_marked(ledger: Any) -> None:
    bill = insurance(ledger)
    answer = ledger.client.send(
        "POST",
        f"{ledger.path}/bills/{bill['bill_id']}/marks",
        json={"due": "2025-04-11", "mark": "paid"},
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (422, "bill_not_due_then")


def test_a_time_at_an_end_of_time_is_none_that_can_be_marked(ledger: Any) -> None:
    path = f"{ledger.path}/bills/{insurance(ledger)['bill_id']}/marks"
    for due_on in ("0001-01-01", "0001-12-10", "9999-12-10", "9999-12-31"):
        answer = ledger.client.send("POST", path, json={"due": due_on, "mark": "paid"})
        assert (answer.status_code, answer.json()["error"]["code"]) == (422, "date_out_of_range")


def test_a_stream_becomes_a_bill_and_is_not_told_twice(ledger: Any) -> None:
    monthly(ledger, "NETFLIX.COM 4711", "-9.99", 14, range(1, 7))
    (stream,) = ledger.client.get(f"{ledger.path}/recurring")
    before = due(ledger)
    assert {row["source"] for row in before} == {"detected"}
    assert [row["status"] for row in before] == ["paid"] * 3 + ["upcoming"] * 2
    path = f"{ledger.path}/recurring/{stream['stream_id']}"
    bill = ledger.client.post(f"{path}/confirm", {"name": "Films"})
    again = ledger.client.post(f"{path}/confirm", {"name": "Films"})
    assert bill["bill_id"] == again["bill_id"]
    after = due(ledger)
    assert {(row["source"], row["name"]) for row in after} == {("bill", "Films")}
    assert [(row["due"], row["status"]) for row in after] == [
        (row["due"], row["status"]) for row in before
    ]


def test_a_dismissed_stream_stays_dismissed_and_a_name_stays(ledger: Any) -> None:
    monthly(ledger, "NETFLIX.COM 4711", "-9.99", 14, range(1, 5))
    (stream,) = ledger.client.get(f"{ledger.path}/recurring")
    path = f"{ledger.path}/recurring/{stream['stream_id']}"
    ledger.client.put(f"{path}/name", {"name": "Films"})
    assert ledger.client.get(f"{ledger.path}/recurring")[0]["name"] == "Films"
    ledger.client.post(f"{path}/dismiss", {})
    assert ledger.client.get(f"{ledger.path}/recurring") == []
    monthly(ledger, "NETFLIX.COM 4711", "-11.99", 14, range(5, 8))
    assert ledger.client.get(f"{ledger.path}/recurring") == []
    assert due(ledger) == []
    (hidden,) = ledger.client.get(f"{ledger.path}/recurring", dismissed=True)
    assert (hidden["hits"], hidden["name"], hidden["dismissed"]) == (7, "Films", True)
    ledger.client.post(f"{path}/restore", {})
    assert len(ledger.client.get(f"{ledger.path}/recurring")) == 1


def test_the_calendar_has_one_entry_per_time_and_needs_the_token(ledger: Any, books: Any) -> None:
    insurance(ledger, roll="following")
    path = f"{ledger.path}/bills/calendar.ics?from=2025-03-01&to=2025-06-30&today=2025-03-01"
    answer = ledger.client.send("GET", path)
    assert answer.headers["content-type"].startswith("text/calendar")
    events = Calendar.from_ical(answer.content).walk("VEVENT")
    # The tenth of May 2025 is a Saturday.
    assert [str(one.decoded("dtstart")) for one in events] == [
        "2025-03-10", "2025-04-10", "2025-05-12", "2025-06-10",
    ]  # fmt: skip
    uids = [str(one["uid"]) for one in events]
    assert len(set(uids)) == 4
    # What is asked again, or of the past, is the same to the byte: the stamp is no clock's.
    assert {str(one.decoded("dtstamp")) for one in events} == {"2025-03-01 00:00:00+00:00"}
    again = Calendar.from_ical(ledger.client.send("GET", path).content).walk("VEVENT")
    assert [str(one["uid"]) for one in again] == uids
    assert books.client(None).send("GET", path).status_code == 401


def test_subscriptions_have_their_yearly_cost_and_the_same_one_twice_is_flagged(
    ledger: Any,
) -> None:
    monthly(ledger, "NETFLIX.COM 4711", "-9.99", 14, range(1, 7))
    monthly(ledger, "SPOTIFY P123456", "-11.00", 3, range(1, 7))
    monthly(ledger, "SPOTIFY P123456", "-11.00", 24, range(1, 7))
    found = ledger.client.get(f"{ledger.path}/subscriptions", as_of="2025-06-30")
    films = [one for one in found if one["amount"] == "-9.99"]
    assert [(one["yearly_cost"], one["flags"]) for one in films] == [("119.88", [])]


def test_what_is_due_soon_is_reminded_of_once(ledger: Any, books: Any) -> None:
    bill = insurance(ledger, remind_days=5)
    day = dt.date(2025, 4, 6)
    # A read over the API waits until what was just written is visible; the job's own does not.
    due(ledger)
    assert books.call(remind(books.running, day)) >= 1
    told = ledger.client.get(f"{ledger.path}/bills/reminders")
    assert [(one["due"], one["days_ahead"], one["amount"]) for one in told] == [
        ("2025-04-10", 0, "-42.00")
    ]
    assert books.call(remind(books.running, day)) == 0
    # Read models that forgot it do not lead to another one: the bill remembers.
    again = RemindBills(due=(DueBill(bill_id=bill["bill_id"], due=dt.date(2025, 4, 10)),))
    ledger_id = UUID(ledger.path.rsplit("/", 1)[1])
    owner = authenticate(TOKENS[0])
    assert owner is not None
    context = Context(owner, ledger_id, uuid4())
    assert books.call(books.running.bus.execute(again, context)).data == {"reminded": 0}


def test_refuses_a_range_that_goes_backwards_or_on_for_ever(ledger: Any) -> None:
    for last in ("2025-01-01", "2032-01-01"):
        answer = ledger.client.send("GET", f"{ledger.path}/bills?from=2025-02-01&to={last}")
        assert answer.json()["error"]["code"] == "bill_range_not_usable"


def test_a_bill_that_costs_more_than_it_says_tells_since_when(ledger: Any) -> None:
    bill = insurance(ledger)
    monthly(ledger, "ACME INSURANCE 4711", "-42.00", 10, range(3, 5))
    assert {row["price_change"] for row in due(ledger)} == {None}
    monthly(ledger, "ACME INSURANCE 4711", "-44.10", 10, range(5, 7))
    # Also told of what comes next, when the payments are before the days that are asked about.
    for row in due(ledger, **{"from": "2025-07-01", "today": "2025-06-20"}):
        assert row["price_change"] == {
            "before": "-42.00", "after": "-44.10", "since": "2025-05-10", "percent": "5.0",
            "rise": True,
        }  # fmt: skip
    ledger.client.send("PUT", f"{ledger.path}/bills/{bill['bill_id']}", json={"amount": "-44.10"})
    rows = due(ledger, today="2025-06-20")
    assert [row["price_change"] for row in rows] == [None] * 5
    # The payments are a recurring stream as well; it is not told beside the bill that they pay.
    assert {row["source"] for row in rows} == {"bill"}


def test_what_a_stream_costs_now_is_told_with_what_is_due(ledger: Any) -> None:
    monthly(ledger, "NETFLIX.COM 4711", "-9.99", 14, range(1, 5))
    monthly(ledger, "NETFLIX.COM 4711", "-12.99", 14, range(5, 7))
    (change,) = {str(row["price_change"]) for row in due(ledger, today="2025-06-20")}
    assert "'after': '-12.99'" in change
    assert "'since': '2025-05-14'" in change


def test_a_bill_that_varies_has_no_new_price(ledger: Any) -> None:
    insurance(ledger, variable=True)
    monthly(ledger, "ACME INSURANCE 4711", "-47.20", 10, range(3, 6))
    assert {row["price_change"] for row in due(ledger)} == {None}
