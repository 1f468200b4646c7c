"""However often and from wherever: one application, one certificate, one person's data in one chat."""

import asyncio

import pytest

import ca
from tests.support.customers import AN, GILDONG, persona
from tests.support.local_telegram import PASSWORD, Customer, LocalTelegram


async def test_fifty_taps_on_submit_from_two_devices_are_one_application(
    place: LocalTelegram, gildong: Customer
) -> None:
    await gildong.applies(GILDONG)
    review = await gildong.sees("reissue.review")
    submit = next(key for row in review.keyboard for key in row if key.text == gildong.words("button.submit"))
    assert submit.data
    other_device = place.customer(101)

    taps = [device.person.presses_raw(submit.data, review) for _ in range(25) for device in (gildong, other_device)]
    await asyncio.gather(*taps)
    await gildong.sees("enrolled.password")
    await place.quiet()
    assert await place.rows("SELECT COUNT(*) FROM applications") == [(1,)]

    for _ in range(10):
        await gildong.says(PASSWORD)
    await gildong.sees("card.issued")
    issued = await gildong.sees("card.issued")
    received = next(key for row in issued.keyboard for key in row if key.text == gildong.words("button.received"))
    assert received.data
    for _ in range(10):
        await gildong.person.presses_raw(received.data, issued)
    await gildong.sees("card.closed")
    await place.quiet()

    assert await place.rows("SELECT outcome FROM applications") == [("issued",)]
    old, new = place.authority.certificates(GILDONG.customer_id)
    assert (old.status, new.status) == (ca.Status.REVOKED, ca.Status.GOOD)
    assert place.authority.verify_audit().ok
    assert sum(gildong.pattern("notice.issued").search(text) is not None for text in gildong.texts()) == 1
    assert len([each for each in gildong.person.messages if each.document]) == 2


async def test_every_tap_is_answered_even_on_the_oldest_button(place: LocalTelegram, gildong: Customer) -> None:
    await gildong.person.starts()
    first = await gildong.sees("card.idle")
    start = first.keyboard[0][0].data
    assert start
    await gildong.taps("button.start")
    await gildong.asked("reason", "lost")
    await gildong.says("/status")
    await gildong.reads("reissue.ask.state", after=first.message_id)
    before = len(gildong.person.answers)

    for data in (start, "0.pick:lost", "999.submit", "x", "-1.", "1.edit:name", "5.yes"):
        await gildong.person.presses_raw(data, first)

    await gildong.person.until(lambda person: len(person.answers) == before + 7)
    await gildong.sees("error.old_button")
    await place.quiet()
    assert await place.rows("SELECT phase FROM chats") == [("asking",)]


FORGED = [
    "submit",
    "yes",
    "received",
    "mend",
    "again",
    "edit:*",
    "edit:phone",
    "pick:agree",
    "tick:all",
    "files",
    "useful:'; DROP TABLE chats",
    "topic:../../etc",
    "language:../ko",
    "group:%s",
    "begin",
    "home",
    "back",
]


@pytest.mark.parametrize("token", FORGED)
async def test_a_forged_button_gets_nobody_further(place: LocalTelegram, gildong: Customer, token: str) -> None:
    """The revision can be guessed; what it leads to is looked up in the case."""
    await gildong.triage()
    card = await gildong.sees("reissue.ask.name")
    revision = (card.keyboard[0][0].data or "").partition(".")[0]

    await gildong.person.presses_raw(f"{revision}.{token}"[:64], card)
    await place.quiet()

    (phase,) = (await place.rows("SELECT phase FROM chats"))[0]
    assert phase in {"asking", "idle"}
    assert not gildong.shows("error.internal")
    assert await place.rows("SELECT COUNT(*) FROM applications") == [(0,)]


async def test_two_customers_at_once_never_see_each_others_data(
    place: LocalTelegram, gildong: Customer, an: Customer
) -> None:
    files, other_files = await asyncio.gather(gildong.reissues(GILDONG), an.reissues(AN))

    assert not set(files.values()) & set(other_files.values())
    for customer, other in ((gildong, an), (an, gildong)):
        serial = place.authority.certificates(other.record.customer_id)[-1].serial
        shown = "\n".join(customer.texts())
        assert f"{serial:X}" not in shown
        assert f"*{other.record.account[-4:]}" not in shown
        receipt = (await place.rows(f"SELECT receipt FROM applications WHERE chat_id = {other.person.chat.id}"))[0][0]
        assert str(receipt) not in shown
        sms = "\n".join(each.text for each in place.messenger.sms_of(customer.record.phone))
        assert str(receipt) not in sms
        mails = "\n".join(each.text for each in place.messenger.mail_of(customer.record.email))
        assert str(receipt) not in mails


async def test_only_the_own_contact_counts_and_its_key_goes_away(place: LocalTelegram, gildong: Customer) -> None:
    await gildong.triage()
    await gildong.fills_in(GILDONG, until="phone")
    await gildong.person.until(lambda person: person.reply_keyboard)

    forwarded = await gildong.person.shares_contact(of=persona(AN, 104))
    await gildong.sees("error.contact_not_yours")
    typed_in = await gildong.person.shares_contact(own=False)
    await place.quiet()
    assert not gildong.shows("reissue.ask.account")

    own = await gildong.person.shares_contact()
    noted = await gildong.sees("reissue.ask.account")
    await place.quiet()
    assert "010-****-5678" in noted.text
    assert not gildong.person.reply_keyboard
    left = [each.message_id for each in gildong.person.messages]
    assert not {forwarded.message_id, typed_in.message_id, own.message_id} & set(left)

    late = await gildong.person.shares_contact()
    await gildong.sees("error.contact_not_asked")
    await place.quiet()
    assert late.message_id not in [each.message_id for each in gildong.person.messages]
    await gildong.fills_in(GILDONG, begin="account")
    await gildong.proves(GILDONG)


async def test_a_foreign_number_in_the_own_contact_is_told_what_is_needed(place: LocalTelegram, an: Customer) -> None:
    await an.triage()
    await an.fills_in(AN, until="phone")

    await an.person.sends({"contact": {"phone_number": "+84901234567", "first_name": "An", "user_id": 104}})

    await an.sees("error.mobile_format")
    await an.fills_in(AN, begin="phone")
    await an.sees("proof.sent.sms")


HOSTILE_NAMES = [
    "<b>홍길동</b>",
    "**홍길동**",
    "홍길동'; DROP TABLE customers;--",
    "{name}",
    "%s%n",
    "홍\u202e길동",
    "\u200b\u200b",
    "홍길동\x00",
    "가" * 4000,
    "[홍길동](tg://user?id=1)",
    "\ud55c\u0300" * 30,
]


@pytest.mark.parametrize("name", HOSTILE_NAMES, ids=range(len(HOSTILE_NAMES)))
async def test_a_hostile_name_is_text_or_refused_and_the_form_goes_on(
    place: LocalTelegram, gildong: Customer, name: str
) -> None:
    await gildong.triage()

    await gildong.says(name)

    await gildong.person.until(
        lambda _person: any(
            gildong.shows(key) for key in ("error.name_format", "error.name_too_long", "reissue.ask.birth")
        )
    )
    await place.quiet()
    assert not gildong.shows("error.internal")
    assert place.messenger.stats.refused.get(400, 0) == 0
