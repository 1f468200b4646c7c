"""Whether a certificate was issued by the authority in the settings."""

from collections.abc import Iterable

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm


def is_signed_by(certificate: x509.Certificate, authorities: Iterable[bytes]) -> bool:
    """Check the signature under each of these certificates, DER."""
    return any(_signed(certificate, x509.load_der_x509_certificate(each)) for each in authorities)


def _signed(certificate: x509.Certificate, above: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(above)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True
