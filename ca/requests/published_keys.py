"""Keys whose private half is public: Debian's predictable ones (CVE-2008-0166), and all that ever leaked.

The list is `blocklist.dat` of the badkeys project, which keeps it up to date (docs/BLOCKLISTFORMAT.md there): blocks of
16 bytes in ascending order, 15 of a hash and one for the source. 60 MB are searched on disk.
"""

import hashlib
import mmap
from itertools import pairwise
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

BLOCK_OCTETS, HASH_OCTETS = 16, 15
#: This many places of the list are compared at the start: reading all of it would take too long.
SAMPLES = 1000


class ListWrong(Exception):
    """The list of published keys cannot be used; the message names the file and says why."""


class PublishedKeys:
    """Raises `ListWrong` at once for a file that is no such list."""

    def __init__(self, path: Path) -> None:
        try:
            with path.open("rb") as file:
                self._blocks = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError) as error:  # an empty file is a ValueError
            raise ListWrong(f"{path}: {error}") from error
        if len(self._blocks) % BLOCK_OCTETS or not self._is_sorted():
            raise ListWrong(f"{path}: no list of badkeys, which has sorted blocks of {BLOCK_OCTETS} octets")

    def has(self, spki: bytes) -> bool:
        """Look up a key that passed the rules, DER."""
        wanted = _hash(spki)
        low, high = 0, self._count
        while low < high:
            middle = (low + high) // 2
            found = self._block(middle)
            if found == wanted:
                return True
            low, high = (middle + 1, high) if found < wanted else (low, middle)
        return False

    @property
    def _count(self) -> int:
        return len(self._blocks) // BLOCK_OCTETS

    def _block(self, number: int) -> bytes:
        return self._blocks[number * BLOCK_OCTETS : number * BLOCK_OCTETS + HASH_OCTETS]

    def _is_sorted(self) -> bool:
        places = range(0, self._count, max(1, self._count // SAMPLES))
        return all(self._block(one) < self._block(next_one) for one, next_one in pairwise(places))


def _hash(spki: bytes) -> bytes:
    """Of the one number that tells a key from others: two RSA keys of one modulus are published together."""
    key = load_der_public_key(spki)
    assert isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey)
    number = key.public_numbers().n if isinstance(key, rsa.RSAPublicKey) else key.public_numbers().x
    octets = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return hashlib.sha256(octets).digest()[:HASH_OCTETS]
