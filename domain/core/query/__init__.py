"""The one language in which searches and rules say which transactions they mean.

    coffee shop                          words that must all occur
    merchant:starbucks amount<-20        conditions, all of which must hold
    category:food_dining OR tag=holiday  one of two; NOT and parentheses as usual
    description~"^sq \\*" weekday=(sat, sun) date:2025-03

`parse` reads it into a tree (tree.py), `predicate` makes of the tree a function over the facts of
one transaction (matching.py), and the read models make SQL of the same tree; a property test holds
the two against each other. Nothing here is evaluated, length and depth are bounded, and patterns
are those of RE2, whose time grows with the text alone. The reference is docs/reference/queries.md.
"""

from mintflow.domain.core.query.errors import QueryNotReadable
from mintflow.domain.core.query.matching import Facts, Predicate, folded, predicate
from mintflow.domain.core.query.parser import QUERY_LENGTH_MAX, parse
from mintflow.domain.core.query.tree import Node

__all__ = [
    "QUERY_LENGTH_MAX",
    "Facts",
    "Node",
    "Predicate",
    "QueryNotReadable",
    "folded",
    "parse",
    "predicate",
]
