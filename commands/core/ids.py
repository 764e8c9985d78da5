"""New ids: UUIDv7, so that ids made later sort later and indexes grow at their end."""

from __future__ import annotations

import os
import time
from uuid import UUID


def new_id() -> UUID:
    """A fresh UUIDv7: 48 bits of milliseconds since 1970, 74 bits of randomness."""
    millis = time.time_ns() // 1_000_000
    bits = int.from_bytes(os.urandom(10), "big")
    return UUID(
        int=(millis & 0xFFFF_FFFF_FFFF) << 80
        | 0x7 << 76
        | (bits >> 68) << 64
        | 0b10 << 62
        | bits & 0x3FFF_FFFF_FFFF_FFFF
    )
