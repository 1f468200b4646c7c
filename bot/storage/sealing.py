"""The port to column encryption; the composition root passes the real one in."""

from typing import Protocol

import msgspec


class Sealing(Protocol):
    """Encrypts a value for one table, column and row, and makes keyed hashes for look-ups."""

    def seal(self, plaintext: bytes, *, table: str, column: str, row: str) -> bytes: ...

    def open(self, sealed: bytes, *, table: str, column: str, row: str) -> bytes:
        """Raise `ValueError` if the value was changed, or moved to another place."""
        ...

    def digest(self, label: str, value: str) -> bytes: ...


#: Raised when a stored value was damaged or changed: one bad row must not stop the others.
UNREADABLE = (ValueError, msgspec.MsgspecError)
