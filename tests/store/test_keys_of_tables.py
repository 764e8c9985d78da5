"""Every table of the log can be distributed: its key begins with its shard or its ledger."""

from __future__ import annotations

import psycopg

# Of a ledger or of a person, whoever's key it is that answers are kept under.
SCOPES = {"answer": "scope_id"}


def test_every_primary_key_of_the_log_begins_with_a_shard_or_a_ledger(database_url: str) -> None:
    with psycopg.connect(database_url) as conn:
        first = dict(
            conn.execute(
                "select c.relname::text, a.attname::text from pg_index i"
                " join pg_class c on c.oid = i.indrelid"
                " join pg_attribute a on a.attrelid = c.oid and a.attnum = i.indkey[0]"
                " where i.indisprimary and c.relnamespace = 'log'::regnamespace"
            ).fetchall()
        )
    assert {"event", "trace"} <= first.keys()
    others = {table: column for table, column in first.items() if SCOPES.get(table) != column}
    assert set(others.values()) <= {"shard", "ledger_id"}, others
