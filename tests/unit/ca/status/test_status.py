from collections.abc import Callable
from datetime import timedelta

import pytest
from cryptography import x509

from ca import CaRefusal, Reason, Status
from tests.support.authority import SmallAuthority, order


def listed(small_ca: SmallAuthority) -> dict[int, x509.ReasonFlags | None]:
    crl = x509.load_der_x509_crl(small_ca.authority.crl())
    issuing = x509.load_der_x509_certificate(small_ca.authority.chain.issuing)
    assert crl.is_signature_valid(issuing.public_key())
    return {entry.serial_number: reason_of(entry) for entry in crl}


def serials(crl: bytes) -> list[int]:
    return [entry.serial_number for entry in x509.load_der_x509_crl(crl)]


def reason_of(entry: x509.RevokedCertificate) -> x509.ReasonFlags | None:
    return next((extension.value.reason for extension in entry.extensions), None)


def number(crl: bytes) -> int:
    return x509.load_der_x509_crl(crl).extensions.get_extension_for_class(x509.CRLNumber).value.crl_number


def test_a_revoked_certificate_is_in_the_next_list(small_ca: SmallAuthority) -> None:
    serial = small_ca.old().serial
    assert listed(small_ca) == {}
    record = small_ca.authority.revoke(serial, Reason.KEY_COMPROMISE, "theft")
    assert (record.status, record.reason, record.revoked_at) == (
        Status.REVOKED,
        Reason.KEY_COMPROMISE,
        small_ca.clock.now,
    )
    assert listed(small_ca) == {serial: x509.ReasonFlags.key_compromise}


def test_an_unspecified_reason_is_left_out_of_the_list(small_ca: SmallAuthority) -> None:
    serial = small_ca.old().serial
    small_ca.authority.revoke(serial, Reason.UNSPECIFIED, "r")
    assert listed(small_ca) == {serial: None}


def test_hold_is_listed_and_release_takes_it_off(small_ca: SmallAuthority) -> None:
    serial = small_ca.old().serial
    small_ca.authority.hold(serial, "freeze")
    assert listed(small_ca) == {serial: x509.ReasonFlags.certificate_hold}
    assert small_ca.authority.release(serial, "thaw").status is Status.GOOD
    assert listed(small_ca) == {}


def test_asking_for_the_same_act_twice_does_it_once(small_ca: SmallAuthority) -> None:
    serial = small_ca.old().serial
    first = small_ca.authority.revoke(serial, Reason.SUPERSEDED, "r")
    small_ca.clock.pass_(minutes=1)
    assert small_ca.authority.revoke(serial, Reason.SUPERSEDED, "r") == first
    with pytest.raises(CaRefusal, match="request_reused"):
        small_ca.authority.revoke(serial, Reason.KEY_COMPROMISE, "r")
    with pytest.raises(CaRefusal, match="R06"):
        small_ca.authority.revoke(serial, Reason.SUPERSEDED, "another")


def hold(small_ca: SmallAuthority, serial: int) -> object:
    return small_ca.authority.hold(serial, "act")


def release(small_ca: SmallAuthority, serial: int) -> object:
    return small_ca.authority.release(serial, "act")


def revoke(small_ca: SmallAuthority, serial: int) -> object:
    return small_ca.authority.revoke(serial, Reason.SUPERSEDED, "act")


@pytest.mark.parametrize(
    ("state", "act", "answer"),
    [
        ("good", hold, Status.HOLD),
        ("good", revoke, Status.REVOKED),
        ("good", release, "R15 reason=not_on_hold"),
        ("hold", hold, "R07"),
        ("hold", revoke, Status.REVOKED),
        ("hold", release, Status.GOOD),
        ("revoked", hold, "R06"),
        ("revoked", revoke, "R06"),
        ("revoked", release, "R06"),
        ("expired", hold, "R05"),
        ("expired", revoke, "R05"),
        ("expired", release, "R05"),
        ("unknown", hold, "R09"),
        ("unknown", revoke, "R09"),
        ("unknown", release, "R09"),
    ],
)
def test_which_act_leads_where(
    small_ca: SmallAuthority, state: str, act: Callable[[SmallAuthority, int], object], answer: Status | str
) -> None:
    certificate = small_ca.old()
    serial = certificate.serial
    if state == "hold":
        small_ca.authority.hold(serial, "before")
    elif state == "revoked":
        small_ca.authority.revoke(serial, Reason.SUPERSEDED, "before")
    elif state == "expired":
        small_ca.clock.now = certificate.not_after + timedelta(seconds=1)
    elif state == "unknown":
        serial = 1
    if isinstance(answer, Status):
        act(small_ca, serial)
        assert small_ca.authority.record(serial).status is answer
    else:
        with pytest.raises(CaRefusal, match=answer):
            act(small_ca, serial)
    assert small_ca.authority.verify_audit().ok


