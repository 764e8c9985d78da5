"""What an audit found, shard by shard and as a whole."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

Code = Literal[
    "HASH_MISMATCH",
    "GAP",
    "DUPLICATE",
    "REORDERED",
    "TRUNCATED",
    "COLUMN_MISMATCH",
    "SEQ_GAP",
    "WRONG_SHARD",
    "TRIAL_BALANCE",
    "SEALED_UNREADABLE",
    "TREE_MISMATCH",
    "HEAD_MISMATCH",
    "HEAD_NOT_SIGNED",
    "REGISTER_BROKEN",
    "PROJECTION_MISMATCH",
    "UNREADABLE",
]

# A log that was rewritten would give one finding per event; the first ones say it.
FINDINGS_MAX = 1_000


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing that is wrong, or could not be looked at, at one place.

    position: where it first shows; 0 where it is about the shard as a whole. detail: ids, numbers
    and names of columns; never what an event says.
    """

    shard: int
    position: int
    code: Code
    detail: str


@dataclass(slots=True)
class ShardReport:
    """What was found in one shard. head: as the shard's own row says. erased: ledgers whose key
    is gone, so that their sealed facts could not be opened and need not be."""

    shard: int
    events: int = 0
    complete: bool = True
    head: tuple[int, bytes] | None = None
    findings: list[Finding] = field(default_factory=list)
    left_out: int = 0
    heads_compared: int = 0
    erased: int = 0
    # One change makes every tile above it another one; the first says it.
    tree_told: bool = False

    def add(self, code: Code, position: int, detail: str) -> None:
        """Note a finding, up to FINDINGS_MAX of them."""
        if len(self.findings) < FINDINGS_MAX:
            self.findings.append(Finding(self.shard, position, code, detail))
        else:
            self.left_out += 1

    def could_not_look(self, position: int, detail: str) -> None:
        """Note that something was not examined; the audit is then neither good nor bad."""
        self.complete = False
        self.add("UNREADABLE", position, detail)


@dataclass(frozen=True, slots=True)
class VerifyReport:
    """ok: everything was looked at and nothing is wrong. complete: everything was looked at.

    events: how many were read. findings: by shard and position, the first bad place first,
    and at the end what could not be looked at;
    left_out: how many more there are. heads: per shard {"shard", "position", "hash"}, the hash in
    hex: what an auditor keeps elsewhere and compares next time. heads_compared: published heads
    that the log was compared with. erased: ledgers whose key was destroyed. models_compared: tables
    of read models that were folded anew and compared; None where nobody asked for it.
    """

    ok: bool
    complete: bool
    events: int
    findings: list[Finding]
    left_out: int
    heads: list[dict[str, Any]]
    heads_compared: int = 0
    erased: int = 0
    models_compared: int | None = None

    @classmethod
    def of(cls, shards: list[ShardReport], models_compared: int | None = None) -> VerifyReport:
        """The whole from its shards."""
        findings = _in_order([one for shard in shards for one in shard.findings])
        complete = all(shard.complete for shard in shards)
        heads = [
            {"shard": one.shard, "position": one.head[0], "hash": one.head[1].hex()}
            for one in sorted(shards, key=lambda one: one.shard)
            if one.head is not None and one.shard >= 0
        ]
        return cls(
            ok=complete and not findings,
            complete=complete,
            events=sum(shard.events for shard in shards if shard.shard >= 0),
            findings=findings,
            left_out=sum(shard.left_out for shard in shards),
            heads=heads,
            heads_compared=sum(shard.heads_compared for shard in shards),
            erased=sum(shard.erased for shard in shards),
            models_compared=models_compared,
        )

    def joined(
        self, more: list[Finding], *, complete: bool, models_compared: int | None
    ) -> VerifyReport:
        """With what was found beside the log."""
        complete = complete and self.complete
        findings = _in_order([*self.findings, *more])
        return replace(
            self,
            ok=complete and not findings,
            complete=complete,
            findings=findings,
            models_compared=models_compared,
        )


def kept(report: ShardReport) -> dict[str, Any]:
    """As JSON, for an audit that is taken up again."""
    return {
        **{name: getattr(report, name) for name in _PLAIN},
        "head": None if report.head is None else [report.head[0], report.head[1].hex()],
        "findings": [[one.position, one.code, one.detail] for one in report.findings],
    }


def taken_up(found: dict[str, Any]) -> ShardReport:
    """What `kept` made. Raises LookupError, TypeError, ValueError."""
    head = found["head"]
    return ShardReport(
        **{name: found[name] for name in _PLAIN},
        head=None if head is None else (int(head[0]), bytes.fromhex(head[1])),
        findings=[Finding(found["shard"], *one) for one in found["findings"]],
    )


_PLAIN = ("shard", "events", "complete", "left_out", "heads_compared", "erased", "tree_told")


def _in_order(findings: list[Finding]) -> list[Finding]:
    """By place; what could not be looked at comes after what was found, for it often follows."""
    return sorted(findings, key=lambda one: (one.code == "UNREADABLE", one))
