"""Goals never have more of an account than it holds, after any history; and each has what a plain
count of single cents says."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from mintflow.domain.goals.allotment import Claim, allot

ACCOUNTS = [UUID(int=number) for number in range(1, 4)]
CENTS = st.integers(0, 400).map(lambda cents: Decimal(cents).scaleb(-2))
BALANCES = st.dictionaries(
    st.sampled_from(ACCOUNTS), st.integers(-300, 500).map(lambda cents: Decimal(cents).scaleb(-2))
)
CLAIMS = st.lists(
    st.tuples(
        st.integers(1, 3),
        st.dictionaries(st.sampled_from(ACCOUNTS), CENTS),
        st.lists(st.sampled_from(ACCOUNTS), unique=True),
        st.none() | CENTS,
    ),
    max_size=5,
)


def cent_by_cent(claims: list[Claim], balances: dict[UUID, Decimal]) -> dict[UUID, Decimal]:
    """goal -> what it has, handed out one cent at a time by whoever is first in line."""
    cent = Decimal("0.01")
    left = {one: int(max(balance, Decimal(0)) / cent) for one, balance in balances.items()}
    has = {claim.goal_id: 0 for claim in claims}
    line = sorted(claims, key=lambda claim: claim.order)
    for claim in line:
        for account, marked in claim.earmarks.items():
            for _ in range(int(marked / cent)):
                if left.get(account, 0) > 0:
                    left[account] -= 1
                    has[claim.goal_id] += 1
    for claim in line:
        for _ in range(int((claim.most or Decimal(0)) / cent)):
            source = next((one for one in claim.account_ids if left.get(one, 0) > 0), None)
            if source is not None:
                left[source] -= 1
                has[claim.goal_id] += 1
    return {goal: cents * cent for goal, cents in has.items()}


def claims_of(drawn: list[Any]) -> list[Claim]:
    return [
        Claim(UUID(int=100 + number), (priority, number), marks, accounts, most)
        for number, (priority, marks, accounts, most) in enumerate(drawn)
    ]


def check(claims: list[Claim], balances: dict[UUID, Decimal]) -> None:
    shared = allot(claims, balances)
    for account in ACCOUNTS:
        held = sum((has.get(account, Decimal(0)) for has in shared.goals.values()), Decimal(0))
        holds = max(balances.get(account, Decimal(0)), Decimal(0))
        assert held <= holds
        assert held + shared.free.get(account, Decimal(0)) == holds
    assert {claim.goal_id: shared.of(claim.goal_id) for claim in claims} == (
        cent_by_cent(claims, balances)
    )


@given(CLAIMS, BALANCES)
def test_allotments_of_an_account_never_exceed_what_it_holds(
    drawn: list[Any], balances: dict[UUID, Decimal]
) -> None:
    check(claims_of(drawn), balances)


class Sharing(RuleBasedStateMachine):
    """Balances and goals that change step by step."""

    def __init__(self) -> None:
        super().__init__()
        self.balances: dict[UUID, Decimal] = {}
        self.drawn: list[Any] = []

    @rule(account=st.sampled_from(ACCOUNTS), cents=st.integers(-300, 300))
    def book(self, account: UUID, cents: int) -> None:
        now = self.balances.get(account, Decimal(0))
        self.balances[account] = now + Decimal(cents).scaleb(-2)

    @rule(drawn=CLAIMS)
    def add_goals(self, drawn: list[Any]) -> None:
        self.drawn = [*self.drawn, *drawn][-6:]

    @rule(which=st.integers(0, 5))
    def archive(self, which: int) -> None:
        del self.drawn[which : which + 1]

    @rule(which=st.integers(0, 5), account=st.sampled_from(ACCOUNTS), amount=CENTS)
    def earmark(self, which: int, account: UUID, amount: Decimal) -> None:
        if which < len(self.drawn):
            priority, marks, accounts, most = self.drawn[which]
            self.drawn[which] = (priority, {**marks, account: amount}, accounts, most)

    @invariant()
    def no_account_is_given_twice(self) -> None:
        check(claims_of(self.drawn), self.balances)


TestSharing = Sharing.TestCase
