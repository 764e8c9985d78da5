"""Speeds, each with its baseline measured in the same run. `make bench` runs them all."""
