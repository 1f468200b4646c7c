from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from ca import CaRefusal, KeyRequest, Reason, Status
from ca.registration.registrar import ALPHABET
from tests.support.authority import HOLDER, IDN, NAME, Crash, SmallAuthority, enrolment, key, order, request

STEPS = ["reserved", "linted", "signed", "compared", "stored"]


def test_reissue_keeps_the_expiry_and_revokes_the_old(small_ca: SmallAuthority) -> None:
    old = small_ca.old()
    small_ca.clock.pass_(days=40)
    _, new = small_ca.reissue(old.serial)
    first, second = small_ca.authority.certificates(HOLDER)
    assert (first.status, first.reason, first.replaced_by) == (Status.REVOKED, Reason.SUPERSEDED, new.serial)
    assert (second.status, second.replaces, second.not_after) == (Status.GOOD, old.serial, old.not_after)
    assert second.not_before == datetime(2027, 4, 19, 1, 30, tzinfo=UTC)
    assert small_ca.authority.verify_audit().ok


def test_without_an_old_one_it_lasts_a_calendar_year(small_ca: SmallAuthority) -> None:
    given = small_ca.authority.enrol(enrolment())
    assert small_ca.authority.redeem(given.reference, given.code, request(1)).not_after == datetime(
        2028, 3, 10, 14, 59, 59, tzinfo=UTC
    )


def test_asking_again_tells_the_same_reference_and_code(small_ca: SmallAuthority) -> None:
    given = small_ca.authority.enrol(enrolment())
    small_ca.clock.pass_(days=1)
    small_ca.restart()
    assert small_ca.authority.enrol(enrolment()) == given
    assert given.expires_at == datetime(2027, 3, 17, 1, 30, 15, tzinfo=UTC)
    assert len(given.code) == 20
    assert set(given.code) <= set(ALPHABET)


def test_the_same_key_again_is_the_same_certificate_after_any_time(small_ca: SmallAuthority) -> None:
    given, new = small_ca.reissue(small_ca.old().serial)
    small_ca.clock.pass_(days=30)
    small_ca.restart()
    assert small_ca.authority.redeem(given.reference, given.code, request(1)).der == new.der


def test_another_key_is_refused(small_ca: SmallAuthority) -> None:
    given, _ = small_ca.reissue(small_ca.old().serial)
    for other in (request(2), KeyRequest(key(1).spki, bytes(20))):
        with pytest.raises(CaRefusal, match="R10 reason=used"):
            small_ca.authority.redeem(given.reference, given.code, other)


def test_a_code_may_be_typed_by_a_person(small_ca: SmallAuthority) -> None:
    given = small_ca.authority.enrol(enrolment())
    typed = " ".join(given.code[at : at + 4] for at in range(0, 20, 4)).lower().replace("0", "o").replace("1", "l")
    assert small_ca.authority.redeem(f" {given.reference} ", typed, request(1)).request_id == "new"


def test_wrong_codes_are_counted_and_then_the_right_one_is_dead(small_ca: SmallAuthority) -> None:
    given = small_ca.authority.enrol(enrolment())
    for wrong in ["", "x", "0" * 20, given.code[:-1], "홍"]:
        with pytest.raises(CaRefusal, match="R10 reason=wrong"):
            small_ca.authority.redeem(given.reference, wrong, request(1))
    with pytest.raises(CaRefusal, match="R10 reason=locked"):
        small_ca.authority.redeem(given.reference, given.code, request(1))
    assert small_ca.authority.certificates(HOLDER) == ()
    again = small_ca.authority.enrol(enrolment("another"))
    assert small_ca.authority.redeem(again.reference, again.code, request(1)).request_id == "another"


def test_after_four_wrong_codes_the_right_one_still_works(small_ca: SmallAuthority) -> None:
    given = small_ca.authority.enrol(enrolment())
    for _ in range(4):
        with pytest.raises(CaRefusal, match="R10"):
            small_ca.authority.redeem(given.reference, "wrong", request(1))
    assert small_ca.authority.redeem(given.reference, given.code, request(1)).request_id == "new"


def test_an_unknown_reference_is_answered_like_a_wrong_code(small_ca: SmallAuthority) -> None:
    with pytest.raises(CaRefusal, match=r"^R10 reason=wrong$"):
        small_ca.authority.redeem("0000000000", "0" * 20, request(1))


@pytest.mark.parametrize(("seconds", "reason"), [(-1, None), (0, "lapsed"), (86400, "lapsed")])
def test_a_lifetime_ends(small_ca: SmallAuthority, seconds: int, reason: str | None) -> None:
    given = small_ca.authority.enrol(enrolment(lifetime=timedelta(hours=1)))
    small_ca.clock.now = given.expires_at + timedelta(seconds=seconds)
    if reason is None:
        assert small_ca.authority.redeem(given.reference, given.code, request(1)).request_id == "new"
        return
    with pytest.raises(CaRefusal, match=f"R10 reason={reason}"):
        small_ca.authority.redeem(given.reference, given.code, request(1))


