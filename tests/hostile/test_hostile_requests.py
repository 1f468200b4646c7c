"""The small run of G7, and proof that it would see a hole."""

from random import Random
from types import SimpleNamespace

import pytest

from ca import gate, request
from ca.request import read_pkcs10
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
    "exponent": (gate, "EXPONENTS", range(-(2**17), 2**300)),
    "close_primes": (gate, "_close_primes", lambda _: False),
    "roca": (gate, "_roca", lambda _: False),
    "small_factor": (gate, "_primorial", lambda _: 1),
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
    monkeypatch.setattr(request, "load_der_public_key", lambda _: key)
    monkeypatch.setattr(request, "SIGNATURES", dict.fromkeys(request.SIGNATURES, (None, object)))
    assert attack(100, 5, [kind]).accepted[kind] > 0


def test_sizes_that_are_not_checked_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    anything = gate.KeyRule(range(1, 2**20), frozenset(gate.CURVES))
    monkeypatch.setattr(read_pkcs10, "__defaults__", (frozenset(), anything))
    assert attack(200, 6, ["weak_key"]).accepted["weak_key"] > 0


def test_the_authoritys_own_keys_are_known() -> None:
    assert set(attack(5, 7, ["own_key"]).refused) == {"authority_key"}
