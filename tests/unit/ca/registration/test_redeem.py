from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from ca import CaRefusal, KeyRequest, Reason, Status
from ca.registration.registrar import ALPHABET
from tests.support.authority import HOLDER, IDN, NAME, Crash, SmallAuthority, enrolment, key, order, request

STEPS = ["reserved", "linted", "signed", "compared", "stored"]


def test_reissue_keeps_the_expiry_and_revokes_the_old(bureau: SmallAuthority) -> None:
    old = bureau.old()
    bureau.clock.pass_(days=40)
    _, new = bureau.reissue(old.serial)
    first, second = bureau.authority.certificates(HOLDER)
    assert (first.status, first.reason, first.replaced_by) == (Status.REVOKED, Reason.SUPERSEDED, new.serial)
    assert (second.status, second.replaces, second.not_after) == (Status.GOOD, old.serial, old.not_after)
    assert second.not_before == datetime(2027, 4, 19, 1, 30, tzinfo=UTC)
    assert bureau.authority.verify_audit().ok


def test_without_an_old_one_it_lasts_a_calendar_year(bureau: SmallAuthority) -> None:
    given = bureau.authority.enrol(enrolment())
    assert bureau.authority.redeem(given.reference, given.code, request(1)).not_after == datetime(
        2028, 3, 10, 14, 59, 59, tzinfo=UTC
    )


def test_asking_again_tells_the_same_reference_and_code(bureau: SmallAuthority) -> None:
    given = bureau.authority.enrol(enrolment())
    bureau.clock.pass_(days=1)
    bureau.restart()
    assert bureau.authority.enrol(enrolment()) == given
    assert given.expires_at == datetime(2027, 3, 17, 1, 30, 15, tzinfo=UTC)
    assert len(given.code) == 20
    assert set(given.code) <= set(ALPHABET)


def test_the_same_key_again_is_the_same_certificate_after_any_time(bureau: SmallAuthority) -> None:
    given, new = bureau.reissue(bureau.old().serial)
    bureau.clock.pass_(days=30)
    bureau.restart()
    assert bureau.authority.redeem(given.reference, given.code, request(1)).der == new.der


def test_another_key_is_refused(bureau: SmallAuthority) -> None:
    given, _ = bureau.reissue(bureau.old().serial)
    for other in (request(2), KeyRequest(key(1).spki, bytes(20))):
        with pytest.raises(CaRefusal, match="R10 reason=used"):
            bureau.authority.redeem(given.reference, given.code, other)


def test_a_code_may_be_typed_by_a_person(bureau: SmallAuthority) -> None:
    given = bureau.authority.enrol(enrolment())
    typed = (
        " ".join(given.code[at : at + 4] for at in range(0, 20, 4))
        .lower()
        .replace("0", "o")
        .replace("1", "l")
    )
    assert bureau.authority.redeem(f" {given.reference} ", typed, request(1)).request_id == "new"


def test_wrong_codes_are_counted_and_then_the_right_one_is_dead(bureau: SmallAuthority) -> None:
    given = bureau.authority.enrol(enrolment())
    for wrong in ["", "x", "0" * 20, given.code[:-1], "홍"]:
        with pytest.raises(CaRefusal, match="R10 reason=wrong"):
            bureau.authority.redeem(given.reference, wrong, request(1))
    with pytest.raises(CaRefusal, match="R10 reason=locked"):
        bureau.authority.redeem(given.reference, given.code, request(1))
    assert bureau.authority.certificates(HOLDER) == ()
    again = bureau.authority.enrol(enrolment("another"))
    assert bureau.authority.redeem(again.reference, again.code, request(1)).request_id == "another"


def test_after_four_wrong_codes_the_right_one_still_works(bureau: SmallAuthority) -> None:
    given = bureau.authority.enrol(enrolment())
    for _ in range(4):
        with pytest.raises(CaRefusal, match="R10"):
            bureau.authority.redeem(given.reference, "wrong", request(1))
    assert bureau.authority.redeem(given.reference, given.code, request(1)).request_id == "new"


def test_an_unknown_reference_is_answered_like_a_wrong_code(bureau: SmallAuthority) -> None:
    with pytest.raises(CaRefusal, match=r"^R10 reason=wrong$"):
        bureau.authority.redeem("0000000000", "0" * 20, request(1))


@pytest.mark.parametrize(("seconds", "reason"), [(-1, None), (0, "lapsed"), (86400, "lapsed")])
def test_a_lifetime_ends(bureau: SmallAuthority, seconds: int, reason: str | None) -> None:
    given = bureau.authority.enrol(enrolment(lifetime=timedelta(hours=1)))
    bureau.clock.now = given.expires_at + timedelta(seconds=seconds)
    if reason is None:
        assert bureau.authority.redeem(given.reference, given.code, request(1)).request_id == "new"
        return
    with pytest.raises(CaRefusal, match=f"R10 reason={reason}"):
        bureau.authority.redeem(given.reference, given.code, request(1))


