"""signPri.key: the private key as every Korean tool stores it, under SEED (KCAC.TS.CM, RFC 8018, RFC 4269).

Three schemes are read; the oldest, with its fixed IV, is never written.
"""

import os
from enum import Enum

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_der_private_key

from ca.asn1 import seed
from ca.asn1.der import Algorithm, raw, spki_bytes
from ca.asn1.pbes import Encrypted, EncryptionScheme, encrypt
from ca.files import kinds
from ca.files.encryption.decrypt import OID_SEED_CBC_WITH_SHA1, pbes1_seed, unseal
from ca.files.faults import FileBroken, UnsupportedScheme
from ca.files.material import KeyMaterial, random_number_of

SALT_BYTES = 8
ROUNDS = 2048
#: How every key begins in PKCS#8 (RFC 5958): version 0, and then a SEQUENCE with the algorithm.
BEGINNING = b"\x02\x01\x00\x30"


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
        return asn1.encode_der(encrypt(pkcs8, password, EncryptionScheme.PBKDF2_SEED))
    return write_pbes1(pkcs8, password, os.urandom(SALT_BYTES))


def write_pbes1(pkcs8: bytes, password: bytes, salt: bytes) -> bytes:
    """Return the file under this salt: the same salt gives the same bytes."""
    if not password:
        raise ValueError("an empty password protects nothing")
    key, iv = pbes1_seed(password, salt, ROUNDS)
    parameters = raw(asn1.encode_der(Pbes1(salt=salt, rounds=ROUNDS)))
    algorithm = Algorithm(algorithm=OID_SEED_CBC_WITH_SHA1, parameters=parameters)
    return asn1.encode_der(Encrypted(algorithm=algorithm, data=seed.encrypt(key, iv, pkcs8)))


def read_signpri(data: bytes, password: bytes) -> KeyMaterial:
    """Raise `WrongKeyPassword`, or `FileBroken` and its kinds."""
    kinds.check(data, "an encrypted key")
    return open_key(data, password)


def open_key(data: bytes, password: bytes) -> KeyMaterial:
    """Open an EncryptedPrivateKeyInfo of any scheme that is read here."""
    try:
        sealed = asn1.decode_der(Encrypted, data)
    except ValueError as error:
        raise FileBroken("not an encrypted private key") from error
    return plain_key(unseal(sealed, password, BEGINNING))


def plain_key(pkcs8: bytes) -> KeyMaterial:
    """Read an unencrypted key; raise `FileBroken` if it is damaged or inconsistent."""
    try:
        private = load_der_private_key(pkcs8, None)
        if not isinstance(private, rsa.RSAPrivateKey):
            raise UnsupportedScheme("not an RSA key")
        random_number = random_number_of(pkcs8) or b""
    except (ValueError, TypeError, IndexError, UnsupportedAlgorithm) as error:
        raise FileBroken("the password is right, and the key inside is damaged") from error
    return KeyMaterial(pkcs8, spki_bytes(private.public_key()), random_number)
