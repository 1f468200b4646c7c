"""ASN.1 types of RFC 5280, as data. Their meaning belongs to the modules that fill them."""

from datetime import datetime
from typing import Annotated

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

Oid = x509.ObjectIdentifier
#: From 2050 on, dates are GeneralizedTime (RFC 5280 section 4.1.2.5).
Time = asn1.UTCTime | asn1.GeneralizedTime
LAST_UTC_YEAR = 2049
SEQUENCE_TAG = 0x30
CONTEXT_TAG = 0xA0
LONG_FORM = 0x80


@asn1.sequence
class AlgorithmNull:
    """An AlgorithmIdentifier whose parameters are NULL, as RSA has them (RFC 3279)."""

    algorithm: Oid
    parameters: asn1.Null


@asn1.sequence
class AlgorithmBare:
    """An AlgorithmIdentifier without parameters."""

    algorithm: Oid


@asn1.sequence
class Algorithm:
    """An AlgorithmIdentifier whose parameters are read by a module that knows the algorithm."""

    algorithm: Oid
    parameters: asn1.TLV


@asn1.sequence
class Extension:
    extn_id: Oid
    critical: Annotated[bool, asn1.Default(value=False)]
    value: bytes


@asn1.sequence
class Validity:
    not_before: Time
    not_after: Time


@asn1.sequence
class TbsCertificate:
    """RFC 5280 section 4.1.2: the bytes that are signed."""

    version: Annotated[int, asn1.Explicit(0)]
    serial: int
    signature: AlgorithmNull
    issuer: asn1.TLV
    validity: Validity
    subject: asn1.TLV
    spki: asn1.TLV
    extensions: Annotated[list[Extension], asn1.Explicit(3)]


@asn1.sequence
class Signed:
    """Certificate and CertificateList alike: the signed bytes, how, and the signature."""

    tbs: asn1.TLV
    algorithm: AlgorithmNull
    signature: asn1.BitString


@asn1.sequence
class SubjectPublicKeyInfo:
    algorithm: AlgorithmNull
    key: asn1.BitString


@asn1.sequence
class AnyPublicKeyInfo:
    algorithm: asn1.TLV
    key: asn1.BitString


@asn1.sequence
class RsaPublicKey:
    """RFC 8017 appendix A.1.1."""

    modulus: int
    exponent: int


SHA256_WITH_RSA = AlgorithmNull(algorithm=Oid("1.2.840.113549.1.1.11"), parameters=asn1.Null())
RSA_ENCRYPTION = AlgorithmNull(algorithm=Oid("1.2.840.113549.1.1.1"), parameters=asn1.Null())


def raw(der: bytes) -> asn1.TLV:
    """Wrap bytes that are DER already."""
    return asn1.decode_der(asn1.TLV, der)


def moment(at: datetime) -> asn1.UTCTime | asn1.GeneralizedTime:
    return asn1.UTCTime(at) if at.year <= LAST_UTC_YEAR else asn1.GeneralizedTime(at)


def extension(value: x509.ExtensionType, *, critical: bool = False) -> Extension:
    return Extension(extn_id=value.oid, critical=critical, value=value.public_bytes())


def signed(tbs: bytes, signature: bytes) -> bytes:
    """Put a certificate or a list together from its bytes and their signature."""
    return asn1.encode_der(
        Signed(tbs=raw(tbs), algorithm=SHA256_WITH_RSA, signature=asn1.BitString(signature, 0)),
    )


def spki_of(certificate: x509.Certificate) -> bytes:
    return spki_bytes(certificate.public_key())


def spki_bytes(key: CertificatePublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def key_bits(spki: bytes) -> bytes:
    """Return the content of subjectPublicKey, which key ids and OCSP hash (RFC 5280 section 4.2.1.2)."""
    return asn1.decode_der(AnyPublicKeyInfo, spki).key.as_bytes()


def sequence_of(*parts: bytes) -> bytes:
    """Put DER values into one SEQUENCE (X.690 section 8.1.3), for lists that are no field of anything."""
    return wrapped(SEQUENCE_TAG, b"".join(parts))


def tagged(number: int, content: bytes) -> bytes:
    """Put DER under an explicit context tag of one octet."""
    return wrapped(CONTEXT_TAG | number, content)


def wrapped(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < LONG_FORM:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, LONG_FORM | len(length)]) + length + content
