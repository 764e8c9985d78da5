"""What no undo takes back, and why: what happened, what follows from the books, what has its own
way of being called off. Every other type of event is in one of the two lists below.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class Stays(StrEnum):
    """Why an event stays."""

    OPENS_THE_LEDGER = "opens_the_ledger"  # A ledger is erased, not undone.
    HOLDS_NOTHING = "holds_nothing"  # An empty list was begun; what is in it is undone.
    CAME_IN = "came_in"  # That a file came in; its rows and balances are undone.
    NAMES_A_ROW = "names_a_row"  # By which a row of a bank is known when it comes again.
    WAS_TOLD = "was_told"  # Somebody was reminded.
    FOLLOWS_FROM_THE_BOOKS = "follows_from_the_books"  # Looked at again by itself after an undo.
    HAS_ITS_OWN_WAY = "has_its_own_way"  # An erasure is called off where it was asked for.


STAYS: Mapping[str, Stays] = {
    "ledger.opened": Stays.OPENS_THE_LEDGER,
    "category_tree.planted": Stays.OPENS_THE_LEDGER,
    "rule_set.opened": Stays.HOLDS_NOTHING,
    "envelopes.opened": Stays.HOLDS_NOTHING,
    "import.completed": Stays.CAME_IN,
    "transaction.aliased": Stays.NAMES_A_ROW,
    "bill.reminded": Stays.WAS_TOLD,
    "budget.alert_raised": Stays.FOLLOWS_FROM_THE_BOOKS,
    "budget.alert_cleared": Stays.FOLLOWS_FROM_THE_BOOKS,
    "goal.set_aside": Stays.FOLLOWS_FROM_THE_BOOKS,
    "goal.pledge_met": Stays.FOLLOWS_FROM_THE_BOOKS,
    "goal.pledge_reopened": Stays.FOLLOWS_FROM_THE_BOOKS,
    "goal.reached": Stays.FOLLOWS_FROM_THE_BOOKS,
    "goal.fell_short": Stays.FOLLOWS_FROM_THE_BOOKS,
    "ledger.erasure_requested": Stays.HAS_ITS_OWN_WAY,
    "ledger.erasure_cancelled": Stays.HAS_ITS_OWN_WAY,
    "ledger.erased": Stays.HAS_ITS_OWN_WAY,
}

# What is brought to what counts.
COMPENSATED = frozenset(
    {
        "account.balance_reported", "account.closed", "account.import_profile_set",
        "account.opened", "account.opening_balance_changed", "account.renamed",
        "account.reopened", "bill.added", "bill.changed", "bill.ended", "bill.marked",
        "bill.restored", "budget.alert_dismissed", "budget.archived", "budget.changed",
        "budget.set", "category.added", "category.archived", "category.merged",
        "category.moved", "category.restored", "connection.opened", "connection.synced",
        "envelopes.assigned", "envelopes.moved", "goal.archived", "goal.changed",
        "goal.contributed", "goal.created", "goal.pledge_withdrawn", "goal.pledged",
        "goal.released", "insight.dismissed", "insight.dismissed_again", "insight.shown_again",
        "ledger.renamed", "rate.added", "rate.recorded", "recurring.judged",
        "recurring.judged_again", "rule.added", "rule.changed", "rule.removed",
        "rule.reordered", "rule.switched", "transaction.absorbed", "transaction.amended",
        "transaction.budgeted", "transaction.categorized", "transaction.linked",
        "transaction.matched", "transaction.merchant_named", "transaction.noted",
        "transaction.posted", "transaction.recorded", "transaction.reinstated",
        "transaction.released", "transaction.split", "transaction.tagged",
        "transaction.unlinked", "transaction.unmatched", "transaction.voided", "transfer.ended",
        "transfer.pair_rejected", "transfer.pair_rejected_again", "transfer.started",
    }
)  # fmt: skip
# What only an undoing says. It is no word of its own: undoing the undoing is how it goes.
OF_UNDO = frozenset(
    {
        "account.balance_report_withdrawn", "account.import_profile_forgotten",
        "budget.alert_shown_again", "budget.restored", "connection.closed",
        "connection.reopened", "connection.sync_restored", "envelopes.restored",
        "goal.pledge_restored", "goal.restored", "rate.withdrawn", "transaction.restored",
        "transaction.taken_back", "transfer.pair_allowed", "undo.begun", "undo.done",
        "undo.undone",
    }
)  # fmt: skip
# Of these, what a command that is no undo says as well, where it ends what an undo waited for. What
# it is of is brought to what counts with the rest of that command.
FOLLOWED = frozenset({"transaction.restored", "transaction.taken_back"})
