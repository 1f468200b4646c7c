"""갱신 and the key update: in the window a year longer with the remaining days kept, before it the same expiry."""

from datetime import UTC, date, datetime, timedelta

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from ca import CaRefusal, Certificate, Reason, Status
from ca.asn1.vid import read_identify_data
from ca.values.validity import KST, day_of, ends, months_later, renewal_opens, years_later
from tests.support.authority import HOLDER, SmallAuthority, enrolment, key, order, request


def kst(day: date, hour: int = 12, minute: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=KST).astimezone(UTC)


def last_day(certificate: Certificate) -> date:
    return day_of(certificate.not_after)


def renewed(small_ca: SmallAuthority, old: Certificate, request_id: str = "renewal", number: int = 1) -> Certificate:
    given = small_ca.authority.enrol(enrolment(request_id, old.serial, renews=True))
    return small_ca.authority.redeem(given.reference, given.code, request(number))


def test_a_renewal_keeps_the_remaining_days(small_ca: SmallAuthority) -> None:
    old = small_ca.old()
    small_ca.clock.now = kst(last_day(old) - timedelta(days=20))
    new = renewed(small_ca, old)
    assert new.not_after == ends(years_later(last_day(old), 1))
    record = small_ca.authority.record(old.serial)
    assert record is not None
    assert (record.status, record.reason) == (Status.REVOKED, Reason.SUPERSEDED)
    assert small_ca.authority.verify_audit().ok


@pytest.mark.parametrize(
    ("before", "hour", "minute", "opens"),
    [(31, 23, 59, False), (30, 0, 0, True), (0, 0, 0, True), (0, 23, 59, True)],
)
def test_the_window_opens_at_midnight_in_korea_and_closes_with_the_last_day(
    small_ca: SmallAuthority, before: int, hour: int, minute: int, opens: bool
) -> None:
    old = small_ca.old()
    small_ca.clock.now = kst(last_day(old) - timedelta(days=before), hour, minute)
    if opens:
        assert renewed(small_ca, old)
        return
    with pytest.raises(CaRefusal, match="R15") as refused:
        renewed(small_ca, old)
    opens_on = last_day(old) - timedelta(days=30)
    assert refused.value.fields == {"reason": "too_early", "opens_on": opens_on.isoformat()}


def test_the_day_after_the_last_it_is_expired(small_ca: SmallAuthority) -> None:
    old = small_ca.old()
    small_ca.clock.now = kst(last_day(old) + timedelta(days=1), 0)
    with pytest.raises(CaRefusal, match="R05"):
        renewed(small_ca, old)


def test_an_enrolment_made_in_time_and_collected_too_late_is_refused(small_ca: SmallAuthority) -> None:
    old = small_ca.old()
    small_ca.clock.now = kst(last_day(old))
    given = small_ca.authority.enrol(enrolment("renewal", old.serial, renews=True))
    small_ca.clock.pass_(days=1)
    with pytest.raises(CaRefusal, match="R05"):
        small_ca.authority.redeem(given.reference, given.code, request(1))


def test_renewing_every_year_never_loses_or_gains_a_day(small_ca: SmallAuthority) -> None:
    certificate = small_ca.old()
    first = last_day(certificate)
    for year in range(1, 5):
        small_ca.clock.now = kst(last_day(certificate) - timedelta(days=7))
        certificate = renewed(small_ca, certificate, f"renewal-{year}", year)
        assert last_day(certificate) == years_later(first, year)
    line = small_ca.authority.lineage(certificate.serial)
    assert [record.status for record in line] == [Status.REVOKED] * 4 + [Status.GOOD]
    assert small_ca.authority.lineage(line[2].serial) == line


def test_a_renewal_needs_a_certificate_to_renew(small_ca: SmallAuthority) -> None:
    with pytest.raises(CaRefusal, match="R09"):
        small_ca.authority.enrol(enrolment(renews=True))


def test_a_request_that_was_a_reissue_cannot_become_a_renewal(small_ca: SmallAuthority) -> None:
    old = small_ca.old()
    small_ca.clock.now = kst(last_day(old) - timedelta(days=7))
    small_ca.authority.enrol(enrolment("same", old.serial))
    with pytest.raises(CaRefusal, match="request_reused"):
        small_ca.authority.enrol(enrolment("same", old.serial, renews=True))


def test_nobody_gets_a_second_live_certificate_of_one_policy(small_ca: SmallAuthority) -> None:
    waiting = small_ca.authority.enrol(enrolment("first"))
    small_ca.old()
    with pytest.raises(CaRefusal, match="has_one"):
        small_ca.authority.enrol(enrolment("second"))
    with pytest.raises(CaRefusal, match="has_one"):
        small_ca.authority.redeem(waiting.reference, waiting.code, request(1))
    assert small_ca.authority.enrol(enrolment("another policy", profile="personal_general"))


