"""CMP from both ends: our client and our server, with everything that a network and a thief do in between."""

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest
from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import load_der_private_key
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from ca import Enrolment, Reason, Status
from ca.asn1 import der
from ca.asn1.vid import read_identify_data, virtual_id
from ca.cmp.bodies import Failure
from ca.cmp.client import (
    AnswerBroken,
    Client,
    Dialect,
    Done,
    Issued,
    NewKey,
    Rejected,
    Secret,
    Signing,
    Trust,
)
from ca.cmp.message import Kind, read
from ca.cmp.protection import read_mac
from ca.keys.signer import SoftSigner
from tests.support.authority import HOLDER, IDN, SmallAuthority, enrolment, key

RSA_SHA256 = asn1.encode_der(der.SHA256_WITH_RSA)
TRANSACTION = bytes(range(16))


def prove(number: int) -> Callable[[bytes], bytes]:
    private = load_der_private_key(key(number).pkcs8, None)
    return lambda message: private.sign(message, padding.PKCS1v15(), hashes.SHA256())


def client(small_ca: SmallAuthority, credentials: Secret | Signing, **dialect: object) -> Client:
    chain = small_ca.authority.chain
    issuing = x509.load_der_x509_certificate(chain.issuing)
    return Client(
        credentials,
        Trust((chain.issuing, chain.root)),
        issuing.subject.public_bytes(),
        Dialect(**dialect),
        small_ca.clock,
    )


def secret(given: Enrolment) -> Secret:
    return Secret(given.reference.encode(), given.code.encode())


def signing(certificate: bytes, number: int) -> Signing:
    return Signing(certificate, SoftSigner(load_der_private_key(key(number).pkcs8, None)))


@dataclass
class Line:
    """A client at the end of a line to the authority, on which answers may be lost."""

    small_ca: SmallAuthority
    client: Client
    transaction: bytes = field(default_factory=lambda: os.urandom(16))

    def ask(self, message: bytes) -> object:
        return self.client.read(message, self.small_ca.authority.cmp(message))

    def request(self, number: int = 1, kind: Kind = Kind.IR, **more: object) -> bytes:
        return self.client.request(self.transaction, kind, NewKey(key(number).spki, prove(number), RSA_SHA256), **more)

    def confirm(self, issued: Issued, *, accepted: bool = True) -> bytes:
        return self.client.confirm(self.transaction, issued, accepted=accepted)


def line(small_ca: SmallAuthority, **dialect: object) -> Line:
    return Line(small_ca, client(small_ca, secret(small_ca.authority.enrol(enrolment())), **dialect))


def states(small_ca: SmallAuthority) -> list[Status]:
    return [record.status for record in small_ca.authority.certificates(HOLDER)]


def test_enrolled_and_confirmed(small_ca: SmallAuthority) -> None:
    holder = line(small_ca)
    issued = holder.ask(holder.request())
    assert isinstance(issued, Issued)
    assert isinstance(holder.ask(holder.confirm(issued)), Done)
    assert states(small_ca) == [Status.GOOD]
    assert small_ca.authority.verify_audit().ok


def test_the_authority_makes_r_and_tells_it_to_the_holder_alone(small_ca: SmallAuthority) -> None:
    holder = line(small_ca)
    message = holder.request()
    answer = small_ca.authority.cmp(message)
    issued = holder.client.read(message, answer)
    assert issued.random_number is not None
    assert issued.random_number not in answer
    told = read_identify_data(x509.load_der_x509_certificate(issued.certificate)).user_info[0].vid.virtual_id
    assert told == virtual_id(IDN, issued.random_number)


def test_the_holders_own_r_is_taken(small_ca: SmallAuthority) -> None:
    holder = line(small_ca, encrypted_vid=True)
    message = holder.request(random_number=key(1).random_number)
    assert key(1).random_number not in message
    issued = holder.ask(message)
    told = read_identify_data(x509.load_der_x509_certificate(issued.certificate)).user_info[0].vid.virtual_id
    assert told == virtual_id(IDN, key(1).random_number)
    assert issued.random_number is None


