"""The narrow port to a certificate authority: embedded here, or another one behind a protocol."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

Status = Literal["good", "hold", "revoked", "expired"]
Shown = Status | Literal["foreign", "unknown"]


class IssuerAway(Exception):
    """The authority does not answer now. Asking again is the same request."""


class IssuerRefused(Exception):
    """The authority refuses for good; `code` is one of `bot.conversation.refusals`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class HeldCertificate:
    """A certificate that somebody holds; the serial in upper-case hexadecimal digits."""

    serial: str
    status: Status
    not_before: datetime
    not_after: datetime


@dataclass(frozen=True, slots=True)
class Applicant:
    """Who gets the certificate, from the bank's record and never from the chat."""

    holder: str
    name: str
    idn: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Opening:
    """An enrolment: 참조번호 and 인가코드, good once and until `expires_at`."""

    reference: str
    authorization: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Certified:
    """The new certificate and its chain, DER."""

    serial: str
    not_after: datetime
    der: bytes


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a certificate is for, and for whom, in the words of the authority's table of policies."""

    scope: str
    holder: str


@dataclass(frozen=True, slots=True)
class Standing:
    """What the authority's books say of a certificate that somebody shows."""

    #: "foreign" where another authority issued it; "unknown" where it names this one, which has no such certificate.
    status: Shown
    #: Where the books tell it; otherwise its policy may.
    purpose: Purpose | None = None


@dataclass(frozen=True, slots=True)
class ListAge:
    """How old one of the authority's revocation lists is, and in how many seconds it is stale."""

    name: str
    age_s: int
    left_s: int


class Watched(Protocol):
    """An authority that can be watched. Both methods raise `IssuerAway`."""

    async def counts(self) -> Mapping[Status, int]:
        """Return how many certificates there are; those that ended stay what they were."""
        ...

    async def list_ages(self) -> tuple[ListAge, ...]:
        """Return the lists that are ours to renew; an authority outside renews its own."""
        ...


class Issuer(Protocol):
    """Every method raises `IssuerAway` or `IssuerRefused`; the same request id always gets the same answer."""

    async def held(self, holder: str) -> tuple[HeldCertificate, ...]: ...

    async def standing(self, certificate: bytes) -> Standing:
        """Say how a certificate (DER) stands, which may be anybody's or nobody's; nobody else is asked about it."""
        ...

    async def enrol(self, request_id: str, applicant: Applicant, replaces: str) -> Opening: ...

    async def redeem(self, reference: str, authorization: str, key: bytes) -> Certified:
        """Have this private key (PKCS#8 with R) certified in place of the certificate named at enrolment."""
        ...

    async def tend(self) -> None:
        """Do what the authority needs now and then; called every few minutes."""
        ...

    async def make_key(self) -> bytes:
        """Return a new private key: PKCS#8 with the random number R as an attribute, not encrypted."""
        ...

    async def pack(self, key: bytes, certified: Certified, password: str) -> Mapping[str, bytes]:
        """Return the files for the customer by their names: the zip with the NPKI folder, and the PKCS#12."""
        ...
