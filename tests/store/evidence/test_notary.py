"""The notary: what it signs is the tree of the log; what does not continue it does not sign."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest
from store.appending import connect
from store.evidence.notarized import NOON, Place, keep_books
from store.evidence.reference import mth

from mintflow.store.evidence import growth
from mintflow.store.evidence.notary import AnotherNotary, Notary
from mintflow.store.evidence.proofs import consistency_proof, inclusion_proof, newest_heads
from mintflow.store.evidence.register import Register, RegisterNotUsable
from mintflow.store.evidence.tiles import TRAIL, TreeReader
from mintflow.store.evidence.verifier import (
    Head,
    NotProven,
    consistency_holds,
    inclusion_holds,
    older_keys,
    open_note,
    trusted_keys,
)
from mintflow.store.keys import MemoryKeyStore

SHARD = 11


@pytest.fixture
def place(database_url: str, tmp_path: Path) -> Place:
    return Place(database_url, tmp_path)


def _many_events(url: str, count: int) -> None:
    """Events that nobody decodes, straight into one shard, chained by the database."""
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute(
            """
            do $$ declare h bytea; p bigint; begin
              select position, hash into p, h from log.shard_head where shard = 11;
              for i in 1 .. %s loop
                p := p + 1;
                h := sha256(h || log.leaf_hash(11, p, '00000000-0000-0000-0000-00000000000b', p,
                    1700000000000000, convert_to('{"n":' || p || '}', 'UTF8'), ''));
                insert into log.event values (11, p, '00000000-0000-0000-0000-00000000000b', p,
                    gen_random_uuid(), 1, 'test.happened', to_timestamp(1700000000),
                    convert_to('{"n":' || p || '}', 'UTF8'), '', h);
              end loop;
              update log.shard_head set position = p, hash = h where shard = 11;
            end $$""".replace("%s", str(count))
        )


def _leaves(url: str, shard: int) -> list[bytes]:
    with psycopg.connect(url) as conn:
        return [
            row[0]
            for row in conn.execute(
                "select log.leaf_hash(shard, position, ledger_id, ledger_seq,"
                " (extract(epoch from recorded_at) * 1000000)::bigint, record, sealed)"
                " from log.event where shard = %s order by position",
                [shard],
            )
        ]


def test_heads_are_the_roots_of_the_log(place: Place) -> None:
    keep_books(place.url, MemoryKeyStore(), (SHARD, SHARD, 12), 20)
    heads = place.sign()
    assert {one.origin.rpartition("/")[2] for one in heads} == {str(SHARD), "12"}
    for head in heads:
        leaves = _leaves(place.url, int(head.origin.rpartition("/")[2]))
        assert (head.size, head.root) == (len(leaves), mth(leaves))
    assert place.sign() == []


@pytest.mark.parametrize("counts", [(1, 1), (255, 1, 1), (256, 300), (600, 512, 3)])
def test_a_tree_that_grows_in_steps_is_the_tree_of_the_whole(
    place: Place, counts: tuple[int, ...]
) -> None:
    sizes = []
    for count in counts:
        _many_events(place.url, count)
        (head,) = place.sign()
        sizes.append(head.size)
        assert head.root == mth(_leaves(place.url, SHARD))
    leaves = _leaves(place.url, SHARD)

    async def work(conn: psycopg.AsyncConnection[Any]) -> None:
        reader = TreeReader(conn, SHARD)
        size = sizes[-1]
        for position in {1, size // 2 + 1, min(257, size), size}:
            steps = await inclusion_proof(reader, position, size)
            assert inclusion_holds(leaves[position - 1], position - 1, size, steps, mth(leaves))
        for first in sizes:
            steps = await consistency_proof(reader, first, size)
            assert consistency_holds(first, mth(leaves[:first]), size, mth(leaves), steps)

    place.ask(work)


def test_tiles_of_tiles_are_kept_and_read(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(growth, "_CHUNK", 5_000)
    _many_events(place.url, 66_000)
    (head,) = place.sign()
    leaves = _leaves(place.url, SHARD)
    assert head.root == mth(leaves)
    with psycopg.connect(place.url) as conn:
        kept = conn.execute(
            "select level, count(*) from audit.tile where shard = 11 group by level order by level"
        ).fetchall()
    assert kept == [(0, 257), (1, 1)]

    async def work(conn: psycopg.AsyncConnection[Any]) -> None:
        reader = TreeReader(conn, SHARD)
        for position in (1, 65_536, 65_537, 65_900, 66_000):
            steps = await inclusion_proof(reader, position, head.size)
            assert inclusion_holds(leaves[position - 1], position - 1, head.size, steps, head.root)
        steps = await consistency_proof(reader, 65_600, head.size)
        assert consistency_holds(65_600, mth(leaves[:65_600]), head.size, head.root, steps)

    place.ask(work)
    _many_events(place.url, 10)
    (grown,) = place.sign()
    assert grown.root == mth(_leaves(place.url, SHARD))


def test_trees_grow_together_whatever_is_read_and_kept_at_once(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(growth, "_CHUNK", 7)
    monkeypatch.setattr(growth, "_TILES_MAX", 2)
    keep_books(place.url, MemoryKeyStore(), (SHARD, 12, 12, 13), 10)
    _many_events(place.url, 1_100)
    with connect(place.url) as conn:
        conn.execute(
            "select audit.append_trail(array[1, 2]::bigint[], array['a', 'b']::bytea[],"
            " array['', 'x']::bytea[])"
        )
    heads = {int(one.origin.rpartition("/")[2]): one for one in place.sign()}
    assert set(heads) == {TRAIL, SHARD, 12, 13}
    for shard in (SHARD, 12, 13):
        leaves = _leaves(place.url, shard)
        assert (heads[shard].size, heads[shard].root) == (len(leaves), mth(leaves))


def test_a_signing_of_all_shards_is_two_commits(place: Place) -> None:
    keep_books(place.url, MemoryKeyStore(), (SHARD, 12, 13), 5)
    _many_events(place.url, 1_100)
    assert len(place.sign()) == 3
    with psycopg.connect(place.url) as conn:
        for table, rows in (("tile", 4), ("head", 3)):
            found = conn.execute(
                f"select count(*), count(distinct xmin::text) from audit.{table}".encode()
            ).fetchone()
            assert found == (rows, 1)


def test_the_trail_has_a_tree_of_its_own(place: Place) -> None:
    with connect(place.url) as conn:
        conn.execute(
            "select audit.append_trail(array[1, 2]::bigint[], array['a', 'b']::bytea[],"
            " array['', 'x']::bytea[])"
        )
    (head,) = place.sign()
    assert (head.origin.rpartition("/")[2], head.size) == (str(TRAIL), 2)


@pytest.mark.parametrize(
    "statement",
    [
        "update log.event set record = record || ' ' where shard = 11 and position = 3",
        "delete from log.event where shard = 11 and position = 3",
        "update log.event set hash = sha256(hash) where shard = 11 and position = 3",
    ],
)
def test_signs_nothing_over_an_event_that_does_not_follow(place: Place, statement: str) -> None:
    _many_events(place.url, 10)
    with psycopg.connect(place.url, autocommit=True) as owner:
        owner.execute("set session_replication_role = replica")
        owner.execute(statement.encode())
    assert place.refused() == {SHARD: "an event does not follow from the one before"}
    assert place.register.last() is None


def test_the_other_shards_are_signed_where_one_does_not_follow(place: Place) -> None:
    keep_books(place.url, MemoryKeyStore(), (10, 12), 20)
    _many_events(place.url, 700)
    with psycopg.connect(place.url, autocommit=True) as owner:
        owner.execute("set session_replication_role = replica")
        owner.execute("delete from log.event where shard = 11 and position = 600")

    async def work(conn: psycopg.AsyncConnection[Any]) -> None:
        notary = await Notary.open(conn, place.keys, place.register, lambda: NOON)
        heads = {one.origin.rpartition("/")[2]: one for one in await notary.sign()}
        assert {shard: one.root for shard, one in heads.items()} == {
            shard: mth(_leaves(place.url, int(shard))) for shard in ("10", "12")
        }
        assert notary.refused[SHARD].details == {"shard": SHARD, "position": 600}

    place.ask(work)


def test_signs_nothing_where_the_end_of_the_log_is_missing(place: Place) -> None:
    _many_events(place.url, 10)
    with psycopg.connect(place.url, autocommit=True) as owner:
        owner.execute("set session_replication_role = replica")
        owner.execute("delete from log.event where shard = 11 and position >= 9")
    assert place.refused() == {SHARD: "events are missing"}
    assert place.register.last() is None


def test_keeps_no_tile_of_a_shard_that_has_another_one(place: Place) -> None:
    keep_books(place.url, MemoryKeyStore(), (12,), 5)
    _many_events(place.url, 10)

    async def work(conn: psycopg.AsyncConnection[Any]) -> None:
        notary = await Notary.open(conn, place.keys, place.register, lambda: NOON)
        assert len(await notary.sign()) == 2
        with psycopg.connect(place.url, autocommit=True) as owner:
            owner.execute(
                "insert into audit.tile values (11, 0, 1, sha256('another'), sha256('another'))"
            )
        _many_events(place.url, 1_000)
        keep_books(place.url, MemoryKeyStore(), (12,), 5)
        (head,) = await notary.sign()
        assert head.origin.endswith("/shard/12")
        refusal = notary.refused[SHARD]
        assert refusal.message == "a tile says something else than the log"
        assert refusal.details == {"shard": SHARD, "position": 257}

    place.ask(work)
    with psycopg.connect(place.url) as conn:
        kept = conn.execute("select level, number from audit.tile where shard = 11").fetchall()
    assert kept == [(0, 1)]


def test_signs_nothing_more_for_a_shard_that_was_written_anew(place: Place) -> None:
    _many_events(place.url, 400)
    place.sign()
    with psycopg.connect(place.url, autocommit=True) as owner:
        owner.execute("set session_replication_role = replica")
        owner.execute("delete from log.event; delete from audit.tile; delete from audit.head")
        owner.execute("update log.shard_head set position = 0, hash = sha256('mintflow shard 11')")
    assert place.refused() == {SHARD: "the log is shorter than what was signed"}
    _many_events(place.url, 500)
    with psycopg.connect(place.url, autocommit=True) as owner:
        owner.execute("set session_replication_role = replica")
        owner.execute("update log.event set recorded_at = recorded_at + interval '1 day'")
    assert place.refused() == {SHARD: "tiles of the tree are missing"}


def test_one_notary_works_at_a_time(place: Place) -> None:
    async def work(conn: psycopg.AsyncConnection[Any]) -> None:
        await Notary.open(conn, place.keys, place.register, lambda: NOON)
        async with await psycopg.AsyncConnection.connect(place.url, autocommit=True) as other:
            with pytest.raises(AnotherNotary):
                await Notary.open(other, place.keys, place.register, lambda: NOON)

    place.ask(work)


@pytest.mark.parametrize("count", [3, 600])
def test_nothing_counts_as_signed_that_could_not_be_published(
    place: Place, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    _many_events(place.url, count)

    def full(*_: object) -> None:
        raise RegisterNotUsable("the register can not be written", reason="No space left")

    with monkeypatch.context() as patched:
        patched.setattr(Register, "put", full)
        with pytest.raises(RegisterNotUsable):
            place.sign()
    assert place.ask(newest_heads) == []
    (head,) = place.sign()
    assert head.root == mth(_leaves(place.url, SHARD))


def test_the_register_is_a_chain_that_shows_what_was_done_to_it(place: Place) -> None:
    for _ in range(4):
        _many_events(place.url, 2)
        place.sign()
    read = list(place.register.read())
    assert [one.number for one in read] == [1, 2, 3, 4]
    assert [one.previous for one in read[1:]] == [one.digest for one in read[:-1]]
    paths = sorted(place.register.folder.glob("*/*.json"))
    assert {path.stat().st_mode & 0o777 for path in paths} == {0o444}
    kept = paths[1].read_bytes()
    paths[1].unlink()
    with pytest.raises(RegisterNotUsable):
        list(place.register.read())
    paths[1].write_bytes(kept.replace(b"2", b"3", 1))
    with pytest.raises(RegisterNotUsable):
        list(place.register.read())


def test_a_head_is_copied_from_the_register_where_the_database_lost_it(place: Place) -> None:
    _many_events(place.url, 2)
    place.sign()
    with psycopg.connect(place.url, autocommit=True) as owner:
        owner.execute("set session_replication_role = replica")
        owner.execute("delete from audit.head")
    place.sign()
    assert [one.size for one in place.ask(newest_heads)] == [2]


def test_a_key_vouches_for_the_next_and_is_gone(place: Place) -> None:
    first = place.keys.current().public
    _many_events(place.url, 2)
    place.sign()
    second = place.keys.rotate(NOON)
    third = place.keys.rotate(NOON)
    _many_events(place.url, 2)
    (head,) = place.sign()
    folder = place.keys._folder
    assert sorted(path.name for path in folder.iterdir()) == [
        *("0001.json", "0002.json", "0003.json", "0003.key")
    ]
    assert (folder / "0003.key").stat().st_mode & 0o777 == 0o600
    assert trusted_keys(first, place.keys.listed()) == [first, second, third]
    assert trusted_keys(second, place.keys.listed()) == [second, third]
    assert older_keys(third, place.keys.listed()) == [first, second]
    assert older_keys(first, place.keys.listed()) == []
    newest = place.register.last()
    assert newest is not None
    assert newest.check(trusted_keys(first, place.keys.listed())) == [head]
    with pytest.raises(NotProven):
        newest.check([first, second])


def test_a_note_that_was_changed_does_not_open(place: Place) -> None:
    _many_events(place.url, 2)
    place.sign()
    published = place.register.last()
    assert published is not None
    (note,) = published.heads
    keys = place.keys.public_keys()
    assert Head.of(open_note(note, keys)).size == 2
    for wrong in (note.replace("\n2\n", "\n3\n"), note[:-8] + "AAAAAA=\n", "x" + note, ""):
        with pytest.raises(NotProven):
            open_note(wrong, keys)


def test_the_products_role_can_not_change_evidence(place: Place) -> None:
    _many_events(place.url, 300)
    place.sign()
    with connect(place.url) as conn:
        for table in ("tile", "head", "trail"):
            for statement in ("delete from", "truncate"):
                with pytest.raises(psycopg.errors.InsufficientPrivilege):
                    conn.execute(f"{statement} audit.{table}".encode())
    with psycopg.connect(place.url, autocommit=True) as owner:
        for statement in ("delete from audit.tile", "update audit.head set size = 1"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                owner.execute(statement.encode())
