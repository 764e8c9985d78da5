"""The error tree: what a caller can get wrong, and how each wrong is named.

Each refusal is a class of its own, standing beside the rule that raises it; this file holds only
the root and the five kinds. `api/core` maps a kind to an HTTP status in one place.

    MintFlowError
    ├── Invalid       the request can never succeed as it is      (422)
    ├── NotFound      the thing named is not there for this caller (404)
    ├── Conflict      it would have succeeded in another state     (409)
    ├── Forbidden     this caller may not                          (403)
    └── Unavailable   not now; the same request may succeed later  (503)
"""

from __future__ import annotations

from typing import Any, ClassVar, Literal

Kind = Literal["invalid", "not_found", "conflict", "forbidden", "unavailable"]


class MintFlowError(Exception):
    """A refusal with a stable `code`, a `kind`, and `details` that never hold secrets or names."""

    code: ClassVar[str] = "mintflow_error"
    kind: ClassVar[Kind] = "invalid"

    def __init__(self, message: str, **details: Any) -> None:
        """message: one sentence for a person. details: ids, limits and fields, JSON values."""
        super().__init__(message)
        self.message = message
        self.details: dict[str, Any] = details


class Invalid(MintFlowError):
    """The request can never succeed as it is written."""

    code = "invalid"
    kind = "invalid"


class NotFound(MintFlowError):
    """The thing named does not exist, or not for this caller; the two are not told apart."""

    code = "not_found"
    kind = "not_found"


class Conflict(MintFlowError):
    """The books are in a state that refuses this; in another state it would succeed."""

    code = "conflict"
    kind = "conflict"


class Forbidden(MintFlowError):
    """The caller is known and may not do this."""

    code = "forbidden"
    kind = "forbidden"


class Unavailable(MintFlowError):
    """A part that is needed does not answer now; the same request may succeed later."""

    code = "unavailable"
    kind = "unavailable"
