"""The bodies of requests and responses inside the PKIMessage (RFC 4211, RFC 9810 section 5.3)."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from cryptography.hazmat import asn1

from ca.asn1 import der, tlv
from ca.asn1.der import Oid, sequence_of, tagged
from ca.asn1.vid import OID_IDENTIFY_DATA
from ca.cmp.message import INTEGER, OCTET_STRING, UTF8, bits

OID_ENCRYPTED_VID = Oid("1.2.410.200004.10.1.1.2")
OID_REASON = Oid("2.5.29.21")
OID_ALTERNATIVE_NAME = Oid("2.5.29.17")
OID_OLD_CERT_ID = Oid("1.3.6.1.5.5.7.5.1.5")
BIT_STRING = 0x03
REQUEST_ID = 0
P10_REQUEST_ID = -1
"""certReqId of a PKCS#10 request in answers (RFC 9810 section 5.3.4)."""


class Status(IntEnum):
    """PKIStatus (RFC 9810 section 5.2.3)."""

    ACCEPTED = 0
    REJECTION = 2
    WAITING = 3


class Failure(IntEnum):
    """PKIFailureInfo (RFC 9810 section 5.2.3): the number of the bit."""

    BAD_ALG = 0
    BAD_MESSAGE_CHECK = 1
    BAD_REQUEST = 2
    BAD_CERT_ID = 4
    BAD_DATA_FORMAT = 5
    BAD_POP = 9
    CERT_REVOKED = 10
    CERT_CONFIRMED = 11
    BAD_RECIPIENT_NONCE = 13
    BAD_SENDER_NONCE = 18
    BAD_CERT_TEMPLATE = 19
    SIGNER_NOT_TRUSTED = 20
    TRANSACTION_ID_IN_USE = 21
    UNSUPPORTED_VERSION = 22
    NOT_AUTHORIZED = 23
    SYSTEM_UNAVAIL = 24
    SYSTEM_FAILURE = 25
    DUPLICATE_CERT_REQ = 26


@dataclass(frozen=True, slots=True)
class KeyAsked:
    """A CertReqMsg, as far as it matters: names and extensions come from the verified record."""

    request_id: int
    spki: bytes
    signed: bytes
    """The CertRequest as it came, DER: what the proof of possession is over."""
    algorithm: bytes
    signature: bytes
    encrypted_vid: bytes | None
    """R under the shared secret, if the client sent it."""
    identity: bytes | None = None
    """identifyData, DER, from the template's subjectAltName: only a registration office's is looked at."""
    replaces: int | None = None
    """The serial of the certificate that this one takes the place of (RFC 4211 section 6.5)."""


@dataclass(frozen=True, slots=True)
class RevocationAsked:
    serial: int
    issuer: bytes | None
    """Name, DER."""
    reason: int | None


@dataclass(frozen=True, slots=True)
class Confirmation:
    cert_hash: bytes
    request_id: int
    accepted: bool
    algorithm: bytes | None
    """The hash's AlgorithmIdentifier, DER; none is that of the certificate's signature."""


def read_key_request(body: bytes) -> KeyAsked:
    """Read the one CertReqMsg of an ir, cr or kur; raise `ValueError`."""
    (message,) = tlv.sequence(body)
    request, *beside = tlv.sequence(message.encoded)
    number, template, *rest = tlv.sequence(request.encoded)
    fields = tlv.sequence(template.encoded)
    spki = [part for part in fields if part.tag == der.CONTEXT_TAG | 6]
    proof = [part for part in beside if part.tag == der.CONTEXT_TAG | 1]
    if len(spki) != 1 or len(proof) != 1:
        raise ValueError("one public key and one signature of possession are needed")
    algorithm, signature = _proof(proof[0].content)
    return KeyAsked(
        request_id=asn1.decode_der(int, number.encoded),
        spki=sequence_of(spki[0].content),
        signed=request.encoded,
        algorithm=algorithm,
        signature=signature,
        encrypted_vid=_encrypted_vid([*rest, *beside]),
        identity=_identity(fields),
        replaces=_replaces(rest),
    )


def _proof(content: bytes) -> tuple[bytes, bytes]:
    parts = list(tlv.children(content))
    if len(parts) != 2 or parts[1].tag != BIT_STRING:  # noqa: PLR2004 - algorithm and signature, no poposkInput
        raise ValueError("a proof of possession is a signature over the request")
    return parts[0].encoded, bits(parts[1].encoded)


def _encrypted_vid(places: Iterable[tlv.Tlv]) -> bytes | None:
    """Find it among controls and regInfo, which are both lists of AttributeTypeAndValue."""
    for place in places:
        for each in tlv.children(place.content) if place.tag == tlv.SEQUENCE else ():
            parts = tlv.sequence(each.encoded)
            if len(parts) == 2 and asn1.decode_der(Oid, parts[0].encoded) == OID_ENCRYPTED_VID:  # noqa: PLR2004
                return asn1.decode_der(bytes, parts[1].encoded)
    return None


