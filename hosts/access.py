"""Who may ask for what: a ledger belongs to its owner, and to nobody else it even exists."""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from uuid import UUID

import orjson

from mintflow.api.core.routing import ScopeNotSufficient
from mintflow.commands.core.command import Command, Context
from mintflow.commands.core.ports import Principal
from mintflow.commands.core.repository import Repository
from mintflow.commands.erasure import CompleteErasure
from mintflow.commands.ledgers import OpenLedger
from mintflow.domain.ledgers import Ledger, LedgerNotFound
from mintflow.store.durable import put_new
from mintflow.store.sealing import LedgerIsErased


class OwnerOnly:
    """The authorizer: anyone may open a ledger; only its owner may do anything in it."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository

    async def authorize(self, command: Command, context: Context) -> None:
        """Raises LedgerNotFound, LedgerIsErased; and ScopeNotSufficient for who owns nothing by
        his token."""
        if context.principal.scope != "owner":
            raise ScopeNotSufficient("this token is not for commands")
        if isinstance(command, OpenLedger):
            return
        ledger_id = context.ledger_id
        if ledger_id is not None:
            ledger = await self._repository.find(ledger_id, Ledger, ledger_id)
            if ledger is not None and ledger.owner == str(context.principal.user_id):
                if ledger.erased and not isinstance(command, CompleteErasure):
                    raise LedgerIsErased("the ledger is erased", ledger_id=str(ledger_id))
                return
        raise LedgerNotFound("there is no such ledger")


@dataclass(frozen=True, slots=True)
class LocalOwner:
    """The one person of an embedded host, with the token that its data folder keeps."""

    user_id: UUID
    token: str

    @classmethod
    def of(cls, data_dir: Path, new_user_id: UUID) -> LocalOwner:
        """The owner of a data folder; made at the first start, the same ever after."""
        path = data_dir / "owner.json"
        try:
            kept = orjson.loads(path.read_bytes())
        except FileNotFoundError:
            made = {"user_id": str(new_user_id), "token": secrets.token_urlsafe(32)}
            # Several processes may start on one new folder: the first one's is everyone's.
            kept = orjson.loads(put_new(path, orjson.dumps(made), mode=0o600))
        return cls(UUID(kept["user_id"]), kept["token"])

    def authenticate(self, token: str) -> Principal | None:
        """The principal that a token belongs to. Compares in constant time."""
        given, own = sha256(token.encode()).digest(), sha256(self.token.encode()).digest()
        if not hmac.compare_digest(given, own):
            return None
        return Principal(self.user_id, f"user:{self.user_id}")
