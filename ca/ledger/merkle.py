"""The Merkle tree over the audit's lines (RFC 9162 section 2.1, as in RFC 6962): pure arithmetic on hashes.

Hashes of complete subtrees are numbered in the order in which they become complete, so that a growing tree only ever
appends (the layout of Go's `sumdb/tlog`): two hashes a line in the long run, and a proof reads O(log n) of them.
"""

import hashlib
from collections.abc import Callable

#: RFC 9162 section 2.1.1: a leaf can never be taken for a node.
LEAF, NODE = b"\x00", b"\x01"
#: Returns the stored hash at this place.
Read = Callable[[int], bytes]


def leaf_hash(entry: bytes) -> bytes:
    return hashlib.sha256(LEAF + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(NODE + left + right).digest()


def place(level: int, number: int) -> int:
    """Return where the hash of the `number`-th complete subtree of 2**level leaves is stored."""
    for _ in range(level):
        number = 2 * number + 1
    total = level
    while number:
        total += number
        number >>= 1
    return total


def stored(size: int) -> int:
    """Return how many hashes a tree of this many leaves has stored."""
    return place(0, size)


def append(number: int, leaf: bytes, read: Read) -> list[bytes]:
    """Return the hashes that the `number`-th leaf (from 0) adds, to be stored from `place(0, number)` on."""
    added, level = [leaf], 0
    while number & 1:
        added.append(node_hash(read(place(level, number - 1)), added[-1]))
        number >>= 1
        level += 1
    return added


def root(size: int, read: Read) -> bytes:
    """Return the root of the first `size` leaves; without any it is the hash of nothing."""
    return _range(0, size, read) if size else hashlib.sha256(b"").digest()


def inclusion(number: int, size: int, read: Read) -> list[bytes]:
    """Return the inclusion proof of a leaf in the tree of `size` leaves (RFC 9162 section 2.1.3.1), lowest first."""
    proof: list[bytes] = []
    begin, end = 0, size
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if number < middle:
            proof.append(_range(middle, end, read))
            end = middle
        else:
            proof.append(_range(begin, middle, read))
            begin = middle
    return proof[::-1]


def consistency(first: int, size: int, read: Read) -> list[bytes]:
    """Return the proof that the tree of `first` leaves became that of `size` leaves (RFC 9162 section 2.1.4.1)."""
    proof: list[bytes] = []
    begin, end, known = 0, size, True
    while first != end - begin:
        middle = _split(end - begin)
        if first <= middle:
            proof.append(_range(begin + middle, end, read))
            end = begin + middle
        else:
            proof.append(_range(begin, begin + middle, read))
            first, begin, known = first - middle, begin + middle, False
    return (proof if known else [*proof, _range(begin, end, read)])[::-1]


def _split(size: int) -> int:
    """Return the largest power of two below the size."""
    return 1 << (size - 1).bit_length() - 1


def _range(begin: int, end: int, read: Read) -> bytes:
    """Hash the leaves from `begin` to before `end`, which begin at a multiple of their subtree's size."""
    size = end - begin
    if size & size - 1 == 0:
        level = size.bit_length() - 1
        return read(place(level, begin >> level))
    middle = begin + _split(size)
    return node_hash(_range(begin, middle, read), _range(middle, end, read))