def test_a_withdrawn_enrolment_is_worth_nothing(small_ca: SmallAuthority) -> None:
    given = small_ca.authority.enrol(enrolment())
    small_ca.authority.withdraw("new")
    small_ca.authority.withdraw("new")
    with pytest.raises(CaRefusal, match="R10 reason=withdrawn"):
        small_ca.authority.redeem(given.reference, given.code, request(1))
    assert small_ca.authority.verify_audit().ok


def test_a_redeemed_enrolment_cannot_be_withdrawn(small_ca: SmallAuthority) -> None:
    small_ca.reissue(small_ca.old().serial)
    with pytest.raises(CaRefusal, match="R10 reason=used"):
        small_ca.authority.withdraw("new")


@pytest.mark.parametrize("moment", ["enrol", "redeem"])
@pytest.mark.parametrize(("state", "code"), [("expired", "R05"), ("revoked", "R06"), ("hold", "R07")])
def test_only_a_good_certificate_is_reissued(small_ca: SmallAuthority, moment: str, state: str, code: str) -> None:
    old = small_ca.old()
    given = small_ca.authority.enrol(enrolment(replaces=old.serial, lifetime=timedelta(days=999)))
    if state == "revoked":
        small_ca.authority.revoke(old.serial, Reason.KEY_COMPROMISE, "theft")
    elif state == "hold":
        small_ca.authority.hold(old.serial, "freeze")
    else:
        small_ca.clock.now = old.not_after + timedelta(seconds=1)
    ask = {
        "enrol": lambda: small_ca.authority.enrol(enrolment("late", old.serial)),
        "redeem": lambda: small_ca.authority.redeem(given.reference, given.code, request(1)),
    }
    with pytest.raises(CaRefusal, match=code):
        ask[moment]()
    assert len(small_ca.authority.certificates(HOLDER)) == 1


def test_a_hold_that_is_released_lets_the_reissue_go_on(small_ca: SmallAuthority) -> None:
    old = small_ca.old()
    small_ca.authority.hold(old.serial, "freeze")
    with pytest.raises(CaRefusal, match="R07"):
        small_ca.authority.enrol(enrolment(replaces=old.serial))
    small_ca.authority.release(old.serial, "thaw")
    assert small_ca.reissue(old.serial)[1].not_after == old.not_after


@pytest.mark.parametrize("change", [{"holder": "C-0002"}, {"replaces": 12345}])
def test_nobody_replaces_what_is_not_theirs(small_ca: SmallAuthority, change: dict[str, object]) -> None:
    old = small_ca.old()
    with pytest.raises(CaRefusal, match="R09"):
        small_ca.authority.enrol(enrolment(**{"replaces": old.serial} | change))


def test_two_enrolments_for_one_old_certificate_make_one_new(small_ca: SmallAuthority) -> None:
    old = small_ca.old()
    first = small_ca.authority.enrol(enrolment("one", old.serial))
    second = small_ca.authority.enrol(enrolment("two", old.serial))
    small_ca.authority.redeem(first.reference, first.code, request(1))
    with pytest.raises(CaRefusal, match="R06"):
        small_ca.authority.redeem(second.reference, second.code, request(2))
    assert [record.status for record in small_ca.authority.certificates(HOLDER)] == [
        Status.REVOKED,
        Status.GOOD,
    ]


@pytest.mark.parametrize("step", STEPS)
def test_a_crash_after_any_step_is_finished_by_asking_again(small_ca: SmallAuthority, step: str) -> None:
    old = small_ca.old()
    given = small_ca.authority.enrol(enrolment(replaces=old.serial))
    small_ca.restart(dies_at=step)
    with pytest.raises(Crash):
        small_ca.authority.redeem(given.reference, given.code, request(1))
    small_ca.restart()
    live = [record for record in small_ca.authority.certificates(HOLDER) if record.status is Status.GOOD]
    assert len(live) == 1  # the old one until the new one is stored, never none and never two
    with small_ca.authority._ledger.reading() as tx:
        reserved = {row["serial"] for row in tx.all("whole_intent")}
    new = small_ca.authority.redeem(given.reference, given.code, request(1))
    assert f"{new.serial:x}" in reserved
    assert [record.status for record in small_ca.authority.certificates(HOLDER)] == [
        Status.REVOKED,
        Status.GOOD,
    ]
    assert small_ca.authority.verify_audit().ok


@pytest.mark.parametrize("step", STEPS)
def test_a_crash_while_issuing_loses_and_doubles_nothing(small_ca: SmallAuthority, step: str) -> None:
    small_ca.restart(dies_at=step)
    with pytest.raises(Crash):
        small_ca.authority.issue(order())
    small_ca.restart()
    small_ca.clock.pass_(hours=1)
    certificate = small_ca.authority.issue(order())
    assert [record.serial for record in small_ca.authority.certificates(HOLDER)] == [certificate.serial]
    assert small_ca.authority.verify_audit().ok


