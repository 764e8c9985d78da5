"""analytics-service-group: daily totals per category, from open facts alone.

    python analytics.py localhost:9092 [--prefix PREFIX]

Reads `ledger.events` to its present end and prints a line per day, category and currency. Every
event of money says what was in the books before and what is in them after, so a total is the sum of
the differences, whatever was corrected later. A message may come twice: what is not beyond the last
position of its partition is dropped. The totals are in memory alone, so each run reads from the
beginning; a service that keeps them keeps the positions beside them.
"""

import argparse
import json
from collections import Counter
from decimal import Decimal

from confluent_kafka import Consumer, KafkaError, KafkaException

GROUP = "analytics-service-group"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bootstrap")
    parser.add_argument("--prefix", default="")
    asked = parser.parse_args()
    consumer = Consumer(
        {
            "bootstrap.servers": asked.bootstrap,
            "group.id": asked.prefix + GROUP,
            "auto.offset.reset": "earliest",
            # Committed, they would leave out of the next totals what is in these.
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "isolation.level": "read_committed",
        }
    )
    assigned: set[int] = set()
    consumer.subscribe(
        [asked.prefix + "ledger.events"],
        on_assign=lambda _, parts: assigned.update(part.partition for part in parts),
    )
    totals: Counter[tuple[str, str, str]] = Counter()
    last: dict[int, int] = {}
    ended: set[int] = set()
    while not assigned or ended < assigned:
        for message in consumer.consume(500, timeout=1.0):
            if fault := message.error():
                if fault.code() != KafkaError._PARTITION_EOF:
                    raise KafkaException(fault)
                ended.add(message.partition())
                continue
            headers = dict(message.headers())
            position = int(headers["ce_position"])
            if position <= last.get(message.partition(), 0):
                continue
            last[message.partition()] = position
            data = json.loads(message.value())["data"]
            for state, sign in (("before", -1), ("after", 1)):
                add(totals, data.get(state), sign)
    for (day, category, currency), amount in sorted(totals.items()):
        if amount:
            print(day, category, amount, currency)
    consumer.close()


def add(totals: Counter, booking: dict | None, sign: int) -> None:
    for part in (booking or {}).get("allocations", ()):
        if not part["category_id"].startswith("equity."):  # opening balances are no spending
            key = (booking["date"], part["category_id"], booking["currency"])
            totals[key] += sign * Decimal(part["amount"])


if __name__ == "__main__":
    main()
