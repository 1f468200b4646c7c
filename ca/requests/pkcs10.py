"""PKCS#10 requests (RFC 2986), read with suspicion: each check is cheaper than what it protects.

A request brings a key, proof that its sender holds the private key, and perhaps R. Its names and extensions are never
used: the content of a certificate comes from the verified record.
"""

import base64
import binascii
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from ca.asn1 import tlv
from ca.asn1.der import Oid
from ca.asn1.vid import MIN_RANDOM_BYTES
from ca.requests import key_rules
from ca.values.refusals import CaRefusal

OID_RANDOM_NUMBER = Oid("1.2.410.200004.10.1.1.3")
#: The deepest valid request, with extensions wanted, has 8.
DEEPEST = 16
PEM_BEGIN, PEM_END = b"-----BEGIN ", b"-----END "
PEM_LABELS = (b"CERTIFICATE REQUEST-----", b"NEW CERTIFICATE REQUEST-----")
INTEGER_ZERO = b"\x02\x01\x00"
NULL = b"\x05\x00"
BIT_STRING, SET, ATTRIBUTES = 0x03, 0x31, 0xA0

#: What may sign a proof of possession (RFC 8017, RFC 5758): the digest, and the kind of key it goes with.
SIGNATURES: dict[Oid, tuple[hashes.HashAlgorithm, type]] = {
    Oid("1.2.840.113549.1.1.11"): (hashes.SHA256(), rsa.RSAPublicKey),
    Oid("1.2.840.113549.1.1.12"): (hashes.SHA384(), rsa.RSAPublicKey),
    Oid("1.2.840.113549.1.1.13"): (hashes.SHA512(), rsa.RSAPublicKey),
    Oid("1.2.840.10045.4.3.2"): (hashes.SHA256(), ec.EllipticCurvePublicKey),
    Oid("1.2.840.10045.4.3.3"): (hashes.SHA384(), ec.EllipticCurvePublicKey),
    Oid("1.2.840.10045.4.3.4"): (hashes.SHA512(), ec.EllipticCurvePublicKey),
}
#: Known and broken: MD2, MD5 and SHA-1, each with its name so that the sender learns what to change.
BROKEN_DIGESTS = frozenset(
    Oid(dotted)
    for dotted in (
        "1.2.840.113549.1.1.2",
        "1.2.840.113549.1.1.4",
        "1.2.840.113549.1.1.5",
        "1.3.14.3.2.29",
        "1.2.840.10045.4.1",
    )
)


@dataclass(frozen=True, slots=True)
class CertificationRequest:
    """A request whose key is allowed and whose sender holds the private key."""

    spki: bytes
    subject: bytes
    """DER of the Name, for the audit alone."""
    random_number: bytes | None
    """R, if an attribute brings it."""


def read_pkcs10(
    data: bytes, own: frozenset[bytes] = frozenset(), rule: key_rules.KeyRule = key_rules.ANY_KEY
) -> CertificationRequest:
    """Read DER or PEM; raise `CaRefusal` R15 with the first reason against it. `own` are the authority's keys."""
    if len(data) > key_rules.MAX_BYTES:
        raise _refused("too_large")
    try:
        der = _der_of(data)
        tlv.check_depth(der, DEEPEST)
        info, algorithm, signature = tlv.sequence(der)
        version, subject, spki, attributes = tlv.sequence(info.encoded)
        oid = _algorithm(algorithm.encoded)
        if version.encoded != INTEGER_ZERO or subject.tag != tlv.SEQUENCE or attributes.tag != ATTRIBUTES:
            raise _refused("unreadable")
        random_number = _random_number(attributes.content)
        proof = _bits(signature)
    except tlv.TooDeep as error:
        raise _refused("too_deep") from error
    except ValueError as error:
        raise _refused("unreadable") from error
    verify_possession(spki.encoded, info.encoded, proof, oid, own, rule)
    return CertificationRequest(spki.encoded, subject.encoded, random_number)


def verify_possession(
    spki: bytes,
    message: bytes,
    signature: bytes,
    algorithm: Oid,
    own: frozenset[bytes] = frozenset(),
    rule: key_rules.KeyRule = key_rules.ANY_KEY,
) -> None:
    """Raise `CaRefusal` R15 unless this key is allowed and signed the message, here or in a CRMF POPO.

    The key is checked before the signature, because verifying with an absurd key may take minutes.
    """
    check_algorithm(algorithm)
    key_rules.check_key(spki, own, rule)
    digest, kind = SIGNATURES[algorithm]
    try:
        key = load_der_public_key(spki)
        if not isinstance(key, kind):
            raise _refused("signature_algorithm")
        if isinstance(key, rsa.RSAPublicKey):
            key.verify(signature, message, padding.PKCS1v15(), digest)
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, message, ec.ECDSA(digest))
    except (InvalidSignature, ValueError) as error:
        raise _refused("possession") from error


def check_algorithm(algorithm: Oid) -> None:
    """Raise `CaRefusal` R15 unless signatures of this kind are accepted."""
    if algorithm in BROKEN_DIGESTS:
        raise _refused("broken_digest")
    if algorithm not in SIGNATURES:
        raise _refused("signature_algorithm")


def _refused(reason: str) -> CaRefusal:
    return CaRefusal("R15", reason=reason)


def _der_of(data: bytes) -> bytes:
    """Decode PEM, if it is PEM (RFC 7468): one block, and nothing else in the file."""
    text = data.strip()
    if not text.startswith(PEM_BEGIN):
        return data
    for label in PEM_LABELS:
        begin, end = PEM_BEGIN + label, PEM_END + label
        if text.startswith(begin) and text.endswith(end) and len(text) > len(begin) + len(end):
            body = b"".join(text[len(begin) : -len(end)].split())
            try:
                return base64.b64decode(body, validate=True)
            except binascii.Error as error:
                raise _refused("armour") from error
    raise _refused("armour")


def _algorithm(encoded: bytes) -> Oid:
    """Return the algorithm; RSA has NULL for parameters, or nothing, and ECDSA has nothing (RFC 5754, RFC 5758)."""
    parts = tlv.sequence(encoded)
    oid = asn1.decode_der(Oid, parts[0].encoded) if parts else None
    if oid is None or [part.encoded for part in parts[1:]] not in ([], [NULL]):
        raise _refused("signature_algorithm")
    check_algorithm(oid)
    if len(parts) > 1 and SIGNATURES[oid][1] is not rsa.RSAPublicKey:
        raise _refused("signature_algorithm")
    return oid


def _random_number(attributes: bytes) -> bytes | None:
    """Return R, or nothing; raise `CaRefusal` if it is there twice or of a length that nobody makes."""
    found = []
    for attribute in tlv.children(attributes):
        kind, values = tlv.sequence(attribute.encoded)
        if values.tag != SET:
            raise _refused("unreadable")
        if asn1.decode_der(Oid, kind.encoded) == OID_RANDOM_NUMBER:
            found += [_bits(value) for value in tlv.children(values.content)] or [b""]
    if not found:
        return None
    if len(found) > 1 or not MIN_RANDOM_BYTES <= len(found[0]) <= key_rules.MAX_RANDOM_BYTES:
        raise _refused("random_number")
    return found[0]


def _bits(value: tlv.Tlv) -> bytes:
    """Return the content of a BIT STRING of whole octets."""
    if value.tag != BIT_STRING or value.content[:1] != b"\x00":
        raise ValueError("a BIT STRING of whole octets is needed")
    return value.content[1:]
