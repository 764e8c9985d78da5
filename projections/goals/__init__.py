"""Goals: what they are, what is set aside for them, and how far they are on a day."""

from mintflow.projections.goals.fold import PROJECTION
from mintflow.projections.goals.movements import movements
from mintflow.projections.goals.queries import free_of_goals, get_goal, list_goals

__all__ = ["PROJECTION", "free_of_goals", "get_goal", "list_goals", "movements"]
