import base64
import math
import random
import time

import pytest
from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.asymmetric import ec

from ca import CaRefusal, Reason
from ca.asn1.der import RSA_ENCRYPTION, RsaPublicKey, SubjectPublicKeyInfo, spki_bytes, spki_of
from ca.requests import key_rules
from tests.support.authority import SmallAuthority, enrolment, key, order, request

#: A key of the broken Infineon library as it was met outside (the test data of badkeys, MIT licence): its modulus.
GENUINE_ROCA = int.from_bytes(
    base64.b64decode(
        "kTKtIR/MDftNrkgyashkwifks5Swm9HEkw4ZcCijyQdpTStInk9pdUrq4zjG6tk5xX9AaYXLu47fmiBVzClGvAXTZbpn6JbG1IERUs+i0pBR"
        "T5CzUu7vJ/63L72NzVvJFaT0SUE5zByhCjJE+pflMnX1e1UptOdnN5AHeY4RKkugVse3XO2xMs3yH3vTyZdtnaOIFRU0d6E7PrsgRtEAqFHc"
        "AGmPUw0ZOW8A++8sS/FlnrxMf9lVa1/8k/A8otPfrNIipfAoq0MKJ+oxE2wML1DDxIGTGmNaN3gPANJyeuca7ptA+NGq5oU1x3pWMXgSvrVS"
        "XUooNk8xIkrKxSz3LQ=="
    ),
    "big",
)


def spki(modulus: int, exponent: int = 65537) -> bytes:
    bits = asn1.BitString(asn1.encode_der(RsaPublicKey(modulus=modulus, exponent=exponent)), 0)
    return asn1.encode_der(SubjectPublicKeyInfo(algorithm=RSA_ENCRYPTION, key=bits))


def modulus_of(number: int) -> int:
    return key_rules._parse(key(number).spki).modulus


def is_prime(value: int) -> bool:
    return all(pow(base, value - 1, value) == 1 for base in (2, 3, 5, 7, 11))


def next_prime(value: int) -> int:
    value |= 1
    while not is_prime(value):
        value += 2
    return value


def close_primes() -> int:
    first = next_prime(random.Random(1).getrandbits(1024) | 3 << 1022)
    return first * next_prime(first + 2)


def infineon() -> int:
    """Two numbers of the broken shape k·M + (65537^a mod M); that they need not be prime makes no difference here."""
    small = math.prod(prime for prime in key_rules._primes(200) if prime <= 167)
    chance = random.Random(2)
    bits = 1025 - small.bit_length()

    def half() -> int:
        while True:
            number = (chance.getrandbits(bits) | 3 << (bits - 2)) * small + pow(65537, chance.randrange(small), small)
            if math.gcd(number, key_rules._primorial(key_rules.SMALL_PRIMES_BELOW)) == 1:
                return number

    return half() * half()


WEAK = [
    ("unreadable", lambda: b""),
    ("unreadable", lambda: b"\x30\x03\x02\x01"),
    ("unreadable", lambda: key(0).spki + b"\x00"),
    ("curve", lambda: spki_bytes(ec.generate_private_key(ec.SECP256R1()).public_key())),
    ("not_rsa", lambda: spki(-5)),
    ("key_size", lambda: spki(1)),
    ("key_size", lambda: spki(modulus_of(0) >> 1 | 1)),
    ("key_size", lambda: spki(2**4096 + 1)),
    ("exponent", lambda: spki(modulus_of(0), 3)),
    ("exponent", lambda: spki(modulus_of(0), 65536 * 2)),
    ("exponent", lambda: spki(modulus_of(0), 2**300 + 1)),
    ("small_factor", lambda: spki(1999 * (modulus_of(0) >> 10 | 1))),
    ("small_factor", lambda: spki(modulus_of(0) - 1)),
    ("close_primes", lambda: spki(close_primes())),
    ("roca", lambda: spki(infineon())),
    ("roca", lambda: spki(GENUINE_ROCA)),
]


@pytest.mark.parametrize(("reason", "make"), WEAK, ids=[f"{n}-{reason}" for n, (reason, _) in enumerate(WEAK)])
def test_a_weak_key_is_refused_with_its_reason(reason: str, make: object) -> None:
    with pytest.raises(CaRefusal, match=f"R15 reason={reason}"):
        key_rules.check_key(make(), frozenset())


def test_good_keys_pass() -> None:
    for number in range(3):
        key_rules.check_key(key(number).spki, frozenset())


def test_the_gate_takes_under_a_millisecond() -> None:
    key_rules.check_key(key(0).spki, frozenset())
    best = min(_timed() for _ in range(20))
    assert best < 0.001


def _timed() -> float:
    begin = time.perf_counter()
    key_rules.check_key(key(0).spki, frozenset())
    return time.perf_counter() - begin


def test_a_huge_request_is_refused_unread() -> None:
    with pytest.raises(CaRefusal, match="too_large"):
        key_rules.check_size(bytes(16 * 1024 + 1), bytes(20))


def test_a_refused_key_leaves_the_enrolment_open(small_ca: SmallAuthority) -> None:
    given = small_ca.authority.enrol(enrolment())
    weak = type(request(0))(spki(modulus_of(0), 3), bytes(20))
    with pytest.raises(CaRefusal, match="R15 reason=exponent"):
        small_ca.authority.redeem(given.reference, given.code, weak)
    assert small_ca.authority.redeem(given.reference, given.code, request(1)).request_id == "new"


def test_the_authoritys_own_key_is_refused(small_ca: SmallAuthority) -> None:
    own = spki_of(x509.load_der_x509_certificate(small_ca.authority.chain.issuing))
    with pytest.raises(CaRefusal, match="authority_key"):
        small_ca.old(spki=own)


def test_a_key_of_somebody_else_is_refused(small_ca: SmallAuthority) -> None:
    small_ca.old()
    with pytest.raises(CaRefusal, match="key_of_another"):
        small_ca.authority.issue(order("other", 0, holder="C-0002"))


def test_a_revoked_key_is_refused_to_everybody(small_ca: SmallAuthority) -> None:
    small_ca.authority.revoke(small_ca.old().serial, Reason.KEY_COMPROMISE, "theft")
    with pytest.raises(CaRefusal, match="key_revoked"):
        small_ca.old(request_id="again")


def test_a_reissue_needs_a_new_key(small_ca: SmallAuthority) -> None:
    given = small_ca.authority.enrol(enrolment(replaces=small_ca.old().serial))
    with pytest.raises(CaRefusal, match="key_unchanged"):
        small_ca.authority.redeem(given.reference, given.code, request(0))
    assert small_ca.authority.redeem(given.reference, given.code, request(1)).request_id == "new"
