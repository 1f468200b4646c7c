"""Decrypts what is encrypted under a password, in the schemes of Korean files and PKCS#12 (RFC 8018, RFC 7292).

A wrong password passes the padding check once in 256 times, and damage breaks the padding: the padding alone cannot
tell the two apart. So the caller says how the content begins, and a right beginning shows that the password was right.
"""

import hashlib
from collections.abc import Callable

from cryptography.hazmat import asn1
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives import hashes, padding
from cryptography.hazmat.primitives.ciphers import BlockCipherAlgorithm, Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES

from ca.asn1 import seed, tlv
from ca.asn1.der import Oid
from ca.asn1.pbes import OID_PBES2, OID_PBKDF2, OID_SEED_CBC, Encrypted, pbkdf2
from ca.files.encryption.pkcs12_kdf import FOR_IV, FOR_KEY, derive
from ca.files.faults import FileBroken, TooBig, UnsupportedScheme, WrongKeyPassword

OID_SEED_CBC_WITH_SHA1 = Oid("1.2.410.200004.1.15")
OID_TRIPLE_DES = Oid("1.2.840.113549.1.12.1.3")
OID_TRIPLE_DES_TWO_KEYS = Oid("1.2.840.113549.1.12.1.4")
#: Of the scheme that has the name SEED-CBC and PBES1's parameters; read, never written.
FIXED_IV = b"0123456789012345"
#: A stranger's file must not keep a processor busy: no tool writes more.
MAX_ROUNDS = 600_000
#: The same if the rounds are run in Python.
MAX_SLOW_ROUNDS = 200_000
MAX_SALT = 1024
#: Within this many bytes a plaintext can be recognised.
BEGIN = 16
INTEGER = 0x02
#: Names of schemes that are known and not supported.
UNREAD = {
    "1.2.840.113549.1.12.1.1": "RC4-128",
    "1.2.840.113549.1.12.1.2": "RC4-40",
    "1.2.840.113549.1.12.1.5": "RC2-128",
    "1.2.840.113549.1.12.1.6": "RC2-40",
    "1.2.840.113549.1.5.3": "MD5 and DES",
    "1.2.840.113549.1.5.10": "SHA-1 and DES",
    "1.3.6.1.4.1.11591.4.11": "scrypt",
    "1.2.840.113549.1.5.14": "PBMAC1",
    "1.2.410.200046.1.1.2": "ARIA-128-CBC",
    "1.2.410.200046.1.1.12": "ARIA-256-CBC",
}
PRFS: dict[str, Callable[[], hashes.HashAlgorithm]] = {
    "1.2.840.113549.2.7": hashes.SHA1,
    "1.2.840.113549.2.8": hashes.SHA224,
    "1.2.840.113549.2.9": hashes.SHA256,
    "1.2.840.113549.2.10": hashes.SHA384,
    "1.2.840.113549.2.11": hashes.SHA512,
}
#: Cipher and length of its key in octets.
CIPHERS: dict[str, tuple[Callable[[bytes], BlockCipherAlgorithm], int]] = {
    OID_SEED_CBC.dotted_string: (seed.cipher, seed.KEY_BYTES),
    "2.16.840.1.101.3.4.1.2": (AES, 16),
    "2.16.840.1.101.3.4.1.22": (AES, 24),
    "2.16.840.1.101.3.4.1.42": (AES, 32),
    "1.2.840.113549.3.7": (TripleDES, 24),
}

#: A cipher under its key, and the octets of its block.
_Opener = tuple[Cipher[modes.CBC], int]


def unseal(sealed: Encrypted, password: bytes, beginning: bytes) -> bytes:
    """Return the plaintext, in whose first bytes this must stand.

    Raise `WrongKeyPassword`, or `FileBroken` and its kinds if no password would help.
    """
    cipher, width = _cipher(sealed, password)
    if not sealed.data or len(sealed.data) % width:
        raise FileBroken("cut off: the ciphertext is not of whole blocks")
    decryptor = cipher.decryptor()
    plain = decryptor.update(sealed.data) + decryptor.finalize()
    right = beginning in plain[:BEGIN]
    try:
        unpadder = padding.PKCS7(width * 8).unpadder()
        content = unpadder.update(plain) + unpadder.finalize()
    except ValueError as error:
        raise (FileBroken("damaged at its end") if right else WrongKeyPassword("another password")) from error
    if not right:
        raise WrongKeyPassword("another password")
    return content


def rounds_of(number: int, most: int = MAX_SLOW_ROUNDS) -> int:
    """Return the number; raise `FileBroken` or `TooBig` if no tool would have written it."""
    if number <= 0:
        raise FileBroken("an impossible number of rounds")
    if number > most:
        raise TooBig("more rounds than any tool writes")
    return number


def algorithm_of(encoded: bytes) -> tuple[Oid, tlv.Tlv | None]:
    """Return an AlgorithmIdentifier's parts; raise `ValueError` if it is none."""
    parts = tlv.sequence(encoded)
    if not 1 <= len(parts) <= 2:  # noqa: PLR2004
        raise ValueError("an AlgorithmIdentifier has one part or two")
    return asn1.decode_der(Oid, parts[0].encoded), parts[1] if len(parts) > 1 else None


