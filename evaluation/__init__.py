"""How right the categorizer is on rows that it was not made from."""
