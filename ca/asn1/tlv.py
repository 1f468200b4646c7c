"""Reads DER one level at a time, for what the declared types cannot express: choices, and parts that are skipped."""

from collections.abc import Iterator
from dataclasses import dataclass

SEQUENCE = 0x30
CONSTRUCTED = 0x20
LONG_FORM = 0x80
MOST_LENGTH_BYTES = 4
LONG_TAG = 0x1F


class TooDeep(ValueError):
    """Nested deeper than any valid input."""


@dataclass(frozen=True, slots=True)
class Tlv:
    tag: int
    """The identifier octet; tags of several octets are refused, as nothing here has them."""
    content: bytes
    encoded: bytes


def children(data: bytes) -> Iterator[Tlv]:
    """Yield the values side by side in these bytes; raise `ValueError` unless they are DER to the last octet."""
    at = 0
    while at < len(data):
        begin, end = _bounds(data, at)
        yield Tlv(data[at], data[begin:end], data[at:end])
        at = end


def only(data: bytes) -> Tlv:
    """Return the one value that these bytes are."""
    found = list(children(data))
    if len(found) != 1:
        raise ValueError("there must be one value, and nothing after it")
    return found[0]


def check_depth(data: bytes, deepest: int, most: int | None = None) -> None:
    """Raise `ValueError` unless this is one value with DER lengths, and `TooDeep` if it is nested deeper.

    `most` is the highest number of values in it: each costs the reader time.

    It uses a list where parsers recurse, and copies nothing, because its input is not checked yet.
    """
    ends = [len(data)]
    at = found = 0
    while at < len(data):
        begin, end = _bounds(data, at)
        found += 1
        if found == most:
            raise ValueError("more values than in anything honest")
        while ends[-1] == at and len(ends) > 1:
            ends.pop()
        if len(ends) == 1 and (at or end != len(data)):
            raise ValueError("there must be one value, and nothing after it")
        if end > ends[-1]:
            raise ValueError("a part is larger than the whole")
        if data[at] & CONSTRUCTED and begin < end:
            if len(ends) == deepest:
                raise TooDeep("nested too deep")
            ends.append(end)
            at = begin
        else:
            at = end


def sequence(data: bytes) -> list[Tlv]:
    """Return the parts of the one SEQUENCE that these bytes are."""
    outer = only(data)
    if outer.tag != SEQUENCE:
        raise ValueError("a SEQUENCE is needed")
    return list(children(outer.content))


def _bounds(data: bytes, at: int) -> tuple[int, int]:
    if data[at] & LONG_TAG == LONG_TAG or at + 1 >= len(data):
        raise ValueError("no tag of one octet, or no length")
    first, begin = data[at + 1], at + 2
    if first < LONG_FORM:
        size = first
    else:
        count = first & ~LONG_FORM
        if not 0 < count <= MOST_LENGTH_BYTES or begin + count > len(data):
            raise ValueError("an indefinite or absurd length")
        size = int.from_bytes(data[begin : begin + count], "big")
        begin += count
        if size < LONG_FORM or size < 1 << 8 * (count - 1):
            raise ValueError("a length that is longer than it needs to be")
    if begin + size > len(data):
        raise ValueError("cut off")
    return begin, begin + size
