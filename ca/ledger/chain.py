"""The audit chain: each line has the hash of all lines before it, so that every change is detected."""

import hashlib
import json
from collections.abc import Mapping
from typing import NamedTuple, Self

GENESIS = bytes(32)
#: Made once: `json.dumps` with separators builds an encoder for each call, and a million lines are read in seconds.
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


class AuditLine(NamedTuple):
    """A tuple rather than a dataclass: a million of them are verified in seconds."""

    seq: int
    at: int
    kind: str
    subject: str
    request_id: str
    detail: str

    @classmethod
    def make(
        cls,
        seq: int,
        at: int,
        kind: str,
        subject: str,
        request_id: str,
        detail: Mapping[str, str | int | None],
    ) -> Self:
        known = {name: value for name, value in detail.items() if value is not None}
        return cls(seq, at, kind, subject, request_id, _encode(known))

    @property
    def content(self) -> bytes:
        """What is hashed: JSON, which separates the parts from each other."""
        return _encode(self).encode()

    def columns(self) -> dict[str, str | int]:
        return self._asdict()


def digest_of(before: bytes, content: bytes) -> bytes:
    """Hash the line's content after the digest before it."""
    return hashlib.sha256(before + content).digest()
