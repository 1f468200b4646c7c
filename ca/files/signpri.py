"""signPri.key: the private key as every Korean certificate tool keeps it, under SEED (KCAC.TS.CM, RFC 8018, RFC 4269).

Three schemes are read; the oldest, with its fixed IV, is never written.
"""

import hashlib
import os
from enum import Enum

from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_der_private_key

from ca import seed
from ca.der import Algorithm, AlgorithmNull, Oid, raw, spki_bytes
from ca.files.material import KeyMaterial, PrivateKeyInfo, random_number_of
from ca.pbes import (
    OID_HMAC_SHA256,
    OID_PBES2,
    OID_PBKDF2,
    OID_SEED_CBC,
    Encrypted,
    Mix,
    Pbes2,
    Pbkdf2,
    encrypt,
    pbkdf2,
)

OID_SEED_CBC_WITH_SHA1 = Oid("1.2.410.200004.1.15")
FIXED_IV = b"0123456789012345"
SALT_BYTES = 8
ROUNDS = 2048
#: A stranger's file may not keep a processor busy: no tool writes more.
MAX_ROUNDS = 200_000
MAX_BYTES = 64 * 1024


class WrongKeyPassword(Exception):
    """The password is not this file's."""


class KeyFileBroken(Exception):
    """This is not a signPri.key, or it is damaged: no password would open it."""


class Scheme(Enum):
    """How signPri.key is encrypted."""

    PBES1 = "seedCBCWithSHA1, which the oldest tools read"
    PBES2 = "PBKDF2 and SEED-CBC, which tools write today"


@asn1.sequence
class Pbes1:
    salt: bytes
    rounds: int


def write_signpri(pkcs8: bytes, password: bytes, scheme: Scheme = Scheme.PBES2) -> bytes:
    """Return the file; an empty password raises `ValueError`."""
    if scheme is Scheme.PBES2:
        return asn1.encode_der(encrypt(pkcs8, password, Mix.PBKDF2_SEED))
    return write_pbes1(pkcs8, password, os.urandom(SALT_BYTES))


def write_pbes1(pkcs8: bytes, password: bytes, salt: bytes) -> bytes:
    """Return the file under this salt: the same salt gives the same bytes."""
    if not password:
        raise ValueError("an empty password protects nothing")
    key, iv = _pbes1(password, salt, ROUNDS)
    parameters = raw(asn1.encode_der(Pbes1(salt=salt, rounds=ROUNDS)))
    algorithm = Algorithm(algorithm=OID_SEED_CBC_WITH_SHA1, parameters=parameters)
    return asn1.encode_der(Encrypted(algorithm=algorithm, data=seed.encrypt(key, iv, pkcs8)))


def read_signpri(data: bytes, password: bytes) -> KeyMaterial:
    """Raise `KeyFileBroken` or `WrongKeyPassword`.

    A wrong password passes the padding once in 256 times: it is right when a key comes out that fits itself.
    """
    key, iv, ciphertext = _open(data, password)
    try:
        pkcs8 = seed.decrypt(key, iv, ciphertext)
        asn1.decode_der(PrivateKeyInfo, pkcs8)
        private = load_der_private_key(pkcs8, None)
    except (ValueError, TypeError) as error:
        raise WrongKeyPassword("the password does not open this key file") from error
    if not isinstance(private, rsa.RSAPrivateKey):
        raise KeyFileBroken("not an RSA key")
    return KeyMaterial(pkcs8, spki_bytes(private.public_key()), random_number_of(pkcs8) or b"")


def _open(data: bytes, password: bytes) -> tuple[bytes, bytes, bytes]:
    """Return SEED key, IV and ciphertext."""
    if len(data) > MAX_BYTES:
        raise KeyFileBroken("too large for a key file")
    try:
        file = asn1.decode_der(Encrypted, data)
        key, iv = _key_and_iv(file.algorithm, password)
    except ValueError as error:
        raise KeyFileBroken("not an encrypted private key") from error
    if not file.data or len(file.data) % seed.BLOCK_BYTES or len(iv) != seed.BLOCK_BYTES:
        raise KeyFileBroken("cut off, or not SEED-CBC")
    return key, iv, file.data


def _key_and_iv(algorithm: Algorithm, password: bytes) -> tuple[bytes, bytes]:
    if algorithm.algorithm == OID_PBES2:
        return _pbes2(algorithm.parameters.parse(Pbes2), password)
    parameters: Pbes1 = algorithm.parameters.parse(Pbes1)
    key, iv = _pbes1(password, parameters.salt, _bounded(parameters.rounds))
    if algorithm.algorithm == OID_SEED_CBC_WITH_SHA1:
        return key, iv
    if algorithm.algorithm == OID_SEED_CBC:
        return key, FIXED_IV
    raise KeyFileBroken(f"encrypted with {algorithm.algorithm.dotted_string}, which is not SEED")


def _pbes1(password: bytes, salt: bytes, rounds: int) -> tuple[bytes, bytes]:
    """PBKDF1 of RFC 8018 section 5.1; the IV is the hash of what is left over of the key."""
    derived = hashlib.sha1(password + salt).digest()  # noqa: S324 - the format's hash
    for _ in range(rounds - 1):
        derived = hashlib.sha1(derived).digest()  # noqa: S324
    return derived[:16], hashlib.sha1(derived[16:]).digest()[:16]  # noqa: S324


def _pbes2(parameters: Pbes2, password: bytes) -> tuple[bytes, bytes]:
    if parameters.kdf.algorithm != OID_PBKDF2 or parameters.cipher.algorithm != OID_SEED_CBC:
        raise KeyFileBroken("PBES2, but not PBKDF2 with SEED-CBC")
    kdf: Pbkdf2 = parameters.kdf.parameters.parse(Pbkdf2)
    key = pbkdf2(password, kdf.salt, _bounded(kdf.rounds), seed.KEY_BYTES, _prf(kdf.prf))
    iv: bytes = parameters.cipher.parameters.parse(bytes)
    return key, iv


def _prf(prf: AlgorithmNull | None) -> hashes.HashAlgorithm:
    if prf is not None and prf.algorithm == OID_HMAC_SHA256:
        return hashes.SHA256()
    return hashes.SHA1()  # noqa: S303 - the default of the format


def _bounded(rounds: int) -> int:
    if not 0 < rounds <= MAX_ROUNDS:
        raise KeyFileBroken("an impossible number of rounds")
    return rounds
