"""Reads a certificate file that a customer sends. Nothing in it is trusted, and no address in it is ever called.

Only what the answer needs is decoded: the holder's name and key never are. Whatever the library raises or warns of
means one thing to a customer, that this is no certificate file.
"""

import warnings
from dataclasses import dataclass, field
from datetime import MAXYEAR, date, datetime

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from bot.core.clock import kst_day

#: No personal certificate is larger; the genuine ones have under 2 KiB.
MOST_BYTES = 16 * 1024
#: The accredited authorities, by the O in the names of their issuing certificates, in lower case.
AUTHORITIES = ("yessign", "kica", "signkorea", "crosscert", "tradesign")

_PEM = b"-----BEGIN "
_FIRST_YEAR = 1950  # UTCTime begins there (RFC 5280 section 4.1.2.5.1); an older certificate is none.
_UNREADABLE = (
    ValueError,
    TypeError,
    OverflowError,
    Warning,
    UnsupportedAlgorithm,
    x509.InvalidVersion,
    x509.DuplicateExtension,
    x509.UnsupportedGeneralNameType,
)


class NoCertificate(Exception):
    """These bytes are no certificate, or a damaged one. The message holds nothing of them."""


@dataclass(frozen=True, slots=True)
class CertificateReport:
    """What a certificate says of itself."""

    #: The issuer's O; None if its name cannot be read, which no authority that we know writes.
    issuer: str | None
    #: The first policy's OID, dotted (RFC 5280 section 4.2.1.4).
    policy: str | None
    not_before: datetime
    not_after: datetime
    der: bytes = field(repr=False)

    @property
    def authority(self) -> str | None:
        """The accredited authority that it names as its issuer."""
        named = (self.issuer or "").strip().lower()
        return named if named in AUTHORITIES else None


def read(content: bytes) -> CertificateReport:
    """Read DER or PEM (RFC 7468); raise `NoCertificate`."""
    if not content or len(content) > MOST_BYTES:
        raise NoCertificate("empty, or too large")
    # Warning filters are global to the process: this runs on the loop's thread, because it takes milliseconds.
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return _sheet(_loaded(content))
        except _UNREADABLE:
            raise NoCertificate("not readable") from None


def last_day(moment: datetime) -> date:
    """Return the day in Korea; 9999, which means "no expiry" (RFC 5280 section 4.1.2.5), has one too."""
    return date.max if moment.year == MAXYEAR else kst_day(moment)


def _loaded(content: bytes) -> x509.Certificate:
    if content.lstrip().startswith(_PEM):
        return x509.load_pem_x509_certificate(content)
    return x509.load_der_x509_certificate(content)


def _sheet(certificate: x509.Certificate) -> CertificateReport:
    if certificate.serial_number <= 0 or certificate.not_valid_before_utc.year < _FIRST_YEAR:
        raise NoCertificate("not one that an authority makes")
    if certificate.not_valid_after_utc.year < _FIRST_YEAR:
        raise NoCertificate("not one that an authority makes")
    return CertificateReport(
        _issuer(certificate),
        _policy(certificate),
        certificate.not_valid_before_utc,
        certificate.not_valid_after_utc,
        certificate.public_bytes(Encoding.DER),
    )


def _issuer(certificate: x509.Certificate) -> str | None:
    """With a name in an unknown encoding, the dates can still be shown."""
    try:
        found = certificate.issuer.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    except _UNREADABLE:
        return None
    return str(found[-1].value) if found else ""


def _policy(certificate: x509.Certificate) -> str | None:
    try:
        policies = certificate.extensions.get_extension_for_class(x509.CertificatePolicies).value
    except (x509.ExtensionNotFound, *_UNREADABLE):
        return None
    return next((policy.policy_identifier.dotted_string for policy in policies), None)
