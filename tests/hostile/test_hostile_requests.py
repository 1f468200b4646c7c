"""The small run of G7, and proof that it would see a hole."""

from random import Random
from types import SimpleNamespace

import pytest

from ca.requests import key_rules, pkcs10
from ca.requests.pkcs10 import read_pkcs10
from tests.hostile.corpus import KINDS, good
from tests.hostile.requests import attack


def test_no_malicious_request_is_accepted_and_none_upsets_the_reader() -> None:
    tally = attack(100 * len(KINDS), 2)
    assert not tally.accepted
    assert not tally.crashed
    assert tally.at(0.99) < 0.05  # the command asks for 10 ms, on a machine that does nothing else


def test_the_honest_requests_that_they_were_made_from_are_accepted() -> None:
    chance = Random(3)
    assert all(read_pkcs10(good(chance)).random_number for _ in range(20))


HOLES = {
    "exponent": (key_rules, "EXPONENTS", range(-(2**17), 2**300)),
    "close_primes": (key_rules, "_close_primes", lambda _: False),
    "roca": (key_rules, "_roca", lambda _: False),
    "small_factor": (key_rules, "_primorial", lambda _: 1),
}


@pytest.mark.parametrize("reason", HOLES)
def test_a_check_that_is_gone_is_noticed(reason: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert reason in attack(200, 4, ["weak_key"]).refused
    monkeypatch.setattr(*HOLES[reason])
    tally = attack(200, 4, ["weak_key"])
    assert tally.accepted["weak_key"] > 0


@pytest.mark.parametrize("kind", ["false_possession", "malleable", "mutated"])
def test_possession_that_is_not_checked_is_noticed(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    key = SimpleNamespace(verify=lambda *_: None)
    monkeypatch.setattr(pkcs10, "load_der_public_key", lambda _: key)
    monkeypatch.setattr(pkcs10, "SIGNATURES", dict.fromkeys(pkcs10.SIGNATURES, (None, object)))
    assert attack(100, 5, [kind]).accepted[kind] > 0


def test_sizes_that_are_not_checked_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    anything = key_rules.KeyRule(range(1, 2**20), frozenset(key_rules.CURVES))
    monkeypatch.setattr(read_pkcs10, "__defaults__", (frozenset(), anything))
    assert attack(200, 6, ["weak_key"]).accepted["weak_key"] > 0


def test_the_authoritys_own_keys_are_known() -> None:
    assert set(attack(5, 7, ["own_key"]).refused) == {"authority_key"}
