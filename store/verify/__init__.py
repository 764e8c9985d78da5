"""The audit of the log: read every event again; prove that none was changed, lost or slipped in.

What it proves is listed in docs/concepts/event-store.md, and so is what it cannot: somebody who
owns the server and recomputes every hash up to the heads is found only by a head kept elsewhere.
"""

from __future__ import annotations

from mintflow.store.verify.published import HeadsNotReadable, PublishedHeads
from mintflow.store.verify.report import Finding, VerifyReport
from mintflow.store.verify.run import Looking, verify

__all__ = ["Finding", "HeadsNotReadable", "Looking", "PublishedHeads", "VerifyReport", "verify"]
