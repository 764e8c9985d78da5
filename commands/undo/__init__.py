"""Undo: an operation's events, found by their correlation id, answered by compensating ones.

command.py       what is asked and answered
course.py        one undoing under way: what counts, what changed, what stays
transactions.py  transactions, with those that they are or were in a pair with
rows.py          one of them: whether it stands, and its fields
pairs.py         matches and transfers: which hold
following.py     what follows when another command lets one be changed again
settings.py      accounts, budgets and their alerts, the ledger
categories.py    the category tree
rules.py         rules and their order
bills.py         bills and what was said of single times
goals.py         goals, what is set aside for them, pledges
connections.py   from where the next sync goes on
words.py         what is said in one word: insights, judgements, rates, pairs; envelopes
stays.py         what no undo takes back, and why
"""

from mintflow.commands.undo.command import HANDLERS, UndoOperation

__all__ = ["HANDLERS", "UndoOperation"]
