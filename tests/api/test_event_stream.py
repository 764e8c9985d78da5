"""Live streams: every event once and in order, whoever else reads, and a reason when one ends."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import structlog
from acceptance.product import ANALYST_TOKEN, OTHER_TOKENS, TOKENS, Client, Product, product
from acceptance.served import Stream, seqs, served
from services import PostgresService

from mintflow.hosts.settings import Settings


@pytest.fixture(scope="module")
def books(postgres: PostgresService) -> Iterator[Product]:
    """With a small room for each reader, ticks at once and little patience."""
    settings = Settings(
        wait_s_max=2,
        stream_tick_s=0.2,
        stream_events_max=20,
        stream_patience_s=0.3,
        streams_per_caller_max=40,
    )
    with postgres.migrated() as url, product(url, settings=settings) as started:
        yield started


@pytest.fixture(scope="module")
def url(books: Product) -> Iterator[str]:
    with served(books) as address:
        yield address


@pytest.fixture
def ada(books: Product) -> Client:
    return books.client(TOKENS[0])


def record(ledger: Any, count: int) -> None:
    for number in range(count):
        ledger.record(description=f"number {number}")


def head(ledger: Any) -> int:
    return int(ledger.client.pages(f"{ledger.path}/events", limit=1_000)[-1]["ledger_seq"])


def test_what_is_streamed_is_what_is_listed(ledger: Any, url: str) -> None:
    record(ledger, 3)
    listed = ledger.client.pages(f"{ledger.path}/events", limit=1_000)
    stream = Stream(url + ledger.path + "/events/stream", params={"live": "false"})
    messages = stream.read()
    assert [one.data for one in messages[:-1]] == listed
    assert [one.id for one in messages[:-1]] == [str(one["ledger_seq"]) for one in listed]
    assert (messages[-1].kind, messages[-1].data["code"]) == ("end", "at_end")
    assert messages[-1].id is None


def test_goes_on_with_what_happens_and_keeps_a_silent_stream_open(ledger: Any, url: str) -> None:
    start = head(ledger)
    stream = Stream(
        url + ledger.path + "/events/stream",
        params={"after": start},
        stop=lambda seen: len(seen) == 2,
    ).start()
    while stream.comments < 2:
        time.sleep(0.05)
    record(ledger, 2)
    assert seqs(stream.join()) == [start + 1, start + 2]


def test_last_event_id_goes_before_after(ledger: Any, url: str) -> None:
    record(ledger, 3)
    stream = Stream(
        url + ledger.path + "/events/stream",
        last_id=str(head(ledger) - 2),
        params={"after": 0, "live": "false"},
    )
    assert seqs(stream.read()) == [head(ledger) - 1, head(ledger)]


def test_with_as_of_it_has_what_had_happened_by_then(ledger: Any, url: str) -> None:
    for day in ("2025-03-01", "2025-04-01", "2025-03-31"):
        ledger.record(date=day)
    listed = ledger.client.get(f"{ledger.path}/events", as_of="2025-03-31", limit=1_000)
    assert [one["effective_at"][:10] for one in listed] == ["2025-03-01", "2025-03-31"]
    asked = {"as_of": "2025-03-31", "live": "false"}
    messages = Stream(url + ledger.path + "/events/stream", params=asked).read()
    assert [one.data for one in messages[:-1]] == listed
    assert messages[-1].data["code"] == "at_end"


def test_with_known_at_it_ends_at_that_moment(ledger: Any, url: str) -> None:
    record(ledger, 3)
    moment = ledger.client.pages(f"{ledger.path}/events", limit=1_000)[-3]
    stream = Stream(
        url + ledger.path + "/events/stream", params={"known_at": f"seq:{moment['ledger_seq']}"}
    )
    assert seqs(stream.read())[-1:] == [moment["ledger_seq"]]


def test_only_the_types_that_were_asked_for_come(ledger: Any, url: str) -> None:
    record(ledger, 2)
    start = head(ledger)
    stream = Stream(
        url + ledger.path + "/events/stream",
        params={"types": "transaction.recorded, account.opened"},
        stop=lambda seen: seen[-1].data["ledger_seq"] > start,
    ).start()
    ledger.client.put(
        ledger.path + "/budgets", {"category": "travel", "amount": "5", "period": "monthly"}
    )
    record(ledger, 1)
    found = [one.data["type"] for one in stream.join()]
    assert found == ["account.opened"] * 2 + ["transaction.recorded"] * 3


@pytest.mark.parametrize("types", [None, "transaction.recorded"])
def test_nothing_is_missed_or_given_twice_while_others_write(
    ledger: Any, url: str, types: str | None
) -> None:
    """Readers begin at any moment of the writing and are cut off at random moments; each goes on
    from the last id that it has. Ran over too: the room for waiting events is 20."""
    record(ledger, 5)
    writers = [threading.Thread(target=record, args=(ledger, 60)) for _ in range(4)]
    chance = random.Random(7)
    done = threading.Event()
    found: list[list[int]] = []

    def read() -> None:
        got: list[int] = []
        last: str | None = None
        while not (done.is_set() and got and got[-1] >= final[0]):
            room = chance.randrange(1, 40)
            stream = Stream(
                url + ledger.path + "/events/stream",
                last_id=last,
                params={"types": types} if types else {},
                stop=lambda seen, room=room: (
                    len(seen) >= room or (done.is_set() and seqs(seen)[-1:] >= [final[0]])
                ),
            )
            messages = stream.read()
            got += seqs(messages)
            last = next((one.id for one in reversed(messages) if one.id), last)
        found.append(got)

    final = [1 << 60]
    readers = [threading.Thread(target=read) for _ in range(6)]
    for number, thread in enumerate(writers + readers):
        thread.start()
        time.sleep(0.02 * number)
    for thread in writers:
        thread.join()
    record(ledger, 1)
    final[0] = head(ledger)
    done.set()
    record(ledger, 1)
    for thread in readers:
        thread.join(60)
        assert not thread.is_alive()
    wanted = [
        one["ledger_seq"]
        for one in ledger.client.pages(f"{ledger.path}/events", limit=1_000)
        if types is None or one["type"] == types
    ]
    assert len(found) == len(readers)
    for got in found:
        assert got == wanted[: len(got)]
        assert final[0] in got


def test_a_reader_that_takes_nothing_is_ended_with_the_reason_and_no_other(
    ledger: Any, url: str
) -> None:
    start = head(ledger)
    others = [
        Stream(
            url + ledger.path + "/events/stream",
            params={"after": start},
            stop=lambda seen: len(seen) >= 3_000,
        ).start()
        for _ in range(3)
    ]
    slow = _silent_reader(url, ledger.path + f"/events/stream?after={start}")
    time.sleep(0.3)
    rows = [ledger.transaction(description="x" * 1_900, notes="y" * 1_900) for _ in range(1_000)]
    for _ in range(3):
        ledger.client.post(ledger.path + "/transactions/batch", {"transactions": rows})
    for stream in others:
        assert seqs(stream.join())[:3_000] == list(range(start + 1, start + 3_001))
    time.sleep(1)
    record(ledger, 25)
    time.sleep(0.5)
    text = _all_of(slow)
    assert b"event: end\ndata: " in text
    assert b'"code":"slow_reader"' in text.rpartition(b"event: end")[2]
    got = [int(line[4:]) for line in text.split(b"\n") if line.startswith(b"id: ")]
    assert got == list(range(start + 1, start + 1 + len(got)))


def test_the_log_says_that_a_reader_went_and_not_that_the_host_stops(ledger: Any, url: str) -> None:
    with structlog.testing.capture_logs() as lines:
        Stream(url + ledger.path + "/events/stream", stop=lambda _: True).read()
        end = time.monotonic() + 10
        while not (ends := [one["code"] for one in lines if one["event"] == "stream_ended"]):
            assert time.monotonic() < end
            time.sleep(0.02)
    assert ends == ["reader_gone"]


def test_a_caller_has_so_many_streams_and_no_more(ledger: Any, url: str, books: Product) -> None:
    path = ledger.path + "/events/stream"
    _all_gone(books)
    open_ones = [_silent_reader(url, path) for _ in range(40)]
    refused = Stream(url + path).read()[0].data
    assert (refused["code"], refused["details"]) == ("too_many_streams", {"streams_max": 40})
    for one in open_ones:
        one.close()
    _all_gone(books)
    assert Stream(url + path, params={"live": "false"}).read()[-1].data["code"] == "at_end"


@pytest.mark.parametrize("last_id", ["", "x", "-1", "1.5", "²", "9" * 30, "1;drop"])
def test_refuses_a_place_that_is_none(ledger: Any, url: str, last_id: str) -> None:
    stream = Stream(url + ledger.path + "/events/stream", last_id=last_id)
    assert stream.read()[0].data["code"] == "place_not_readable"
    assert stream.status == 422


def test_refuses_a_place_behind_the_head(ledger: Any, url: str) -> None:
    beyond = head(ledger) + 1
    stream = Stream(url + ledger.path + "/events/stream", params={"after": beyond})
    assert stream.read()[0].data == {
        "code": "place_beyond_head",
        "message": "the ledger has fewer events than that",
        "details": {"after": beyond, "head": beyond - 1},
    }
    assert stream.status == 409


def test_refuses_a_place_behind_what_was_the_head_at_the_moment(ledger: Any, url: str) -> None:
    then = head(ledger)
    record(ledger, 3)
    asked = {"after": then + 1, "known_at": f"seq:{then}"}
    stream = Stream(url + ledger.path + "/events/stream", params=asked)
    assert stream.read()[0].data["details"] == {"after": then + 1, "head": then}
    assert stream.status == 409


def test_another_persons_events_are_not_there(ledger: Any, url: str) -> None:
    for token in (TOKENS[1], "nobody"):
        stream = Stream(url + ledger.path + "/events/stream", token=token)
        assert stream.read()[0].data["code"] in {"ledger_not_found", "unauthenticated"}


def test_an_owner_does_not_get_the_events_of_all_ledgers(ledger: Any, url: str) -> None:
    for path in ("/v1/events", "/v1/events/stream"):
        stream = Stream(url + path)
        refused = stream.read()[0].data
        assert (stream.status, refused["code"]) == (403, "scope_not_sufficient")


def test_a_stream_ends_when_its_token_is_revoked(
    ledger: Any, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = Stream(url + "/v1/events/stream", token=ANALYST_TOKEN).start()
    while stream.comments < 1:
        time.sleep(0.02)
    monkeypatch.delitem(OTHER_TOKENS, ANALYST_TOKEN)
    assert stream.join()[-1].data["code"] == "unauthenticated"


@pytest.mark.parametrize("live", ["true", "false"])
def test_a_history_ends_too_when_its_token_is_revoked(
    ledger: Any, url: str, monkeypatch: pytest.MonkeyPatch, live: str
) -> None:
    """A reader that takes its time would be given all the rest of it otherwise."""
    monkeypatch.setattr("mintflow.api.core.event_stream.ASK_AGAIN_S", 0.0)
    rows = [ledger.transaction(description="x" * 1_900, notes="y" * 1_900) for _ in range(1_000)]
    for _ in range(5):
        ledger.client.post(ledger.path + "/transactions/batch", {"transactions": rows})
    reader = _silent_reader(url, f"/v1/events/stream?live={live}", ANALYST_TOKEN)
    monkeypatch.delitem(OTHER_TOKENS, ANALYST_TOKEN)
    text = _all_of(reader)
    assert b'"code":"unauthenticated"' in text[-200:]
    assert text.count(b"\nid: ") < 5_000


def test_streams_end_with_the_host(postgres: PostgresService) -> None:
    with postgres.migrated() as database, product(database) as own:
        opened = own.client().post("/v1/ledgers", {"name": "Home", "currency": "USD"})
        path = f"/v1/ledgers/{opened['ledger_id']}/events/stream"
        with served(own) as address:
            streams = [Stream(address + path).start() for _ in range(3)]
            while not all(one.messages for one in streams):
                time.sleep(0.05)
            began = time.monotonic()
        assert time.monotonic() - began < 20, "the server waited for streams to end by themselves"
        for one in streams:
            assert one.join()[-1].data["code"] == "host_stops"


def _all_gone(books: Product) -> None:
    """Wait until no stream of earlier readers is counted, or kept anywhere."""
    feed, deadline = books.running.feed, time.monotonic() + 20
    while feed._callers or feed._of_ledger or feed._followed or feed._shards:
        assert time.monotonic() < deadline, "streams whose readers are gone are still counted"
        time.sleep(0.05)


def _silent_reader(url: str, path: str, token: str = TOKENS[0]) -> socket.socket:
    """A connection that asks for a stream and reads nothing; its buffer is small."""
    place = urlsplit(url)
    link = socket.socket()
    link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
    link.connect((place.hostname, place.port))
    head = f"GET {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\r\n"
    link.sendall(head.encode())
    assert link.recv(12) == b"HTTP/1.1 200"
    return link


def _all_of(link: socket.socket) -> bytes:
    """What comes until the stream ends, without the lengths of the chunks."""
    link.settimeout(20)
    parts = []
    while not (parts and parts[-1].endswith(b"0\r\n\r\n")):
        part = link.recv(1_000_000)
        if not part:
            break
        parts.append(part)
    body = b"".join(parts).partition(b"\r\n\r\n")[2]
    out = []
    while body:
        size, _, body = body.partition(b"\r\n")
        out.append(body[: int(size, 16)])
        body = body[int(size, 16) + 2 :]
    link.close()
    return b"".join(out)
