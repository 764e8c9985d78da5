"""Every event type there is: for audits, documentation and tests, which must not miss one.

A running product has met the types of the capabilities that it was composed of; what reads a whole
log has to know all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pkgutil import walk_packages

from mintflow import domain
from mintflow.domain.core.aggregates import EVENT_TYPES, Event


def event_types() -> Mapping[str, type[Event]]:
    """Stored topic -> event class, of every module of the domain, in the order of topics."""
    for module in walk_packages(domain.__path__, f"{domain.__name__}."):
        import_module(module.name)
    return dict(sorted(EVENT_TYPES.items()))
