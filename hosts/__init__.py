"""Composition: settings, the one list of capabilities, and the programs that are run."""
