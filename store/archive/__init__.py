"""The history as files, to take away and to bring back: Parquet, JSON lines or CSV.

    manifest.py   what an export holds, and the journal of one that is under way
    formats.py    rows to bytes and back, per format
    exporting.py  from the log to files, going on after a kill
    restoring.py  from files to an empty log, every hash computed again

Sealed facts travel sealed; the keys never travel with them.
"""

from mintflow.store.archive.exporting import export
from mintflow.store.archive.manifest import Selection
from mintflow.store.archive.restoring import restore

__all__ = ["Selection", "export", "restore"]
