"""Filling empty tables from the whole log, in worker processes that load no more than they need."""
