"""Password-based encryption, PBES2 of RFC 8018, with the three combinations of algorithms that are needed here."""

import os
from dataclasses import dataclass, field
from enum import Enum

from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from ca.asn1 import seed
from ca.asn1.der import Algorithm, AlgorithmNull, Oid, raw

OID_PBES2 = Oid("1.2.840.113549.1.5.13")
OID_PBKDF2 = Oid("1.2.840.113549.1.5.12")
OID_SCRYPT = Oid("1.3.6.1.4.1.11591.4.11")
OID_AES_256_CBC = Oid("2.16.840.1.101.3.4.1.42")
OID_SEED_CBC = Oid("1.2.410.200004.1.4")
OID_HMAC_SHA256 = Oid("1.2.840.113549.2.9")
SALT_BYTES, SEED_SALT_BYTES, IV_BYTES = 16, 8, 16
AES_KEY_BYTES = 32
AES_ROUNDS = 100_000
#: What every Korean tool writes, and some cannot read otherwise.
SEED_ROUNDS = 2048
#: 16 MiB, five times: the most that OpenSSL opens with its default memory limit.
SCRYPT_COST, SCRYPT_BLOCK, SCRYPT_LANES = 2**14, 8, 5


class EncryptionScheme(Enum):
    """The program that has to read the file decides the scheme."""

    SCRYPT_AES = "the authority's own keys (RFC 7914)"
    PBKDF2_AES = "PKCS#12 of today"
    PBKDF2_SEED = "signPri.key, as Korean tools write it"


@asn1.sequence
class Encrypted:
    """EncryptedPrivateKeyInfo of RFC 5958 section 3; the two parts also make a PKCS#7 EncryptedContentInfo."""

    algorithm: Algorithm
    data: bytes


@asn1.sequence
class Pbes2:
    kdf: Algorithm
    cipher: Algorithm


@asn1.sequence
class Pbkdf2:
    """An absent prf is HMAC-SHA1, the default of RFC 8018 appendix A.2."""

    salt: bytes
    rounds: int
    key_length: int | None
    prf: AlgorithmNull | None


@asn1.sequence
class ScryptParameters:
    salt: bytes
    cost: int
    block: int
    lanes: int


@dataclass(frozen=True, slots=True)
class Derived:
    """A key derived from a password, with its parameters; several parts of one file may be encrypted with it."""

    mix: EncryptionScheme
    kdf: Algorithm
    key: bytes = field(repr=False)


def derived(password: bytes, mix: EncryptionScheme) -> Derived:
    """Derive a key under a fresh salt; an empty password is no password and raises `ValueError`."""
    if not password:
        raise ValueError("an empty password protects nothing")
    return Derived(mix, *_derive(password, mix))


def encrypt(plaintext: bytes, password: bytes, mix: EncryptionScheme) -> Encrypted:
    """Encrypt under a fresh salt and IV; an empty password is no password and raises `ValueError`."""
    return encrypt_under(derived(password, mix), plaintext)


def encrypt_under(derived_key: Derived, plaintext: bytes) -> Encrypted:
    """Encrypt under a fresh IV."""
    mix, kdf, key = derived_key.mix, derived_key.kdf, derived_key.key
    iv = os.urandom(IV_BYTES)
    data = seed.encrypt(key, iv, plaintext) if mix is EncryptionScheme.PBKDF2_SEED else _aes(key, iv, plaintext)
    cipher = OID_SEED_CBC if mix is EncryptionScheme.PBKDF2_SEED else OID_AES_256_CBC
    parameters = Pbes2(kdf=kdf, cipher=Algorithm(algorithm=cipher, parameters=raw(asn1.encode_der(iv))))
    scheme = Algorithm(algorithm=OID_PBES2, parameters=raw(asn1.encode_der(parameters)))
    return Encrypted(algorithm=scheme, data=data)


def pbkdf2(password: bytes, salt: bytes, rounds: int, length: int, prf: hashes.HashAlgorithm) -> bytes:
    return PBKDF2HMAC(algorithm=prf, length=length, salt=salt, iterations=rounds).derive(password)


def _derive(password: bytes, mix: EncryptionScheme) -> tuple[Algorithm, bytes]:
    if mix is EncryptionScheme.SCRYPT_AES:
        return _scrypt(password)
    if mix is EncryptionScheme.PBKDF2_AES:
        salt, prf = os.urandom(SALT_BYTES), AlgorithmNull(algorithm=OID_HMAC_SHA256, parameters=asn1.Null())
        key = pbkdf2(password, salt, AES_ROUNDS, AES_KEY_BYTES, hashes.SHA256())
        return _kdf(OID_PBKDF2, Pbkdf2(salt=salt, rounds=AES_ROUNDS, key_length=AES_KEY_BYTES, prf=prf)), key
    salt = os.urandom(SEED_SALT_BYTES)
    key = pbkdf2(password, salt, SEED_ROUNDS, seed.KEY_BYTES, hashes.SHA1())  # noqa: S303 - the format's PRF
    return _kdf(OID_PBKDF2, Pbkdf2(salt=salt, rounds=SEED_ROUNDS, key_length=seed.KEY_BYTES, prf=None)), key


def _scrypt(password: bytes) -> tuple[Algorithm, bytes]:
    salt = os.urandom(SALT_BYTES)
    kdf = Scrypt(salt=salt, length=AES_KEY_BYTES, n=SCRYPT_COST, r=SCRYPT_BLOCK, p=SCRYPT_LANES)
    values = ScryptParameters(salt=salt, cost=SCRYPT_COST, block=SCRYPT_BLOCK, lanes=SCRYPT_LANES)
    return _kdf(OID_SCRYPT, values), kdf.derive(password)


def _kdf(oid: Oid, parameters: Pbkdf2 | ScryptParameters) -> Algorithm:
    return Algorithm(algorithm=oid, parameters=raw(asn1.encode_der(parameters)))


def _aes(key: bytes, iv: bytes, plaintext: bytes) -> bytes:
    padder = padding.PKCS7(algorithms.AES.block_size).padder()
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    return encryptor.update(padder.update(plaintext) + padder.finalize()) + encryptor.finalize()