def test_a_hold_is_not_a_reason_to_revoke(small_ca: SmallAuthority) -> None:
    with pytest.raises(CaRefusal, match="hold_is_no_revocation"):
        small_ca.authority.revoke(small_ca.old().serial, Reason.CERTIFICATE_HOLD, "r")


def test_lists_are_kept_until_they_age_or_a_status_changes(small_ca: SmallAuthority) -> None:
    first = small_ca.authority.crl()
    small_ca.clock.pass_(minutes=59)
    small_ca.restart()
    assert small_ca.authority.crl() == first
    small_ca.clock.pass_(minutes=1)
    second = small_ca.authority.crl()
    small_ca.authority.hold(small_ca.old().serial, "freeze")
    third = small_ca.authority.crl()
    assert number(first) < number(second) < number(third)


def test_a_change_of_status_leaves_the_other_parts_of_the_list_as_they_are(small_ca: SmallAuthority) -> None:
    house, serial = small_ca.authority, small_ca.old().serial
    its, other = serial % house.most_parts, (serial + 1) % house.most_parts
    before = house.crl(1, its), house.crl(1, other)
    house.hold(serial, "freeze")
    assert serials(house.crl(1, its)) == [serial]
    assert house.crl(1, other) == before[1]
    house.release(serial, "over")
    assert serials(house.crl(1, its)) == serials(before[0]) == []


def test_the_number_rises_even_if_the_clock_goes_back(small_ca: SmallAuthority) -> None:
    first = small_ca.authority.crl()
    small_ca.clock.pass_(days=-3)
    second = small_ca.authority.crl()
    assert number(first) < number(second)
    assert x509.load_der_x509_crl(second).last_update_utc == small_ca.clock.now


def test_an_entry_stays_until_a_list_after_its_expiry_and_then_goes(small_ca: SmallAuthority) -> None:
    certificate = small_ca.old()
    small_ca.authority.revoke(certificate.serial, Reason.SUPERSEDED, "r")
    small_ca.clock.now = certificate.not_after + timedelta(days=1)
    assert list(listed(small_ca)) == [certificate.serial]
    small_ca.clock.pass_(days=2)
    assert listed(small_ca) == {}


def test_the_roots_list_is_empty_and_signed_by_the_root(small_ca: SmallAuthority) -> None:
    crl = x509.load_der_x509_crl(small_ca.authority.root_crl())
    root = x509.load_der_x509_certificate(small_ca.authority.chain.root)
    assert crl.is_signature_valid(root.public_key())
    assert list(crl) == []
    assert small_ca.authority.root_crl() == small_ca.authority.root_crl()


def test_records_of_a_holder_come_in_order_of_issue(small_ca: SmallAuthority) -> None:
    issued = [small_ca.old(request_id=f"r{n}").serial for n in range(4)]
    small_ca.authority.issue(order("other", 1, holder="C-0002"))
    assert [record.serial for record in small_ca.authority.certificates("C-0001")] == issued
    assert small_ca.authority.certificates("nobody") == ()
    assert small_ca.authority.record(7) is None


def test_how_many_certificates_there_are_and_how_old_the_lists(small_ca: SmallAuthority) -> None:
    authority = small_ca.authority
    assert authority.list_ages() == ()
    first, second, _ = (small_ca.authority.issue(order(f"old{number}", number)) for number in range(3))
    authority.revoke(first.serial, Reason.SUPERSEDED, "r1")
    authority.hold(second.serial, "r2")

    assert authority.counts() == {Status.GOOD: 1, Status.HOLD: 1, Status.REVOKED: 1}
    authority.root_crl()
    authority.crl()
    lifetime = int(authority.settings.crl_lifetime.total_seconds())
    root, issuing = authority.list_ages()
    assert (root.name, root.age_s, root.left_s > lifetime) == ("root", 0, True)
    assert (issuing.age_s, issuing.left_s) == (0, lifetime)
