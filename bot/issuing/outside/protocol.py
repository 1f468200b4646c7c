"""The port to a protocol: a dialogue in steps, each stored before anything of it is sent."""

from dataclasses import dataclass, field
from typing import Protocol

import msgspec

DONE = "done"


class Away(Exception):
    """No answer, or none that can be trusted. The same step again is the same request."""


class Refused(Exception):
    """The authority refuses for good; `code` is one of `bot.conversation.refusals`, `why` its own words, for staff."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(f"{code}: {why}")
        self.code = code
        self.why = why


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be certified, and which certificate it replaces."""

    request_id: str
    name: str = field(repr=False)
    """The holder's, from the bank's record."""
    key: bytes = field(repr=False)
    """PKCS#8 with R as an attribute, DER."""
    identity: bytes = field(repr=False)
    """identifyData: real name and VID, DER."""
    replaces: bytes
    """The certificate that is replaced, DER."""


class Step(msgspec.Struct, frozen=True):
    """The state of the dialogue. It holds no secret: a restart goes on from it without the customer's key."""

    stage: str
    """The engine's own word; `DONE` when the new certificate is there, accepted, and the old one revoked."""
    message: bytes
    """What is sent next, to the octet, or what an answer is asked for with."""
    replaces: bytes
    """The certificate that is replaced, DER."""
    certificate: bytes | None = None
    """DER, as soon as it is known."""
    transaction: bytes = b""
    spki: bytes = b""
    """Of the key that was asked for."""
    asked: bytes = b""
    """The first message, to which a dialogue may have to return."""
    wait: float = 0.0
    """Seconds before it is sent."""


class Engine(Protocol):
    """Every certificate that it returns has the order's public key and was signed by the authority in the settings."""

    def begin(self, order: Order) -> Step:
        """Make the first message; nothing is sent."""
        ...

    async def advance(self, step: Step) -> Step:
        """Send what the step says and return the next; raise `Away` or `Refused`.

        A step that was sent before may be sent again: its effect happens once.
        """
        ...

    @property
    def chain(self) -> tuple[bytes, ...]:
        """Return the authority's certificates from the issuing one up, DER."""
        ...
