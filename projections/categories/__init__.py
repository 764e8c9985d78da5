"""Categories: the tree, and what was booked in each of them per day and month."""

from mintflow.projections.categories.fold import PROJECTION
from mintflow.projections.categories.queries import (
    category_totals,
    list_categories,
    subtree_totals,
)

__all__ = ["PROJECTION", "category_totals", "list_categories", "subtree_totals"]
