"""Connections: given syncs, then what each connection says of its accounts."""

from __future__ import annotations

from read_models.books import NOW, Books

from mintflow.domain.connections import Connection
from mintflow.projections.connections import list_connections


def test_a_connection_shows_the_last_sync_of_each_account(books: Books) -> None:
    connection = Connection.open(books.new_id(), "sandbox", "First Bank", NOW)
    books.put(connection)
    one, two = books.new_id(), books.new_id()
    for cursor, account, added in (("c1", one, 3), ("c2", two, 1), ("c3", one, 2)):
        connection.synced(
            account, cursor, NOW, added=added, known=0, updated=0, skipped=0, removed=0
        )
        books.put(connection)
    books.fold()
    (shown,), _ = books.ask(list_connections, books.ledger_id)
    assert (shown["provider"], shown["institution"]) == ("sandbox", "First Bank")
    assert {(a["account_id"], a["cursor"], a["added"]) for a in shown["accounts"]} == {
        (str(one), "c3", 2),
        (str(two), "c2", 1),
    }
    books.check_everywhere()
