"""From the text of a query to its tree, by recursive descent with a bounded depth."""

from __future__ import annotations

from dataclasses import dataclass, field

from mintflow.domain.core.query import values
from mintflow.domain.core.query.errors import QueryNotReadable
from mintflow.domain.core.query.lexer import Token, tokens
from mintflow.domain.core.query.matching import folded
from mintflow.domain.core.query.tree import And, Node, Not, Or, TextIs

QUERY_LENGTH_MAX = 2_000  # A person reads a rule in a line or two; a machine's can be several.
DEPTH_MAX = 16
CONDITIONS_MAX = 200  # Values of a list count each.


def parse(text: str) -> Node:
    """The tree of a query; a text without words holds of everything. Raises QueryNotReadable."""
    if len(text) > QUERY_LENGTH_MAX:
        raise QueryNotReadable(
            "the query is too long", QUERY_LENGTH_MAX, length_max=QUERY_LENGTH_MAX
        )
    if "\0" in text:
        raise QueryNotReadable("a query has no character 0", text.index("\0"))
    reader = _Reader(tokens(text))
    if reader.next().kind == "end":
        return And(())
    node = reader.either(0)
    if reader.next().kind != "end":
        raise QueryNotReadable("this bracket was never opened", reader.next().at)
    return node


@dataclass(slots=True)
class _Reader:
    found: list[Token]
    place: int = 0
    conditions: int = field(default=0)

    def next(self) -> Token:
        """The token that comes; it stays to be taken."""
        return self.found[self.place]

    def take(self) -> Token:
        token = self.found[self.place]
        self.place += 1
        return token

    def either(self, depth: int) -> Node:
        parts = [self.both(depth)]
        while self.next().kind == "or":
            self.take()
            parts.append(self.both(depth))
        return parts[0] if len(parts) == 1 else Or(tuple(parts))

    def both(self, depth: int) -> Node:
        parts = [self.one(depth)]
        while self.next().kind not in ("or", ")", "end"):
            if self.next().kind == "and":
                self.take()
            parts.append(self.one(depth))
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def one(self, depth: int) -> Node:
        if depth > DEPTH_MAX:
            raise QueryNotReadable(
                "brackets and NOT are nested too deep", self.next().at, depth_max=DEPTH_MAX
            )
        token = self.take()
        match token.kind:
            case "not":
                return Not(self.one(depth + 1))
            case "(":
                node = self.either(depth + 1)
                if self.next().kind != ")":
                    raise QueryNotReadable("the bracket is never closed", token.at)
                self.take()
                return node
            case "word" | "phrase":
                self._count(token)
                return TextIs("text", "contains", (folded(token.text),))
            case "field":
                return values.condition(token, self._values(token))
            case "end":
                raise QueryNotReadable("something is missing at the end", token.at)
        raise QueryNotReadable("a word or a condition is missing before this", token.at)

    def _values(self, of: Token) -> list[Token]:
        """The value of a condition, or the values of a list in brackets."""
        if self.next().kind != "(":
            return [self._value(of)]
        opened = self.take()
        found = [self._value(of)]
        while self.next().kind == ",":
            self.take()
            found.append(self._value(of))
        if self.next().kind != ")":
            raise QueryNotReadable("a list is values with commas between them, closed by )",
                                   opened.at)  # fmt: skip
        self.take()
        return found

    def _value(self, of: Token) -> Token:
        token = self.next()
        # Inside a list a value may look like an operator or a condition; there it is a text.
        if token.kind in ("end", "(", ")", ","):
            raise QueryNotReadable(f"the value of {of.text} is missing", token.at)
        self.take()
        self._count(token)
        if token.kind == "field":
            raise QueryNotReadable("a value with : or = in it is written in quotes", token.at)
        return token

    def _count(self, token: Token) -> None:
        self.conditions += 1
        if self.conditions > CONDITIONS_MAX:
            raise QueryNotReadable(
                "the query has too many conditions", token.at, conditions_max=CONDITIONS_MAX
            )
