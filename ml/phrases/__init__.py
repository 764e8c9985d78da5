"""What the words of bank statements mean, as data: phrases and the category they are sure of.

A phrase belongs here when nearly every row that has it is of that category, wherever the household
lives. Words that mean two things ("gas", "orange", "total") stand only in longer phrases that mean
one. `refund` is missing on purpose: money back from a shop lowers what was spent there, and the
word does not say where.

    base.py       what a rule is
    daily.py      food, getting around, shopping, going out
    household.py  the home, bills, health, travel
    money.py      income, fees, interest, taxes, transfers
"""

from mintflow.ml.phrases.base import Direction, Rule
from mintflow.ml.phrases.daily import RULES as DAILY
from mintflow.ml.phrases.household import RULES as HOUSEHOLD
from mintflow.ml.phrases.money import RULES as MONEY

ALL_RULES = (*MONEY, *HOUSEHOLD, *DAILY)

__all__ = ["ALL_RULES", "Direction", "Rule"]
