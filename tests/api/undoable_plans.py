"""Commands on budgets, envelopes, alerts, goals, bills, streams and insights."""

from __future__ import annotations

import datetime as dt
import time

from api.undoable import Home, Iterator, done_by


def today() -> str:
    return dt.datetime.now(dt.UTC).date().isoformat()


@done_by("SetBudget")
def set_budget(it: Home) -> Iterator[None]:
    it.put("/budgets", category="shopping", amount="10")
    yield
    it.put("/budgets", category="shopping", amount="99")


@done_by("ArchiveBudget")
def archive_budget(it: Home) -> Iterator[None]:
    it.put("/budgets", category="shopping", amount="10")
    yield
    it.delete("/budgets", category="shopping")


@done_by("AcceptRecommendations")
def accept_recommendations(it: Home) -> Iterator[None]:
    first = dt.datetime.now(dt.UTC).date().replace(day=1)
    for _ in range(6):
        first = (first - dt.timedelta(days=1)).replace(day=1)
        it.record(date=first.isoformat(), amount="-80.00", category="travel")
    yield
    assert it.post("/budgets/recommendations/accept")


@done_by("ApplyTemplates")
def apply_templates(it: Home) -> Iterator[None]:
    yield
    lines = [{"category": "travel", "kind": "fixed", "amount": "50"}]
    it.post("/budgets/templates/apply", month=today()[:7], templates=lines, dry_run=False)


@done_by("DismissAlert")
def dismiss_alert(it: Home) -> Iterator[None]:
    it.put("/budgets", category="travel", amount="100")
    it.record(date=today(), amount="-500", category="travel")
    end = time.monotonic() + 20
    while not (alerts := it.get("/alerts")) and time.monotonic() < end:
        time.sleep(0.05)
    yield
    it.post(f"/alerts/{alerts[0]['alert_id']}/dismiss")


@done_by("AssignMoney")
def assign_money(it: Home) -> Iterator[None]:
    it.record(date="2025-03-02", amount="-30.00", category="travel")
    yield
    it.post("/budgets/envelopes/assign", category="travel", amount="20", month="2025-03")


@done_by("MoveMoney")
def move_money(it: Home) -> Iterator[None]:
    it.post("/budgets/envelopes/assign", category="travel", amount="20", month="2025-03")
    yield
    body = {"source": "travel", "target": "health", "amount": "5", "month": "2025-03"}
    it.post("/budgets/envelopes/move", **body)


@done_by("CreateGoal")
def create_goal(it: Home) -> Iterator[None]:
    yield
    it.goal()


@done_by("ChangeGoal")
def change_goal(it: Home) -> Iterator[None]:
    goal = it.goal()
    yield
    it.put(f"/goals/{goal}", name="Sea", target="300", accounts=[it.savings])


@done_by("ArchiveGoal")
def archive_goal(it: Home) -> Iterator[None]:
    goal = it.goal()
    yield
    it.delete(f"/goals/{goal}")


@done_by("ContributeToGoal")
def contribute_to_goal(it: Home) -> Iterator[None]:
    goal = it.goal()
    yield
    it.pledge(goal)


@done_by("WithdrawPledge")
def withdraw_pledge(it: Home) -> Iterator[None]:
    goal = it.goal()
    pledge = it.pledge(goal)
    yield
    it.delete(f"/goals/{goal}/pledges/{pledge}")


@done_by("AddBill")
def add_bill(it: Home) -> Iterator[None]:
    yield
    it.bill()


@done_by("ChangeBill")
def change_bill(it: Home) -> Iterator[None]:
    bill = it.bill()
    yield
    it.put(f"/bills/{bill}", name="Other", amount="-43.00", remind_days=9)


@done_by("EndBill")
def end_bill(it: Home) -> Iterator[None]:
    bill = it.bill()
    yield
    it.post(f"/bills/{bill}/end", last_day="2025-06-30")


@done_by("MarkBill")
def mark_bill(it: Home) -> Iterator[None]:
    bill = it.bill()
    it.post(f"/bills/{bill}/marks", due="2025-04-10", mark="skipped")
    yield
    it.post(f"/bills/{bill}/marks", due="2025-04-10", mark="paid")


@done_by("ConfirmStream")
def confirm_stream(it: Home) -> Iterator[None]:
    stream = it.stream()
    yield
    it.post(f"/recurring/{stream}/confirm", name="Films")


@done_by("JudgeStream")
def judge_stream(it: Home) -> Iterator[None]:
    stream = it.stream()
    it.put(f"/recurring/{stream}/name", name="Films")
    yield
    it.post(f"/recurring/{stream}/dismiss")


@done_by("DismissInsight")
def dismiss_insight(it: Home) -> Iterator[None]:
    insight = it.insight()
    yield
    it.post(f"/insights/{insight}/dismiss?today=2025-02-10")


@done_by("ShowInsight")
def show_insight(it: Home) -> Iterator[None]:
    insight = it.insight()
    it.post(f"/insights/{insight}/dismiss?today=2025-02-10")
    yield
    it.post(f"/insights/{insight}/show")
