"""A ledger that the first release wrote opens, tells what it told, and goes on."""

import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ca import Reason, Status
from tests.support.authority import HOLDER, SmallAuthority

FIRST = Path(__file__).parent / "released" / "first.tar.xz"
OLD = 0x737D786CF28E709B5762A392D2421C06


@pytest.fixture
def old_house(tmp_path: Path, cheap_scrypt: None) -> Iterator[SmallAuthority]:
    with tarfile.open(FIRST) as archive:
        archive.extractall(tmp_path, filter="data")
    small_ca = SmallAuthority(tmp_path)
    yield small_ca
    small_ca.authority.close()


def test_its_state_and_its_audit_are_as_they_were(old_house: SmallAuthority) -> None:
    old, new = old_house.authority.certificates(HOLDER)
    assert (old.serial, old.status, old.reason) == (OLD, Status.REVOKED, Reason.SUPERSEDED)
    assert (new.status, new.replaces) == (Status.GOOD, OLD)
    assert old_house.authority.verify_audit().ok


def test_it_goes_on_issuing_under_the_same_key(old_house: SmallAuthority) -> None:
    issuing = old_house.authority.chain.issuing
    _, new = old_house.authority.certificates(HOLDER)
    _, certificate = old_house.reissue(new.serial, "again", 3)
    old_house.restart()
    assert old_house.authority.chain.issuing == issuing
    assert old_house.authority.record(certificate.serial)
    assert old_house.authority.verify_audit().ok
