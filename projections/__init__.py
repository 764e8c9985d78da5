"""The read side: what is kept for queries, how it is folded from events, and the queries.

A capability is one file (or folder) with its tables, its fold and its queries. `registry.py` lists
them; `core/` has what they share. Nothing here knows Kafka or HTTP.
"""
