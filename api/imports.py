"""Routes of imports: a bank file in, whole or not at all."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from hashlib import sha256
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, File, Form, UploadFile
from starlette.requests import Request
from starlette.responses import Response

from mintflow.api.core.documentation import Documented, accepted, found
from mintflow.api.core.envelope import REPLAYED, respond
from mintflow.api.core.read_models import read_models
from mintflow.api.core.routing import IdempotencyKey, JsonRoute, execute
from mintflow.api.core.services import context_of, services_of
from mintflow.api.core.subject import as_of, ledger_of
from mintflow.commands.accounts import SetImportProfile
from mintflow.commands.imports import ImportFile
from mintflow.connectors.files import (
    UnreadableFile,
    profile_from_json,
    profile_to_json,
    read_file,
)
from mintflow.domain.accounts import Account, AccountNotFound
from mintflow.domain.statements import Finding, StatementFile
from mintflow.projections import imports as queries

router = APIRouter(
    prefix="/v1/ledgers/{ledger_id}/imports", tags=["imports"], route_class=JsonRoute
)


# Longer ones are cut: a name is only for messages.
NAME_LENGTH_MAX = 100


class ImportShown(Documented):
    """Rows by what became of them. findings: what a person should look at, e.g. a closing balance
    that opening plus rows does not reach."""

    import_id: str | None
    added: int
    known: int
    updated: int
    skipped: int
    format: str
    findings: list[Any]


@router.post("", status_code=201, responses=accepted(ImportShown, 201))
async def import_file(
    request: Request,
    file: Annotated[UploadFile, File(description="CSV, OFX, QFX, QIF, CAMT or MT940.")],
    account_id: Annotated[UUID, Form()],
    format: Annotated[str, Form(max_length=10)] = "auto",  # noqa: A002 - the field's name
    dry_run: Annotated[bool, Form()] = False,
    statement_account: Annotated[
        str | None, Form(max_length=100, description="Which account of a file with several.")
    ] = None,
    key: IdempotencyKey = None,
) -> Response:
    """Bring in a bank file. What is known is not added again; a file that can not be read is
    refused with line and reason, and nothing of it is kept."""
    services = services_of(request)
    account = await services.repository.find(ledger_of(request), Account, account_id)
    if account is None:
        raise AccountNotFound("there is no such account", account_id=str(account_id))
    data = await file.read()
    async with services.uploads:
        content = await asyncio.to_thread(_read, data, _name_of(file), format, account)
    command = ImportFile(
        account_id=account_id,
        sha256=sha256(data).hexdigest(),
        size_bytes=len(data),
        dry_run=dry_run,
        statement_account=statement_account,
        file=content,
    )
    response = await execute(
        request, command, ledger_of(request), key, status=200 if dry_run else 201
    )
    # An answer that is given again changes nothing, and not what was said of the profile since.
    replayed = any(name in response.headers for name in REPLAYED)
    if content.profile is not None and not dry_run and not replayed:
        await _remember(request, account, content)
    return response


@router.get("", responses=found(list[ImportShown]))
async def list_imports(request: Request) -> Response:
    """The files that were imported, newest first; with as_of until the end of that day, UTC."""
    async with read_models(request) as conn:
        rows, position = await queries.list_imports(conn, ledger_of(request), as_of=as_of(request))
    return respond(request, rows, position=position)


def _name_of(file: UploadFile) -> str:
    """The file's name for messages, without folders; it is never opened."""
    name = (file.filename or "").replace("\\", "/").rpartition("/")[2]
    return name[:NAME_LENGTH_MAX] or "upload"


def _read(data: bytes, name: str, form: str, account: Account) -> StatementFile:
    """Read by the account's profile; where the file does not fit it, by looking at the file.

    Banks change their exports, and one account has files of several kinds. A file that neither way
    can read is refused with the reason that looking at it gave.
    """
    if account.import_profile is None:
        return read_file(data, name, format=form, currency=account.currency)
    profile = profile_from_json(account.import_profile)
    try:
        return read_file(data, name, format=form, profile=profile, currency=account.currency)
    except UnreadableFile as misfit:
        content = read_file(data, name, format=form, currency=account.currency)
        where, reason = str(misfit.details["where"]), str(misfit.details["reason"])
        changed = Finding("PROFILE_DID_NOT_FIT", where, reason)
        return replace(content, findings=(changed, *content.findings))


async def _remember(request: Request, account: Account, content: StatementFile) -> None:
    """Keep how this account's CSV files are read, so that the next one needs no guessing."""
    assert content.profile is not None
    profile = profile_to_json(content.profile)
    if profile == account.import_profile:
        return
    await services_of(request).bus.execute(
        SetImportProfile(account_id=account.id, profile=profile),
        context_of(request, ledger_of(request)),
    )