def test_a_withdrawn_enrolment_is_worth_nothing(bureau: SmallAuthority) -> None:
    given = bureau.authority.enrol(enrolment())
    bureau.authority.withdraw("new")
    bureau.authority.withdraw("new")
    with pytest.raises(CaRefusal, match="R10 reason=withdrawn"):
        bureau.authority.redeem(given.reference, given.code, request(1))
    assert bureau.authority.verify_audit().ok


def test_a_redeemed_enrolment_cannot_be_withdrawn(bureau: SmallAuthority) -> None:
    bureau.reissue(bureau.old().serial)
    with pytest.raises(CaRefusal, match="R10 reason=used"):
        bureau.authority.withdraw("new")


@pytest.mark.parametrize("moment", ["enrol", "redeem"])
@pytest.mark.parametrize(("state", "code"), [("expired", "R05"), ("revoked", "R06"), ("hold", "R07")])
def test_only_a_good_certificate_is_reissued(
    bureau: SmallAuthority, moment: str, state: str, code: str
) -> None:
    old = bureau.old()
    given = bureau.authority.enrol(enrolment(replaces=old.serial, lifetime=timedelta(days=999)))
    if state == "revoked":
        bureau.authority.revoke(old.serial, Reason.KEY_COMPROMISE, "theft")
    elif state == "hold":
        bureau.authority.hold(old.serial, "freeze")
    else:
        bureau.clock.now = old.not_after + timedelta(seconds=1)
    ask = {
        "enrol": lambda: bureau.authority.enrol(enrolment("late", old.serial)),
        "redeem": lambda: bureau.authority.redeem(given.reference, given.code, request(1)),
    }
    with pytest.raises(CaRefusal, match=code):
        ask[moment]()
    assert len(bureau.authority.certificates(HOLDER)) == 1


def test_a_hold_that_is_released_lets_the_reissue_go_on(bureau: SmallAuthority) -> None:
    old = bureau.old()
    bureau.authority.hold(old.serial, "freeze")
    with pytest.raises(CaRefusal, match="R07"):
        bureau.authority.enrol(enrolment(replaces=old.serial))
    bureau.authority.release(old.serial, "thaw")
    assert bureau.reissue(old.serial)[1].not_after == old.not_after


@pytest.mark.parametrize("change", [{"holder": "C-0002"}, {"replaces": 12345}])
def test_nobody_replaces_what_is_not_theirs(bureau: SmallAuthority, change: dict[str, object]) -> None:
    old = bureau.old()
    with pytest.raises(CaRefusal, match="R09"):
        bureau.authority.enrol(enrolment(**{"replaces": old.serial} | change))


def test_two_enrolments_for_one_old_certificate_make_one_new(bureau: SmallAuthority) -> None:
    old = bureau.old()
    first = bureau.authority.enrol(enrolment("one", old.serial))
    second = bureau.authority.enrol(enrolment("two", old.serial))
    bureau.authority.redeem(first.reference, first.code, request(1))
    with pytest.raises(CaRefusal, match="R06"):
        bureau.authority.redeem(second.reference, second.code, request(2))
    assert [record.status for record in bureau.authority.certificates(HOLDER)] == [
        Status.REVOKED,
        Status.GOOD,
    ]


@pytest.mark.parametrize("step", STEPS)
def test_a_crash_after_any_step_is_finished_by_asking_again(bureau: SmallAuthority, step: str) -> None:
    old = bureau.old()
    given = bureau.authority.enrol(enrolment(replaces=old.serial))
    bureau.restart(dies_at=step)
    with pytest.raises(Crash):
        bureau.authority.redeem(given.reference, given.code, request(1))
    bureau.restart()
    live = [record for record in bureau.authority.certificates(HOLDER) if record.status is Status.GOOD]
    assert len(live) == 1  # the old one until the new one is stored, never none and never two
    with bureau.authority._ledger.reading() as tx:
        reserved = {row["serial"] for row in tx.all("whole_intent")}
    new = bureau.authority.redeem(given.reference, given.code, request(1))
    assert f"{new.serial:x}" in reserved
    assert [record.status for record in bureau.authority.certificates(HOLDER)] == [
        Status.REVOKED,
        Status.GOOD,
    ]
    assert bureau.authority.verify_audit().ok


@pytest.mark.parametrize("step", STEPS)
def test_a_crash_while_issuing_loses_and_doubles_nothing(bureau: SmallAuthority, step: str) -> None:
    bureau.restart(dies_at=step)
    with pytest.raises(Crash):
        bureau.authority.issue(order())
    bureau.restart()
    bureau.clock.pass_(hours=1)
    certificate = bureau.authority.issue(order())
    assert [record.serial for record in bureau.authority.certificates(HOLDER)] == [certificate.serial]
    assert bureau.authority.verify_audit().ok


