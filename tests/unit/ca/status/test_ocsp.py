"""OCSP: good, revoked, on hold and unknown are told apart, at once, to whoever asks and however."""

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ca import Certificate, Reason
from ca.asn1.der import sequence_of, tagged
from ca.status import ocsp as responder
from tests.support.authority import SmallAuthority, order

MALFORMED, UNAUTHORIZED = b"\x30\x03\x0a\x01\x01", b"\x30\x03\x0a\x01\x06"
STATUS = ocsp.OCSPCertStatus


def issuer(small_ca: SmallAuthority, ordinal: int = 1) -> x509.Certificate:
    return x509.load_der_x509_certificate(small_ca.authority.issuers[ordinal - 1])


def question(
    small_ca: SmallAuthority,
    certificate: Certificate,
    nonce: bytes | None = None,
    algorithm: hashes.HashAlgorithm = hashes.SHA256(),  # noqa: B008 - a value
) -> bytes:
    builder = ocsp.OCSPRequestBuilder().add_certificate(
        x509.load_der_x509_certificate(certificate.der), issuer(small_ca), algorithm
    )
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.build().public_bytes(Encoding.DER)


def ask(small_ca: SmallAuthority, asked: bytes) -> ocsp.OCSPResponse:
    return ocsp.load_der_ocsp_response(small_ca.authority.ocsp(asked).content)


def status(small_ca: SmallAuthority, certificate: Certificate) -> tuple[STATUS, x509.ReasonFlags | None]:
    answer = ask(small_ca, question(small_ca, certificate))
    return answer.certificate_status, answer.revocation_reason


def test_each_change_of_status_is_in_the_next_answer(small_ca: SmallAuthority) -> None:
    old = small_ca.old()
    assert status(small_ca, old) == (STATUS.GOOD, None)
    small_ca.authority.hold(old.serial, "hold")
    assert status(small_ca, old) == (STATUS.REVOKED, x509.ReasonFlags.certificate_hold)
    small_ca.authority.release(old.serial, "release")
    assert status(small_ca, old) == (STATUS.GOOD, None)
    small_ca.clock.pass_(hours=3)
    small_ca.authority.revoke(old.serial, Reason.KEY_COMPROMISE, "theft")
    assert status(small_ca, old) == (STATUS.REVOKED, x509.ReasonFlags.key_compromise)
    assert ask(small_ca, question(small_ca, old)).revocation_time_utc == small_ca.clock.now


def test_without_a_reason_none_is_told(small_ca: SmallAuthority) -> None:
    old = small_ca.old()
    small_ca.authority.revoke(old.serial, Reason.UNSPECIFIED, "why not")
    assert status(small_ca, old) == (STATUS.REVOKED, None)


def test_a_serial_that_was_never_signed_is_unknown_and_not_good(small_ca: SmallAuthority) -> None:
    old = small_ca.old()
    built = ocsp.OCSPRequestBuilder().add_certificate_by_hash(*_hashes(small_ca, old), old.serial + 1, hashes.SHA256())
    assert ask(small_ca, built.build().public_bytes(Encoding.DER)).certificate_status is STATUS.UNKNOWN


def _hashes(small_ca: SmallAuthority, certificate: Certificate) -> tuple[bytes, bytes]:
    read = ocsp.load_der_ocsp_request(question(small_ca, certificate))
    return read.issuer_name_hash, read.issuer_key_hash


def test_a_serial_that_is_reserved_only_is_unknown(small_ca: SmallAuthority) -> None:
    known = small_ca.old()
    small_ca.restart(dies_at="reserved")
    with pytest.raises(BaseException, match="reserved"):
        small_ca.authority.issue(order("second", 1))
    with small_ca.authority._ledger.reading() as tx:
        serial = int(tx.one("intent_by_request", request_id="second")["serial"], 16)
    built = ocsp.OCSPRequestBuilder().add_certificate_by_hash(*_hashes(small_ca, known), serial, hashes.SHA256())
    asked = built.build().public_bytes(Encoding.DER)
    assert ask(small_ca, asked).certificate_status is STATUS.UNKNOWN
    small_ca.restart()
    assert ask(small_ca, asked).certificate_status is STATUS.GOOD


