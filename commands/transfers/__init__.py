"""Commands on transfers: made by the user, linked, found by themselves, accepted and rejected."""

from __future__ import annotations

from mintflow.commands.core.command import Command, Handler
from mintflow.commands.transfers.ending import give_way
from mintflow.commands.transfers.making import HANDLERS as _MAKING
from mintflow.commands.transfers.making import (
    LinkTransactions,
    MakeTransfer,
    UnlinkTransfer,
    VoidTransfer,
)
from mintflow.commands.transfers.rejecting import RejectPair, reject_pair

__all__ = [
    "HANDLERS",
    "LinkTransactions",
    "MakeTransfer",
    "RejectPair",
    "UnlinkTransfer",
    "VoidTransfer",
    "give_way",
]

HANDLERS: dict[type[Command], Handler] = {**_MAKING, RejectPair: reject_pair}
