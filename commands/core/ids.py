"""New ids: UUIDv7, so that ids made later sort later and indexes grow at their end."""

from __future__ import annotations

import os
import time
from uuid import UUID

_VERSION_AND_VARIANT = 0x7 << 76 | 0b10 << 62
_RANDOM_LOW = 0x3FFF_FFFF_FFFF_FFFF


def new_id() -> UUID:
    """A fresh UUIDv7: 48 bits of milliseconds since 1970, 74 bits of randomness."""
    bits = int.from_bytes(os.urandom(10), "big")
    millis = time.time_ns() // 1_000_000
    return UUID(int=millis << 80 | (bits >> 68) << 64 | bits & _RANDOM_LOW | _VERSION_AND_VARIANT)
