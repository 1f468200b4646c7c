"""Why an application was refused: shown only after the one-time code was right, and corrected where possible."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path

import pytest
from msgspec.structs import replace

import ca
from bot.conversation.refusals import REFUSALS
from bot.identity.register import CustomerRecord
from tests.support.customers import GILDONG, crowd, persona
from tests.support.local_telegram import PASSWORD, Customer, LocalTelegram, local_telegram

LAPSED, NEVER, REVOKED, HELD = crowd(4)
#: What was mistyped, and the field that corrects it.
MISTYPED = {
    "R01": ("name", replace(GILDONG, name="홍길순")),
    "R02": ("birth", replace(GILDONG, birth_date=date(1980, 5, 12))),
    "R03": ("account", replace(GILDONG, account="12345678901243")),
    "R04": ("phone", replace(GILDONG, phone="01012345687")),
}


@pytest.fixture
async def old_town(template: Path, tmp_path: Path) -> AsyncIterator[LocalTelegram]:
    """Old certificates in every state from which no reissue can begin."""
    people = {201: LAPSED, 202: NEVER, 203: REVOKED, 204: HELD}
    days = {LAPSED.customer_id: -3, NEVER.customer_id: None}
    personas = [persona(record, user_id) for user_id, record in people.items()]
    async with local_telegram(template, tmp_path / "data", list(people.values()), personas, days_left=days) as made:
        made.authority.revoke(made.serials[REVOKED.customer_id], ca.Reason.UNSPECIFIED, "test-revoke")
        made.authority.hold(made.serials[HELD.customer_id], "test-hold")
        yield made


async def submits(customer: Customer, typed: CustomerRecord, known: CustomerRecord) -> None:
    """Apply with what was typed; until the code is entered, nothing shows that anything is wrong."""
    await customer.triage()
    await customer.fills_in(typed)
    await customer.sees("proof.sent.sms")
    assert not any(customer.shows(f"refusal.{code}") for code in REFUSALS)
    await customer.proves(known)
    assert not any(customer.shows(f"refusal.{code}") for code in REFUSALS)
    await customer.taps("button.submit")


async def is_refused(customer: Customer, code: str) -> None:
    await customer.sees(f"refusal.{code}")
    assert any(f"{code})" in text for text in customer.texts())
    before = customer.newest
    await customer.taps("button.more")
    await customer.reads("faq.answer", after=before)


async def goes_on_to_the_certificate(customer: Customer) -> None:
    await customer.sees("reissue.review")
    await customer.taps("button.submit")
    await customer.sees("enrolled.password")
    await customer.says(PASSWORD)
    await customer.sees("card.issued")


@pytest.mark.parametrize("code", MISTYPED)
async def test_a_mistyped_field_is_named_after_the_code_and_mended(
    place: LocalTelegram, gildong: Customer, code: str
) -> None:
    field, typed = MISTYPED[code]
    await submits(gildong, typed, GILDONG)
    await is_refused(gildong, code)
    text = await place.messenger.until(
        lambda world: next((sms for sms in world.sms_of(GILDONG.phone) if code in sms.text), None)
    )
    assert GILDONG.name not in text.text

    await gildong.taps("button.mend")
    answers = {"name": GILDONG.name, "birth": "800521", "account": GILDONG.account, "phone": GILDONG.phone}
    await gildong.answers(field, answers[field])

    await goes_on_to_the_certificate(gildong)


async def test_a_mistyped_day_of_the_identity_card_is_mended_by_choosing_the_field(
    place: LocalTelegram, gildong: Customer
) -> None:
    await submits(gildong, replace(GILDONG, id_issued_on=date(2019, 3, 7)), GILDONG)
    await is_refused(gildong, "R11")
    await place.staff.sees("staff.refused")

    await gildong.taps("button.mend")
    await gildong.sees("reissue.edit")
    await gildong.taps("reissue.field.id_issued_on")
    await gildong.answers("id_issued_on", GILDONG.id_issued_on.isoformat())

    await goes_on_to_the_certificate(gildong)


async def test_too_many_refused_applications_pause_and_say_until_when(place: LocalTelegram, gildong: Customer) -> None:
    wrong = ["홍길순", "홍길선", "홍길산", "홍길손", "홍길신", "홍길센"]
    await submits(gildong, replace(GILDONG, name=wrong[0]), GILDONG)
    for each in wrong[1:]:
        await gildong.sees("refusal.R01")
        await gildong.taps("button.mend")
        await gildong.answers("name", each)
        await gildong.sees("reissue.review")
        await gildong.taps("button.submit")
    await gildong.sees("refusal.R11")
    await gildong.sees("refusal.retry_at")

    await gildong.taps("button.mend")
    await gildong.sees("error.too_early")

    await place.later(timedelta(hours=2))
    await gildong.taps("button.mend")
    await gildong.taps("reissue.field.name")
    await gildong.answers("name", GILDONG.name)
    await gildong.taps("button.submit")
    await gildong.sees("proof.stale")  # Two hours later it may be somebody else with the phone.
    await gildong.proves(GILDONG)
    await goes_on_to_the_certificate(gildong)


@pytest.mark.parametrize(
    ("user_id", "record", "code"),
    [(201, LAPSED, "R05"), (202, NEVER, "R09"), (203, REVOKED, "R06")],
)
async def test_an_old_certificate_that_no_reissue_can_begin_with(
    old_town: LocalTelegram, user_id: int, record: CustomerRecord, code: str
) -> None:
    customer = old_town.customer(user_id)
    await submits(customer, record, record)

    await is_refused(customer, code)

    screen = customer.person.screen
    assert screen
    assert not any(customer.shows(f"button.{name}") for name in ("mend", "retry"))
    assert (await old_town.rows("SELECT outcome FROM applications")) == [(code,)]
    await customer.says("/agent")
    await customer.sees("human.text")
    await old_town.staff.sees("staff.wanted")


async def test_a_held_certificate_is_released_by_staff_and_then_reissued(old_town: LocalTelegram) -> None:
    customer = old_town.customer(204)
    await submits(customer, HELD, HELD)
    await is_refused(customer, "R07")
    told = await old_town.staff.sees("staff.refused")

    old_town.authority.release(old_town.serials[HELD.customer_id], "test-release")
    await old_town.staff.person.says("효력을 회복했어요.", reply_to=told)
    await customer.sees("staff.answer")
    await customer.says("/reissue")
    await customer.taps("confirm.restart.yes")
    await customer.tells_why()
    await customer.fills_in(HELD)
    await customer.proves(HELD)

    await goes_on_to_the_certificate(customer)


async def test_a_lapsed_enrolment_is_applied_for_once_more_without_typing_again(
    place: LocalTelegram, gildong: Customer
) -> None:
    await gildong.applies(GILDONG)
    await gildong.taps("button.submit")
    await gildong.sees("enrolled.password")
    with (
        closing(sqlite3.connect(place.settings.storage.data_dir / "ca" / "ledger.sqlite3")) as ledger,
        ledger,
    ):
        ledger.execute("UPDATE enrolment SET expires_at = 1")

    await gildong.says(PASSWORD)
    await is_refused(gildong, "R10")
    await gildong.taps("button.retry")

    await goes_on_to_the_certificate(gildong)
    assert await place.rows("SELECT outcome FROM applications ORDER BY submitted_at") == [
        ("R10",),
        ("issued",),
    ]
    old, new = place.authority.certificates(GILDONG.customer_id)
    assert (old.status, new.status) == (ca.Status.REVOKED, ca.Status.GOOD)
