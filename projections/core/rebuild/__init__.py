"""Blue/green rebuild: fold the whole log into fresh tables, then serve those instead.

The served tables answer queries and follow the log all the while. The new ones are filled beside
them in a schema of their own by one process per core, brought to the same positions, compared, and
switched in one transaction. Until that commit nothing that is served has changed, so a rebuild may
be killed at any moment; the next one clears away what it left.
"""

from mintflow.projections.core.rebuild.coordinator import RebuildRefused, rebuild
from mintflow.projections.core.rebuild.report import RebuildReport, TableReport

__all__ = ["RebuildRefused", "RebuildReport", "TableReport", "rebuild"]