def _identity(fields: list[tlv.Tlv]) -> bytes | None:
    for extensions in (field for field in fields if field.tag == der.CONTEXT_TAG | 9):
        for each in tlv.children(extensions.content):
            found = asn1.decode_der(der.Extension, each.encoded)
            if found.extn_id == OID_ALTERNATIVE_NAME:
                return _identify_data(found.value)
    return None


def _identify_data(names: bytes) -> bytes:
    """Return what the one otherName of a subjectAltName holds; raise `ValueError` if that is not identifyData."""
    (name,) = tlv.sequence(names)
    kind, value = tlv.children(name.content)
    if name.tag != der.CONTEXT_TAG or asn1.decode_der(Oid, kind.encoded) != OID_IDENTIFY_DATA:
        raise ValueError("a subjectAltName that is no identifyData")
    return value.content


def _replaces(rest: list[tlv.Tlv]) -> int | None:
    """Read the control oldCertID; a serial number of another issuer is unknown here anyway."""
    for controls in (part for part in rest if part.tag == tlv.SEQUENCE):
        for each in tlv.children(controls.content):
            kind, value, *_ = tlv.sequence(each.encoded)
            if asn1.decode_der(Oid, kind.encoded) == OID_OLD_CERT_ID:
                _issuer, serial = tlv.sequence(value.encoded)
                return asn1.decode_der(int, serial.encoded)
    return None


def read_revocation(body: bytes) -> RevocationAsked:
    """Read the one RevDetails of an rr; raise `ValueError`."""
    (details,) = tlv.sequence(body)
    template, *extensions = tlv.sequence(details.encoded)
    fields = {part.tag: part for part in tlv.sequence(template.encoded)}
    serial, issuer = fields.get(0x81), fields.get(0xA3)
    if serial is None:
        raise ValueError("a revocation names the serial number")
    number = asn1.decode_der(int, bytes([INTEGER]) + serial.encoded[1:])
    return RevocationAsked(number, issuer.content if issuer else None, _reason(extensions))


def _reason(extensions: list[tlv.Tlv]) -> int | None:
    for each in extensions[:1]:
        for part in tlv.sequence(each.encoded):
            found = asn1.decode_der(der.Extension, part.encoded)
            if found.extn_id == OID_REASON:
                (code,) = tlv.only(found.value).content
                return code
    return None


def read_confirmation(body: bytes) -> Confirmation:
    """Read the one CertStatus of a certConf; raise `ValueError`."""
    (each,) = tlv.sequence(body)
    cert_hash, number, *rest = tlv.sequence(each.encoded)
    optional = {part.tag: part for part in rest}
    status = Status.ACCEPTED
    if tlv.SEQUENCE in optional:
        told, *_ = tlv.sequence(optional[tlv.SEQUENCE].encoded)
        status = Status(asn1.decode_der(int, told.encoded))
    algorithm = optional[der.CONTEXT_TAG].content if der.CONTEXT_TAG in optional else None
    request_id = asn1.decode_der(int, number.encoded)
    digest = asn1.decode_der(bytes, cert_hash.encoded)
    return Confirmation(digest, request_id, status is Status.ACCEPTED, algorithm)


def status_info(status: Status, failure: Failure | None = None, texts: tuple[str, ...] = ()) -> bytes:
    """Return a PKIStatusInfo."""
    parts = [asn1.encode_der(int(status))]
    if texts:
        parts.append(sequence_of(*(_utf8(text) for text in texts)))
    if failure is not None:
        parts.append(_bit(failure))
    return sequence_of(*parts)


def _utf8(text: str) -> bytes:
    return der.wrapped(UTF8, text.encode())


def _bit(number: int) -> bytes:
    """Return a BIT STRING with this one bit, without trailing zeros (X.690 section 11.2.2)."""
    octets = bytearray(number // 8 + 1)
    octets[-1] = 0x80 >> number % 8
    return der.wrapped(BIT_STRING, bytes([7 - number % 8]) + bytes(octets))


def certified(request_id: int, certificate: bytes, chain: tuple[bytes, ...], encrypted_vid: bytes | None) -> bytes:
    """Return the CertRepMessage with a certificate; the chain goes along as caPubs."""
    pair = sequence_of(tagged(0, certificate))
    vid = [] if encrypted_vid is None else [der.wrapped(OCTET_STRING, encrypted_vid)]
    response = sequence_of(asn1.encode_der(request_id), status_info(Status.ACCEPTED), pair, *vid)
    return sequence_of(tagged(1, sequence_of(*chain)), sequence_of(response))


def not_certified(request_id: int, status: bytes) -> bytes:
    """Return the CertRepMessage with a refusal."""
    return sequence_of(sequence_of(sequence_of(asn1.encode_der(request_id), status)))


def revocation_told(status: bytes) -> bytes:
    """Return a RevRepContent."""
    return sequence_of(sequence_of(status))
