"""A registration office asks by CMP in a holder's place: it vouches for the VID, and names what is replaced."""

import os
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509

from ca import Authority, Reason, Status
from ca.asn1.vid import identify_data, read_identify_data, virtual_id
from ca.cmp.bodies import Failure
from ca.cmp.client import Client, Dialect, Done, Issued, NewKey, Rejected, Secret, Trust
from ca.cmp.message import Kind
from ca.cmp.offices import OfficesWrong, read_secrets
from tests.support.authority import HOLDER, IDN, NAME, SmallAuthority, key
from tests.unit.ca.cmp.test_cmp import RSA_SHA256, prove

SECRET = b"k" * 40


@pytest.fixture
def offices(tmp_path: Path) -> Path:
    folder = tmp_path / "offices"
    folder.mkdir()
    (folder / "desk.secret").write_bytes(SECRET + b"\n")
    (folder / "desk.secret").chmod(0o600)
    return folder


class Office:
    def __init__(
        self, authority: Authority, small_ca: SmallAuthority, secret: bytes = SECRET, name: bytes = b"desk"
    ) -> None:
        self.authority = authority
        issuing = x509.load_der_x509_certificate(authority.chain.issuing)
        self.name = issuing.subject.public_bytes()
        trust = Trust((authority.chain.issuing, authority.chain.root))
        self.client = Client(Secret(name, secret), trust, self.name, Dialect(), small_ca.clock)
        self.transaction = os.urandom(16)

    def asks(self, replaces: int | None, number: int = 1, name: str = NAME, kind: Kind = Kind.CR) -> object:
        identity = identify_data(name, IDN, key(number).random_number)
        message = self.client.request(
            self.transaction, kind, NewKey(key(number).spki, prove(number), RSA_SHA256), identity=identity,
            replaces=None if replaces is None else (self.name, replaces),
        )  # fmt: skip
        return self.client.read(message, self.authority.cmp(message))

    def revokes(self, serial: int) -> object:
        message = self.client.revoke(os.urandom(16), self.name, serial, 4)
        return self.client.read(message, self.authority.cmp(message))


@pytest.fixture
def small_ca(small_ca: SmallAuthority, offices: Path) -> SmallAuthority:
    small_ca.settings = replace(small_ca.settings, offices=offices)
    small_ca.restart()
    return small_ca


@pytest.mark.parametrize("kind", [Kind.IR, Kind.CR])
def test_a_reissue_on_the_offices_word(small_ca: SmallAuthority, kind: Kind) -> None:
    old = small_ca.old()
    office = Office(small_ca.authority, small_ca)
    issued = office.asks(old.serial, kind=kind)
    assert isinstance(issued, Issued)
    new = x509.load_der_x509_certificate(issued.certificate)
    assert new.not_valid_after_utc == old.not_after
    told = read_identify_data(new)
    assert told.real_name == NAME
    assert told.user_info[0].vid.virtual_id == virtual_id(IDN, key(1).random_number)
    assert issued.random_number is None
    before, after = small_ca.authority.certificates(HOLDER)
    assert (before.status, before.reason, after.status) == (Status.REVOKED, Reason.SUPERSEDED, Status.GOOD)
    assert isinstance(office.asks(old.serial, kind=kind), Issued)
    assert len(small_ca.authority.certificates(HOLDER)) == 2
    assert small_ca.authority.verify_audit().ok
    assert IDN.encode() not in small_ca.ledger_bytes()


def refused_with(outcome: object, failure: Failure) -> bool:
    return isinstance(outcome, Rejected) and outcome.failures == {failure}


def test_what_an_office_is_refused(small_ca: SmallAuthority) -> None:
    old = small_ca.old()
    office = Office(small_ca.authority, small_ca)
    assert refused_with(office.asks(None), Failure.BAD_CERT_TEMPLATE)
    for name in (NAME + "x", "other"):
        office = Office(small_ca.authority, small_ca)
        assert refused_with(office.asks(old.serial, name=name), Failure.BAD_CERT_TEMPLATE)
    office = Office(small_ca.authority, small_ca)
    assert refused_with(office.asks(old.serial + 1), Failure.BAD_CERT_ID)
    small_ca.authority.hold(old.serial, "freeze")
    office = Office(small_ca.authority, small_ca)
    assert refused_with(office.asks(old.serial), Failure.NOT_AUTHORIZED)
    small_ca.authority.revoke(old.serial, Reason.KEY_COMPROMISE, "theft")
    office = Office(small_ca.authority, small_ca)
    assert refused_with(office.asks(old.serial), Failure.CERT_REVOKED)
    assert len(small_ca.authority.certificates(HOLDER)) == 1


@pytest.mark.parametrize(("name", "secret"), [(b"desk", b"x" * 40), (b"nobody", SECRET)])
def test_whoever_is_no_office_is_none(small_ca: SmallAuthority, name: bytes, secret: bytes) -> None:
    old = small_ca.old()
    assert refused_with(Office(small_ca.authority, small_ca, secret, name).asks(old.serial), Failure.BAD_MESSAGE_CHECK)
    assert [each.status for each in small_ca.authority.certificates(HOLDER)] == [Status.GOOD]


def test_an_office_revokes_for_its_customers_and_again_is_harmless(small_ca: SmallAuthority) -> None:
    old = small_ca.old()
    office = Office(small_ca.authority, small_ca)
    assert isinstance(office.revokes(old.serial), Done)
    record = small_ca.authority.record(old.serial)
    assert (record.status, record.reason) == (Status.REVOKED, Reason.SUPERSEDED)
    assert refused_with(office.revokes(old.serial + 1), Failure.BAD_CERT_ID)


def test_secrets_that_cannot_be_used_are_named(offices: Path) -> None:
    assert read_secrets(None) == {}
    assert read_secrets(offices) == {"desk": SECRET}
    (offices / "short.secret").write_bytes(b"x")
    (offices / "short.secret").chmod(0o600)
    with pytest.raises(OfficesWrong, match=r"short.secret: 1 octets"):
        read_secrets(offices)
    (offices / "short.secret").rename(offices / "12.secret")
    with pytest.raises(OfficesWrong, match="the name of an office"):
        read_secrets(offices)
    (offices / "12.secret").unlink()
    (offices / "desk.secret").chmod(0o644)
    with pytest.raises(OfficesWrong, match="chmod 600"):
        read_secrets(offices)


def test_what_is_refused_on_the_way_is_in_the_audit_too(small_ca: SmallAuthority) -> None:
    before = small_ca.authority.audit_head().entries
    office = Office(small_ca.authority, small_ca)
    assert refused_with(office.asks(None), Failure.BAD_CERT_TEMPLATE)
    with small_ca.authority._ledger.reading() as tx:
        line = tx.one("audit_line", seq=before + 1)
    assert (line["kind"], line["subject"]) == ("rejected", "desk")
    assert "not_vouched_for" in line["detail"]
    assert small_ca.authority.verify_audit().ok
