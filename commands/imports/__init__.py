"""Bring in what a bank says: a file, or one sync of a connection. Each is whole or absent."""

from mintflow.commands.imports.handlers import ImportFile, SyncAccount, import_handlers
from mintflow.commands.imports.rows import RowNotUsable, SeveralAccountsInFile

__all__ = [
    "ImportFile",
    "RowNotUsable",
    "SeveralAccountsInFile",
    "SyncAccount",
    "import_handlers",
]
