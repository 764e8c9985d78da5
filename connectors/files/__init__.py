"""Readers for bank files: bytes in, `StatementFile` out, or one refusal that says where and why.

The first step of an import. Nothing here knows an account, a ledger or what was imported before.
"""

from mintflow.connectors.files.delimited.profiles import profile_from_json, profile_to_json
from mintflow.connectors.files.errors import UnreadableFile
from mintflow.connectors.files.reading import read_file

__all__ = ["UnreadableFile", "profile_from_json", "profile_to_json", "read_file"]
