"""Tokens for others than the owner of a data folder: analysts and auditors.

Only the SHA-256 of a token is kept, in `tokens.json` (mode 0600); the token itself is shown once.
It is 256 random bits, so that a plain hash is enough. A running host sees a new or a revoked token
with the next request. This file does not say what a scope allows (commands/core/ports.py).
"""

from __future__ import annotations

import datetime as dt
import fcntl
import hmac
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Literal
from uuid import UUID

import orjson

from mintflow.commands.core.ports import Principal
from mintflow.domain.core.errors import Conflict, Invalid, NotFound
from mintflow.store.durable import put_over

GrantedScope = Literal["analyst", "auditor"]
TOKENS_MAX = 1_000
NAME_LENGTH_MAX = 200
_FILE = "tokens.json"


class TokenNotFound(NotFound):
    """There is no token with this id."""

    code = "token_not_found"


class TooManyTokens(Conflict):
    """A data folder has as many tokens as it may; revoke one that nobody uses."""

    code = "too_many_tokens"


class TokensUnreadable(Invalid):
    """The file of the tokens is damaged; nobody but the owner is let in."""

    code = "tokens_unreadable"


@dataclass(frozen=True, slots=True)
class Token:
    """What is kept of a token. name: whom it was given to, in the owner's words."""

    token_id: str
    scope: GrantedScope
    name: str
    created_at: str
    sha256: str

    @property
    def principal(self) -> Principal:
        return Principal(UUID(self.token_id), f"{self.scope}:{self.token_id}", self.scope)


class Tokens:
    """The tokens of one data folder, shared by all processes that have it open."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / _FILE
        self._seen: tuple[int, int, int] | None = None
        self._by_hash: dict[bytes, Token] = {}

    def all(self) -> list[Token]:
        """Oldest first. Raises TokensUnreadable."""
        try:
            kept = orjson.loads(self._path.read_bytes())
            return [Token(**one) for one in kept["tokens"]]
        except FileNotFoundError:
            return []
        except (orjson.JSONDecodeError, KeyError, TypeError):
            raise TokensUnreadable(f"{_FILE} is damaged; remove it to begin anew") from None

    def create(
        self, scope: GrantedScope, name: str, *, token_id: UUID, now: dt.datetime
    ) -> tuple[Token, str]:
        """A new token and, this once, what its bearer sends. Raises TooManyTokens."""
        secret = f"mintflow_{scope}_{secrets.token_urlsafe(32)}"
        created = now.isoformat(timespec="seconds")
        token = Token(str(token_id), scope, name[:NAME_LENGTH_MAX], created, _hash(secret).hex())
        with self._alone():
            known = self.all()
            if len(known) >= TOKENS_MAX:
                raise TooManyTokens("there are too many tokens", tokens_max=TOKENS_MAX)
            self._write([*known, token])
        return token, secret

    def revoke(self, token_id: str) -> Token:
        """Let a token in no longer; its live streams end within a tick. Raises TokenNotFound."""
        with self._alone():
            known = self.all()
            found = next((one for one in known if one.token_id == token_id), None)
            if found is None:
                raise TokenNotFound("there is no such token", token_id=token_id[:100])
            self._write([one for one in known if one is not found])
        return found

    def authenticate(self, secret: str) -> Principal | None:
        """Whom a token belongs to. A damaged file lets nobody in."""
        self._look()
        given = _hash(secret)
        token = self._by_hash.get(given)
        if token is None or not hmac.compare_digest(given, bytes.fromhex(token.sha256)):
            return None
        return token.principal

    def _look(self) -> None:
        """Read the file if it is another one than last time: it is replaced whole, never edited."""
        try:
            now = os.stat(self._path)
        except FileNotFoundError:
            self._seen, self._by_hash = None, {}
            return
        seen = (now.st_ino, now.st_mtime_ns, now.st_size)
        if seen != self._seen:
            try:
                tokens = self.all()
            except TokensUnreadable:
                tokens = []
            self._seen, self._by_hash = seen, {bytes.fromhex(one.sha256): one for one in tokens}

    def _write(self, tokens: list[Token]) -> None:
        content = {"tokens": [asdict(one) for one in tokens]}
        put_over(self._path, orjson.dumps(content, option=orjson.OPT_INDENT_2), mode=0o600)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One writer at a time, whatever process it is in."""
        handle = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)


def _hash(secret: str) -> bytes:
    return sha256(secret.encode("utf-8", "replace")).digest()
