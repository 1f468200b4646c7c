"""What goes into the authority and what comes out: values only."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum


class Status(StrEnum):
    """The status of a certificate; `expired` follows from the clock, the others are in the ledger."""

    GOOD = "good"
    HOLD = "hold"
    REVOKED = "revoked"
    EXPIRED = "expired"


class Reason(StrEnum):
    """Why a certificate was revoked, by the names of RFC 5280 section 5.3.1."""

    UNSPECIFIED = "unspecified"
    KEY_COMPROMISE = "keyCompromise"
    AFFILIATION_CHANGED = "affiliationChanged"
    SUPERSEDED = "superseded"
    CESSATION_OF_OPERATION = "cessationOfOperation"
    CERTIFICATE_HOLD = "certificateHold"
    PRIVILEGE_WITHDRAWN = "privilegeWithdrawn"


@dataclass(frozen=True, slots=True)
class Order:
    """A certificate to be issued at once, to a key that is already here."""

    request_id: str
    """Asking again with the same id and the same values gives the same certificate."""
    holder: str
    """The customer's id at the bank; opaque here."""
    name: str = field(repr=False)
    idn: str = field(repr=False)
    """The identity number from the bank's record, digits only; hashed into the VID and never stored."""
    random_number: bytes = field(repr=False)
    """R of the VID, at least 160 bits; the holder keeps it in the private key file."""
    spki: bytes = field(repr=False)
    """SubjectPublicKeyInfo, DER."""
    profile: str = "personal"
    not_before: date | datetime | None = None
    """A date begins at 00:00 KST; a datetime is cut to its minute; none is now."""
    not_after: date | datetime | None = None
    """Only its day in KST counts: a certificate always ends at 23:59:59 KST. None is one calendar year."""


@dataclass(frozen=True, slots=True)
class EnrolmentOrder:
    """A certificate that the customer will collect with a reference number and a code."""

    request_id: str
    holder: str
    name: str = field(repr=False)
    idn: str = field(repr=False)
    replaces: int | None = None
    """The serial of the certificate that is reissued: same expiry, and revoked when the new one is stored."""
    lifetime: timedelta = timedelta(days=7)
    profile: str = "personal"
    renews: bool = False
    """Whether the replaced one is renewed: a year longer, the remaining days kept; only in its renewal window."""


@dataclass(frozen=True, slots=True)
class Enrolment:
    reference: str
    """참조번호: digits."""
    code: str = field(repr=False)
    """인가코드: 100 random-looking bits in letters and digits that cannot be mistaken for each other."""
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class KeyRequest:
    spki: bytes = field(repr=False)
    random_number: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Certificate:
    serial: int
    der: bytes = field(repr=False)
    not_before: datetime
    not_after: datetime
    request_id: str


@dataclass(frozen=True, slots=True)
class Record:
    """A certificate and its history."""

    serial: int
    holder: str
    profile: str
    status: Status
    not_before: datetime
    not_after: datetime
    der: bytes = field(repr=False)
    request_id: str
    replaces: int | None
    replaced_by: int | None
    revoked_at: datetime | None
    """When it was revoked or put on hold."""
    reason: Reason | None


@dataclass(frozen=True, slots=True)
class Chain:
    root: bytes = field(repr=False)
    issuing: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class ListAge:
    """How old a CRL is, and in how many seconds nobody accepts it any more (below 0: since then)."""

    name: str
    age_s: int
    left_s: int


@dataclass(frozen=True, slots=True)
class AuditHead:
    """The last line of the audit: kept elsewhere, it shows whether lines were removed from the end."""

    entries: int
    digest: str


@dataclass(frozen=True, slots=True)
class AuditReport:
    head: AuditHead
    problems: tuple[str, ...]
    """One line each, by serial and line number, without personal data."""

    @property
    def ok(self) -> bool:
        return not self.problems
