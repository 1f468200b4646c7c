"""The gate for keys that others made: cheap checks first, no arithmetic before the sizes are known, under 1 ms."""

import math
from collections.abc import Callable
from functools import cache
from itertools import takewhile

from cryptography.hazmat import asn1

from ca.der import RSA_ENCRYPTION, RsaPublicKey, SubjectPublicKeyInfo
from ca.refusals import CaRefusal
from ca.vid import MIN_RANDOM_BYTES

MAX_BYTES = 16 * 1024
KEY_BITS = range(2048, 4097)
#: FIPS 186-5 appendix A.1.1; below 65537 there are known attacks on sloppy padding.
EXPONENTS = range(65537, 2**256)
MAX_RANDOM_BYTES = 64
SMALL_PRIMES_BELOW = 2000
FERMAT_ROUNDS = 100
ROCA_PRIMES_UP_TO = 167
ROCA_GENERATOR = 65537


def check_size(spki: bytes, random_number: bytes) -> None:
    """Look at nothing but lengths: this stands before every other work."""
    if len(spki) > MAX_BYTES:
        raise _refused("too_large")
    if not MIN_RANDOM_BYTES <= len(random_number) <= MAX_RANDOM_BYTES:
        raise _refused("random_number")


def check_key(spki: bytes, own: frozenset[bytes]) -> None:
    """Raise `CaRefusal` R15 with the first reason for which this RSA key may not be certified."""
    key = _parse(spki)
    modulus = key.modulus
    checks: dict[str, Callable[[], bool]] = {
        "key_size": lambda: modulus.bit_length() in KEY_BITS,
        "exponent": lambda: key.exponent in EXPONENTS and key.exponent % 2 == 1,
        "small_factor": lambda: math.gcd(modulus, _primorial(SMALL_PRIMES_BELOW)) == 1,
        "close_primes": lambda: not _close_primes(modulus),
        "roca": lambda: not _roca(modulus),
        "authority_key": lambda: spki not in own,
    }
    for reason, passes in checks.items():
        if not passes():
            raise _refused(reason)


def _refused(reason: str) -> CaRefusal:
    return CaRefusal("R15", reason=reason)


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
    return any(_is_square((mean + step) ** 2 - modulus) for step in range(FERMAT_ROUNDS))


def _is_square(value: int) -> bool:
    # 12 of 64 residues are squares: most numbers need no root.
    return value & 63 in _SQUARES_MOD_64 and math.isqrt(value) ** 2 == value


_SQUARES_MOD_64 = frozenset(root * root % 64 for root in range(64))


def _roca(modulus: int) -> bool:
    """Tell a key of the broken Infineon library: its residues are all powers of 65537 (CVE-2017-15361)."""
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
