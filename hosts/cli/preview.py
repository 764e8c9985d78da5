"""What a dry run can not ask the API, because one request is about one file and one account.

For an account that is not there the files are read here. For one that is, the API says what each
file would do on its own; rows that two files of one dry run share are new only once, and that is
put right here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import UUID

from mintflow.domain.core.errors import MintFlowError
from mintflow.hosts.cli.lookup import Row
from mintflow.hosts.session import Session

if TYPE_CHECKING:
    from mintflow.commands.imports.rows import Row as FileRow
    from mintflow.domain.statements import CsvProfile, StatementFile

PAGE = 1_000
_NOBODY = UUID(int=0)


@dataclass(slots=True)
class Preview:
    """Reads the files of one wish in their order, as an import into one account would.

    account: id, kind and currency of the account, or those that it would be opened with.
    statement_account: which account of a file is meant. profile: how the CSV before was read.
    """

    form: str
    account: Row
    statement_account: str | None = None
    profile: CsvProfile | None = None
    seen: set[UUID] = field(default_factory=set)

    def counts(self, name: str, content: bytes) -> Row:
        """What an import into a new account would do after the files before. Raises
        MintFlowError."""
        # Imported here, as in `_rows`.
        from mintflow.commands.imports.findings import told

        file, rows, findings, skipped = self._rows(name, content)
        shared = len(self._shared(rows))
        return {
            "format": file.format,
            "added": len(rows) - shared,
            "known": shared,
            "skipped": skipped,
            "findings": told(file.findings, findings),
        }

    async def corrected(
        self, session: Session, ledger_id: str, name: str, content: bytes, answer: Row
    ) -> Row:
        """The API's prediction for a file, with the rows of earlier files known. Raises Refused."""
        try:
            _, rows, _, _ = self._rows(name, content)
        except MintFlowError:
            return answer
        shared = self._shared(rows)
        if shared:
            shared -= await self._in_the_books(session, ledger_id, rows, shared)
        new_once = min(len(shared), answer["added"])
        return {
            **answer,
            "added": answer["added"] - new_once,
            "known": answer["known"] + new_once,
        }

    def _rows(self, name: str, content: bytes) -> tuple[StatementFile, list[FileRow], Any, int]:
        # Imported here: these bring the readers of every format along.
        from mintflow.commands.core.command import utc_now
        from mintflow.commands.imports.rows import choose, comparable, identified
        from mintflow.connectors.files import read_file
        from mintflow.domain.accounts import Account

        currency = self.account["currency"]
        file = read_file(content, name, format=self.form, profile=self.profile, currency=currency)
        self.profile = file.profile or self.profile
        account_id = UUID(self.account["account_id"]) if "account_id" in self.account else _NOBODY
        account = Account.open(account_id, "preview", self.account["kind"], currency, utc_now())
        chosen = choose(file.statements, self.statement_account)
        rows, findings, skipped = identified(account, chosen)
        _, foreign = comparable(account, chosen)
        return file, rows, [*findings, *foreign], skipped

    def _shared(self, rows: Iterable[FileRow]) -> set[UUID]:
        """The rows that a file before had as well; remembers those of this one."""
        ids = {row.transaction_id for row in rows}
        shared = ids & self.seen
        self.seen |= ids
        return shared

    async def _in_the_books(
        self, session: Session, ledger_id: str, rows: list[FileRow], wanted: set[UUID]
    ) -> set[UUID]:
        """Those of the wanted rows that the account holds, voided and matched ones too."""
        days = [row.source.date for row in rows if row.transaction_id in wanted]
        found: set[UUID] = set()
        for status in (None, "voided", "absorbed"):
            pages = session.pages(
                f"/v1/ledgers/{ledger_id}/transactions",
                account_id=self.account["account_id"],
                start_date=min(days).isoformat(),
                end_date=max(days).isoformat(),
                status=status,
                limit=PAGE,
            )
            async for row in pages:
                found.add(UUID(row["transaction_id"]))
        return found & wanted
