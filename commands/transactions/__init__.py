"""Commands on transactions: record, post, amend, categorize, split, tag, note, match, void."""

from __future__ import annotations

from mintflow.commands.core.command import Command, Handler
from mintflow.commands.core.ports import Books
from mintflow.commands.rules.learning import Learner
from mintflow.commands.rules.sorting import Sorter
from mintflow.commands.rules.tree import follow_merges, tree_of
from mintflow.commands.transactions.categorizing import Categorizing
from mintflow.commands.transactions.changing import HANDLERS as _CHANGING
from mintflow.commands.transactions.models import (
    BATCH_MAX,
    AmendTransaction,
    CategorizeTransaction,
    MatchTransactions,
    PostTransaction,
    RecordTransaction,
    RecordTransactions,
    ReinstateTransaction,
    SplitPart,
    UnmatchTransaction,
    VoidTransaction,
)
from mintflow.commands.transactions.posting import Waiting
from mintflow.commands.transactions.recording import Recorder
from mintflow.commands.transactions.view import view

__all__ = [
    "BATCH_MAX",
    "AmendTransaction",
    "CategorizeTransaction",
    "MatchTransactions",
    "PostTransaction",
    "RecordTransaction",
    "RecordTransactions",
    "ReinstateTransaction",
    "SplitPart",
    "UnmatchTransaction",
    "VoidTransaction",
    "follow_merges",
    "transaction_handlers",
    "tree_of",
    "view",
]


def transaction_handlers(
    sorter: Sorter, learner: Learner | None, books: Books
) -> dict[type[Command], Handler]:
    """The handlers, with what they ask. learner: None where nothing is learned."""
    recorder = Recorder(sorter, learner, Waiting(books))
    categorizing = Categorizing(sorter, learner)
    found: dict[type[Command], Handler] = {}
    found.update(_CHANGING)
    found[RecordTransaction] = recorder.record
    found[RecordTransactions] = recorder.record_all
    found[CategorizeTransaction] = categorizing.categorize
    return found
