"""One event of every type, always the same, and the file that keeps its bytes.

`python tests/store/sample_events.py` writes the files that are missing. It never writes one anew:
what was released is what some log holds.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson

from mintflow.domain import erasure
from mintflow.domain.accounts import Account
from mintflow.domain.bills import Schedule
from mintflow.domain.bills.bill import Bill, BillTerms, Marked
from mintflow.domain.bills.judgement import Judgement
from mintflow.domain.budgets import Budget, Wish, cycle_of
from mintflow.domain.budgets.envelopes import Envelopes, Taken
from mintflow.domain.categories import Category, CategoryTree, CategoryTreePlanted
from mintflow.domain.connections import Connection, SyncFacts
from mintflow.domain.core.aggregates import Aggregate, Event
from mintflow.domain.core.ids import category_tree_id
from mintflow.domain.core.postings import UNCATEGORIZED, Booking, whole
from mintflow.domain.core.time import Month
from mintflow.domain.fx import DayRate, RateYear
from mintflow.domain.goals import Goal, GoalTerms, SavingRule
from mintflow.domain.goals.events import Earmark
from mintflow.domain.imports import FileImport
from mintflow.domain.insights.dismissal import Dismissal
from mintflow.domain.ledgers import Ledger
from mintflow.domain.rules import Actions, RuleSet, Share
from mintflow.domain.transactions import Transaction, TransactionAlias, checked_splits
from mintflow.domain.transactions.settling import settle
from mintflow.domain.transfers import Transfer, TransferRejection
from mintflow.domain.undo import UndoLog
from mintflow.store.keys import MemoryKeyStore
from mintflow.store.mapper import Mapper, Provenance
from mintflow.store.sealing import Sealer

FOLDER = Path(__file__).parent / "samples"
LEDGER = UUID("018f0000-0000-7000-8000-000000000001")
NOW = dt.datetime(2025, 3, 15, 12, 30, 15, 123456, tzinfo=dt.UTC)
DAY = dt.date(2025, 3, 14)
EVENT_ID = UUID("018f0000-0000-7000-8000-0000000000ee")
PROVENANCE = Provenance(
    LEDGER,
    "user:018f0000-0000-7000-8000-000000000002",
    UUID("018f0000-0000-7000-8000-00000000000c"),
    UUID("018f0000-0000-7000-8000-00000000000d"),
)


class PlainSealer(Sealer):
    """Seals nothing, so that what would be sealed can be seen."""

    def __init__(self) -> None:
        super().__init__(MemoryKeyStore())

    def seal(self, ledger_id: UUID, bound_to: bytes, facts: dict[str, Any]) -> bytes:
        return orjson.dumps(facts, option=orjson.OPT_SORT_KEYS)

    def unseal(self, ledger_id: UUID, bound_to: bytes, sealed: bytes) -> dict[str, Any]:
        facts: dict[str, Any] = orjson.loads(sealed) if sealed else {}
        return facts


def sample_aggregates() -> list[Aggregate]:
    """The aggregates whose pending events are the samples, and those that lead to them."""
    return [*_household(), *_transactions(), *_transfers(), _undo_log(), *_goals()]


def sample_events() -> dict[str, Event]:
    """Type -> the sample of it as an event."""
    samples: dict[str, Event] = {}
    for aggregate in sample_aggregates():
        for event in aggregate.pending_events:
            assert isinstance(event, Event)
            samples.setdefault(event.TOPIC, event)
    return samples


def sample_text(event: Event) -> str:
    """What the file of an event holds: its record as stored, and what is sealed beside it."""
    encoded = Mapper(PlainSealer()).encode(event, EVENT_ID, PROVENANCE)
    sealed = json.loads(encoded.sealed or b"{}")
    return json.dumps(
        {"record": encoded.record.decode(), "sealed": sealed}, ensure_ascii=False, indent=1
    )


def path_of(event: Event) -> Path:
    return FOLDER / f"{event.TOPIC}.v{event.SCHEMA_VERSION}.json"


def _id(number: int) -> UUID:
    return UUID(int=LEDGER.int + number)


def _household() -> list[Aggregate]:
    ledger = Ledger.open(LEDGER, "Zuhause", "EUR", "018f0000-0000-7000-8000-000000000002", NOW)
    ledger.rename("Unser Haus", NOW)
    erasure.request(ledger, erasure.PHRASE, dt.timedelta(days=7), NOW)
    erasure.cancel(ledger, NOW)
    erasure.request(ledger, erasure.PHRASE, dt.timedelta(0), NOW)
    erasure.complete(ledger, NOW)

    account = Account.open(
        _id(16), "Girokonto", "checking", "EUR", NOW, opening_balance="-12.50", opening_date=DAY
    )
    account.rename("Konto", NOW)
    account.change_opening_balance("100", None, NOW)
    account.report_balance(DAY, "87.65", "EUR", "file", NOW)
    account.remember_import_profile({"delimiter": ";", "date": 0, "has_header": True}, NOW)
    account.close(DAY, NOW)
    account.reopen(NOW)
    account.withdraw_report(DAY, NOW)
    account.forget_import_profile(NOW)

    categories = [("food", "expense"), ("food.bread", "expense"), ("fun", "expense")]
    tree = CategoryTree._create(
        CategoryTreePlanted,
        id=category_tree_id(LEDGER),
        timestamp=NOW,
        categories=tuple(Category(path, path, kind) for path, kind in categories),
    )
    tree.add("food.cake", NOW)
    tree.move("food", "eating", NOW)
    tree.merge("eating.cake", "eating.bread", NOW)
    tree.archive("fun", NOW)
    tree.restore("fun", NOW)

    together = Wish(
        "250", "EUR", cycle_of("four_weeks", DAY), rollover="capped", cap="40", start=DAY
    )
    budget = Budget.set(LEDGER, ["fun", "food"], together, NOW)
    budget.change(replace(together, amount="300", start=DAY + dt.timedelta(days=28)), NOW)
    running = (DAY, DAY + dt.timedelta(days=27))
    budget.observe(running, "exceeded", Decimal("260.00"), Decimal("250.00"), NOW)
    budget.observe(running, "ok", Decimal("160.00"), Decimal("250.00"), NOW)
    budget.dismiss(budget.alerts[DAY].alert_id, NOW)
    budget.archive(DAY + dt.timedelta(days=56), NOW)
    budget.restore(budget.terms[:1], NOW)
    budget.show_alert(budget.alerts[DAY].alert_id, True, NOW)

    envelopes = Envelopes.open(LEDGER, NOW)
    envelopes.assign("food", Month(2025, 3), "120", "EUR", NOW)
    envelopes.move("food", "fun", Month(2025, 3), "20", "EUR", NOW)
    envelopes.restore([Taken("food", DAY.replace(day=1), "EUR", Decimal("-120.00"), -1)], NOW)

    imported = FileImport.complete(
        _id(17),
        NOW,
        account_id=account.id,
        format="csv",
        sha256="ab" * 32,
        size_bytes=1234,
        added=3,
        known=2,
        updated=1,
        skipped=0,
        findings=({"code": "BALANCE_MISMATCH", "where": "line 9", "detail": "1.00 EUR"},),
    )
    rates = RateYear.begin(LEDGER, "EUR", "USD", DayRate(DAY, Decimal("1.0883")), NOW)
    rates.record(DayRate(DAY, Decimal("1.0884")), NOW)
    rates.withdraw(DAY, NOW)
    connection = Connection.open(_id(18), "sandbox", "Sparkasse", NOW)
    connection.synced(
        account.id, "cursor-1", NOW, added=1, known=0, updated=0, skipped=0, removed=1
    )
    before = SyncFacts("cursor-0", 2, 1, 0, 0, 0)
    connection.restore_sync(account.id, before, NOW, NOW)
    connection.close(NOW)
    connection.reopen(NOW)
    insight = Dismissal.begin(LEDGER, ("spike", "shopping", "USD", "2025-03"), NOW)
    insight.show(NOW)
    insight.dismiss(NOW)
    books = [ledger, account, tree, budget, envelopes, imported, connection]
    return [*books, rates, insight, _rules(), *_bills(account.id)]


def _bills(account_id: UUID) -> list[Aggregate]:
    terms = BillTerms(
        Decimal("-42.1"),
        "EUR",
        True,
        Schedule("semi_monthly", DAY, (1, 15), roll="following"),
        account_id,
        "fun",
        5,
    )
    bill = Bill.add(
        _id(51), "Süß", "süß brot", terms, NOW, stream_id=_id(52), transaction_id=_id(32)
    )
    bill.change("Süßes", "süß brot", replace(terms, amount=Decimal("-43"), account_id=None), NOW)
    due = dt.date(2025, 4, 1)
    bill.remind(due, dt.date(2025, 3, 28), NOW)
    bill.mark(due, "paid", _id(34), NOW)
    bill.end(dt.date(2025, 6, 30), NOW)
    marks = [Marked(due, "skipped", None)]
    bill.restore("Süß", "süß brot", bill.terms, None, True, marks, NOW)
    judgement = Judgement.first(LEDGER, _id(52), _id(32), "dismissed", "", NOW)
    judgement.again(_id(33), "none", "Süßer Brei", NOW)
    return [bill, judgement]


def _rules() -> Aggregate:
    rules = RuleSet.open(LEDGER, NOW)
    bread = rules.add(
        _id(41),
        "Brot",
        'merchant="Süß"',
        Actions(category_id="food", tags=("Urlaub",)),
        "main",
        NOW,
    )
    shares = (Share("food", ratio=Decimal("0.5")), Share("fun"))
    other = rules.add(_id(42), "Halb", "description:Bäckerei", Actions(split=shares), "main", NOW)
    rules.change(
        bread.rule_id, "Brot und Kuchen", bread.condition, Actions(note="von Oma"), "main", NOW
    )
    rules.switch(bread.rule_id, False, NOW)
    rules.reorder("main", [other.rule_id, bread.rule_id], NOW)
    rules.remove(bread.rule_id, NOW)
    return rules


def _transactions() -> list[Aggregate]:
    hand_made = _record(32, "-42.10", origin="manual", user_fields=("date", "amount"))
    hand_made.tag(["Urlaub"], NOW)
    hand_made.note("mit Anna", NOW)
    hand_made.categorize(whole(Decimal("-42.10"), "food"), "user", NOW, reason="said so",
                         payee="Süß")  # fmt: skip
    parts = checked_splits([("food", "-40"), ("fun", "-2.1")], Decimal("-42.10"), "EUR")
    hand_made.categorize(parts, "user", NOW)
    hand_made.amend(NOW, origin="manual", description="Bäckerei Süß", date=DAY)

    pending = _record(33, "-42.10", origin="file", status="pending", bank_id="B-1")
    pending.post(NOW, date=DAY, amount="-43.10", bank_id="B-2", origin="file")
    row = _record(34, "-42.10", origin="file", bank_id="B-3")
    hand_made.match(row, NOW)
    hand_made.unmatch(row, NOW)
    hand_made.name_merchant("Süß Brot", NOW)
    hand_made.budget(False, NOW)
    row.void(NOW)
    row.reinstate(NOW)
    alias = TransactionAlias.point(_id(35), pending.id, "B-2", NOW)
    mistaken = _record(46, "-5.00", origin="file")
    word, run = UUID(int=1), UUID(int=2)
    said = [(mistaken.pending_events[0], word)]
    mistaken.tag(["Urlaub"], NOW)
    said.append((mistaken.pending_events[1], run))
    for undone, fields in ((run, {"tags"}), (word, set())):
        settled = settle(said, {undone}, ())  # type: ignore[arg-type]
        gone = undone == word
        mistaken.settle_to(settled, fields, NOW, stands=not gone, unsaid=gone, lifted=False)
    return [hand_made, pending, row, alias, mistaken]


def _undo_log() -> UndoLog:
    log = UndoLog.begin(LEDGER, _id(47), _id(48), NOW)
    log.redo(_id(47), _id(49), NOW)
    log.undo(_id(47), _id(50), NOW)
    return log


def _goals() -> list[Aggregate]:
    rule = SavingRule(Decimal("12.5"), None, None, _id(37), DAY)
    moved = GoalTerms("saving", Decimal("500"), None, DAY, 1, (_id(37), _id(38)), rule)
    goal = Goal.create(_id(60), "Urlaub", "EUR", moved, NOW, "mit Anna")
    goal.save_from(_id(32), _id(16), Decimal("100.00"), DAY, Decimal(90), NOW)
    goal.save_from(_id(32), _id(16), Decimal("80.00"), DAY, Decimal(80), NOW)
    pledge = goal.pledge(_id(61), _id(16), _id(38), "20", DAY, NOW)
    goal.meet(pledge.pledge_id, _id(39), DAY, NOW)
    goal.reopen(pledge.pledge_id, NOW)
    goal.observe(Decimal("500.00"), Decimal("500.00"), NOW)
    goal.observe(Decimal("1.00"), Decimal("500.00"), NOW)
    goal.withdraw(pledge.pledge_id, NOW)
    goal.restore_pledge(pledge.pledge_id, NOW)
    rule = replace(rule, percent=None, amount=Decimal(25), to_account_id=None)
    marked = replace(moved, account_ids=(), saving=rule)
    other = Goal.create(_id(62), "Rad", "EUR", marked, NOW)
    other.change("Fahrrad", "rot", replace(marked, priority=2), NOW)
    other.contribute(_id(16), "30", DAY, NOW)
    other.contribute(_id(16), "-10", DAY, NOW)
    other.save_from(_id(32), _id(16), Decimal("100.00"), DAY, Decimal(100), NOW)
    other.archive(NOW)
    back = (Earmark(_id(16), Decimal("-5.00")),)
    other.restore("Rad", "", marked, False, back, NOW)
    return [goal, other]


def _transfers() -> list[Aggregate]:
    leaves, enters = _record(36, "-10"), _record(37, "10", account=38)
    transfer = Transfer.start(_id(39), leaves.id, enters.id, "linked", NOW)
    for leg in (leaves, enters):
        leg.link(transfer.id, NOW)
        leg.unlink(transfer.id, NOW)
    transfer.end("unlinked", NOW)
    rejection = TransferRejection.of(leaves.id, enters.id, NOW)
    rejection.set_standing(False, NOW)
    rejection.set_standing(True, NOW)
    return [leaves, enters, transfer, rejection]


def _record(number: int, amount: str, *, account: int = 16, **facts: Any) -> Transaction:
    exact = Decimal(amount).quantize(Decimal("0.01"))
    booking = Booking(_id(account), DAY, exact, "EUR", "posted", whole(exact, UNCATEGORIZED))
    booking = replace(booking, status=facts.pop("status", "posted"))
    given: dict[str, Any] = {
        "description": "Bäckerei",
        "counterparty": "Süß GmbH",
        "memo": "SEPA",
        "notes": "",
        "origin": "manual",
        "import_id": _id(17),
        "merchant": "Süß",
        "reason": "says “bäckerei”",
        "confidence": Decimal("0.95"),
        "rule_id": _id(40),
        "budgeted": True,
        **facts,
    }
    return Transaction.record(_id(number), booking, NOW, **given)


def write_missing() -> list[Path]:
    """Write the samples of types and versions that have none yet."""
    FOLDER.mkdir(exist_ok=True)
    written = []
    for event in sample_events().values():
        path = path_of(event)
        if not path.exists():
            path.write_text(sample_text(event) + "\n", encoding="utf-8")
            written.append(path)
    return written


if __name__ == "__main__":
    for each in write_missing():
        print(each.name)
