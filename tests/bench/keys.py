"""Many customers' keys at once: every pair of a few primes makes another modulus."""

from collections.abc import Iterator
from itertools import combinations, count, islice

from cryptography.hazmat.primitives.asymmetric import rsa

EXPONENT = 65537
BITS = 2048


def customers(many: int) -> list[rsa.RSAPrivateKey]:
    """Return this many different RSA keys. They share primes, which no check of a single key can see: for speed
    only.
    """
    primes = _primes(next(size for size in count(2, 2) if size * (size - 1) // 2 >= many))
    return [_key(*pair) for pair in islice(combinations(primes, 2), many)]


def _primes(many: int) -> list[int]:
    return list(islice(_drawn(), many))


def _drawn() -> Iterator[int]:
    while True:
        drawn = rsa.generate_private_key(EXPONENT, BITS).private_numbers()
        yield drawn.p
        yield drawn.q


def _key(p: int, q: int) -> rsa.RSAPrivateKey:
    d = pow(EXPONENT, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(EXPONENT, p * q)
    numbers = rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), public)
    return numbers.private_key(unsafe_skip_rsa_key_validation=True)
