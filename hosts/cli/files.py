"""The import of bank files as people ask for it: by ledger and account name, several at once.

What is not there yet is made, from what the first readable file says. A dry run makes nothing; for
an account that does not exist it reads the files here and says what each would add.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mintflow.domain.core.errors import MintFlowError
from mintflow.domain.core.money import check_currency
from mintflow.hosts.cli.lookup import Row, accounts_of, ledgers_of, named
from mintflow.hosts.cli.options import Kind
from mintflow.hosts.cli.preview import Preview
from mintflow.hosts.cli.shell import readable
from mintflow.hosts.session import Refused, Session, Tell

CURRENCY_DEFAULT = "USD"
KIND_DEFAULT: Kind = "checking"
_COUNTS = ("added", "known", "updated", "skipped")
_HEAD_BYTES = 65_536
# What a file says of the kind of its account, in the words of OFX and QIF.
_KINDS: tuple[tuple[str, Kind], ...] = (
    (r"<CREDITCARDMSGSRS|<CCSTMTRS|!TYPE:CCARD", "credit_card"),
    (r"<ACCTTYPE>\s*(SAVINGS|MONEYMRKT|CD)\b", "savings"),
    (r"<ACCTTYPE>\s*CREDITLINE\b", "loan"),
    (r"<INVSTMTMSGSRS|!TYPE:INVST", "investment"),
    (r"!TYPE:CASH", "cash"),
)


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to be imported, and where to. form: a format, or auto."""

    files: Sequence[Path]
    ledger: str | None
    account: str
    form: str = "auto"
    dry_run: bool = False
    kind: Kind | None = None
    currency: str | None = None
    statement_account: str | None = None


@dataclass(slots=True)
class _Loaded:
    """A file of the wish: its bytes, or why there are none."""

    path: Path
    content: bytes = b""
    error: dict[str, Any] | None = None

    @property
    def name(self) -> str:
        """As text, which the name of a file need not be."""
        return readable(self.path.name)


async def import_files(session: Session, wish: Wish, tell: Tell, say: Tell) -> Row:
    """Import each file whole or not at all; a file that can not be read stops no other one.

    tell: progress; say: what was made that was not there. Returns sums, `files` with an entry
    each, `account_id`, `ledger_id` (None where a dry run made none) and `position`.
    Raises Refused where no file could go anywhere: no such account kind, an ambiguous name.
    """
    files = [_load(path) for path in wish.files]
    ledgers = await ledgers_of(session)
    ledger = _chosen_ledger(ledgers, wish.ledger)
    account = None
    if ledger is not None:
        account = named(await accounts_of(session, ledger["ledger_id"]), wish.account, "account")
    if account is None:
        facts = _facts(files, wish)
        likely = {"kind": wish.kind or KIND_DEFAULT, "currency": _currency(wish, facts, ledger)}
        # An account is opened for what it takes: if that is nothing, none is left behind empty.
        if wish.dry_run or facts is None or not _takes_any(files, wish, likely):
            preview = Preview(wish.form, likely, wish.statement_account)
            entries = [_entry(file, wish, _previewed(file, preview)) for file in files]
            return _report(entries, wish, ledger, None, None)
        ledger, account = await _make(session, wish, ledger, facts, say)
    assert ledger is not None
    preview = Preview(wish.form, account, wish.statement_account)
    entries, position = [], None
    for number, file in enumerate(files, 1):
        tell(f"importing {file.name} ({number} of {len(files)})…")
        outcome = await _uploaded(session, wish, ledger, account, file)
        if wish.dry_run and len(files) > 1 and "error" not in outcome:
            name, content = file.name, file.content
            outcome = await preview.corrected(session, ledger["ledger_id"], name, content, outcome)
        position = outcome.pop("position", None) or position
        entries.append(_entry(file, wish, outcome))
    tell("bringing the balances up to date…")
    await session.settle(ledger["ledger_id"], position)
    return _report(entries, wish, ledger, account, position)


def _load(path: Path) -> _Loaded:
    code = "file_not_readable"
    try:
        return _Loaded(path, path.read_bytes())
    except FileNotFoundError:
        code, reason = "file_not_found", "there is no such file"
    except OSError as trouble:
        reason = trouble.strerror or type(trouble).__name__
    loaded = _Loaded(path)
    loaded.error = {"code": code, "message": f"{loaded.name}: {reason}"}
    return loaded


def _chosen_ledger(ledgers: list[Row], wanted: str | None) -> Row | None:
    if wanted is not None:
        return named(ledgers, wanted, "ledger")
    if len(ledgers) > 1:
        names = [one["name"] for one in ledgers]
        raise Refused("ledger_not_named", "there are several: say --ledger", {"ledgers": names})
    if not ledgers:
        raise Refused("ledger_not_named", "there are no books here yet: name them with --ledger")
    return ledgers[0]


