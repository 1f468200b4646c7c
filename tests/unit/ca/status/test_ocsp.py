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


def issuer(bureau: SmallAuthority, ordinal: int = 1) -> x509.Certificate:
    return x509.load_der_x509_certificate(bureau.authority.issuers[ordinal - 1])


def question(
    bureau: SmallAuthority,
    certificate: Certificate,
    nonce: bytes | None = None,
    algorithm: hashes.HashAlgorithm = hashes.SHA256(),  # noqa: B008 - a value
) -> bytes:
    builder = ocsp.OCSPRequestBuilder().add_certificate(
        x509.load_der_x509_certificate(certificate.der), issuer(bureau), algorithm
    )
    if nonce is not None:
        builder = builder.add_extension(x509.OCSPNonce(nonce), critical=False)
    return builder.build().public_bytes(Encoding.DER)


def ask(bureau: SmallAuthority, asked: bytes) -> ocsp.OCSPResponse:
    return ocsp.load_der_ocsp_response(bureau.authority.ocsp(asked).content)


def status(bureau: SmallAuthority, certificate: Certificate) -> tuple[STATUS, x509.ReasonFlags | None]:
    answer = ask(bureau, question(bureau, certificate))
    return answer.certificate_status, answer.revocation_reason


def test_each_change_of_status_is_in_the_next_answer(bureau: SmallAuthority) -> None:
    old = bureau.old()
    assert status(bureau, old) == (STATUS.GOOD, None)
    bureau.authority.hold(old.serial, "hold")
    assert status(bureau, old) == (STATUS.REVOKED, x509.ReasonFlags.certificate_hold)
    bureau.authority.release(old.serial, "release")
    assert status(bureau, old) == (STATUS.GOOD, None)
    bureau.clock.pass_(hours=3)
    bureau.authority.revoke(old.serial, Reason.KEY_COMPROMISE, "theft")
    assert status(bureau, old) == (STATUS.REVOKED, x509.ReasonFlags.key_compromise)
    assert ask(bureau, question(bureau, old)).revocation_time_utc == bureau.clock.now


def test_without_a_reason_none_is_told(bureau: SmallAuthority) -> None:
    old = bureau.old()
    bureau.authority.revoke(old.serial, Reason.UNSPECIFIED, "why not")
    assert status(bureau, old) == (STATUS.REVOKED, None)


def test_a_serial_that_was_never_signed_is_unknown_and_not_good(bureau: SmallAuthority) -> None:
    old = bureau.old()
    built = ocsp.OCSPRequestBuilder().add_certificate_by_hash(
        *_hashes(bureau, old), old.serial + 1, hashes.SHA256()
    )
    assert ask(bureau, built.build().public_bytes(Encoding.DER)).certificate_status is STATUS.UNKNOWN


def _hashes(bureau: SmallAuthority, certificate: Certificate) -> tuple[bytes, bytes]:
    read = ocsp.load_der_ocsp_request(question(bureau, certificate))
    return read.issuer_name_hash, read.issuer_key_hash


def test_a_serial_that_is_reserved_only_is_unknown(bureau: SmallAuthority) -> None:
    known = bureau.old()
    bureau.restart(dies_at="reserved")
    with pytest.raises(BaseException, match="reserved"):
        bureau.authority.issue(order("second", 1))
    with bureau.authority._ledger.reading() as tx:
        serial = int(tx.one("intent_by_request", request_id="second")["serial"], 16)
    built = ocsp.OCSPRequestBuilder().add_certificate_by_hash(
        *_hashes(bureau, known), serial, hashes.SHA256()
    )
    asked = built.build().public_bytes(Encoding.DER)
    assert ask(bureau, asked).certificate_status is STATUS.UNKNOWN
    bureau.restart()
    assert ask(bureau, asked).certificate_status is STATUS.GOOD


@pytest.mark.parametrize("algorithm", [hashes.SHA1(), hashes.SHA256()], ids=["sha1", "sha256"])
def test_the_issuer_is_found_by_either_hash(bureau: SmallAuthority, algorithm: hashes.HashAlgorithm) -> None:
    asked = question(bureau, bureau.old(), algorithm=algorithm)
    answer = ask(bureau, asked)
    assert answer.certificate_status is STATUS.GOOD
    assert answer.hash_algorithm.name == algorithm.name


def test_another_authoritys_certificate_is_not_answered_for(bureau: SmallAuthority) -> None:
    built = ocsp.OCSPRequestBuilder().add_certificate_by_hash(bytes(32), bytes(32), 1, hashes.SHA256())
    assert bureau.authority.ocsp(built.build().public_bytes(Encoding.DER)).content == UNAUTHORIZED


@pytest.mark.parametrize("size", [1, 32, 128])
def test_a_nonce_comes_back_and_its_answer_is_nobody_elses(bureau: SmallAuthority, size: int) -> None:
    asked = question(bureau, bureau.old(), nonce=bytes(range(size)))
    answer = bureau.authority.ocsp(asked)
    read = ocsp.load_der_ocsp_response(answer.content)
    assert read.extensions.get_extension_for_class(x509.OCSPNonce).value.nonce == bytes(range(size))
    assert answer.fresh_until is None


@pytest.mark.parametrize("size", [0, 129])
def test_a_nonce_of_a_size_that_rfc_9654_forbids_is_malformed(bureau: SmallAuthority, size: int) -> None:
    asked = question(bureau, bureau.old(), nonce=bytes(size))
    assert bureau.authority.ocsp(asked).content == MALFORMED


