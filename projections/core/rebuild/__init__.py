"""Blue/green rebuild: fold the whole log into fresh tables, then serve those instead.

The served tables answer queries and follow the log all the while. The new ones are filled beside
them in a schema of their own by one process per core, brought to the same positions, compared, and
switched in one transaction. Until that commit nothing that is served has changed. A rebuild may be
killed at any moment: the next one goes on where it stood. What was served before is kept until it
is dropped, and `rollback` serves it again.
"""

from mintflow.projections.core.rebuild.checking import (
    Difference,
    ModelsNotComparable,
    check_models,
)
from mintflow.projections.core.rebuild.coordinator import (
    Options,
    RebuildRefused,
    forget_previous,
    rebuild,
    rollback,
)
from mintflow.projections.core.rebuild.previous import NothingToGoBackTo, Previous
from mintflow.projections.core.rebuild.report import RebuildReport, TableReport

__all__ = [
    "Difference",
    "ModelsNotComparable",
    "NothingToGoBackTo",
    "Options",
    "Previous",
    "RebuildRefused",
    "RebuildReport",
    "TableReport",
    "check_models",
    "forget_previous",
    "rebuild",
    "rollback",
]