@pytest.mark.parametrize("lost", range(4))
def test_whatever_answer_is_lost_the_same_message_again_goes_on(small_ca: SmallAuthority, lost: int) -> None:
    """A reissue, a key update and a revocation: each message may be sent several times, over a restart too."""
    old = small_ca.old()
    holder = Line(small_ca, client(small_ca, secret(small_ca.authority.enrol(enrolment("n", old.serial)))))
    sent = 0

    def asks(line: Line, message: bytes) -> object:
        nonlocal sent
        if sent == lost:
            for _ in range(2):
                small_ca.authority.cmp(message)
                small_ca.restart()
        sent += 1
        return line.ask(message)

    first = asks(holder, holder.request())
    assert isinstance(first, Issued)
    assert asks(holder, holder.confirm(first)) == Done()
    updating = Line(small_ca, client(small_ca, signing(first.certificate, 1)))
    second = asks(updating, updating.request(2, Kind.KUR))
    assert isinstance(second, Issued)
    ending = Line(small_ca, client(small_ca, signing(second.certificate, 2)))
    certificate = x509.load_der_x509_certificate(second.certificate)
    message = ending.client.revoke(ending.transaction, certificate.issuer.public_bytes(), certificate.serial_number, 1)
    assert asks(ending, message) == Done()
    assert states(small_ca) == [Status.REVOKED] * 3
    assert small_ca.authority.certificates(HOLDER)[-1].reason is Reason.KEY_COMPROMISE
    assert small_ca.authority.verify_audit().ok


def test_a_certificate_that_the_client_rejects_is_revoked(small_ca: SmallAuthority) -> None:
    holder = line(small_ca)
    issued = holder.ask(holder.request())
    for _ in range(2):
        assert holder.ask(holder.confirm(issued, accepted=False)) == Done()
    (record,) = small_ca.authority.certificates(HOLDER)
    assert (record.status, record.reason) == (Status.REVOKED, Reason.CESSATION_OF_OPERATION)


def failed(outcome: object, failure: Failure) -> bool:
    return isinstance(outcome, Rejected) and outcome.failures == {failure} and len(outcome.texts) == 2


def test_a_confirmation_of_another_certificate_is_refused(small_ca: SmallAuthority) -> None:
    holder = line(small_ca)
    issued = holder.ask(holder.request())
    other = replace(issued, certificate=small_ca.authority.chain.issuing)
    assert failed(holder.ask(holder.confirm(other)), Failure.BAD_CERT_ID)
    assert holder.ask(holder.confirm(issued)) == Done()


def test_a_confirmation_that_answers_nothing_is_refused(small_ca: SmallAuthority) -> None:
    holder = line(small_ca)
    issued = holder.ask(holder.request())
    assert failed(holder.ask(holder.confirm(replace(issued, nonce=bytes(16)))), Failure.BAD_RECIPIENT_NONCE)
    holder.transaction = bytes(16)
    assert failed(holder.ask(holder.confirm(issued)), Failure.BAD_REQUEST)


def test_a_transaction_belongs_to_one_request(small_ca: SmallAuthority) -> None:
    holder = line(small_ca)
    holder.ask(holder.request())
    assert failed(holder.ask(holder.request(2)), Failure.TRANSACTION_ID_IN_USE)
    other = Line(small_ca, client(small_ca, secret(small_ca.authority.enrol(enrolment("o", holder="C-0002")))))
    other.transaction = holder.transaction
    assert failed(other.ask(other.request(2)), Failure.TRANSACTION_ID_IN_USE)
    assert len(small_ca.authority.certificates("C-0002")) == 0


def test_another_key_for_a_used_code_is_refused(small_ca: SmallAuthority) -> None:
    holder = line(small_ca)
    holder.ask(holder.request())
    holder.transaction = os.urandom(16)
    assert failed(holder.ask(holder.request(2)), Failure.NOT_AUTHORIZED)
    assert states(small_ca) == [Status.GOOD]


def test_possession_is_proved_with_the_key_itself(small_ca: SmallAuthority) -> None:
    holder = line(small_ca)
    forged = holder.client.request(holder.transaction, Kind.IR, NewKey(key(1).spki, prove(2), RSA_SHA256))
    assert failed(holder.ask(forged), Failure.BAD_POP)
    assert states(small_ca) == []


@pytest.mark.parametrize(
    ("kind", "failure"),
    [
        (Kind.KUR, Failure.NOT_AUTHORIZED),
        (Kind.POLL_REQ, Failure.BAD_REQUEST),
        (Kind.IP, Failure.BAD_REQUEST),
    ],
)
def test_what_a_code_does_not_allow(small_ca: SmallAuthority, kind: Kind, failure: Failure) -> None:
    holder = line(small_ca)
    assert failed(holder.ask(holder.request(kind=kind)), failure)


def test_a_reference_number_with_a_tail_is_nobodys(small_ca: SmallAuthority) -> None:
    given = small_ca.authority.enrol(enrolment())
    tailed = Secret(given.reference.encode() + b" " * 60 + b"and what goes into the ledger", given.code.encode())
    holder = Line(small_ca, client(small_ca, tailed))
    assert failed(holder.ask(holder.request()), Failure.BAD_MESSAGE_CHECK)
    assert states(small_ca) == []