def test_without_a_nonce_the_signed_answer_is_given_again_until_something_changes(
    bureau: SmallAuthority,
) -> None:
    old, other = bureau.old(), bureau.authority.issue(order("other", 1))
    first = bureau.authority.ocsp(question(bureau, old))
    bureau.clock.pass_(minutes=29)
    assert bureau.authority.ocsp(question(bureau, old)) == first
    assert first.fresh_until is not None
    bureau.authority.revoke(other.serial, Reason.SUPERSEDED, "other")
    assert bureau.authority.ocsp(question(bureau, old)) != first


def test_an_answer_is_made_anew_before_it_goes_stale(bureau: SmallAuthority) -> None:
    old = bureau.old()
    first = ask(bureau, question(bureau, old))
    bureau.clock.pass_(minutes=31)
    second = ask(bureau, question(bureau, old))
    assert second.this_update_utc > first.this_update_utc
    assert first.next_update_utc == first.this_update_utc + timedelta(hours=1)


def test_the_delegate_may_sign_answers_and_nothing_else(bureau: SmallAuthority) -> None:
    answer = ask(bureau, question(bureau, bureau.old()))
    (delegate,) = answer.certificates
    delegate.verify_directly_issued_by(issuer(bureau))
    usage = delegate.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.OCSP_SIGNING]
    assert delegate.extensions.get_extension_for_class(x509.OCSPNoCheck)
    assert delegate.not_valid_after_utc - delegate.not_valid_before_utc == timedelta(days=7)
    delegate.public_key().verify(
        answer.signature, answer.tbs_response_bytes, padding.PKCS1v15(), hashes.SHA256()
    )


def test_the_delegate_rolls_by_itself_and_never_signs_with_a_stale_one(bureau: SmallAuthority) -> None:
    old, seen = bureau.old(), set()
    for _ in range(20):
        answer = ask(bureau, question(bureau, old))
        (delegate,) = answer.certificates
        seen.add(delegate.serial_number)
        assert delegate.not_valid_before_utc <= bureau.clock.now
        assert answer.next_update_utc < delegate.not_valid_after_utc
        bureau.clock.pass_(days=1)
    assert 6 <= len(seen) <= 8
    assert bureau.authority.verify_audit().ok


def test_after_a_roll_over_each_certificate_is_answered_for_by_its_own_issuer(bureau: SmallAuthority) -> None:
    old = bureau.old()
    bureau.authority.roll_over()
    new = bureau.authority.issue(order("new", 1))
    for ordinal, certificate in ((1, old), (2, new)):
        builder = ocsp.OCSPRequestBuilder().add_certificate(
            x509.load_der_x509_certificate(certificate.der), issuer(bureau, ordinal), hashes.SHA256()
        )
        answer = ask(bureau, builder.build().public_bytes(Encoding.DER))
        assert answer.certificate_status is STATUS.GOOD
        answer.certificates[0].verify_directly_issued_by(issuer(bureau, ordinal))
    crossed = ocsp.OCSPRequestBuilder().add_certificate_by_hash(
        *_hashes(bureau, old), new.serial, hashes.SHA256()
    )
    assert ask(bureau, crossed.build().public_bytes(Encoding.DER)).certificate_status is STATUS.UNKNOWN


def many(bureau: SmallAuthority, *certificates: Certificate) -> bytes:
    """The library builds questions for one certificate only; the standard allows more."""
    ids = [responder._read(question(bureau, each)).ids[0] for each in certificates]
    return sequence_of(sequence_of(sequence_of(*(sequence_of(each) for each in ids))))


def test_several_certificates_in_one_question(bureau: SmallAuthority) -> None:
    good, gone = bureau.old(), bureau.authority.issue(order("gone", 1))
    bureau.authority.revoke(gone.serial, Reason.SUPERSEDED, "gone")
    answer = ask(bureau, many(bureau, good, gone))
    states = {each.serial_number: each.certificate_status for each in answer.responses}
    assert states == {good.serial: STATUS.GOOD, gone.serial: STATUS.REVOKED}


def test_too_many_in_one_question_are_malformed(bureau: SmallAuthority) -> None:
    old = bureau.old()
    assert ask(bureau, many(bureau, *[old] * 20)).response_status is ocsp.OCSPResponseStatus.SUCCESSFUL
    assert bureau.authority.ocsp(many(bureau, *[old] * 21)).content == MALFORMED
    assert bureau.authority.ocsp(many(bureau)).content == MALFORMED


def test_a_name_and_a_signature_of_who_asks_are_passed_by(bureau: SmallAuthority) -> None:
    plain = question(bureau, bureau.old())
    (tbs,) = responder.tlv.sequence(plain)
    name = tagged(1, tagged(4, issuer(bureau).subject.public_bytes()))
    signed = sequence_of(sequence_of(name, tbs.content), tagged(0, sequence_of()))
    assert ask(bureau, signed).certificate_status is STATUS.GOOD


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_bytes_upset_it(bureau: SmallAuthority, data: st.DataObject) -> None:
    good = bytearray(question(bureau, bureau.old(), nonce=b"n" * 16))
    for _ in range(data.draw(st.integers(1, 4))):
        good[data.draw(st.integers(0, len(good) - 1))] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(good)))
    for asked in (bytes(good), bytes(good[:cut]), data.draw(st.binary(max_size=64))):
        ocsp.load_der_ocsp_response(bureau.authority.ocsp(asked).content)


def test_a_huge_question_is_not_even_read(bureau: SmallAuthority) -> None:
    assert bureau.authority.ocsp(b"\x30" * 20_000).content == MALFORMED


@pytest.mark.parametrize("path", ["!!!", "A" * 20_000, "%30"])
def test_a_path_that_is_no_question(path: str) -> None:
    with pytest.raises(ValueError, match=r"base64|long"):
        responder.decode_path(path)