def test_a_start_finishes_what_the_last_one_died_over(small_ca: SmallAuthority) -> None:
    old = small_ca.old()
    given = small_ca.authority.enrol(enrolment(replaces=old.serial))
    small_ca.restart(dies_at="reserved")
    with pytest.raises(Crash):
        small_ca.authority.redeem(given.reference, given.code, request(1))
    small_ca.restart()
    made = small_ca.authority.record_for("new")
    assert made is not None
    assert made.replaces == old.serial
    assert small_ca.authority.redeem(given.reference, given.code, request(1)).der == made.der


def test_one_that_is_in_the_making_is_the_one(small_ca: SmallAuthority) -> None:
    first, second = (small_ca.authority.enrol(enrolment(each)) for each in ("one", "two"))
    elsewhere = small_ca.open()
    small_ca.restart(dies_at="reserved")
    with pytest.raises(Crash):
        small_ca.authority.redeem(first.reference, first.code, request(1))
    with pytest.raises(CaRefusal, match="R15"):
        elsewhere.redeem(second.reference, second.code, request(2))
    elsewhere.redeem(first.reference, first.code, request(1))
    elsewhere.close()
    assert [record.request_id for record in small_ca.authority.certificates(HOLDER)] == ["one"]


def test_an_old_one_revoked_between_intent_and_storage_stops_the_new_one(small_ca: SmallAuthority) -> None:
    old = small_ca.old()
    given = small_ca.authority.enrol(enrolment(replaces=old.serial))
    elsewhere = small_ca.open()
    small_ca.restart(dies_at="signed")
    with pytest.raises(Crash):
        small_ca.authority.redeem(given.reference, given.code, request(1))
    elsewhere.revoke(old.serial, Reason.KEY_COMPROMISE, "theft")
    elsewhere.close()
    small_ca.restart()
    with pytest.raises(CaRefusal, match="R06"):
        small_ca.authority.redeem(given.reference, given.code, request(1))
    assert [record.status for record in small_ca.authority.certificates(HOLDER)] == [Status.REVOKED]
    assert small_ca.authority.verify_audit().ok


def test_neither_name_nor_number_nor_code_is_on_the_disk(small_ca: SmallAuthority) -> None:
    old = small_ca.old()
    waiting = small_ca.authority.enrol(enrolment("waiting", holder="C-0002"))
    given, new = small_ca.reissue(old.serial)
    disk = small_ca.ledger_bytes()
    for secret in [
        NAME.encode(),
        NAME.encode("utf-16-le"),
        IDN.encode(),
        given.code.encode(),
        waiting.code.encode(),
    ]:
        assert secret not in disk
    assert x509.load_der_x509_certificate(new.der).subject.public_bytes() not in disk


def test_the_identity_number_is_gone_after_redemption_and_after_the_lifetime(
    small_ca: SmallAuthority,
) -> None:
    small_ca.reissue(small_ca.old().serial)
    small_ca.authority.enrol(enrolment("lapsing", holder="C-0002", lifetime=timedelta(hours=1)))
    small_ca.clock.pass_(hours=2)
    small_ca.authority.enrol(enrolment("later", holder="C-0003"))
    with small_ca.authority._ledger.reading() as tx:
        kept = {
            name: tx.one("enrolment_by_request", request_id=name)["subject"] for name in ("new", "lapsing", "later")
        }
    assert kept["new"] is None
    assert kept["lapsing"] is None
    assert kept["later"]


@pytest.mark.parametrize(
    ("reference", "code"),
    [("", ""), ("\ud800", "\ud800"), ("9" * 10**6, "A" * 10**6), ("1234567890\x00", "\x00")],
)
def test_nothing_that_is_typed_breaks_the_lookup(small_ca: SmallAuthority, reference: str, code: str) -> None:
    with pytest.raises(CaRefusal, match="R10 reason=wrong"):
        small_ca.authority.redeem(reference, code, request(1))


def test_guessing_at_a_redeemed_code_does_not_keep_its_owner_out(small_ca: SmallAuthority) -> None:
    given, new = small_ca.reissue(small_ca.old().serial)
    for _ in range(9):
        with pytest.raises(CaRefusal, match="wrong"):
            small_ca.authority.redeem(given.reference, "guess", request(1))
    assert small_ca.authority.redeem(given.reference, given.code, request(1)) == new


def test_the_certificate_of_a_request_is_found(small_ca: SmallAuthority) -> None:
    given = small_ca.authority.enrol(enrolment())
    assert small_ca.authority.record_for("new") is None
    new = small_ca.authority.redeem(given.reference, given.code, request(1))
    assert small_ca.authority.record_for("new").serial == new.serial
