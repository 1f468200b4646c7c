"""Keys that nobody should certify, each with its private half, so that the proof of possession itself is right."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from random import Random

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.hostile import wire

SHA256_RSA = wire.tlv(wire.SEQUENCE, wire.oid("1.2.840.113549.1.1.11"), wire.NULL)
SHA256_ECDSA = wire.tlv(wire.SEQUENCE, wire.oid("1.2.840.10045.4.3.2"))
#: DigestInfo of SHA-256, RFC 8017 section 9.2.
DIGEST_INFO = bytes.fromhex("3031300d060960864801650304020105000420")
PRIMES = [n for n in range(2, 2000) if all(n % d for d in range(2, math.isqrt(n) + 1))]
PRIMORIAL = math.prod(PRIMES)
#: What the broken library multiplied for 2048 bits (CVE-2017-15361).
INFINEON = math.prod(PRIMES[:126])


@dataclass(frozen=True)
class Key:
    """A key and how it signs; `algorithm` is the DER of its AlgorithmIdentifier for signatures."""

    label: str
    spki: bytes
    sign: Callable[[bytes], bytes]
    algorithm: bytes = SHA256_RSA


def is_prime(value: int) -> bool:
    return math.gcd(value, PRIMORIAL) == 1 and all(pow(base, value - 1, value) == 1 for base in (2, 3))


def prime_of(chance: Random, size: int) -> int:
    """Return a prime of just this many bits, its two highest set."""
    return next_prime(chance.getrandbits(size) | 3 << (size - 2))


def next_prime(value: int) -> int:
    value |= 1
    while not is_prime(value):
        value += 2
    return value


def infineon_prime(chance: Random) -> int:
    """Return k·M + (65537^a mod M)."""
    size = 1024 - INFINEON.bit_length()
    while True:
        k = chance.getrandbits(size) | 3 << (size - 2)
        value = k * INFINEON + pow(65537, chance.randrange(INFINEON), INFINEON)
        if is_prime(value):
            return value


def rsa_key(label: str, *primes: int, e: int = 65537) -> Key:
    """Return the key of these primes; where e has no inverse, the signature is noise."""
    n = math.prod(primes)
    twice = len(set(primes)) < len(primes)
    phi = primes[0] * (primes[0] - 1) if twice else math.prod(prime - 1 for prime in primes)
    size = (n.bit_length() + 7) // 8
    d = pow(e, -1, phi) if min(e, n) > 0 and math.gcd(e, phi) == 1 else 0

    def sign(message: bytes) -> bytes:
        digest = hashes.Hash(hashes.SHA256())
        digest.update(message)
        tail = DIGEST_INFO + digest.finalize()
        if not d or size < len(tail) + 11:
            return tail.rjust(size, b"\x01")[:size]
        padded = int.from_bytes(b"\x00\x01" + b"\xff" * (size - len(tail) - 3) + b"\x00" + tail, "big")
        value = pow(padded, d, n) if twice else _power(padded, d, primes)
        return value.to_bytes(size, "big")

    return Key(label, wire.rsa_spki(n, e), sign)


def _power(value: int, d: int, primes: tuple[int, ...]) -> int:
    """Return value^d modulo the product of different primes, by their remainders: several times as fast."""
    whole, modulus = 0, 1
    for prime in primes:
        part = pow(value, d % (prime - 1), prime)
        whole += modulus * ((part - whole) * pow(modulus, -1, prime) % prime)
        modulus *= prime
    return whole


def _ready(label: str, private: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> Key:
    spki = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    if isinstance(private, rsa.RSAPrivateKey):
        return Key(label, spki, lambda message: private.sign(message, padding.PKCS1v15(), hashes.SHA256()))
    return Key(label, spki, lambda message: private.sign(message, ec.ECDSA(hashes.SHA256())), SHA256_ECDSA)


@cache
def good_keys() -> tuple[Key, ...]:
    """Keys that any profile takes, to be misused."""
    found = [_ready("rsa", rsa.generate_private_key(65537, 2048)) for _ in range(3)]
    return (*found, _ready("p256", ec.generate_private_key(ec.SECP256R1())), _ready("p384", _p384()))


def _p384() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP384R1())


@cache
def sha1_key() -> Key:
    """An honest key that signs with SHA-1."""
    private = rsa.generate_private_key(65537, 2048)
    algorithm = wire.tlv(wire.SEQUENCE, wire.oid("1.2.840.113549.1.1.5"), wire.NULL)
    spki = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return Key("sha1", spki, lambda m: private.sign(m, padding.PKCS1v15(), hashes.SHA1()), algorithm)


@cache
def weak_keys(seed: int) -> tuple[Key, ...]:
    """Return every kind of key that must not pass; all but the last few sign rightly."""
    return (*_weak_rsa(Random(seed)), *_odd_curves(), *_other_kinds())


def _weak_rsa(chance: Random) -> Iterator[Key]:
    for size in (512, 768, 1024, 1536, 2046):
        yield rsa_key(f"rsa-{size}", prime_of(chance, size // 2), prime_of(chance, size // 2))
    yield rsa_key("rsa-2047", prime_of(chance, 1024), next_prime(1 << 1022))
    p, q = prime_of(chance, 1024), prime_of(chance, 1024)
    for exponent in (3, 5, 7, 17, 257, 65535, 2**256 + 297, 2**2000 + 1):
        yield rsa_key("exponent", p, q, e=exponent)
    for exponent in (-65537, 0, 1, 2, 65536, 131074):
        yield rsa_key("exponent", p, q, e=exponent)
    yield rsa_key("close", p, next_prime(p + 2))
    yield rsa_key("close", p, next_prime(p + 2**400))
    yield rsa_key("square", p, p)
    for _ in range(2):
        yield rsa_key("roca", infineon_prime(chance), infineon_prime(chance))
    for factor in (3, 1999):
        yield rsa_key("small-factor", factor, q, prime_of(chance, 1023 if factor == 3 else 1014))
    for size in (4097, 8192, 16384, 65536, 120000):
        yield rsa_key(f"rsa-{size}", 1, chance.getrandbits(size) | 1 | 1 << (size - 1))
    yield rsa_key("negative", -p, q)


def _odd_curves() -> Iterator[Key]:
    for curve in (ec.SECP224R1(), ec.SECP521R1(), ec.SECP256K1(), ec.BrainpoolP256R1(), ec.BrainpoolP384R1()):
        yield _ready(curve.name, ec.generate_private_key(curve))


def _other_kinds() -> Iterator[Key]:
    for private, dotted in (
        (ed25519.Ed25519PrivateKey.generate(), "1.3.101.112"),
        (ed448.Ed448PrivateKey.generate(), "1.3.101.113"),
    ):
        spki = private.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        yield Key("edwards", spki, private.sign, wire.tlv(wire.SEQUENCE, wire.oid(dotted)))
        yield Key("edwards-as-ecdsa", spki, private.sign, SHA256_ECDSA)
    plain = dsa.generate_private_key(1024)
    spki = plain.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    algorithm = wire.tlv(wire.SEQUENCE, wire.oid("2.16.840.1.101.3.4.3.2"))
    yield Key("dsa", spki, lambda message: plain.sign(message, hashes.SHA256()), algorithm)
