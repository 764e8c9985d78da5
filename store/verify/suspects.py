"""Events whose hash does not follow from the one before: changed, or moved from another place?

An event that was moved with its hash still proves its former place, and the one behind it only
looks wrong because its neighbour is. Telling these apart points at what was really done.
"""

from __future__ import annotations

from dataclasses import dataclass

from mintflow.store.chain import leaf_hash, link_hash
from mintflow.store.verify.report import ShardReport

# Every pair of them is tried, and their bytes are kept meanwhile.
SUSPECTS_MAX = 64


@dataclass(frozen=True, slots=True)
class Suspect:
    """One event as it stands, with the hash that stands at it."""

    position: int
    ledger_id: bytes
    ledger_seq: int
    recorded_us: int
    record: bytes
    sealed: bytes
    hash: bytes


def resolve(report: ShardReport, suspects: list[Suspect], known: set[bytes]) -> None:
    """Add a finding for each suspect that is wrong itself.

    known: hashes that may stand before one of them: what stood at, and what was computed for, the
    suspects and the events before them.
    """
    known = known | {suspect.hash for suspect in suspects}
    places = [suspect.position for suspect in suspects]
    for suspect in suspects:
        if _fits(report.shard, suspect, suspect.position, known):
            continue  # it is in its place; the event before it is not
        former = next((k for k in places if _fits(report.shard, suspect, k, known)), None)
        if former is None:
            report.add("HASH_MISMATCH", suspect.position, "the event is not what was hashed here")
        else:
            report.add("REORDERED", suspect.position, f"this is the event of position {former}")


def _fits(shard: int, suspect: Suspect, position: int, known: set[bytes]) -> bool:
    leaf = leaf_hash(
        shard,
        position,
        suspect.ledger_id,
        suspect.ledger_seq,
        suspect.recorded_us,
        suspect.record,
        suspect.sealed,
    )
    return any(link_hash(before, leaf) == suspect.hash for before in known)
