"""With Faust: count the events of each type as they come.

    KAFKA=localhost:9092 [PREFIX=…] [COUNT=N] python with_faust.py worker --web-port 0

The value is raw JSON; what CloudEvents says of it is in the headers. Faust commits past work that
failed, so an agent must never raise; and it may give an event twice, so positions are compared.
"""

import os
import tempfile
from collections import Counter

import faust

COUNT = int(os.environ.get("COUNT", "0"))
app = faust.App(
    os.environ.get("PREFIX", "") + "faust-example",
    broker=f"kafka://{os.environ['KAFKA']}",
    value_serializer="raw",
    consumer_auto_offset_reset="earliest",
    datadir=tempfile.mkdtemp(),
    topic_disable_leader=True,
    web_enabled=False,
)
events = app.topic(os.environ.get("PREFIX", "") + "ledger.events", value_type=bytes)
counts: Counter[str] = Counter()
last: dict[int, int] = {}


@app.agent(events)
async def count(stream) -> None:
    async for event in stream.events():
        headers = event.message.headers
        headers = headers if isinstance(headers, dict) else dict(headers)
        position = int(headers["ce_position"])
        if position <= last.get(event.message.partition, 0):
            continue
        last[event.message.partition] = position
        counts[headers["ce_type"].decode()] += 1
        if COUNT and counts.total() >= COUNT:
            for name, number in sorted(counts.items()):
                # Not print: a Faust worker turns that into lines of its log.
                os.write(1, f"{number:6} {name}\n".encode())
            app.loop.call_later(0.1, os._exit, 0)


if __name__ == "__main__":
    app.main()
