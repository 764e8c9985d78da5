"""Series over days for charts and SQL: what accounts held, what was spent, and prices and rates.

They are made from the exact read models by `refresh`, a moment later, and hold nothing of their
own but the prices and rates that somebody wrote into them. Where the server has TimescaleDB the
tables are its hypertables, elsewhere ordinary partitions; names, columns, keys and rows are the
same (docs/concepts/series.md). Balances and totals that a query of the API answers never come from
here: they move in the transaction of their checkpoint.
"""

from mintflow.projections.core.series.refresh import Refreshed, refresh
from mintflow.projections.core.series.schema import install_series
from mintflow.projections.core.series.tables import MODES
from mintflow.projections.core.series.upkeep import Kept, keep_up

__all__ = ["MODES", "Kept", "Refreshed", "install_series", "keep_up", "refresh"]