def test_a_key_update_names_the_certificate_that_signed_it(small_ca: SmallAuthority) -> None:
    old, other = small_ca.old(), small_ca.old(request_id="other", number=2, holder="C-0002")
    holder = Line(small_ca, client(small_ca, signing(old.der, 0)))
    issuer = x509.load_der_x509_certificate(old.der).issuer.public_bytes()
    assert failed(holder.ask(holder.request(kind=Kind.KUR, replaces=(issuer, other.serial))), Failure.BAD_CERT_ID)
    holder.transaction = os.urandom(16)
    assert isinstance(holder.ask(holder.request(kind=Kind.KUR, replaces=(issuer, old.serial))), Issued)


def test_a_revoked_certificate_updates_nothing(small_ca: SmallAuthority) -> None:
    old = small_ca.old()
    small_ca.authority.revoke(old.serial, Reason.KEY_COMPROMISE, "theft")
    thief = Line(small_ca, client(small_ca, signing(old.der, 0)))
    assert failed(thief.ask(thief.request(1, Kind.KUR)), Failure.CERT_REVOKED)


def test_a_held_certificate_updates_nothing(small_ca: SmallAuthority) -> None:
    old = small_ca.old()
    small_ca.authority.hold(old.serial, "hold")
    holder = Line(small_ca, client(small_ca, signing(old.der, 0)))
    assert failed(holder.ask(holder.request(1, Kind.KUR)), Failure.NOT_AUTHORIZED)


def test_a_signature_by_another_key_than_the_certificates(small_ca: SmallAuthority) -> None:
    old = small_ca.old()
    thief = Line(small_ca, client(small_ca, signing(old.der, 1)))
    message = thief.request(2, Kind.KUR)
    assert failed(thief.ask(message), Failure.BAD_MESSAGE_CHECK)


@pytest.mark.parametrize("version", [0, 1, 4])
def test_unknown_versions_are_told(small_ca: SmallAuthority, version: int) -> None:
    holder = line(small_ca, pvno=version)
    assert failed(holder.ask(holder.request()), Failure.UNSUPPORTED_VERSION)


@pytest.mark.parametrize("rounds", [1, 99, 20_001, 10**9])
def test_a_mac_that_costs_too_much_or_too_little_is_not_computed(small_ca: SmallAuthority, rounds: int) -> None:
    holder = line(small_ca)
    message = read(holder.request())
    parameters = replace(read_mac(message.header.protection_alg), rounds=rounds).encoded()
    altered = replace(message, header=replace(message.header, protection_alg=parameters)).encoded()
    answer = holder.client.read(altered, small_ca.authority.cmp(altered))
    assert failed(answer, Failure.BAD_ALG)


def test_an_answer_for_somebody_else_is_not_believed(small_ca: SmallAuthority) -> None:
    holder = line(small_ca)
    message, other = holder.request(), holder.request()
    answer = small_ca.authority.cmp(message)
    with pytest.raises(AnswerBroken, match="another message"):
        holder.client.read(other, answer)
    stranger = replace(holder.client, credentials=Secret(b"1", b"another code"))
    with pytest.raises(AnswerBroken, match="not protected by the authority"):
        stranger.read(message, answer)


def test_an_answer_signed_by_a_stranger_is_not_believed(small_ca: SmallAuthority) -> None:
    old = small_ca.old()
    holder = Line(small_ca, client(small_ca, signing(old.der, 0)))
    message = holder.request(1, Kind.KUR)
    answer = small_ca.authority.cmp(message)
    distrusting = replace(holder.client, trust=Trust((old.der,)))
    with pytest.raises(AnswerBroken, match="not protected"):
        distrusting.read(message, answer)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_an_altered_message_does_nothing(small_ca: SmallAuthority, data: st.DataObject) -> None:
    holder = line(small_ca)
    message = bytearray(holder.client.request(TRANSACTION, Kind.IR, NewKey(key(1).spki, prove(1), RSA_SHA256)))
    before = bytes(message)
    for _ in range(data.draw(st.integers(1, 3))):
        message[data.draw(st.integers(0, len(message) - 1))] ^= data.draw(st.integers(1, 255))
    cut = data.draw(st.sampled_from([len(message), len(message), data.draw(st.integers(0, len(message)))]))
    altered = bytes(message[:cut])
    assume(altered != before)  # two changes may undo each other
    read(small_ca.authority.cmp(altered))
    assert states(small_ca) == []


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_bytes_get_an_answer(small_ca: SmallAuthority, junk: bytes) -> None:
    assert read(small_ca.authority.cmp(junk)).kind is Kind.ERROR


def test_nesting_without_end_is_refused_at_once(small_ca: SmallAuthority) -> None:
    bomb = b""
    for _ in range(4000):
        bomb = der.sequence_of(bomb)
    assert read(small_ca.authority.cmp(bomb)).kind is Kind.ERROR