def test_a_certificate_is_not_replaced_by_one_of_another_profile(small_ca: SmallAuthority) -> None:
    with pytest.raises(CaRefusal, match="other_profile"):
        small_ca.authority.enrol(enrolment("new", small_ca.old().serial, profile="personal_general"))


def test_a_key_update_keeps_expiry_and_identity_and_revokes_the_old_one(small_ca: SmallAuthority) -> None:
    old = small_ca.old()
    new = small_ca.authority.update(old.serial, key(1).spki, "update")
    assert new.not_after == old.not_after
    identities = [read_identify_data(x509.load_der_x509_certificate(each.der)) for each in (old, new)]
    assert identities[0].user_info[0].vid.virtual_id == identities[1].user_info[0].vid.virtual_id
    assert [record.status for record in small_ca.authority.certificates(HOLDER)] == [
        Status.REVOKED,
        Status.GOOD,
    ]
    assert small_ca.authority.update(old.serial, key(1).spki, "update") == new
    with pytest.raises(CaRefusal, match="R06"):
        small_ca.authority.update(old.serial, key(2).spki, "another")
    assert small_ca.authority.verify_audit().ok


def test_a_key_update_in_the_window_renews(small_ca: SmallAuthority) -> None:
    old = small_ca.old()
    small_ca.clock.now = kst(last_day(old) - timedelta(days=30), 0)
    assert last_day(small_ca.authority.update(old.serial, key(1).spki, "update")) == years_later(last_day(old), 1)


@pytest.mark.parametrize(
    ("refused", "act"),
    [
        ("key_unchanged", lambda b, old: b.authority.update(old.serial, key(0).spki, "u")),
        ("R09", lambda b, old: b.authority.update(old.serial + 1, key(1).spki, "u")),
        ("unreadable", lambda b, old: b.authority.update(old.serial, b"junk", "u")),
    ],
)
def test_what_a_key_update_refuses(small_ca: SmallAuthority, refused: str, act: object) -> None:
    old = small_ca.old()
    with pytest.raises(CaRefusal, match=refused):
        act(small_ca, old)
    assert small_ca.authority.certificates(HOLDER)[0].status is Status.GOOD


def test_a_hold_of_more_than_six_months_is_a_revocation(small_ca: SmallAuthority) -> None:
    old, young = small_ca.old(), small_ca.authority.issue(order("young", 1, holder="C-0002"))
    small_ca.clock.now = kst(date(2027, 8, 31))
    small_ca.authority.hold(old.serial, "hold")
    small_ca.clock.now = kst(date(2027, 9, 30))
    small_ca.authority.hold(young.serial, "later")
    small_ca.clock.now = kst(date(2028, 2, 29), 23, 59)  # six months after the 31st, which February has not
    assert small_ca.authority.lapse_holds() == 0
    small_ca.clock.now = kst(date(2028, 3, 1), 0)
    assert small_ca.authority.lapse_holds() == 1
    assert small_ca.authority.lapse_holds() == 0
    with small_ca.authority._ledger.reading() as tx:
        row = tx.one("record_by_serial", serial=f"{old.serial:x}")
    assert (row["status"], row["reason"]) == ("revoked", "cessationOfOperation")
    assert small_ca.authority.verify_audit().ok


def test_a_lapsed_hold_is_not_released_even_if_nobody_looked_before(small_ca: SmallAuthority) -> None:
    old = small_ca.old()
    small_ca.authority.hold(old.serial, "hold")
    small_ca.clock.now = kst(months_later(day_of(small_ca.clock.now), 6)) + timedelta(days=1)
    with pytest.raises(CaRefusal, match="R06"):
        small_ca.authority.release(old.serial, "release")
    listed = x509.load_der_x509_crl(small_ca.authority.crl())
    entry = listed.get_revoked_certificate_by_serial_number(old.serial)
    assert entry.extensions[0].value.reason is x509.ReasonFlags.cessation_of_operation


days = st.dates(date(2020, 1, 1), date(2099, 12, 31))


@given(days, st.integers(1, 10))
def test_a_renewal_window_is_always_open_on_the_last_day_and_shut_thirty_one_before(day: date, years: int) -> None:
    end = ends(years_later(day, years))
    assert renewal_opens(end, 30) + timedelta(days=30) == day_of(end)


@given(days, st.integers(0, 60))
def test_months_go_on_and_never_skip_one(day: date, months: int) -> None:
    later = months_later(day, months)
    assert (later.year * 12 + later.month) - (day.year * 12 + day.month) == months
    assert later.day <= day.day
