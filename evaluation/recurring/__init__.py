"""How right recurring streams are: histories with a known truth, and what is found in them."""
