"""The key derivation of PKCS#12 (RFC 7292 appendix B.2), which nothing else uses.

`cryptography` does not offer it by itself. The OpenSSL that Python's own `hashlib` runs on does, four times as fast as
rounds in Python and without holding up every other thread meanwhile; a Python built otherwise counts them by hand.
"""

import _hashlib
import ctypes
import functools
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
    secret = password.encode("utf-16-be") + b"\0\0"
    derived = _by_openssl(digest().name, secret, salt, rounds, purpose, length)
    return derived if derived is not None else by_hand(digest, secret, salt, rounds, purpose, length)


def _by_openssl(digest: str, secret: bytes, salt: bytes, rounds: int, purpose: int, length: int) -> bytes | None:
    """Return None where OpenSSL is out of reach, or will not."""
    library = _openssl()
    if library is None:
        return None
    derived = ctypes.create_string_buffer(length)
    kind = library.EVP_get_digestbyname(digest.encode())
    done = kind and library.PKCS12_key_gen_uni(
        *(secret, len(secret), salt, len(salt), purpose, rounds, length, derived, kind)
    )
    return derived.raw if done else None


@functools.cache
def _openssl() -> ctypes.CDLL | None:
    try:
        library = ctypes.CDLL(_hashlib.__file__)  # a name that it does not have itself is sought in what it needs
        library.EVP_get_digestbyname.restype = ctypes.c_void_p
        library.EVP_get_digestbyname.argtypes = [ctypes.c_char_p]
        octets, number = ctypes.c_char_p, ctypes.c_int
        library.PKCS12_key_gen_uni.restype = number
        library.PKCS12_key_gen_uni.argtypes = [
            *(octets, number, octets, number, number, number, number, octets, ctypes.c_void_p)
        ]
    except (OSError, AttributeError):
        return None
    return library


def by_hand(
    digest: Callable[..., "hashlib._Hash"],
    secret: bytes,
    salt: bytes,
    rounds: int,
    purpose: int,
    length: int,
) -> bytes:
    block = digest().block_size
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
