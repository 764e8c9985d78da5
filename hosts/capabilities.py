"""The one list of what this product can do: which handlers, projections and routes there are."""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter

from mintflow.api import (
    accounts as accounts_api,
)
from mintflow.api import (
    admin as admin_api,
)
from mintflow.api import (
    analytics as analytics_api,
)
from mintflow.api import (
    audit as audit_api,
)
from mintflow.api import (
    bills as bills_api,
)
from mintflow.api import (
    budgets as budgets_api,
)
from mintflow.api import (
    categories as categories_api,
)
from mintflow.api import (
    connections as connections_api,
)
from mintflow.api import (
    erasure as erasure_api,
)
from mintflow.api import events, explain, what_if
from mintflow.api import (
    evidence as evidence_api,
)
from mintflow.api import (
    fx as fx_api,
)
from mintflow.api import (
    goals as goals_api,
)
from mintflow.api import (
    imports as imports_api,
)
from mintflow.api import (
    insights as insights_api,
)
from mintflow.api import (
    ledgers as ledgers_api,
)
from mintflow.api import (
    merchants as merchants_api,
)
from mintflow.api import (
    rules as rules_api,
)
from mintflow.api import (
    schemas as schemas_api,
)
from mintflow.api import (
    takeout as takeout_api,
)
from mintflow.api import (
    transactions as transactions_api,
)
from mintflow.api import (
    transfers as transfers_api,
)
from mintflow.api import (
    undo as undo_api,
)
from mintflow.commands import (
    accounts,
    bills,
    budgets,
    categories,
    connections,
    erasure,
    fx,
    goals,
    insights,
    ledgers,
    rules,
    transactions,
    transfers,
    undo,
)
from mintflow.commands.core.command import Command, Handler
from mintflow.commands.core.ports import Books
from mintflow.commands.imports import import_handlers
from mintflow.ml.categorize import Categorizer
from mintflow.streams import budgets as budget_reactions
from mintflow.streams import goals as goal_reactions
from mintflow.streams.core.reactions import Reaction


def handlers(
    books: Books,
    categorizer: Categorizer,
    *,
    learn: bool = True,
    link: bool = True,
    erasure_wait: timedelta = timedelta(days=7),
) -> dict[type[Command], Handler]:
    """Every command that the bus takes. learn: rules from corrections. link: transfers that are
    certain by themselves. erasure_wait: how long an erasure can be called off."""
    found: dict[type[Command], Handler] = {}
    modules = (
        ledgers, accounts, categories, transfers, budgets, bills, goals, connections, fx,
        insights, undo,
    )  # fmt: skip
    for module in modules:
        found.update(module.HANDLERS)
    sorter = rules.Sorter(categorizer)
    learner = rules.Learner(books) if learn else None
    found[categories.MergeCategories] = categories.merge_categories(books)
    found.update(budgets.handlers_with_books(books))
    found.update(goals.handlers_with_books(books))
    found.update(transactions.transaction_handlers(sorter, learner, books))
    found.update(rules.rule_handlers(books, sorter))
    found.update(erasure.erasure_handlers(erasure_wait))
    found.update(import_handlers(books, sorter, learner, link=link))
    return found


def routers() -> list[APIRouter]:
    """Every route that the API offers."""
    # Requests are matched in this order: what is asked most comes first.
    return [
        accounts_api.router,
        transactions_api.router,
        categories_api.router,
        *budgets_api.ROUTERS,
        *bills_api.ROUTERS,
        goals_api.router,
        events.ledger_router,
        events.history_router,
        transfers_api.router,
        imports_api.router,
        rules_api.router,
        merchants_api.router,
        *insights_api.ROUTERS,
        analytics_api.router,
        connections_api.router,
        undo_api.router,
        fx_api.router,
        what_if.router,
        explain.figures_router,
        explain.histories_router,
        ledgers_api.router,
        erasure_api.router,
        takeout_api.router,
        evidence_api.router,
        audit_api.router,
        schemas_api.router,
        schemas_api.document_router,
        admin_api.router,
    ]


def reactions() -> tuple[Reaction, ...]:
    """What happens by itself when something happened."""
    return (budget_reactions.ALERTS, goal_reactions.TENDING)
