"""Lists, answers and delegates that are not by the profile are not signed: the key is never asked."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from ca import LedgerBroken, Reason
from ca.status.lint_status import check_answer, check_delegate, check_list
from tests.support.authority import SmallAuthority

DAY = timedelta(days=1)


@dataclass
class Listed:
    """A true list of the authority's, and what is said of it."""

    tbs: bytes
    issuer: x509.Certificate
    number: int
    address: str | None


@pytest.fixture
def listed(small_ca: SmallAuthority) -> Listed:
    old = small_ca.old().serial
    small_ca.authority.revoke(old, Reason.KEY_COMPROMISE, "theft")
    read = x509.load_der_x509_crl(small_ca.authority.crl(part=old % small_ca.authority.most_parts))
    number = read.extensions.get_extension_for_class(x509.CRLNumber).value.crl_number
    point = read.extensions.get_extension_for_class(x509.IssuingDistributionPoint).value.full_name
    assert point
    issuer = x509.load_der_x509_certificate(small_ca.authority.chain.issuing)
    return Listed(read.tbs_certlist_bytes, issuer, number, point[0].value)


def test_a_true_list_may_be_signed(listed: Listed) -> None:
    check_list(listed.tbs, listed.issuer, listed.number, 1, listed.address, DAY)


LISTS: dict[str, Callable[[Listed], None]] = {
    "number": lambda it: check_list(it.tbs, it.issuer, it.number + 1, 1, it.address, DAY),
    "entries": lambda it: check_list(it.tbs, it.issuer, it.number, 2, it.address, DAY),
    "times": lambda it: check_list(it.tbs, it.issuer, it.number, 1, it.address, timedelta(hours=1)),
    "point": lambda it: check_list(it.tbs, it.issuer, it.number, 1, f"{it.address}x", DAY),
    "extensions": lambda it: check_list(it.tbs, it.issuer, it.number, 1, None, DAY),
    "unreadable": lambda it: check_list(it.tbs[:-1], it.issuer, it.number, 1, it.address, DAY),
}


@pytest.mark.parametrize("finding", LISTS)
def test_a_list_that_is_not_what_it_should_be(listed: Listed, finding: str) -> None:
    with pytest.raises(LedgerBroken, match=finding):
        LISTS[finding](listed)


def test_a_list_of_another_issuer(listed: Listed, small_ca: SmallAuthority) -> None:
    root = x509.load_der_x509_certificate(small_ca.authority.chain.root)
    with pytest.raises(LedgerBroken, match="issuer, key_id"):
        check_list(listed.tbs, root, listed.number, 1, listed.address, DAY)


@pytest.fixture
def answer(small_ca: SmallAuthority) -> tuple[bytes, bytes]:
    issuer = x509.load_der_x509_certificate(small_ca.authority.chain.issuing)
    subject = x509.load_der_x509_certificate(small_ca.old().der)
    question = ocsp.OCSPRequestBuilder().add_certificate(subject, issuer, hashes.SHA256()).build()
    content = small_ca.authority.ocsp(question.public_bytes(Encoding.DER)).content
    key_hash = ocsp.load_der_ocsp_response(content).responder_key_hash
    assert key_hash is not None
    return content, key_hash


def test_an_answer_that_is_not_what_it_should_be(answer: tuple[bytes, bytes]) -> None:
    content, key_hash = answer
    check_answer(content, key_hash, 1, timedelta(hours=1))
    for arguments, finding in [
        ((content, bytes(20), 1, DAY), "responder"),
        ((content, key_hash, 2, DAY), "count"),
        ((content, key_hash, 1, timedelta(minutes=1)), "times"),
        ((content[:-1], key_hash, 1, DAY), "unreadable"),
    ]:
        with pytest.raises(LedgerBroken, match=finding):
            check_answer(*arguments)


def test_a_delegate_that_is_not_what_it_should_be(small_ca: SmallAuthority, answer: tuple[bytes, bytes]) -> None:
    (delegate,) = ocsp.load_der_ocsp_response(answer[0]).certificates
    issuer = x509.load_der_x509_certificate(small_ca.authority.chain.issuing)
    root = x509.load_der_x509_certificate(small_ca.authority.chain.root)
    tbs, week = delegate.tbs_certificate_bytes, timedelta(days=7)
    check_delegate(tbs, issuer, ExtendedKeyUsageOID.OCSP_SIGNING, week)
    for arguments, finding in [
        ((tbs, root, ExtendedKeyUsageOID.OCSP_SIGNING, week), "issuer, key_id"),
        ((tbs, issuer, ExtendedKeyUsageOID.TIME_STAMPING, week), "usage, no_check"),
        ((tbs, issuer, ExtendedKeyUsageOID.OCSP_SIGNING, DAY), "times"),
        ((tbs[:-1], issuer, ExtendedKeyUsageOID.OCSP_SIGNING, week), "unreadable"),
    ]:
        with pytest.raises(LedgerBroken, match=finding):
            check_delegate(*arguments)


def test_the_key_is_not_asked(small_ca: SmallAuthority, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[bytes] = []
    small_ca.old()
    present = small_ca.authority._registrar._keys.present
    monkeypatch.setattr(type(present.signer), "sign", lambda _self, message: asked.append(message) or b"")
    monkeypatch.setattr("ca.status.crl._tbs", lambda *_arguments: b"0\x00")
    with pytest.raises(LedgerBroken, match="unreadable"):
        small_ca.authority.crl()
    assert asked == []
