"""Rules from what a user corrected: of one payee, what he said last and most often.

A payee is named by the condition that finds it again: `merchant="Starbucks"` where the merchant is
known, else how its descriptions begin. The last three times that the user gave a payee's rows a
category count; the most frequent one of them is learned, of equals the newest. So the first
correction is followed at once, and after three of a kind the fourth is right whatever went before.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid5

from mintflow.domain.rules.actions import Actions
from mintflow.domain.rules.rule import Rule

EVIDENCE = 3
_LETTERS_MIN = 4  # "sq" or "pos" begin everybody's rows.
_QUOTED = re.compile(r'(["\\])')
_DIGIT = re.compile(r"\d")
_WORD = re.compile(r"\S+")


@dataclass(frozen=True, slots=True)
class Correction:
    """One thing that the user said of a payee's row. money_out: in which direction it went."""

    category_id: str
    money_out: bool


def payee_of(merchant: str, counterparty: str, description: str) -> str:
    """The condition that finds the payee's rows again; "" where a row names nobody.

    merchant: its usual name, as far as known. Without one: the words of the description before
    the first one with a digit in it, for what follows differs from row to row.
    """
    named = merchant.strip() or counterparty.strip()
    if named:
        return f'merchant="{_escaped(named)}"'
    stable = 0
    for word in _WORD.finditer(description):
        if _DIGIT.search(word[0]):
            break
        stable = word.end()
    if sum(char.isalpha() for char in description[:stable]) < _LETTERS_MIN:
        return ""
    if not description[stable:].strip():
        return f'description="{_escaped(description)}"'
    # With the space behind it, so that it ends where a word does.
    return f'description^="{_escaped(description[: stable + 1])}"'


def learned_rule_id(ledger_id: UUID, payee: str) -> UUID:
    """The one rule that is learned of a payee, in whatever case it is written."""
    return uuid5(ledger_id, "learned:" + payee.casefold())


def learned(payee: str, corrections: Sequence[Correction]) -> tuple[str, str] | None:
    """(condition, category id) of what is to be learned, or None.

    corrections: newest first. Where money in and money out of one payee are different things, only
    the direction of the newest is learned.
    """
    if not payee or not corrections:
        return None
    newest = corrections[0]
    recent = corrections[:EVIDENCE]
    if len({one.money_out for one in recent}) > 1 and len({one.category_id for one in recent}) > 1:
        recent = [one for one in corrections if one.money_out == newest.money_out][:EVIDENCE]
        sign = "<" if newest.money_out else ">"
        return f"{payee} amount{sign}0", _most_frequent(recent)
    return payee, _most_frequent(recent)


def takes(rule: Rule, condition: str, category_id: str) -> bool:
    """Whether a learned rule is to be changed to say this."""
    return (
        rule.source == "learned"
        and rule.enabled
        and (rule.condition != condition or rule.actions != Actions(category_id=category_id))
    )


def _most_frequent(corrections: Sequence[Correction]) -> str:
    """Of equals the newest, which comes first."""
    return Counter(one.category_id for one in corrections).most_common(1)[0][0]


def _escaped(text: str) -> str:
    return _QUOTED.sub(r"\\\1", text)
