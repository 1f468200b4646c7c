"""One message of a CMP transaction with its sender, and the reply to it."""

import hashlib
from dataclasses import dataclass

from ca.cmp.message import Header, Kind, Message
from ca.cmp.parties import Party


@dataclass(frozen=True, slots=True)
class Exchange:
    """One message and who sent it."""

    message: Message
    party: Party

    @property
    def header(self) -> Header:
        return self.message.header

    @property
    def transaction(self) -> str:
        return (self.header.transaction_id or b"").hex()

    @property
    def request_id(self) -> str:
        return f"cmp-{self.party.name}-{self.transaction}"

    def request_id_for(self, spki: bytes) -> str:
        """The same key from the same party is the same request: a stock client begins again after a lost answer."""
        return f"cmp-{self.party.name}-{hashlib.sha256(spki).hexdigest()[:32]}"


@dataclass(frozen=True, slots=True)
class Reply:
    kind: Kind
    body: bytes
    serial: int | None = None
    """Of the certificate that came of it, which a certConf may follow."""
    confirmed: str | None = None