def unsupported(oid: Oid) -> UnsupportedScheme:
    name = UNREAD.get(oid.dotted_string, "an unknown scheme")
    return UnsupportedScheme(f"protected with {name} ({oid.dotted_string}), which is not read here")


def _cipher(sealed: Encrypted, password: bytes) -> _Opener:
    scheme = sealed.algorithm.algorithm
    try:
        parameters = tlv.sequence(asn1.encode_der(sealed.algorithm.parameters))
        if scheme == OID_PBES2:
            kdf, cipher = parameters
            return _pbes2(kdf, cipher, password)
        if scheme not in _PBES1:
            raise unsupported(scheme)
        salt, rounds = (part.encoded for part in parameters)
        return _PBES1[scheme](password, *_salted(asn1.decode_der(bytes, salt), asn1.decode_der(int, rounds)))
    except UnicodeDecodeError as error:
        raise WrongKeyPassword("a password for PKCS#12 is text") from error
    except ValueError as error:
        raise FileBroken("its parameters are damaged") from error


def _salted(salt: bytes, rounds: int, most: int = MAX_SLOW_ROUNDS) -> tuple[bytes, int]:
    if not 0 < len(salt) <= MAX_SALT:
        raise FileBroken("an impossible salt")
    return salt, rounds_of(rounds, most)


def _pbes2(kdf: tlv.Tlv, scheme: tlv.Tlv, password: bytes) -> _Opener:
    derivation, given = algorithm_of(kdf.encoded)
    cipher, iv = algorithm_of(scheme.encoded)
    if derivation != OID_PBKDF2:
        raise unsupported(derivation)
    if cipher.dotted_string not in CIPHERS:
        raise unsupported(cipher)
    if given is None or iv is None:
        raise ValueError("PBES2 without parameters")
    kind, size = CIPHERS[cipher.dotted_string]
    salt, rounds, prf = _pbkdf2(given.encoded, size)
    return _cbc(kind(pbkdf2(password, salt, rounds, size, prf)), asn1.decode_der(bytes, iv.encoded))


def _pbkdf2(encoded: bytes, size: int) -> tuple[bytes, int, hashes.HashAlgorithm]:
    """Read PBKDF2-params (RFC 8018 appendix A.2), whose key length and PRF may be left out."""
    salt, rounds, *rest = tlv.sequence(encoded)
    lengths = [asn1.decode_der(int, rest.pop(0).encoded)] if rest and rest[0].tag == INTEGER else []
    if lengths not in ([], [size]):
        raise FileBroken("the key's length is not the cipher's")
    prf: hashes.HashAlgorithm = hashes.SHA1()  # noqa: S303 - the default of the format
    for part in rest:
        oid, _ = algorithm_of(part.encoded)
        if oid.dotted_string not in PRFS:
            raise unsupported(oid)
        prf = PRFS[oid.dotted_string]()
    given = asn1.decode_der(bytes, salt.encoded), asn1.decode_der(int, rounds.encoded)
    return *_salted(*given, MAX_ROUNDS), prf


def pbes1_seed(password: bytes, salt: bytes, rounds: int) -> tuple[bytes, bytes]:
    """PBKDF1 of RFC 8018 section 5.1: return key and IV; the IV is the hash of the rest of the key."""
    derived = hashlib.sha1(password + salt).digest()  # noqa: S324 - the format's hash
    for _ in range(rounds - 1):
        derived = hashlib.sha1(derived).digest()  # noqa: S324
    return derived[:16], hashlib.sha1(derived[16:]).digest()[:16]  # noqa: S324


def _seed(password: bytes, salt: bytes, rounds: int) -> _Opener:
    key, iv = pbes1_seed(password, salt, rounds)
    return _cbc(seed.cipher(key), iv)


def _seed_fixed(password: bytes, salt: bytes, rounds: int) -> _Opener:
    key, _ = pbes1_seed(password, salt, rounds)
    return _cbc(seed.cipher(key), FIXED_IV)


def _triple_des(password: bytes, salt: bytes, rounds: int, size: int = 24) -> _Opener:
    text = password.decode()
    key = derive(hashlib.sha1, text, salt, rounds, FOR_KEY, size)
    return _cbc(TripleDES((key + key)[:24]), derive(hashlib.sha1, text, salt, rounds, FOR_IV, 8))


def _two_keys(password: bytes, salt: bytes, rounds: int) -> _Opener:
    return _triple_des(password, salt, rounds, 16)


def _cbc(algorithm: BlockCipherAlgorithm, iv: bytes) -> _Opener:
    """Raise `ValueError` if the IV is not of one block."""
    return Cipher(algorithm, modes.CBC(iv)), len(iv)


_PBES1: dict[Oid, Callable[[bytes, bytes, int], _Opener]] = {
    OID_SEED_CBC_WITH_SHA1: _seed,
    OID_SEED_CBC: _seed_fixed,
    OID_TRIPLE_DES: _triple_des,
    OID_TRIPLE_DES_TWO_KEYS: _two_keys,
}
