"""notification-service-group: a line per budget alert, each once.

    python notifications.py localhost:9092 [--prefix PREFIX] [--lines N]

Follows the topic `alert.triggered`. A line is printed before its offset is committed, so after a
crash it can come again; the ids of alerts that were told are kept: here in memory, in a real
service in its database.
"""

import argparse
import json
import sys

from confluent_kafka import Consumer

GROUP = "notification-service-group"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bootstrap")
    parser.add_argument("--prefix", default="")
    parser.add_argument("--lines", type=int, default=0, help="end after so many; 0: never")
    asked = parser.parse_args()
    consumer = Consumer(
        {
            "bootstrap.servers": asked.bootstrap,
            "group.id": asked.prefix + GROUP,
            "auto.offset.reset": "earliest",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
        }
    )
    consumer.subscribe([asked.prefix + "alert.triggered"])
    told: set[str] = set()
    while not asked.lines or len(told) < asked.lines:
        message = consumer.poll(1.0)
        if message is None:
            continue
        if fault := message.error():
            # The client goes on by itself once the broker, or the topic, is there.
            print(fault, file=sys.stderr)
            continue
        headers = {name: value.decode() for name, value in message.headers()}
        if headers["ce_id"] not in told:
            data = json.loads(message.value())["data"]
            told.add(headers["ce_id"])
            facts = " ".join(f"{name}={value}" for name, value in sorted(data.items()) if value)
            print(headers["ce_time"], headers["ce_type"], headers["ce_ledgerid"], facts, flush=True)
        consumer.commit(message, asynchronous=False)
    consumer.close()


if __name__ == "__main__":
    main()
