"""The small run of the thieves' PKIMessages, and proof that it would see a hole."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from cryptography import x509

from ca.asn1 import pbes, vid
from ca.certificates import lint
from ca.cmp import bodies, parties, protection, server
from ca.cmp.message import Message
from ca.cmp.parties import CertificateHolder, CodeHolder, Known, Party
from ca.ledger import records
from ca.ledger.ledger import Transaction
from ca.requests import key_rules
from ca.values.model import Record
from tests.hostile import cmp_requests, cmp_world, corpus
from tests.hostile.cmp import KINDS, attack
from tests.hostile.cmp_world import World
from tests.hostile.keys import Key, rsa_key


def few_weak_keys(_seed: int) -> tuple[Key, ...]:
    """Return some that are made at once; G7's own test has them all."""
    numbers = cmp_world.private_half(9).private_numbers()
    odd = [rsa_key("exponent", numbers.p, numbers.q, e=exponent) for exponent in (257, 641, 4099)]
    return (*odd, rsa_key("square", numbers.p, numbers.p))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pbes, "SCRYPT_COST", 2)
        patch.setattr(pbes, "SCRYPT_LANES", 1)
        for module in (cmp_requests, corpus):
            patch.setattr(module, "weak_keys", few_weak_keys)
        yield tmp_path_factory.mktemp("hostile")


@pytest.fixture(scope="module")
def world(folder: Path) -> Iterator[World]:
    world = World(folder / "world")
    yield world
    world.close()


@pytest.fixture
def fallen(world: World) -> Iterator[World]:
    """A world in which a thief may succeed: afterwards everything is as it was."""
    with closing(sqlite3.connect(world.ledger)) as ledger, closing(sqlite3.connect(":memory:")) as kept:
        ledger.backup(kept)
        yield world
        kept.backup(ledger)


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
def test_no_malicious_message_is_accepted_none_upsets_the_server_and_nothing_changes(world: World) -> None:
    tally = attack(world, 8 * len(KINDS), 2)
    assert not tally.accepted
    assert not tally.crashed
    assert tally.is_safe
    assert tally.told == {"rejected"}
    assert tally.at(0.5) < 0.05  # the command asks for 10 ms in 99 of 100, on a machine that does nothing else
    assert world.authority.verify_audit().ok


def test_what_somebody_honest_sent_is_answered_again_and_changes_nothing(world: World) -> None:
    state = world.state()
    for each in world.seen:
        if each.delivered:
            assert world.is_replay(each.message)
            world.authority.cmp(each.message)
    assert world.state() == state


def _any_certificate(message: Message, known: Known) -> Party:
    """Trust whatever has the serial of somebody known."""
    certificate = x509.load_der_x509_certificate(message.extra_certs[0])
    record = known.record(certificate.serial_number)
    assert record is not None
    assert protection.signature_is_right(message, certificate)
    return CertificateHolder(record)


def _unprotected_too(message: Message, known: Known) -> Party:
    reference = (message.header.sender_kid or b"").decode()
    return CodeHolder(reference, known.code_of(reference))


def _any_status(tx: Transaction, serial: int, _holder: str) -> Record:
    record = records.find(tx, serial)
    assert record is not None
    return record


def _whatever(*_: object) -> None:
    pass


def _yes(*_: object) -> bool:
    return True


def _nothing(*_: object) -> tuple[str, ...]:
    return ()


#: Kind of message that gets through, and what is taken away. An identity is looked at twice: at the desk, and by
#: the linter before anything is kept, so that either alone stops it.
Hole = tuple[str, *tuple[tuple[object, str, object], ...]]
HOLES: dict[str, Hole] = {
    "mac": ("stolen_number", (protection, "mac_is_right", _yes)),
    "mac of another code": ("swapped_key", (protection, "mac_is_right", _yes)),
    "rounds": ("dear_mac", (protection, "LEAST_ROUNDS", 1)),
    "protection": ("unprotected", (server, "recognise", _unprotected_too)),
    "signature": ("impostor", (protection, "signature_is_right", _yes)),
    "certificate": ("impostor", (parties, "_by_certificate", _any_certificate)),
    "status": ("dead_signer", (records, "require_good", _any_status)),
    "header": ("wrong_header", (server, "_check_header", _whatever)),
    "transaction": ("used_transaction", (server.CmpServer, "_open", _whatever)),
    "possession": ("no_possession", (server, "verify_possession", _whatever)),
    "gate": ("bad_key", (key_rules, "check_key", _whatever)),
    "gate of PKCS#10": ("bad_pkcs10", (key_rules, "check_key", _whatever)),
    "owner": ("others_certificate", (server.CmpServer, "_may_revoke", _yes)),
    "hash": ("false_confirmation", (server, "_hash_is_right", _yes)),
    "identity": ("false_office", (vid, "check_identity", _whatever), (lint, "findings", _nothing)),
}


@pytest.mark.filterwarnings("ignore:Parsed a serial number")
@pytest.mark.parametrize("hole", HOLES)
def test_a_check_that_is_gone_is_noticed(hole: str, fallen: World, monkeypatch: pytest.MonkeyPatch) -> None:
    kind, *places = HOLES[hole]
    for place in places:
        monkeypatch.setattr(*place)
    # Behind some checks stands another: then nothing is accepted, and something changed all the same.
    assert any(not attack(fallen, 30, seed, [kind]).is_safe for seed in range(8))


def test_old_algorithms_that_are_taken_are_noticed(fallen: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protection, "OWFS", protection.OWFS | protection.OLD_OWFS)
    monkeypatch.setattr(protection, "MACS", protection.MACS | protection.OLD_MACS)
    assert attack(fallen, 40, 4, ["unknown_algorithm"]).accepted["unknown_algorithm"] > 0


def test_a_crash_is_noticed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_body: bytes) -> bodies.Confirmation:
        raise IndexError("planted")

    monkeypatch.setattr(bodies, "read_confirmation", broken)
    assert attack(world, 10, 5, ["false_confirmation"]).crashed


def test_an_effect_behind_a_refusal_is_noticed(fallen: World, monkeypatch: pytest.MonkeyPatch) -> None:
    right: Callable[..., None] = server.CmpServer._check_possession

    def late(self: server.CmpServer, key: bodies.KeyAsked) -> None:
        fallen.authority.release(fallen.held.serial, "planted")
        right(self, key)

    monkeypatch.setattr(server.CmpServer, "_check_possession", late)
    tally = attack(fallen, 10, 6, ["no_possession"])
    assert not tally.accepted
    assert tally.changed
    assert tally.told == {"rejected", "released"}
