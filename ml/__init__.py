"""Fit and predict: what a row is likely to be. Pure; it knows no database, no ledger, no clock."""
