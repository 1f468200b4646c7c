"""A customer's key as PKCS#8 with R among its attributes (RFC 5958, KCAC.TS.SIVID).

`cryptography` reads such a key and loses the attribute when it writes it again: every export must wrap the bytes that
are made here.
"""

import os
from dataclasses import dataclass, field
from typing import Annotated

from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ca.asn1.der import RSA_ENCRYPTION, AlgorithmNull, Oid, spki_bytes

OID_RANDOM_NUMBER = Oid("1.2.410.200004.10.1.1.3")
KEY_BITS = 2048
PUBLIC_EXPONENT = 65537
RANDOM_BYTES = 20


@asn1.sequence
class RandomNumber:
    kind: Oid
    values: asn1.SetOf[asn1.BitString]


@asn1.sequence
class PrivateKeyInfo:
    """RFC 5958 section 2, version 0, with the one attribute that Korean keys have."""

    version: int
    algorithm: AlgorithmNull
    key: bytes
    attributes: Annotated[asn1.SetOf[RandomNumber] | None, asn1.Implicit(0)]


@dataclass(frozen=True, slots=True)
class KeyMaterial:
    """An unencrypted private key: to be encrypted at once and forgotten."""

    pkcs8: bytes = field(repr=False)
    spki: bytes = field(repr=False)
    random_number: bytes = field(repr=False)


def generate_key() -> KeyMaterial:
    """Make an RSA-2048 key and its R. Takes tens of milliseconds without the GIL: call it in a thread."""
    key = rsa.generate_private_key(PUBLIC_EXPONENT, KEY_BITS)
    random_number = os.urandom(RANDOM_BYTES)
    private = key.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption())
    return KeyMaterial(write_pkcs8(private, random_number), spki_bytes(key.public_key()), random_number)


def write_pkcs8(private: bytes, random_number: bytes | None) -> bytes:
    """Wrap an RSAPrivateKey (RFC 8017 A.1.2), with R where there is one."""
    attribute = random_number and RandomNumber(
        kind=OID_RANDOM_NUMBER, values=asn1.SetOf([asn1.BitString(random_number, 0)])
    )
    attributes = asn1.SetOf([attribute]) if attribute else None
    return asn1.encode_der(PrivateKeyInfo(version=0, algorithm=RSA_ENCRYPTION, key=private, attributes=attributes))


def random_number_of(pkcs8: bytes) -> bytes | None:
    """Return R, or nothing if the key has none; raise `ValueError` if it is no PKCS#8 of ours."""
    info = asn1.decode_der(PrivateKeyInfo, pkcs8)
    attributes = info.attributes.as_list() if info.attributes else []
    found = (attribute for attribute in attributes if attribute.kind == OID_RANDOM_NUMBER)
    return next((attribute.values.as_list()[0].as_bytes() for attribute in found), None)
