"""How right the categorizer is on rows that it was not made from: make eval

rows/      labelled rows of nineteen countries, written by hand before anything was tuned
rows.py    reads them
measure.py counts: by difficulty and country, what is taken for what, how sure and how right
__main__   prints, and writes docs/reference/categorizer.md
"""
