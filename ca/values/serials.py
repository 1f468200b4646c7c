"""Serial numbers: unguessable, of one length, positive."""

from collections.abc import Callable

SERIAL_BYTES = 16


def new_serial(entropy: Callable[[int], bytes]) -> int:
    """Return 126 random bits below a fixed one (CA/B Baseline Requirements 7.1 ask for 64)."""
    value = bytearray(entropy(SERIAL_BYTES))
    value[0] = value[0] & 0x3F | 0x40
    return int.from_bytes(value, "big")
