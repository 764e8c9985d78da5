"""How right the categorizer is on rows that it was not made from: make eval

rows/          labelled rows of nineteen countries, written by hand before anything was tuned
second/        more of them, written before anyone looked at what the categorizer knows
third/         a few, written after what the second set taught, and measured once before any change
rows.py        reads them
households.py  makes households of them that correct what is wrong
measure.py     counts: by difficulty and country, what is taken for what, how sure and how right
__main__       prints, and writes docs/reference/categorizer.md
"""
