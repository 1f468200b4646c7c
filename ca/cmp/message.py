"""PKIMessage (RFC 9810 section 5.1): the envelope of every request and response, read and written."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import IntEnum

from cryptography.hazmat import asn1

from ca.asn1 import der, tlv
from ca.asn1.der import Oid, sequence_of, tagged

MAX_BYTES = 64 * 1024
#: No valid message is nested deeper.
MOST_DEPTH = 24
#: Ten certificates have about a thousand.
MOST_VALUES = 3000
PROTECTION, CERTS = 0xA0, 0xA1
BIT_STRING, OCTET_STRING, INTEGER, UTF8 = 0x03, 0x04, 0x02, 0x0C
MOST_EXTRA = 10
VERSIONS = (2, 3)
OID_IMPLICIT_CONFIRM = Oid("1.3.6.1.5.5.7.4.13")
NULL = b"\x05\x00"


class MessageBroken(ValueError):
    """These bytes are no PKIMessage that could be answered in its own version."""


class Kind(IntEnum):
    """PKIBody's choices (RFC 9810 section 5.1.2)."""

    IR, IP, CR, CP, P10CR = 0, 1, 2, 3, 4
    KUR, KUP = 7, 8
    RR, RP = 11, 12
    PKICONF = 19
    GENM, GENP, ERROR, CERT_CONF, POLL_REQ, POLL_REP = 21, 22, 23, 24, 25, 26


@dataclass(frozen=True, slots=True)
class Header:
    pvno: int
    sender: bytes
    """GeneralName, DER."""
    recipient: bytes
    """GeneralName, DER."""
    message_time: bytes | None = None
    """GeneralizedTime, DER."""
    protection_alg: bytes | None = None
    """AlgorithmIdentifier, DER."""
    sender_kid: bytes | None = None
    transaction_id: bytes | None = None
    sender_nonce: bytes | None = None
    recip_nonce: bytes | None = None
    general_info: tuple[tuple[Oid, bytes | None], ...] = ()
    """Each an InfoTypeAndValue: its type, and its value, DER."""

    def encoded(self) -> bytes:
        optional = (
            (0, self.message_time),
            (1, self.protection_alg),
            (2, _octets(self.sender_kid)),
            (4, _octets(self.transaction_id)),
            (5, _octets(self.sender_nonce)),
            (6, _octets(self.recip_nonce)),
            (8, info_list(self.general_info) if self.general_info else None),
        )
        parts = [asn1.encode_der(self.pvno), self.sender, self.recipient]
        return sequence_of(*parts, *(tagged(number, value) for number, value in optional if value is not None))


@dataclass(frozen=True, slots=True)
class Message:
    header: Header
    kind: Kind
    body: bytes
    """What the choice holds, DER."""
    protection: bytes | None = None
    extra_certs: tuple[bytes, ...] = ()
    protected_part: bytes = b""
    """ProtectedPart as it came, DER."""

    def part(self) -> bytes:
        """Return what is protected: header and body (RFC 9810 section 5.1.3)."""
        return sequence_of(self.header.encoded(), tagged(self.kind, self.body))

    def encoded(self) -> bytes:
        parts = [self.header.encoded(), tagged(self.kind, self.body)]
        if self.protection is not None:
            parts.append(tagged(0, asn1.encode_der(asn1.BitString(self.protection, 0))))
        if self.extra_certs:
            parts.append(tagged(1, sequence_of(*self.extra_certs)))
        return sequence_of(*parts)


def read(data: bytes) -> Message:
    """Read a PKIMessage; raise `MessageBroken`."""
    if len(data) > MAX_BYTES:
        raise MessageBroken("longer than any message")
    try:
        tlv.check_depth(data, MOST_DEPTH, MOST_VALUES)
        return _read(data)
    except MessageBroken:
        raise
    except ValueError as error:
        raise MessageBroken(f"not a PKIMessage: {error}") from error