@pytest.mark.parametrize("algorithm", [hashes.SHA1(), hashes.SHA256()], ids=["sha1", "sha256"])
def test_the_issuer_is_found_by_either_hash(small_ca: SmallAuthority, algorithm: hashes.HashAlgorithm) -> None:
    asked = question(small_ca, small_ca.old(), algorithm=algorithm)
    answer = ask(small_ca, asked)
    assert answer.certificate_status is STATUS.GOOD
    assert answer.hash_algorithm.name == algorithm.name


def test_another_authoritys_certificate_is_not_answered_for(small_ca: SmallAuthority) -> None:
    built = ocsp.OCSPRequestBuilder().add_certificate_by_hash(bytes(32), bytes(32), 1, hashes.SHA256())
    assert small_ca.authority.ocsp(built.build().public_bytes(Encoding.DER)).content == UNAUTHORIZED


@pytest.mark.parametrize("size", [1, 32, 128])
def test_a_nonce_comes_back_and_its_answer_is_nobody_elses(small_ca: SmallAuthority, size: int) -> None:
    asked = question(small_ca, small_ca.old(), nonce=bytes(range(size)))
    answer = small_ca.authority.ocsp(asked)
    read = ocsp.load_der_ocsp_response(answer.content)
    assert read.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == bytes(range(size))
    assert answer.fresh_until is None


@pytest.mark.parametrize("size", [0, 129])
def test_a_nonce_of_a_size_that_rfc_9654_forbids_is_malformed(small_ca: SmallAuthority, size: int) -> None:
    asked = question(small_ca, small_ca.old(), nonce=bytes(size))
    assert small_ca.authority.ocsp(asked).content == MALFORMED


def test_without_a_nonce_the_signed_answer_is_given_again_until_something_changes(
    small_ca: SmallAuthority,
) -> None:
    old, other = small_ca.old(), small_ca.authority.issue(order("other", 1))
    first = small_ca.authority.ocsp(question(small_ca, old))
    small_ca.clock.pass_(minutes=29)
    assert small_ca.authority.ocsp(question(small_ca, old)) == first
    assert first.fresh_until is not None
    small_ca.authority.revoke(other.serial, Reason.SUPERSEDED, "other")
    assert small_ca.authority.ocsp(question(small_ca, old)) != first


def test_an_answer_is_made_anew_before_it_goes_stale(small_ca: SmallAuthority) -> None:
    old = small_ca.old()
    first = ask(small_ca, question(small_ca, old))
    small_ca.clock.pass_(minutes=31)
    second = ask(small_ca, question(small_ca, old))
    assert second.this_update_utc > first.this_update_utc
    assert first.next_update_utc == first.this_update_utc + timedelta(hours=1)


def test_the_delegate_may_sign_answers_and_nothing_else(small_ca: SmallAuthority) -> None:
    answer = ask(small_ca, question(small_ca, small_ca.old()))
    (delegate,) = answer.certificates
    delegate.verify_directly_issued_by(issuer(small_ca))
    usage = delegate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.OCSP_SIGNING]
    assert delegate.extensions.get_extension_for_class(x509.OCSPNoCheck)
    assert delegate.not_valid_after_utc - delegate.not_valid_before_utc == timedelta(days=7)
    delegate.public_key().verify(answer.signature, answer.tbs_response_bytes, padding.PKCS1v15(), hashes.SHA256())


def test_the_delegate_rolls_by_itself_and_never_signs_with_a_stale_one(small_ca: SmallAuthority) -> None:
    old, seen = small_ca.old(), set()
    for _ in range(20):
        answer = ask(small_ca, question(small_ca, old))
        (delegate,) = answer.certificates
        seen.add(delegate.serial_number)
        assert delegate.not_valid_before_utc <= small_ca.clock.now
        assert answer.next_update_utc < delegate.not_valid_after_utc
        small_ca.clock.pass_(days=1)
    assert 6 <= len(seen) <= 8
    assert small_ca.authority.verify_audit().ok


