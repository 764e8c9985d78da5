"""Whose rows these are: the account's number in the text above a CSV's table, or in a column."""

from __future__ import annotations

import re
from collections.abc import Sequence

from mintflow.connectors.files.delimited.records import Record
from mintflow.connectors.files.delimited.words import roles_of
from mintflow.domain.statements import CsvProfile

_IBAN = re.compile(r"\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]){11,30}\b")


def account_column(profile: CsvProfile, header: Sequence[str] | None) -> int | None:
    """The column of the own account, known by its name only and not used for anything else."""
    names = list(enumerate(header or ()))
    used = {*profile.description, *profile.memo, profile.bank_id}
    has_payee = any(role == "payee" for _, name in names for role, _ in roles_of(name))
    found: list[tuple[int, int]] = []
    for index, name in names:
        ranks = [rank for role, rank in roles_of(name) if role == "account"]
        # Beside a payee, "Account number" may be the payee's.
        if ranks and index not in used and (ranks[0] == 0 or not has_payee):
            found.append((ranks[0], index))
    return min(found)[1] if found else None


def account_above(head: Sequence[Record]) -> str:
    """The first valid IBAN in the text above the table, or ""."""
    for record in head:
        for field in record.fields:
            match = _IBAN.search(field)
            if match and _is_iban(match[0]):
                return match[0].replace(" ", "")
    return ""


def _is_iban(text: str) -> bool:
    # Imported here: the library loads a register of banks, and few files print an IBAN on top.
    from schwifty import IBAN

    return IBAN(text, allow_invalid=True).is_valid