def _read(data: bytes) -> Message:
    parts = tlv.sequence(data)
    if len(parts) < 2 or parts[0].tag != tlv.SEQUENCE:  # noqa: PLR2004 - header and body
        raise MessageBroken("no header, or no body")
    header, body = parts[0], parts[1]
    optional = {part.tag: part.content for part in parts[2:]}
    if body.tag & ~der.CONTEXT_TAG not in set(Kind) or body.tag & der.CONTEXT_TAG != der.CONTEXT_TAG:
        raise MessageBroken("a body of an unknown kind")
    extra = tuple(each.encoded for each in tlv.sequence(optional[CERTS])) if CERTS in optional else ()
    return Message(
        header=_header(header.content),
        kind=Kind(body.tag & ~der.CONTEXT_TAG),
        body=body.content,
        protection=bits(optional[PROTECTION]) if PROTECTION in optional else None,
        extra_certs=extra[:MOST_EXTRA],
        protected_part=sequence_of(header.encoded, body.encoded),
    )


def _header(content: bytes) -> Header:
    parts = list(tlv.children(content))
    if len(parts) < 3 or parts[0].tag != INTEGER:  # noqa: PLR2004 - pvno, sender, recipient
        raise MessageBroken("a header without version, sender and recipient")
    optional = {part.tag & ~der.CONTEXT_TAG: part.content for part in parts[3:]}
    return Header(
        pvno=asn1.decode_der(int, parts[0].encoded),
        sender=parts[1].encoded,
        recipient=parts[2].encoded,
        message_time=optional.get(0),
        protection_alg=optional.get(1),
        sender_kid=_string(optional.get(2)),
        transaction_id=_string(optional.get(4)),
        sender_nonce=_string(optional.get(5)),
        recip_nonce=_string(optional.get(6)),
        general_info=read_info(optional[8]) if 8 in optional else (),  # noqa: PLR2004 - its tag
    )


def info_list(info: Sequence[tuple[Oid, bytes | None]]) -> bytes:
    return sequence_of(*(sequence_of(asn1.encode_der(oid), value or b"") for oid, value in info))


def read_info(data: bytes) -> tuple[tuple[Oid, bytes | None], ...]:
    found = []
    for each in tlv.sequence(data):
        parts = tlv.sequence(each.encoded)
        if not 0 < len(parts) <= 2:  # noqa: PLR2004 - type and value
            raise MessageBroken("an InfoTypeAndValue of other than two parts")
        value = parts[1].encoded if len(parts) > 1 else None
        found.append((asn1.decode_der(Oid, parts[0].encoded), value))
    return tuple(found)


def bits(data: bytes) -> bytes:
    """Return the octets of a BIT STRING, DER, that has no unused bits."""
    value = asn1.decode_der(asn1.BitString, data)
    if value.padding_bits():
        raise MessageBroken("a BIT STRING with unused bits")
    return value.as_bytes()


def general_name(directory_name: bytes) -> bytes:
    """Return a Name, DER, as a GeneralName."""
    return tagged(4, directory_name)


def time_of(at: datetime) -> bytes:
    return asn1.encode_der(asn1.GeneralizedTime(at.replace(microsecond=0)))


def wants_implicit_confirm(header: Header) -> bool:
    return any(oid == OID_IMPLICIT_CONFIRM for oid, _ in header.general_info)


def answering(header: Header, sender: bytes, nonce: bytes, now: datetime) -> Header:
    """Return the header of the answer: the transaction goes on, the nonces cross (RFC 9483 section 3.1)."""
    version = header.pvno if header.pvno in VERSIONS else VERSIONS[0]
    return Header(
        pvno=version,
        sender=sender,
        recipient=header.sender,
        message_time=time_of(now),
        transaction_id=header.transaction_id,
        sender_nonce=nonce,
        recip_nonce=header.sender_nonce,
    )


def with_algorithm(message: Message, algorithm: bytes, kid: bytes | None) -> Message:
    return replace(message, header=replace(message.header, protection_alg=algorithm, sender_kid=kid))


def _octets(value: bytes | None) -> bytes | None:
    return None if value is None else asn1.encode_der(value)


def _string(data: bytes | None) -> bytes | None:
    return None if data is None else asn1.decode_der(bytes, data)
