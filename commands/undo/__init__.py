"""Undo: an operation's events, found by their correlation id, answered by compensating ones.

command.py       what is asked and answered
course.py        one undoing under way: what counts, what changed, what stays
transactions.py  transactions, their matches and transfers
settings.py      accounts, categories, budgets, the ledger
rules.py         rules and their order
goals.py         goals and what is set aside for them
"""

from mintflow.commands.undo.command import HANDLERS, UndoOperation

__all__ = ["HANDLERS", "UndoOperation"]
