"""Goals: what a rule sets aside, what a month needs, when it is there; and what is refused."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from domain.scenario import events_of, facts_of
from hypothesis import given
from hypothesis import strategies as st

from mintflow.domain.goals import (
    Goal,
    GoalIsArchived,
    GoalNotUsable,
    GoalTerms,
    MoreThanIsSetAside,
    PledgeNotFound,
    SavingRule,
    SavingRuleNotUsable,
)
from mintflow.domain.goals.progress import Growth, months_until, progress, usual_spending

NOW = dt.datetime(2025, 3, 15, 12, tzinfo=dt.UTC)
TODAY = NOW.date()
HERE, THERE, PAY = UUID(int=1), UUID(int=2), UUID(int=3)
TENTH = SavingRule(Decimal(10), None, None, None, TODAY)


def goal(**facts: Any) -> Goal:
    plain: dict[str, Any] = {
        "kind": "saving", "target": Decimal(500), "months": None, "due": None, "priority": 1,
        "account_ids": (), "saving": TENTH,
    }  # fmt: skip
    made = Goal.create(UUID(int=9), "Bike", "USD", GoalTerms(**{**plain, **facts}), NOW)
    made.collect_events()
    return made


def paid(one: Goal, income: str, most: str = "1000", on: dt.date = TODAY) -> list[Any]:
    one.save_from(PAY, HERE, Decimal(income), on, Decimal(most), NOW)
    return events_of(one)


def test_a_share_is_rounded_down_and_said_with_the_income_and_the_rule() -> None:
    (aside,) = paid(goal(), "333.39")
    assert facts_of(aside) == {
        "transaction_id": PAY, "account_id": HERE, "income": Decimal("333.39"),
        "amount": Decimal("33.33"), "delta": Decimal("33.33"), "date": TODAY, "rule": TENTH,
    }  # fmt: skip


def test_the_same_income_again_sets_nothing_aside() -> None:
    one = goal()
    paid(one, "100.00")
    assert paid(one, "100.00") == []


def test_an_income_keeps_the_rule_that_it_came_under() -> None:
    one = goal()
    paid(one, "100.00")
    half = SavingRule(Decimal(50), None, None, None, TODAY)
    one.change("Bike", "", GoalTerms("saving", Decimal(500), None, None, 1, (), half), NOW)
    one.collect_events()
    (aside,) = paid(one, "120.00")
    assert (aside.amount, aside.delta) == (Decimal("12.00"), Decimal("2.00"))


def test_a_voided_income_takes_back_no_more_than_is_left_of_it() -> None:
    one = goal()
    paid(one, "100.00")
    one.contribute(HERE, "-7", TODAY, NOW)
    one.collect_events()
    (gone,) = paid(one, "0.00")
    assert (gone.amount, gone.delta) == (0, Decimal("-3.00"))
    assert one.earmarks[HERE] == 0


@pytest.mark.parametrize(
    "came",
    [
        {"income": "100.00", "on": TODAY - dt.timedelta(days=1)},
        {"income": "-5.00"},
        {"income": "100.00", "most": "0"},
    ],
)
def test_an_income_before_the_rule_or_none_at_all_is_passed_over(came: dict[str, Any]) -> None:
    assert paid(goal(), **came) == []


def test_a_rule_for_one_account_passes_over_the_others() -> None:
    only_there = SavingRule(Decimal(10), None, THERE, None, TODAY)
    assert paid(goal(saving=only_there), "100.00") == []


def test_a_pledge_that_was_met_stays_whatever_becomes_of_the_income() -> None:
    one = goal(saving=SavingRule(None, Decimal(40), None, THERE, TODAY), account_ids=(THERE,))
    (pledged,) = paid(one, "100.00")
    one.meet(pledged.pledge_id, UUID(int=7), TODAY, NOW)
    one.collect_events()
    assert paid(one, "0.00") == []
    with pytest.raises(PledgeNotFound):
        one.withdraw(pledged.pledge_id, NOW)


def test_a_pledge_that_the_user_withdrew_is_not_pledged_anew() -> None:
    one = goal(saving=SavingRule(None, Decimal(40), None, THERE, TODAY))
    (pledged,) = paid(one, "100.00")
    one.withdraw(pledged.pledge_id, NOW)
    one.collect_events()
    assert paid(one, "100.00") == []


def test_money_that_arrives_where_it_is_to_go_is_not_pledged() -> None:
    assert paid(goal(saving=SavingRule(None, Decimal(40), None, HERE, TODAY)), "100.00") == []


def test_a_target_is_reached_once_and_fallen_short_of_once() -> None:
    one = goal()
    for saved in ("499", "500", "600", "400", "300"):
        one.observe(Decimal(saved), Decimal(500), NOW)
    assert [event.TOPIC for event in events_of(one)] == ["goal.reached", "goal.fell_short"]


def test_refuses_to_take_back_more_than_is_set_aside() -> None:
    one = goal()
    one.contribute(HERE, "5", TODAY, NOW)
    with pytest.raises(MoreThanIsSetAside):
        one.contribute(THERE, "-1", TODAY, NOW)


def test_refuses_everything_once_it_is_archived() -> None:
    one = goal()
    one.archive(NOW)
    for act in (
        lambda: one.archive(NOW),
        lambda: one.contribute(HERE, "5", TODAY, NOW),
        lambda: one.pledge(UUID(int=5), HERE, THERE, "5", TODAY, NOW),
        lambda: one.change("x", "", one.terms, NOW),
    ):
        with pytest.raises(GoalIsArchived):
            act()
    assert paid(one, "100.00")[1:] == []


def test_refuses_a_rule_whose_money_goes_elsewhere() -> None:
    elsewhere = SavingRule(None, Decimal(40), None, THERE, TODAY)
    with pytest.raises(SavingRuleNotUsable):
        goal(saving=elsewhere, account_ids=(HERE,))
    with pytest.raises(SavingRuleNotUsable):
        goal(saving=TENTH, account_ids=(HERE,))
    with pytest.raises(GoalNotUsable):
        goal(account_ids=(HERE, HERE))


@pytest.mark.parametrize(
    ("today", "due", "months"),
    [
        ("2025-03-15", "2025-03-15", 1),
        ("2025-03-15", "2025-01-01", 1),
        ("2025-03-15", "2025-04-15", 1),
        ("2025-03-15", "2025-04-16", 2),
        ("2025-01-31", "2025-02-28", 1),
        ("2025-02-28", "2025-03-31", 1),
        ("2025-03-15", "2026-03-14", 12),
    ],
)
def test_begun_months_count(today: str, due: str, months: int) -> None:
    assert months_until(dt.date.fromisoformat(today), dt.date.fromisoformat(due)) == months


DAYS = st.dates(dt.date(2025, 1, 1), dt.date(2060, 1, 1))
CENTS = st.integers(1, 10**9).map(lambda cents: Decimal(cents).scaleb(-2))


@given(CENTS, st.integers(-(10**6), 10**6), st.integers(14, 91), DAYS, DAYS)
def test_what_is_needed_suffices_and_the_rate_leads_there_on_that_day_and_not_before(
    missing: Decimal, grown: int, days: int, due: dt.date, today: dt.date
) -> None:
    growth = Growth(Decimal(grown).scaleb(-2), days)
    found = progress(missing, Decimal(0), missing, growth, due, today, "USD")
    assert found.needed_per_month is not None
    count = months_until(today, due)
    assert found.needed_per_month * count >= missing
    assert (found.needed_per_month - Decimal("0.01")) * count < missing
    if found.projected_on is not None:
        after = (found.projected_on - today).days
        assert growth.amount * after >= missing * days
        assert growth.amount * (after - 1) < missing * days
        if due >= today:
            on_time = found.projected_on <= due
            assert found.status == ("on_track" if on_time else "behind")
    elif grown > 0:
        assert missing * days > growth.amount * 140 * 365
    if due < today:
        assert found.status == "overdue"


def test_a_goal_without_a_target_yet_says_so() -> None:
    found = progress(None, Decimal(5), None, None, TODAY, TODAY, "USD")
    assert (found.status, found.ratio, found.needed_per_month) == ("unknown", None, None)


@pytest.mark.parametrize(
    ("months", "usual"),
    [(["1", "2"], None), (["9", "1", "2"], "2.00"), (["1", "2", "4", "5.01"], "3.00"),
     (["1", "2.00", "2.01", "5"], "2.01"), (["-3", "-2", "-1"], "0")],
)  # fmt: skip
def test_what_is_usually_spent_is_the_median_rounded_up(
    months: list[str], usual: str | None
) -> None:
    found = usual_spending([Decimal(one) for one in months], "USD")
    assert found == (None if usual is None else Decimal(usual))
