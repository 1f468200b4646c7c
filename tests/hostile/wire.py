"""DER made by hand, wrong where it is meant to be: no library would write most of this."""

from cryptography.hazmat import asn1

from ca.asn1.der import Oid

SEQUENCE, SET, INTEGER, BIT_STRING, OCTET_STRING, OID, UTF8 = 0x30, 0x31, 0x02, 0x03, 0x04, 0x06, 0x0C
ATTRIBUTES = 0xA0
NULL = b"\x05\x00"


def tlv(tag: int, *parts: bytes) -> bytes:
    content = b"".join(parts)
    return bytes([tag]) + length(len(content)) + content


def length(size: int) -> bytes:
    if size < 128:
        return bytes([size])
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([128 | len(octets)]) + octets


def integer(value: int) -> bytes:
    return tlv(INTEGER, value.to_bytes((value + (value < 0)).bit_length() // 8 + 1, "big", signed=True))


def oid(dotted: str) -> bytes:
    return asn1.encode_der(Oid(dotted))


def bits(content: bytes, unused: int = 0) -> bytes:
    return tlv(BIT_STRING, bytes([unused]), content)


def name(common: str) -> bytes:
    return tlv(SEQUENCE, tlv(SET, tlv(SEQUENCE, oid("2.5.4.3"), tlv(UTF8, common.encode()))))


def rsa_spki(modulus: int, exponent: int) -> bytes:
    algorithm = tlv(SEQUENCE, oid("1.2.840.113549.1.1.1"), NULL)
    return tlv(SEQUENCE, algorithm, bits(tlv(SEQUENCE, integer(modulus), integer(exponent))))


def ec_spki(curve: bytes, point: bytes) -> bytes:
    return tlv(SEQUENCE, tlv(SEQUENCE, oid("1.2.840.10045.2.1"), curve), bits(point))


def info(subject: bytes, spki: bytes, attributes: bytes = b"", version: bytes = b"\x02\x01\x00") -> bytes:
    return tlv(SEQUENCE, version, subject, spki, tlv(ATTRIBUTES, attributes))


def request(inner: bytes, algorithm: bytes, signature: bytes) -> bytes:
    return tlv(SEQUENCE, inner, algorithm, bits(signature))


def random_number(r: bytes) -> bytes:
    return tlv(SEQUENCE, oid("1.2.410.200004.10.1.1.3"), tlv(SET, bits(r)))
