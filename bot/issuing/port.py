"""The port to a certificate authority: the embedded one, or one outside behind a protocol."""

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
    """A certificate of a customer; the serial number in upper-case hexadecimal digits."""

    serial: str
    status: Status
    not_before: datetime
    not_after: datetime


@dataclass(frozen=True, slots=True)
class Applicant:
    """Who gets the certificate, from the bank's register and never from the chat."""

    holder: str
    name: str
    idn: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Opening:
    """An enrolment: 참조번호 and 인가코드, valid once and until `expires_at`."""

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
    """What the authority knows about a certificate that a customer shows."""

    #: "foreign" if another authority issued it; "unknown" if it names this one, which has no such certificate.
    status: Shown
    #: If the authority knows it; otherwise the policy may say it.
    purpose: Purpose | None = None


@dataclass(frozen=True, slots=True)
class ListAge:
    """How old one of the authority's CRLs is, and in how many seconds it expires."""

    name: str
    age_s: int
    left_s: int


class Watched(Protocol):
    """An authority that can be monitored. Both methods raise `IssuerAway`."""

    async def counts(self) -> Mapping[Status, int]:
        """Return the number of certificates by status; expired ones keep theirs."""
        ...

    async def list_ages(self) -> tuple[ListAge, ...]:
        """Return the CRLs that are ours to renew; an authority outside renews its own."""
        ...


class Issuer(Protocol):
    """Every method raises `IssuerAway` or `IssuerRefused`; the same request id always gets the same answer."""

    async def held(self, holder: str) -> tuple[HeldCertificate, ...]: ...

    async def standing(self, certificate: bytes) -> Standing:
        """Return the status of a certificate (DER), which may be anybody's; no other authority is asked about it."""
        ...

    async def enrol(self, request_id: str, applicant: Applicant, replaces: str) -> Opening: ...

    async def redeem(self, reference: str, authorization: str, key: bytes) -> Certified:
        """Certify this private key (PKCS#8 with R) in place of the certificate named at enrolment."""
        ...

    async def tend(self) -> None:
        """Do the authority's regular work; called every few minutes."""
        ...

    async def make_key(self) -> bytes:
        """Return a new private key: PKCS#8 with the random number R as an attribute, not encrypted."""
        ...

    async def pack(self, key: bytes, certified: Certified, password: str) -> Mapping[str, bytes]:
        """Return the files for the customer by their names: the zip with the NPKI folder, and the PKCS#12."""
        ...
