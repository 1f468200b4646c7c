"""Rules for keys that others made: cheap checks first, no arithmetic before the sizes are known, under 1 ms."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import takewhile

from cryptography.hazmat import asn1

from ca.asn1 import tlv
from ca.asn1.der import RSA_ENCRYPTION, Algorithm, Oid, RsaPublicKey, SubjectPublicKeyInfo, raw
from ca.asn1.vid import MIN_RANDOM_BYTES
from ca.values.refusals import CaRefusal

MAX_BYTES = 16 * 1024
BIT_STRING = 0x03
#: FIPS 186-5 appendix A.1.1; below 65537 there are known attacks on sloppy padding.
EXPONENTS = range(65537, 2**256)
MAX_RANDOM_BYTES = 64
SMALL_PRIMES_BELOW = 2000
FERMAT_ROUNDS = 100
REMAINDERS_OF = 16 * 9 * 5 * 7
ROCA_PRIMES_UP_TO = 167
ROCA_GENERATOR = 65537
UNCOMPRESSED = 4
OID_EC = Oid("1.2.840.10045.2.1")


@dataclass(frozen=True, slots=True)
class Curve:
    """y² = x³ - 3x + b over p (SEC 2, FIPS 186-4 D.1.2)."""

    oid: Oid
    p: int
    b: int
    size: int
    """Octets of a coordinate."""


CURVES = {
    "P-256": Curve(
        Oid("1.2.840.10045.3.1.7"),
        0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF,
        0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
        32,
    ),
    "P-384": Curve(
        Oid("1.3.132.0.34"),
        0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEFFFFFFFF0000000000000000FFFFFFFF,
        0xB3312FA7E23EE7E4988E056BE3F82D19181D9C6EFE8141120314088F5013875AC656398D8A2ED19D2A85C8EDD3EC2AEF,
        48,
    ),
}


@dataclass(frozen=True, slots=True)
class KeyRule:
    """Which keys a profile allows."""

    rsa_bits: range
    curves: frozenset[str]
    """Names of `CURVES`."""


RSA_ONLY = KeyRule(range(2048, 4097), frozenset())
#: The widest rules that any profile may have: for keys that are read before the profile is known.
ANY_KEY = KeyRule(RSA_ONLY.rsa_bits, frozenset(CURVES))


def check_size(spki: bytes, random_number: bytes) -> None:
    """Check nothing but lengths, before any other work."""
    if len(spki) > MAX_BYTES:
        raise _refused("too_large")
    if not MIN_RANDOM_BYTES <= len(random_number) <= MAX_RANDOM_BYTES:
        raise _refused("random_number")


def check_key(spki: bytes, own: frozenset[bytes], rule: KeyRule = RSA_ONLY) -> None:
    """Raise `CaRefusal` R15 with the first reason for which this key may not be certified."""
    if len(spki) > MAX_BYTES:
        raise _refused("too_large")
    if _is_elliptic(spki):
        _check_point(spki, rule.curves)
    else:
        _check_rsa(spki, rule.rsa_bits)
    if spki in own:
        raise _refused("authority_key")


def _check_rsa(spki: bytes, bits: range) -> None:
    key = _parse(spki)
    modulus = key.modulus
    checks: dict[str, Callable[[], bool]] = {
        "key_size": lambda: modulus.bit_length() in bits,
        "exponent": lambda: key.exponent in EXPONENTS and key.exponent % 2 == 1,
        "small_factor": lambda: math.gcd(modulus, _primorial(SMALL_PRIMES_BELOW)) == 1,
        "close_primes": lambda: not _close_primes(modulus),
        "roca": lambda: not _roca(modulus),
    }
    for reason, passes in checks.items():
        if not passes():
            raise _refused(reason)


def _refused(reason: str) -> CaRefusal:
    return CaRefusal("R15", reason=reason)


def _is_elliptic(spki: bytes) -> bool:
    try:
        info = tlv.sequence(spki)
        return bool(info) and asn1.decode_der(Algorithm, info[0].encoded).algorithm == OID_EC
    except ValueError:
        return False


def _check_point(spki: bytes, curves: frozenset[str]) -> None:
    """Accept a point of a named curve that the profile allows, in its one uncompressed encoding (RFC 5480)."""
    for name in curves:
        curve = CURVES[name]
        head = asn1.encode_der(Algorithm(algorithm=OID_EC, parameters=raw(asn1.encode_der(curve.oid))))
        parts = tlv.sequence(spki)
        if parts[0].encoded == head:
            bits = parts[1].content if len(parts) == 2 and parts[1].tag == BIT_STRING else b""  # noqa: PLR2004
            if len(bits) != 2 + 2 * curve.size or bits[:2] != bytes([0, UNCOMPRESSED]):
                raise _refused("unreadable")
            if not _is_on(curve, bits[2:]):
                raise _refused("not_on_curve")
            return
    raise _refused("curve")


def _is_on(curve: Curve, coordinates: bytes) -> bool:
    x = int.from_bytes(coordinates[: curve.size], "big")
    y = int.from_bytes(coordinates[curve.size :], "big")
    return max(x, y) < curve.p and (y * y - (x * x * x - 3 * x + curve.b)) % curve.p == 0


def _parse(spki: bytes) -> RsaPublicKey:
    """Read the key without loading it; only its one canonical encoding is accepted, so that its hash names it."""
    try:
        info = asn1.decode_der(SubjectPublicKeyInfo, spki)
        key = asn1.decode_der(RsaPublicKey, info.key.as_bytes())
    except ValueError as error:
        raise _refused("unreadable") from error
    if info.algorithm.algorithm != RSA_ENCRYPTION.algorithm or info.key.padding_bits() or key.modulus <= 0:
        raise _refused("not_rsa")
    return key


def _close_primes(modulus: int) -> bool:
    """Fermat: primes so close that their mean is found within a few steps (CVE-2022-26320)."""
    mean = math.isqrt(modulus)
    mean += mean * mean < modulus
    # Of 25 numbers one has the remainder of a square: most steps need no large numbers.
    near, rest = mean % REMAINDERS_OF, modulus % REMAINDERS_OF
    return any(
        ((near + step) ** 2 - rest) % REMAINDERS_OF in _SQUARE_REMAINDERS and _is_square((mean + step) ** 2 - modulus)
        for step in range(FERMAT_ROUNDS)
    )


def _is_square(value: int) -> bool:
    return math.isqrt(value) ** 2 == value


_SQUARE_REMAINDERS = frozenset(root * root % REMAINDERS_OF for root in range(REMAINDERS_OF))


def _roca(modulus: int) -> bool:
    """Recognise a key of the broken Infineon library: its residues are all powers of 65537 (CVE-2017-15361)."""
    return all(modulus % prime in residues for prime, residues in _roca_marks())


@cache
def _roca_marks() -> tuple[tuple[int, frozenset[int]], ...]:
    return tuple(
        (prime, frozenset(pow(ROCA_GENERATOR, power, prime) for power in range(prime - 1)))
        for prime in takewhile(lambda prime: prime <= ROCA_PRIMES_UP_TO, _primes(SMALL_PRIMES_BELOW))
    )


@cache
def _primes(below: int) -> tuple[int, ...]:
    return tuple(n for n in range(2, below) if all(n % d for d in range(2, math.isqrt(n) + 1)))


@cache
def _primorial(below: int) -> int:
    return math.prod(_primes(below))
