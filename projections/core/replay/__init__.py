"""Read models of a past moment, or of what never happened, in scratch tables."""

from mintflow.projections.core.replay.replays import (
    ReplayLimits,
    Replays,
    ReplaysBusy,
    ReplayTooLarge,
)
from mintflow.projections.core.replay.scratch import Scratch

__all__ = ["ReplayLimits", "ReplayTooLarge", "Replays", "ReplaysBusy", "Scratch"]
