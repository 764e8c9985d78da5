"""The rules of the books: events and aggregates, pure; no I/O, no clock, no randomness.

Stored names are looked up by import, so this room has exactly one importable name.
"""

if __name__ != "mintflow.domain":  # pragma: no cover - needs a second name to fail
    raise ImportError(
        f"import mintflow.domain, not {__name__!r}: under a second name the same event would be "
        "two classes, and isinstance and the topic registry would disagree"
    )
