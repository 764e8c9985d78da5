"""The embedded Postgres: a thin launcher over binaries that are already on the machine.

For one household on one machine, for development and for tests. It downloads nothing and changes
no folder that is not its own. A server for many belongs behind MINTFLOW_DATABASE_URL.

    binaries.py    which Postgres is run
    account.py     under which account, and how it reaches its folder when the host is root
    postmaster.py  what postmaster.pid tells: who runs here, is it ours, is it ready
    server.py      EmbeddedPostgres: create the cluster, start, stop

Why a launcher of our own: docs/decisions/0001-embedded-postgres.md.
"""

from mintflow.hosts.postgres.binaries import find_binaries, server_version
from mintflow.hosts.postgres.server import EmbeddedPostgres

__all__ = ["EmbeddedPostgres", "find_binaries", "server_version"]
