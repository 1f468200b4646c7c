"""Reads PKCS#12 (RFC 7292) with R, an attribute of the key that common libraries drop."""

import hashlib
import hmac
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cryptography.hazmat import asn1

from ca.asn1 import tlv
from ca.asn1.der import Oid
from ca.asn1.pbes import Encrypted
from ca.files import kinds
from ca.files.certificate import spki_of_certificate
from ca.files.encryption.decrypt import MAX_SALT, algorithm_of, rounds_of, unseal, unsupported
from ca.files.encryption.pkcs12_kdf import FOR_MAC, derive
from ca.files.faults import FileBroken, Mismatch, TooBig, UnsupportedScheme, WrongKeyPassword
from ca.files.material import KeyMaterial
from ca.files.pfx import (
    OID_CERTIFICATE_BAG,
    OID_DATA,
    OID_ENCRYPTED_DATA,
    OID_SHROUDED_KEY,
    OID_X509,
    CertificateBag,
    DataContent,
    EncryptedContent,
)
from ca.files.signpri import open_key, plain_key

OID_KEY = Oid("1.2.840.113549.1.12.10.1.1")
#: How every bag begins: an OID under pkcs-12Bagtypes.
BEGINNING = b"\x06\x0b\x2a\x86\x48\x86"
#: Each may have to be decrypted, at the cost that it names.
MOST_PARTS = 4
DIGESTS: dict[str, Callable[..., "hashlib._Hash"]] = {
    "1.3.14.3.2.26": hashlib.sha1,
    "2.16.840.1.101.3.4.2.4": hashlib.sha224,
    "2.16.840.1.101.3.4.2.1": hashlib.sha256,
    "2.16.840.1.101.3.4.2.2": hashlib.sha384,
    "2.16.840.1.101.3.4.2.3": hashlib.sha512,
}


@dataclass(frozen=True, slots=True)
class PfxContents:
    """What a PKCS#12 file holds: one key, the certificate that belongs to it, and others."""

    key: KeyMaterial
    certificate: bytes
    chain: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class _Bag:
    kind: Oid
    value: bytes


def read_pfx(data: bytes, password: str) -> PfxContents:
    """Raise `WrongKeyPassword`, `Mismatch`, or `FileBroken` and its kinds."""
    kinds.check(data, "a PKCS#12 file")
    try:
        _, safe, *mac = tlv.sequence(data)
        content = asn1.decode_der(DataContent, safe.encoded)
    except ValueError as error:
        raise FileBroken("no data under a password is in it") from error
    if content.kind != OID_DATA:
        raise UnsupportedScheme("protected with a public key, which is not read here")
    intact = _verify(mac, content.content, password)
    try:
        contents = _contents(content.content, password)
    except WrongKeyPassword:
        if intact:
            raise FileBroken("its parts have different passwords, or it is damaged") from None
        raise
    if not intact:
        raise FileBroken("the password is right, and the file was changed after it was closed")
    return contents


def _verify(mac: list[tlv.Tlv], content: bytes, password: str) -> bool:
    """Return whether the MAC is right. If not, the password may be wrong, or the file damaged."""
    if not mac:
        raise UnsupportedScheme("without a MAC, so that nobody can tell whether it was changed")
    try:
        info, salt, *rounds = tlv.sequence(mac[0].encoded)
        algorithm, digest = tlv.sequence(info.encoded)
        oid, _ = algorithm_of(algorithm.encoded)
        if oid.dotted_string not in DIGESTS:
            raise unsupported(oid)
        count = rounds_of(asn1.decode_der(int, rounds[0].encoded)) if rounds else 1
        if not 0 < len(salt.content) <= MAX_SALT:
            raise FileBroken("an impossible salt")
    except ValueError as error:
        raise FileBroken("its MAC is damaged") from error
    make = DIGESTS[oid.dotted_string]
    key = derive(make, password, salt.content, count, FOR_MAC, make().digest_size)
    return hmac.compare_digest(hmac.digest(key, content, make), digest.content)


def _contents(safe: bytes, password: str) -> PfxContents:
    try:
        parts = tlv.sequence(safe)
        if len(parts) > MOST_PARTS:
            raise TooBig("in more parts than any tool writes")
        bags = [bag for part in parts for bag in _bags(part.encoded, password)]
        shut = [bag for bag in bags if bag.kind in (OID_KEY, OID_SHROUDED_KEY)]
        if len(shut) != 1:
            raise UnsupportedScheme(f"{len(shut)} keys; one is read, with its own certificate")
        key = _key(shut[0], password)
        certificates = [_certificate(bag) for bag in bags if bag.kind == OID_CERTIFICATE_BAG]
    except ValueError as error:
        raise FileBroken("damaged inside") from error
    own = [each for each in certificates if spki_of_certificate(each) == key.spki]
    if not own:
        raise Mismatch("no certificate in it is the key's")
    return PfxContents(key, own[0], tuple(each for each in certificates if each != own[0]))


def _bags(part: bytes, password: str) -> Iterator[_Bag]:
    """Yield the bags of one ContentInfo, encrypted or not."""
    kind = asn1.decode_der(Oid, tlv.sequence(part)[0].encoded)
    if kind == OID_DATA:
        content = asn1.decode_der(DataContent, part).content
    elif kind == OID_ENCRYPTED_DATA:
        info = asn1.decode_der(EncryptedContent, part).content.info
        sealed = Encrypted(algorithm=info.algorithm, data=info.content)
        content = unseal(sealed, password.encode(), BEGINNING)
    else:
        raise UnsupportedScheme("a part of it is protected with a public key")
    for bag in tlv.sequence(content):
        oid, value, *_ = tlv.sequence(bag.encoded)
        yield _Bag(asn1.decode_der(Oid, oid.encoded), value.content)


def _key(bag: _Bag, password: str) -> KeyMaterial:
    return plain_key(bag.value) if bag.kind == OID_KEY else open_key(bag.value, password.encode())


def _certificate(bag: _Bag) -> bytes:
    read = asn1.decode_der(CertificateBag, bag.value)
    if read.kind != OID_X509:
        raise UnsupportedScheme("a certificate in it is not X.509")
    return read.value
