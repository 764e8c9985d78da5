"""audit-service-group: check the chain of every partition from the topic alone.

    python audit.py localhost:9092 [--prefix PREFIX] [--heads manifest.json]

Each event's hash covers the hash before it and the event as it is stored, so one that was changed,
left out or put in between shows. --heads: a manifest of `mintflow export` (or any file with
`heads`): the hash that the topic gives at each of its positions must be the one there. Exit code 1
with the place where something is wrong.
"""

import argparse
import base64
import json
import struct
import sys
from contextlib import closing
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from uuid import UUID

from confluent_kafka import Consumer, KafkaError, KafkaException

GROUP = "audit-service-group"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("bootstrap")
    parser.add_argument("--prefix", default="")
    parser.add_argument("--heads")
    asked = parser.parse_args()
    wanted = {}
    if asked.heads:
        with open(asked.heads) as file:
            found = json.load(file)["heads"]
        wanted = {(one["shard"], one["position"]): one["hash"] for one in found}
        wanted = {place: head for place, head in wanted.items() if place[1]}
    consumer = Consumer(
        {
            "bootstrap.servers": asked.bootstrap,
            "group.id": asked.prefix + GROUP,
            "auto.offset.reset": "earliest",
            # An audit begins at the beginning each time.
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
    chains: dict[int, tuple[int, bytes]] = {}
    ended: set[int] = set()
    events = 0
    with closing(consumer):
        while not assigned or ended < assigned:
            for message in consumer.consume(500, timeout=1.0):
                if fault := message.error():
                    if fault.code() != KafkaError._PARTITION_EOF:
                        raise KafkaException(fault)
                    ended.add(message.partition())
                    continue
                headers = {name: value.decode() for name, value in message.headers()}
                shard, position = int(headers["ce_shard"]), int(headers["ce_position"])
                start = sha256(b"mintflow shard %d" % shard).digest()
                last, before = chains.get(shard, (0, start))
                if position <= last:
                    continue  # it came twice
                computed = link(before, shard, position, headers, message.value())
                if position != last + 1 or computed.hex() != headers["ce_chainhash"]:
                    print(f"shard {shard}, position {last + 1}: the chain is broken")
                    return 1
                head = wanted.pop((shard, position), computed.hex())
                if head != computed.hex():
                    print(f"shard {shard}, position {position}: not the head that was kept")
                    return 1
                chains[shard] = position, computed
                events += 1
    if wanted:
        print(f"the topic does not reach {sorted(wanted)[0]}")
        return 1
    print(f"{events} events in {len(chains)} shards, every one as written")
    return 0


def link(before: bytes, shard: int, position: int, headers: dict, record: bytes) -> bytes:
    """The hash of an event: docs/concepts/event-store.md."""
    recorded = (datetime.fromisoformat(headers["ce_time"]) - EPOCH) // timedelta(microseconds=1)
    ledger, seq = UUID(headers["ce_ledgerid"]).bytes, int(headers["ce_ledgerseq"])
    sealed = base64.b64decode(headers.get("ce_sealed", ""))
    head = struct.pack("!ciq16sqqi", b"\0", shard, position, ledger, seq, recorded, len(record))
    return sha256(before + sha256(head + record + sealed).digest()).digest()


if __name__ == "__main__":
    sys.exit(main())
