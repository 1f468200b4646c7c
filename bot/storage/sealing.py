"""The port to column encryption; the roof builds the real one and hands it in."""

from typing import Protocol

import msgspec


class Sealing(Protocol):
    """Seals a value for one place, and makes keyed hashes for look-ups."""

    def seal(self, plaintext: bytes, *, table: str, column: str, row: str) -> bytes: ...

    def open(self, sealed: bytes, *, table: str, column: str, row: str) -> bytes:
        """Raise `ValueError` if the value was changed, or moved to another place."""
        ...

    def digest(self, label: str, value: str) -> bytes: ...


#: What reading a kept value raises when it was damaged or tampered with: one bad row must not stop the others.
UNREADABLE = (ValueError, msgspec.MsgspecError)
