"""The command bus: authorize, decide, append; again if the books moved meanwhile.

Refusals come in this order (tested, docs/reference/errors.md): the request's shape, the key, who
may, what must exist, the state it is in, the rule for values, and last a change by somebody else.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from typing import Any, Protocol
from uuid import UUID

import orjson
import structlog

from mintflow.commands.core.command import (
    Answer,
    Command,
    ConcurrentChange,
    Context,
    Handler,
    IdempotencyKeyReused,
    check_key,
    request_hash,
)
from mintflow.commands.core.group_commit import GroupCommit
from mintflow.commands.core.ports import Clock, IdSource
from mintflow.commands.core.repository import Repository
from mintflow.commands.core.unit import Unit
from mintflow.domain.core.errors import MintFlowError
from mintflow.domain.core.money import money_text
from mintflow.store.append import Idempotency, Outcome
from mintflow.store.mapper import Mapper

log = structlog.get_logger(__name__)

# With 32 writers on one stream the last one has lost 31 times; more than that is not bad luck.
ATTEMPTS_MAX = 40
# Ledgers whose last write is remembered; one is about 200 bytes.
REMEMBERED_MAX = 50_000


class Authorizer(Protocol):
    """Decides who may ask for what. Raises NotFound for ledgers that are not the caller's."""

    async def authorize(self, command: Command, context: Context) -> None: ...


class CommandBus:
    """Takes commands of every capability. One per process."""

    def __init__(
        self,
        handlers: Mapping[type[Command], Handler],
        repository: Repository,
        mapper: Mapper,
        appender: GroupCommit,
        authorizer: Authorizer,
        clock: Clock,
        ids: IdSource,
    ) -> None:
        self._handlers = handlers
        self._repository = repository
        self._mapper = mapper
        self._appender = appender
        self._authorizer = authorizer
        self._clock = clock
        self._ids = ids
        self._written: OrderedDict[int, tuple[int, int]] = OrderedDict()

    async def execute(self, command: Command, context: Context) -> Answer:
        """Carry out a command; durable when it returns.

        Raises the refusals of its capability; IdempotencyKeyReused; ConcurrentChange;
        StoreUnavailable.
        """
        key = check_key(context.idempotency_key)
        await self._authorizer.authorize(command, context)
        handler = self._handlers[type(command)]
        asked = request_hash(command, context) if key is not None else b""
        for attempt in range(ATTEMPTS_MAX):
            unit = Unit(self._repository, self._mapper, context, self._clock, self._ids, attempt)
            try:
                data = await handler(command, unit)
            except MintFlowError as refusal:
                if refusal.kind != "unavailable" and await unit.is_behind():
                    unit.forget()
                    continue
                if key is None or refusal.kind == "unavailable":
                    raise
                return await self._keep(key, asked, context, _refused(refusal))
            answer = _idempotency(key, asked, context, _accepted(data)) if key is not None else None
            commit = unit.commit(answer)
            if not commit.events:
                if await unit.is_behind():
                    unit.forget()
                    continue
                if key is not None:
                    return await self._keep(key, asked, context, _accepted(data))
                return Answer(data, None, None)
            outcome = await self._appender.append(commit)
            if outcome.kind == "appended":
                unit.keep()
                self._remember(commit.ledger_id, context, commit.shard, outcome.position)
                return Answer(data, outcome.position, outcome.ledger_seq)
            if outcome.kind == "replayed":
                return _replayed(outcome, asked)
            unit.forget()
            log.debug("command_decided_again", command=type(command).__name__, attempt=attempt)
        raise ConcurrentChange("others change the same things; ask again", attempts=ATTEMPTS_MAX)

    def last_written(self, scope_id: UUID) -> tuple[int, int] | None:
        """(shard, position) of the last command of a ledger, or of the last ledger that a caller
        opened, as far as this process did it: what a reader of its own writes waits for."""
        return self._written.get(scope_id.int)

    def _remember(
        self, ledger_id: UUID, context: Context, shard: int, position: int | None
    ) -> None:
        scope_id = context.ledger_id or context.principal.user_id
        for one in {scope_id.int, ledger_id.int}:
            self._written[one] = (shard, position or 0)
            self._written.move_to_end(one)
        while len(self._written) > REMEMBERED_MAX:
            self._written.popitem(last=False)

    async def _keep(self, key: str, asked: bytes, context: Context, response: bytes) -> Answer:
        """Keep an answer without events, or give the first one again. Raises a kept refusal."""
        wanted = _idempotency(key, asked, context, response)
        kept, now = await self._appender.keep_answer(wanted)
        return _given_again(kept.request, kept.response, asked, None, replayed=not now)


class KeptRefusal(MintFlowError):
    """A refusal that is kept under its idempotency key, in its own words. replayed: whether it is
    given again, and was not kept just now."""

    def __init__(self, kept: Mapping[str, Any], *, replayed: bool) -> None:
        super().__init__(kept["message"], **kept["details"])
        self.code = kept["code"]  # type: ignore[misc]
        self.kind = kept["kind"]  # type: ignore[misc]
        self.replayed = replayed


def plain(value: Any) -> Any:
    """For orjson: what an answer may hold beside JSON values."""
    return money_text(value)


def _accepted(data: Any) -> bytes:
    return orjson.dumps({"ok": data}, default=plain)


def _refused(refusal: MintFlowError) -> bytes:
    return orjson.dumps(
        {
            "refused": {
                "code": refusal.code,
                "kind": refusal.kind,
                "message": refusal.message,
                "details": refusal.details,
            }
        },
        default=str,
    )


def _idempotency(key: str, asked: bytes, context: Context, response: bytes) -> Idempotency:
    scope_id = context.ledger_id or context.principal.user_id
    return Idempotency(scope_id, key, asked, response)


def _replayed(outcome: Outcome, asked: bytes) -> Answer:
    assert outcome.stored_request is not None
    assert outcome.stored_response is not None
    return _given_again(
        outcome.stored_request, outcome.stored_response, asked, outcome.position, replayed=True
    )


def _given_again(
    request: bytes, response: bytes, asked: bytes, position: int | None, *, replayed: bool
) -> Answer:
    if bytes(request) != asked:
        raise IdempotencyKeyReused("this key belongs to another request")
    kept = orjson.loads(response)
    if "refused" in kept:
        raise KeptRefusal(kept["refused"], replayed=replayed)
    return Answer(kept["ok"], position, None, replayed=replayed)
