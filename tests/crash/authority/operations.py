"""Every operation that changes the ledger: its precondition, the operation, and what holds afterwards."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import Encoding, load_der_private_key
from cryptography.x509 import ocsp

from ca import Authority, Certificate, Reason
from ca.asn1 import der
from ca.cmp.client import Client, Done, Issued, NewKey, Secret, Trust
from ca.cmp.message import Kind
from tests.support.authority import SmallAuthority, enrolment, key, order, request

Things = dict[str, Any]
"""What an act needs to know, as JSON keeps it: it is prepared in one process and done in others."""
GOOD, HOLD, REVOKED = "good", "hold", "revoked"
SOON = date(2027, 3, 31)
"""Three weeks after the clock's morning: inside the window for renewals."""
TRANSACTION = bytes(range(16))


@dataclass(frozen=True)
class Act:
    name: str
    prepare: Callable[[SmallAuthority], Things]
    do: Callable[[Authority, Things], str]
    """Asking again must answer the same."""
    before: tuple[str, ...]
    """Where the holder's certificates stand, the oldest first."""
    after: tuple[str, ...]
    later: timedelta = field(default=timedelta(minutes=5))
    """Between the preparation and the act."""


def digest(certificate: Certificate) -> str:
    return f"{certificate.serial:x} {hashlib.sha256(certificate.der).hexdigest()}"


def nothing(small_ca: SmallAuthority) -> Things:
    return {}


def old(small_ca: SmallAuthority) -> Things:
    return {"old": f"{small_ca.old().serial:x}"}


def old_ending_soon(small_ca: SmallAuthority) -> Things:
    return {"old": f"{small_ca.old(not_after=SOON).serial:x}"}


def old_on_hold(small_ca: SmallAuthority) -> Things:
    things = old(small_ca)
    small_ca.authority.hold(serial_of(things), "hold")
    return things


def old_revoked_unlisted(small_ca: SmallAuthority) -> Things:
    """Return a CRL that does not contain the last revocation yet."""
    things = old(small_ca)
    small_ca.authority.crl()
    small_ca.authority.revoke(serial_of(things), Reason.KEY_COMPROMISE, "theft")
    return things


def enrolled(small_ca: SmallAuthority) -> Things:
    things = old(small_ca)
    small_ca.authority.enrol(enrolment("waiting", serial_of(things)))
    return things


def asked_by_cmp(small_ca: SmallAuthority) -> Things:
    """Make the client's message once: it sends the same bytes until it is answered."""
    things = old(small_ca)
    given = small_ca.authority.enrol(enrolment("new", serial_of(things)))
    things["reference"], things["code"] = given.reference, given.code
    message = client(small_ca.authority, things).request(
        TRANSACTION, Kind.IR, NewKey(key(1).spki, prove, asn1.encode_der(der.SHA256_WITH_RSA))
    )
    return things | {"message": message.hex()}


def serial_of(things: Things) -> int:
    return int(things["old"], 16)


def issue(authority: Authority, things: Things) -> str:
    return digest(authority.issue(order("new", 1)))


def collect(authority: Authority, replaces: int | None, **more: Any) -> str:
    given = authority.enrol(enrolment("new", replaces, **more))
    made = digest(authority.redeem(given.reference, given.code, request(1)))
    return f"{given.reference} {given.code} {made}"


def enrol_first(authority: Authority, things: Things) -> str:
    return collect(authority, None)


def reissue(authority: Authority, things: Things) -> str:
    return collect(authority, serial_of(things))


def renew(authority: Authority, things: Things) -> str:
    return collect(authority, serial_of(things), renews=True)


def update(authority: Authority, things: Things) -> str:
    return digest(authority.update(serial_of(things), key(1).spki, "new"))


def withdraw(authority: Authority, things: Things) -> str:
    authority.withdraw("waiting")
    return ""


def revoke(authority: Authority, things: Things) -> str:
    return authority.revoke(serial_of(things), Reason.KEY_COMPROMISE, "theft").status


def hold(authority: Authority, things: Things) -> str:
    return authority.hold(serial_of(things), "hold").status


def release(authority: Authority, things: Things) -> str:
    return authority.release(serial_of(things), "release").status


def lapse(authority: Authority, things: Things) -> str:
    authority.lapse_holds()
    record = authority.record(serial_of(things))
    assert record is not None
    return f"{record.status} {record.reason}"


def list_(authority: Authority, things: Things) -> str:
    listed = x509.load_der_x509_crl(authority.crl())
    return str([f"{each.serial_number:x}" for each in listed])


def answer_ocsp(authority: Authority, things: Things) -> str:
    """Answer an OCSP request; the first one makes a delegate, whose certificate the authority's key signs."""
    record = authority.record(serial_of(things))
    assert record is not None
    ours, issuing = (x509.load_der_x509_certificate(each) for each in (record.der, authority.chain.issuing))
    question = ocsp.OCSPRequestBuilder().add_certificate(ours, issuing, hashes.SHA256()).build()
    answer = authority.ocsp(question.public_bytes(Encoding.DER))
    return ocsp.load_der_ocsp_response(answer.content).certificate_status.name


def roll_over(authority: Authority, things: Things) -> str:
    """Make the second issuing key if it does not exist yet."""
    issuing = authority.roll_over().issuing if len(authority.issuers) == 1 else authority.chain.issuing
    return hashlib.sha256(issuing).hexdigest()


def prove(message: bytes) -> bytes:
    private: Any = load_der_private_key(key(1).pkcs8, None)
    return bytes(private.sign(message, padding.PKCS1v15(), hashes.SHA256()))


def client(authority: Authority, things: Things) -> Client:
    chain = authority.chain
    secret = Secret(things["reference"].encode(), things["code"].encode())
    name = x509.load_der_x509_certificate(chain.issuing).subject.public_bytes()
    return Client(secret, Trust((chain.issuing, chain.root)), name)


def exchange(authority: Authority, things: Things) -> str:
    """Send the request in one message and the confirmation in another."""
    ours, message = client(authority, things), bytes.fromhex(things["message"])
    issued = ours.read(message, authority.cmp(message))
    assert isinstance(issued, Issued), issued
    confirmation = ours.confirm(TRANSACTION, issued)
    done = ours.read(confirmation, authority.cmp(confirmation))
    assert isinstance(done, Done), done
    return hashlib.sha256(issued.certificate).hexdigest()


REPLACED = ((GOOD,), (REVOKED, GOOD))
ACTS = {
    each.name: each
    for each in (
        Act("issue", nothing, issue, (), (GOOD,)),
        Act("enrol", nothing, enrol_first, (), (GOOD,)),
        Act("reissue", old, reissue, *REPLACED),
        Act("renew", old_ending_soon, renew, *REPLACED),
        Act("update", old, update, *REPLACED),
        Act("cmp", asked_by_cmp, exchange, *REPLACED),
        Act("withdraw", enrolled, withdraw, (GOOD,), (GOOD,)),
        Act("revoke", old, revoke, (GOOD,), (REVOKED,)),
        Act("hold", old, hold, (GOOD,), (HOLD,)),
        Act("release", old_on_hold, release, (HOLD,), (GOOD,)),
        Act("lapse", old_on_hold, lapse, (HOLD,), (REVOKED,), timedelta(days=220)),
        Act("crl", old_revoked_unlisted, list_, (REVOKED,), (REVOKED,)),
        Act("roll_over", old, roll_over, (GOOD,), (GOOD,)),
        Act("ocsp", old, answer_ocsp, (GOOD,), (GOOD,)),
    )
}
