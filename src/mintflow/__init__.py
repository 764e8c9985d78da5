"""MintFlow: the books of a household as immutable events."""