def _facts(files: list[_Loaded], wish: Wish) -> tuple[str | None, Kind | None] | None:
    """What the first readable file says of its account: currency and kind. None: no file is."""
    from mintflow.connectors.files import read_file

    for file in files:
        if file.error is None:
            name = file.name
            try:
                content = read_file(file.content, name, format=wish.form, currency=wish.currency)
            except MintFlowError:
                continue
            said = {one.currency for one in content.statements if one.currency}
            said |= {row.currency for one in content.statements for row in one.rows if row.currency}
            return said.pop() if len(said) == 1 else None, _kind_in(file.content)
    return None


def _kind_in(content: bytes) -> Kind | None:
    """UTF-16 is the same letters with zero bytes between."""
    head = content[:_HEAD_BYTES].replace(b"\0", b"").decode("latin-1").upper()
    return next((kind for pattern, kind in _KINDS if re.search(pattern, head)), None)


def _currency(wish: Wish, facts: tuple[str | None, Kind | None] | None, ledger: Row | None) -> str:
    said = facts[0] if facts else None
    return wish.currency or said or (ledger["currency"] if ledger else CURRENCY_DEFAULT)


async def _make(
    session: Session,
    wish: Wish,
    ledger: Row | None,
    facts: tuple[str | None, Kind | None],
    say: Tell,
) -> tuple[Row, Row]:
    """Open the account, and the ledger too where there is none. Raises Refused."""
    currency, kind = _currency(wish, facts, ledger), wish.kind or facts[1] or KIND_DEFAULT
    try:
        check_currency(currency)
    except MintFlowError as refusal:
        raise Refused(refusal.code, refusal.message, refusal.details) from None
    if ledger is None:
        made = await session.post("/v1/ledgers", {"name": wish.ledger, "currency": currency})
        ledger = made.data
        say(f"opened the ledger “{wish.ledger}” in {currency}")
    assert ledger is not None
    body = {
        "name": wish.account,
        "kind": kind,
        "currency": currency,
        # The statement that reaches back furthest says what the account held before it.
        "opening_from_files": True,
    }
    opened = await session.post(f"/v1/ledgers/{ledger['ledger_id']}/accounts", body)
    say(f"opened the account “{wish.account}” ({kind}, {currency})")
    return ledger, opened.data


def _takes_any(files: list[_Loaded], wish: Wish, account: Row) -> bool:
    """Whether an account opened like this takes one of the files."""
    preview = Preview(wish.form, account, wish.statement_account)
    return any("error" not in _previewed(file, preview) for file in files)


def _previewed(file: _Loaded, preview: Preview) -> Row:
    if file.error is not None:
        return {"error": file.error}
    try:
        return preview.counts(file.name, file.content)
    except MintFlowError as refusal:
        return {"error": _problem(refusal)}


async def _uploaded(session: Session, wish: Wish, ledger: Row, account: Row, file: _Loaded) -> Row:
    if file.error is not None:
        return {"error": file.error}
    form = {"account_id": account["account_id"], "format": wish.form}
    form["dry_run"] = "true" if wish.dry_run else "false"
    if wish.statement_account is not None:
        form["statement_account"] = wish.statement_account
    path = f"/v1/ledgers/{ledger['ledger_id']}/imports"
    try:
        answer = await session.upload(path, file.name, file.content, form)
    except Refused as refusal:
        return {"error": _problem(refusal)}
    return {**answer.data, "position": answer.position}


def _problem(refusal: MintFlowError | Refused) -> Row:
    details = refusal.details if isinstance(refusal.details, dict) else {"list": refusal.details}
    return {**details, "code": refusal.code, "message": refusal.message}


def _entry(file: _Loaded, wish: Wish, outcome: Row) -> Row:
    """An entry of `files`; a file with an error has added nothing."""
    form = None if wish.form == "auto" else wish.form
    return {
        "file": readable(str(file.path)),
        "format": outcome.get("format", form),
        **{name: outcome.get(name, 0) for name in (*_COUNTS, "matched")},
        "findings": outcome.get("findings", []),
        "import_id": outcome.get("import_id"),
        "error": outcome.get("error"),
    }


def _report(
    entries: list[Row], wish: Wish, ledger: Row | None, account: Row | None, position: int | None
) -> Row:
    return {
        **{name: sum(entry[name] for entry in entries) for name in _COUNTS},
        "files": entries,
        "dry_run": wish.dry_run,
        "ledger_id": ledger["ledger_id"] if ledger else None,
        "account_id": account["account_id"] if account else None,
        "position": position,
    }
