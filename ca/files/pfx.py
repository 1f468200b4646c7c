"""PKCS#12 (RFC 7292), written here because `cryptography` loses R, which is one of the key's attributes.

The modern file is AES-256 with SHA-256; the compatible one is 3DES with SHA-1, for devices that know nothing else, and
protects its key far less.
"""

import hashlib
import hmac
import os
from collections.abc import Callable
from functools import partial
from typing import Annotated

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, modes

from ca.asn1.der import Algorithm, AlgorithmNull, Oid, raw, sequence_of
from ca.asn1.pbes import AES_ROUNDS, Encrypted, EncryptionScheme, derived, encrypt_under
from ca.files.encryption.decrypt import OID_TRIPLE_DES
from ca.files.encryption.pkcs12_kdf import FOR_IV, FOR_KEY, FOR_MAC, derive

OID_DATA = Oid("1.2.840.113549.1.7.1")
OID_ENCRYPTED_DATA = Oid("1.2.840.113549.1.7.6")
OID_SHROUDED_KEY = Oid("1.2.840.113549.1.12.10.1.2")
OID_CERTIFICATE_BAG = Oid("1.2.840.113549.1.12.10.1.3")
OID_X509 = Oid("1.2.840.113549.1.9.22.1")
OID_LOCAL_KEY_ID = Oid("1.2.840.113549.1.9.21")
SHA1 = AlgorithmNull(algorithm=Oid("1.3.14.3.2.26"), parameters=asn1.Null())
SHA256 = AlgorithmNull(algorithm=Oid("2.16.840.1.101.3.4.2.1"), parameters=asn1.Null())
VERSION = 3
SALT_BYTES = 8
OLD_ROUNDS = 2048


@asn1.sequence
class Attribute:
    kind: Oid
    values: asn1.SetOf[bytes]


@asn1.sequence
class SafeBag:
    kind: Oid
    value: Annotated[asn1.TLV, asn1.Explicit(0)]
    attributes: asn1.SetOf[Attribute] | None


@asn1.sequence
class CertificateBag:
    kind: Oid
    value: Annotated[bytes, asn1.Explicit(0)]


@asn1.sequence
class DataContent:
    kind: Oid
    content: Annotated[bytes, asn1.Explicit(0)]


@asn1.sequence
class EncryptedContentInfo:
    kind: Oid
    algorithm: Algorithm
    content: Annotated[bytes, asn1.Implicit(0)]


@asn1.sequence
class EncryptedData:
    version: int
    info: EncryptedContentInfo


@asn1.sequence
class EncryptedContent:
    kind: Oid
    content: Annotated[EncryptedData, asn1.Explicit(0)]


@asn1.sequence
class DigestInfo:
    algorithm: AlgorithmNull
    digest: bytes


@asn1.sequence
class MacData:
    mac: DigestInfo
    salt: bytes
    rounds: int


@asn1.sequence
class Pfx:
    version: int
    safe: DataContent
    mac: MacData


@asn1.sequence
class OldParameters:
    salt: bytes
    rounds: int


def write_pfx(
    pkcs8: bytes,
    certificate: bytes,
    password: str,
    *,
    chain: tuple[bytes, ...] = (),
    compatible: bool = False,
) -> bytes:
    """Return the PKCS#12 file with key, certificate and the chain above it; an empty password raises `ValueError`."""
    if not password:
        raise ValueError("an empty password protects nothing")
    local, seal = _local_key_id(certificate), _sealer(password, compatible=compatible)
    shrouded = raw(asn1.encode_der(seal(pkcs8)))
    key = SafeBag(kind=OID_SHROUDED_KEY, value=shrouded, attributes=local)
    bags = [_certificate_bag(certificate, local), *(_certificate_bag(above, None) for above in chain)]
    hidden = _encrypted(seal(_contents(*bags)))
    plain = asn1.encode_der(DataContent(kind=OID_DATA, content=_contents(key)))
    return _with_mac(sequence_of(hidden, plain), password, compatible=compatible)


def _contents(*bags: SafeBag) -> bytes:
    return sequence_of(*(asn1.encode_der(bag) for bag in bags))


def _local_key_id(certificate: bytes) -> asn1.SetOf[Attribute]:
    """Link key and certificate by the key's id, as the genuine file does."""
    extensions = x509.load_der_x509_certificate(certificate).extensions
    key_id = extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    return asn1.SetOf([Attribute(kind=OID_LOCAL_KEY_ID, values=asn1.SetOf([key_id]))])


def _certificate_bag(certificate: bytes, attributes: asn1.SetOf[Attribute] | None) -> SafeBag:
    bag = raw(asn1.encode_der(CertificateBag(kind=OID_X509, value=certificate)))
    return SafeBag(kind=OID_CERTIFICATE_BAG, value=bag, attributes=attributes)


def _encrypted(sealed: Encrypted) -> bytes:
    info = EncryptedContentInfo(kind=OID_DATA, algorithm=sealed.algorithm, content=sealed.data)
    data = EncryptedData(version=0, info=info)
    return asn1.encode_der(EncryptedContent(kind=OID_ENCRYPTED_DATA, content=data))


def _sealer(password: str, *, compatible: bool) -> Callable[[bytes], Encrypted]:
    """Both parts of a file have one key, each with its own IV: a second key would protect nothing more."""
    if compatible:
        return partial(_seal_compatibly, password)
    return partial(encrypt_under, derived(password.encode(), EncryptionScheme.PBKDF2_AES))


def _seal_compatibly(password: str, plaintext: bytes) -> Encrypted:
    salt = os.urandom(SALT_BYTES)
    key = derive(hashlib.sha1, password, salt, OLD_ROUNDS, FOR_KEY, 24)
    iv = derive(hashlib.sha1, password, salt, OLD_ROUNDS, FOR_IV, 8)
    padder = padding.PKCS7(TripleDES.block_size).padder()
    encryptor = Cipher(TripleDES(key), modes.CBC(iv)).encryptor()
    data = encryptor.update(padder.update(plaintext) + padder.finalize()) + encryptor.finalize()
    parameters = raw(asn1.encode_der(OldParameters(salt=salt, rounds=OLD_ROUNDS)))
    return Encrypted(algorithm=Algorithm(algorithm=OID_TRIPLE_DES, parameters=parameters), data=data)


def _with_mac(safe: bytes, password: str, *, compatible: bool) -> bytes:
    """Add the MAC. It costs a guesser as much as the key does; otherwise it would be the easier target."""
    salt = os.urandom(SALT_BYTES)
    digest, rounds = (hashlib.sha1, OLD_ROUNDS) if compatible else (hashlib.sha256, AES_ROUNDS)
    key = derive(digest, password, salt, rounds, FOR_MAC, digest().digest_size)
    info = DigestInfo(algorithm=SHA1 if compatible else SHA256, digest=hmac.digest(key, safe, digest))
    mac = MacData(mac=info, salt=salt, rounds=rounds)
    return asn1.encode_der(Pfx(version=VERSION, safe=DataContent(kind=OID_DATA, content=safe), mac=mac))