def test_a_start_finishes_what_the_last_one_died_over(bureau: SmallAuthority) -> None:
    old = bureau.old()
    given = bureau.authority.enrol(enrolment(replaces=old.serial))
    bureau.restart(dies_at="reserved")
    with pytest.raises(Crash):
        bureau.authority.redeem(given.reference, given.code, request(1))
    bureau.restart()
    made = bureau.authority.record_for("new")
    assert made is not None
    assert made.replaces == old.serial
    assert bureau.authority.redeem(given.reference, given.code, request(1)).der == made.der


def test_one_that_is_in_the_making_is_the_one(bureau: SmallAuthority) -> None:
    first, second = (bureau.authority.enrol(enrolment(each)) for each in ("one", "two"))
    elsewhere = bureau.open()
    bureau.restart(dies_at="reserved")
    with pytest.raises(Crash):
        bureau.authority.redeem(first.reference, first.code, request(1))
    with pytest.raises(CaRefusal, match="R15"):
        elsewhere.redeem(second.reference, second.code, request(2))
    elsewhere.redeem(first.reference, first.code, request(1))
    elsewhere.close()
    assert [record.request_id for record in bureau.authority.certificates(HOLDER)] == ["one"]


def test_an_old_one_revoked_between_intent_and_storage_stops_the_new_one(bureau: SmallAuthority) -> None:
    old = bureau.old()
    given = bureau.authority.enrol(enrolment(replaces=old.serial))
    elsewhere = bureau.open()
    bureau.restart(dies_at="signed")
    with pytest.raises(Crash):
        bureau.authority.redeem(given.reference, given.code, request(1))
    elsewhere.revoke(old.serial, Reason.KEY_COMPROMISE, "theft")
    elsewhere.close()
    bureau.restart()
    with pytest.raises(CaRefusal, match="R06"):
        bureau.authority.redeem(given.reference, given.code, request(1))
    assert [record.status for record in bureau.authority.certificates(HOLDER)] == [Status.REVOKED]
    assert bureau.authority.verify_audit().ok


def test_neither_name_nor_number_nor_code_is_on_the_disk(bureau: SmallAuthority) -> None:
    old = bureau.old()
    waiting = bureau.authority.enrol(enrolment("waiting", holder="C-0002"))
    given, new = bureau.reissue(old.serial)
    disk = bureau.ledger_bytes()
    for secret in [
        NAME.encode(),
        NAME.encode("utf-16-le"),
        IDN.encode(),
        given.code.encode(),
        waiting.code.encode(),
    ]:
        assert secret not in disk
    assert x509.load_der_x509_certificate(new.der).subject.public_bytes() not in disk


def test_the_identity_number_is_gone_after_redemption_and_after_the_lifetime(bureau: SmallAuthority) -> None:
    bureau.reissue(bureau.old().serial)
    bureau.authority.enrol(enrolment("lapsing", holder="C-0002", lifetime=timedelta(hours=1)))
    bureau.clock.pass_(hours=2)
    bureau.authority.enrol(enrolment("later", holder="C-0003"))
    with bureau.authority._ledger.reading() as tx:
        kept = {
            name: tx.one("enrolment_by_request", request_id=name)["subject"]
            for name in ("new", "lapsing", "later")
        }
    assert kept["new"] is None
    assert kept["lapsing"] is None
    assert kept["later"]


@pytest.mark.parametrize(
    ("reference", "code"),
    [("", ""), ("\ud800", "\ud800"), ("9" * 10**6, "A" * 10**6), ("1234567890\x00", "\x00")],
)
def test_nothing_that_is_typed_breaks_the_lookup(bureau: SmallAuthority, reference: str, code: str) -> None:
    with pytest.raises(CaRefusal, match="R10 reason=wrong"):
        bureau.authority.redeem(reference, code, request(1))


def test_guessing_at_a_redeemed_code_does_not_keep_its_owner_out(bureau: SmallAuthority) -> None:
    given, new = bureau.reissue(bureau.old().serial)
    for _ in range(9):
        with pytest.raises(CaRefusal, match="wrong"):
            bureau.authority.redeem(given.reference, "guess", request(1))
    assert bureau.authority.redeem(given.reference, given.code, request(1)) == new


def test_the_certificate_of_a_request_is_found(bureau: SmallAuthority) -> None:
    given = bureau.authority.enrol(enrolment())
    assert bureau.authority.record_for("new") is None
    new = bureau.authority.redeem(given.reference, given.code, request(1))
    assert bureau.authority.record_for("new").serial == new.serial
