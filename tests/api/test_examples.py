"""The document shows how each main command is asked for, and what it shows is right."""

from __future__ import annotations

from typing import Any

import pytest
from acceptance.product import Client

from mintflow.commands.accounts import OpenAccount
from mintflow.commands.budgets import SetBudget
from mintflow.commands.core.command import Command
from mintflow.commands.ledgers import OpenLedger
from mintflow.commands.transactions import RecordTransaction
from mintflow.commands.transfers import MakeTransfer

SHOWN = (OpenLedger, OpenAccount, RecordTransaction, MakeTransfer, SetBudget)


@pytest.mark.parametrize("command", SHOWN, ids=lambda command: command.__name__)
def test_the_document_has_an_example_that_the_command_takes(
    ada: Client, command: type[Command]
) -> None:
    document: dict[str, Any] = ada.send("GET", "/openapi.json").json()
    examples = document["components"]["schemas"][command.__name__]["examples"]
    for example in examples:
        assert command.model_validate(example)
