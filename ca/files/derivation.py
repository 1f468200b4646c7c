"""The key derivation of PKCS#12 (RFC 7292 appendix B.2), which nothing else uses."""

import hashlib
from collections.abc import Callable

#: Purposes of a derivation, RFC 7292 appendix B.3.
FOR_KEY, FOR_IV, FOR_MAC = 1, 2, 3


def derive(
    digest: Callable[..., "hashlib._Hash"],
    password: str,
    salt: bytes,
    rounds: int,
    purpose: int,
    length: int,
) -> bytes:
    """Derive key, IV or MAC key as RFC 7292 appendix B.2 says; the password is UTF-16 with a zero at the end."""
    block = digest().block_size
    secret = password.encode("utf-16-be") + b"\0\0"
    mixed = _filled(salt, block) + _filled(secret, block)
    result = b""
    while len(result) < length:
        out = digest(bytes([purpose]) * block + mixed).digest()
        for _ in range(rounds - 1):
            out = digest(out).digest()
        result += out
        step = int.from_bytes(_filled(out, block)[:block], "big") + 1
        parts = (int.from_bytes(mixed[at : at + block], "big") + step for at in range(0, len(mixed), block))
        mixed = b"".join((part % 2 ** (8 * block)).to_bytes(block, "big") for part in parts)
    return result[:length]


def _filled(value: bytes, block: int) -> bytes:
    """Repeat the value to the next multiple of the block."""
    size = -(-len(value) // block) * block
    return (value * (size // len(value) + 1))[:size]
