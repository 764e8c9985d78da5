"""All commands of this capability."""

from __future__ import annotations

from mintflow.commands.core.command import Command, Handler
from mintflow.commands.core.ports import Books
from mintflow.commands.rules.applying import (
    Categorize,
    PreviewRule,
    categorize_handler,
    preview_handler,
)
from mintflow.commands.rules.keeping import HANDLERS
from mintflow.commands.rules.sorting import Sorter


def rule_handlers(books: Books, sorter: Sorter) -> dict[type[Command], Handler]:
    """The handlers, with what they ask."""
    found: dict[type[Command], Handler] = {}
    found.update(HANDLERS)
    found[Categorize] = categorize_handler(books, sorter)
    found[PreviewRule] = preview_handler(books, sorter)
    return found