def test_after_a_roll_over_each_certificate_is_answered_for_by_its_own_issuer(
    small_ca: SmallAuthority,
) -> None:
    old = small_ca.old()
    small_ca.authority.roll_over()
    new = small_ca.authority.issue(order("new", 1))
    for ordinal, certificate in ((1, old), (2, new)):
        builder = ocsp.OCSPRequestBuilder().add_certificate(
            x509.load_der_x509_certificate(certificate.der), issuer(small_ca, ordinal), hashes.SHA256()
        )
        answer = ask(small_ca, builder.build().public_bytes(Encoding.DER))
        assert answer.certificate_status is STATUS.GOOD
        answer.certificates[0].verify_directly_issued_by(issuer(small_ca, ordinal))
    crossed = ocsp.OCSPRequestBuilder().add_certificate_by_hash(*_hashes(small_ca, old), new.serial, hashes.SHA256())
    assert ask(small_ca, crossed.build().public_bytes(Encoding.DER)).certificate_status is STATUS.UNKNOWN


def many(small_ca: SmallAuthority, *certificates: Certificate) -> bytes:
    """The library builds questions for one certificate only; the standard allows more."""
    ids = [responder._read(question(small_ca, each)).ids[0] for each in certificates]
    return sequence_of(sequence_of(sequence_of(*(sequence_of(each) for each in ids))))


def test_several_certificates_in_one_question(small_ca: SmallAuthority) -> None:
    good, gone = small_ca.old(), small_ca.authority.issue(order("gone", 1))
    small_ca.authority.revoke(gone.serial, Reason.SUPERSEDED, "gone")
    answer = ask(small_ca, many(small_ca, good, gone))
    states = {each.serial_number: each.certificate_status for each in answer.responses}
    assert states == {good.serial: STATUS.GOOD, gone.serial: STATUS.REVOKED}


def test_too_many_in_one_question_are_malformed(small_ca: SmallAuthority) -> None:
    old = small_ca.old()
    assert ask(small_ca, many(small_ca, *[old] * 20)).response_status is ocsp.OCSPResponseStatus.SUCCESSFUL
    assert small_ca.authority.ocsp(many(small_ca, *[old] * 21)).content == MALFORMED
    assert small_ca.authority.ocsp(many(small_ca)).content == MALFORMED


def test_a_name_and_a_signature_of_who_asks_are_passed_by(small_ca: SmallAuthority) -> None:
    plain = question(small_ca, small_ca.old())
    (tbs,) = responder.tlv.sequence(plain)
    name = tagged(1, tagged(4, issuer(small_ca).subject.public_bytes()))
    signed = sequence_of(sequence_of(name, tbs.content), tagged(0, sequence_of()))
    assert ask(small_ca, signed).certificate_status is STATUS.GOOD


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_bytes_upset_it(small_ca: SmallAuthority, data: st.DataObject) -> None:
    good = bytearray(question(small_ca, small_ca.old(), nonce=b"n" * 16))
    for _ in range(data.draw(st.integers(1, 4))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(good)))
    for asked in (bytes(good), bytes(good[:cut]), data.draw(st.binary(max_size=64))):
        ocsp.load_der_ocsp_response(small_ca.authority.ocsp(asked).content)


def test_a_huge_question_is_not_even_read(small_ca: SmallAuthority) -> None:
    assert small_ca.authority.ocsp(b"\x30" * 20_000).content == MALFORMED


@pytest.mark.parametrize("path", ["!!!", "A" * 20_000, "%30"])
def test_a_path_that_is_no_question(path: str) -> None:
    with pytest.raises(ValueError, match=r"base64|long"):
        responder.decode_path(path)
