"""Whatever fits the OpenAPI document, and much that does not: no fault, and answers as documented.

Requests are made by Schemathesis from the document. They go to a real ledger with its owner's
token and, mostly, with ids that exist, so that they reach the rules and not only the gate.
"""

from __future__ import annotations

import os
from typing import Any, cast
from uuid import uuid4

import pytest
import requests
import schemathesis
from acceptance.product import SOMEBODY, Client
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from schemathesis.checks import not_a_server_error
from schemathesis.generation.modes import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from mintflow.api.core.app import create_app
from mintflow.api.core.services import Services
from mintflow.hosts.capabilities import routers

IN_CI = os.environ.get("CI", "").lower() in {"1", "true"}
# There are more than a hundred operations, each asked in two ways.
EXAMPLES = 20 if IN_CI else 10
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


class _Version:
    """All that the document needs of the services."""

    version = "test"


_AS_READ = TypeAdapter(int)
DOCUMENT = create_app(cast("Services", _Version()), routers()).openapi()
SCHEMA = schemathesis.openapi.from_dict(DOCUMENT)
OPERATIONS: list[Any] = [cast("Any", found).ok() for found in SCHEMA.get_all_operations()]
# Without parameters or a body there is nothing that could be wrong.
FALSIFIABLE = [one for one in OPERATIONS if "{" in one.path or one.method == "post"]


@pytest.fixture
def owner(books: Any) -> Client:
    """A person of this test, whose takeout and list of ledgers are not those of all tests."""
    client: Client = books.client(SOMEBODY + uuid4().hex)
    return client


@pytest.fixture
def known(owner: Client) -> dict[str, str]:
    """Ids that exist, by the name of the parameter that takes them."""
    opened = owner.post("/v1/ledgers", {"name": "Home", "currency": "USD"})
    path = f"/v1/ledgers/{opened['ledger_id']}"
    accounts = [
        owner.post(f"{path}/accounts", {"name": name, "kind": "cash", "currency": "USD"})
        for name in ("one", "two")
    ]
    ids = [one["account_id"] for one in accounts]
    row = {"account_id": ids[0], "date": "2025-03-01", "amount": "-5", "description": "x"}
    transaction = owner.post(f"{path}/transactions", row | {"category": "travel.flights"})
    made = {"from_account_id": ids[0], "to_account_id": ids[1], "amount": "1", "date": "2025-03-01"}
    transfer = owner.post(f"{path}/transfers", made)
    return {
        "ledger_id": path.rpartition("/")[2],
        "account_id": ids[0],
        "from_account_id": ids[0],
        "to_account_id": ids[1],
        "transaction_id": transaction["transaction_id"],
        "imported_id": transaction["transaction_id"],
        "from_transaction_id": transaction["transaction_id"],
        "to_transaction_id": transfer["legs"][1]["transaction_id"],
        "transfer_id": transfer["transfer_id"],
        "event_id": owner.get(f"{path}/events")[0]["event_id"],
        "category": "travel.flights",
        "path": "travel",
        "currency": "USD",
        "amount": "5.00",
        "date": "2025-03-01",
        "month": "2025-03",
    }


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda one: one.label)
def test_what_fits_the_document_is_answered_as_documented(
    owner: Client, known: dict[str, str], operation: Any
) -> None:
    _probe(owner, known, operation, GenerationMode.POSITIVE)


@pytest.mark.parametrize("operation", FALSIFIABLE, ids=lambda one: one.label)
def test_what_does_not_fit_the_document_is_refused_without_a_fault(
    owner: Client, known: dict[str, str], operation: Any
) -> None:
    _probe(owner, known, operation, GenerationMode.NEGATIVE)


def _probe(client: Client, known: dict[str, str], operation: Any, mode: GenerationMode) -> None:
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.generate, Phase.shrink],
        print_blob=True,
    )
    @given(case=operation.as_strategy(generation_mode=mode), with_known=st.data())
    def probe(case: Any, with_known: Any) -> None:
        for part in (case.path_parameters, case.body, case.query):
            _put_known(part, known, with_known)
        if isinstance(case.query, dict) and "min_position" in case.query:
            case.query["min_position"] = _near(case.query["min_position"])
        if case.path.endswith("/stream"):
            # A stream that goes on is one that this test would wait for.
            case.query = {**(case.query or {}), "live": "false"}
        if case.headers and "Idempotency-Key" in case.headers:
            case.headers["Idempotency-Key"] += uuid4().hex
        answer = client.send(**_request(case))
        case.validate_response(answer, checks=CHECKS)
        if "application/json" in answer.headers.get("content-type", ""):
            body = answer.json()
            assert set(body) >= {"success", "meta"} or case.path == "/openapi.json"

    probe()


def _near(position: Any) -> Any:
    """One far ahead is waited for, which takes its time and ends with a 503. Of several that are
    given the last one counts, and each is read as the API reads it."""
    if isinstance(position, list):
        return [_near(one) for one in position]
    try:
        return min(_AS_READ.validate_python(str(position)), 1)
    except ValidationError:
        return position


def _put_known(part: Any, known: dict[str, str], draw: Any) -> None:
    """Ids that exist in place of most of the made-up ones."""
    if not isinstance(part, dict):
        return
    for name, value in known.items():
        if name in part and draw.draw(st.integers(0, 9), label=f"known {name}") > 1:
            part[name] = value


def _request(case: Any) -> dict[str, Any]:
    """The bytes that Schemathesis would send; only the token is ours."""
    asked = case.as_transport_kwargs(base_url="http://books")
    prepared = requests.Request(**asked).prepare()
    headers = {
        name: value
        for name, value in prepared.headers.items()
        if name.lower() not in ("authorization", "cookie")
    }
    return {
        "method": prepared.method,
        "path": prepared.url,
        "headers": headers,
        "content": prepared.body,
    }
