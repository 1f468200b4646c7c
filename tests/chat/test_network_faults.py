"""Network faults: updates twice and late, calls refused, replies lost, requests to wait, and a customer who blocked
us.
"""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

import ca
from handlers.local import Limits
from handlers.local.wire.faults import GatewayState
from tests.support.customers import AN, GILDONG, persona
from tests.support.local_telegram import PASSWORD, Customer, LocalTelegram, local_telegram

PATIENT = 60.0


async def is_issued_once(place: LocalTelegram, customer: Customer) -> None:
    await place.quiet(PATIENT)
    assert await place.rows("SELECT outcome FROM applications") == [("issued",)]
    old, new = place.authority.certificates(customer.record.customer_id)
    assert (old.status, new.status) == (ca.Status.REVOKED, ca.Status.GOOD)
    assert new.not_after == old.not_after
    assert place.authority.verify_audit().ok
    assert await place.is_sound()
    assert await place.rows("SELECT COUNT(*) FROM outbox WHERE state = 'dead'") == [(0,)]
    assert customer.shows("notice.issued")
    assert {each.document.name for each in customer.person.messages if each.document} == {
        "npki.zip",
        "certificate.p12",
    }


async def test_every_update_twice_and_some_late(place: LocalTelegram, gildong: Customer) -> None:
    place.messenger.faults.duplicate = 1.0
    place.messenger.faults.reorder = 0.2

    await gildong.reissues(GILDONG)

    await is_issued_once(place, gildong)
    assert sum(gildong.pattern("notice.issued").search(text) is not None for text in gildong.texts()) == 1
    assert place.messenger.stats.faults["duplicate"] > 10


@pytest.mark.parametrize("fault", ["refuse", "reset", "lose"])
async def test_calls_that_fail_are_made_again(place: LocalTelegram, gildong: Customer, fault: str) -> None:
    """Lost replies are the hard ones: the call succeeded, but the bot does not know."""
    setattr(place.messenger.faults, fault, 0.05)
    place.messenger.faults.methods = frozenset({"sendMessage", "editMessageText", "deleteMessage", "sendDocument"})

    await gildong.reissues(GILDONG)

    place.messenger.faults.clear()
    await is_issued_once(place, gildong)


async def test_the_first_card_is_shown_although_its_reply_was_lost(place: LocalTelegram, gildong: Customer) -> None:
    faults = place.messenger.faults
    faults.methods = frozenset({"sendMessage"})
    faults.lose = 1.0
    await gildong.person.starts()
    await gildong.sees("card.idle")
    faults.clear()
    await place.quiet(PATIENT)

    await gildong.taps("button.start")
    await gildong.sees("reissue.ask.reason")


async def test_telegram_gone_for_a_while(place: LocalTelegram, gildong: Customer) -> None:
    await gildong.triage()
    await gildong.fills_in(GILDONG, until="birth")
    place.messenger.faults.refuse = 1.0
    await gildong.says("1980-05-21")
    await place.until(lambda: place.messenger.stats.faults["refuse"] >= 2)

    place.messenger.faults.clear()

    await gildong.sees("reissue.ask.phone", patience=PATIENT)
    await gildong.fills_in(GILDONG, begin="phone")
    await gildong.sees("proof.sent.sms")


@pytest.fixture
async def strict(template: Path, tmp_path: Path) -> AsyncIterator[LocalTelegram]:
    """A messenger that asks to wait in a busy chat."""
    personas = [persona(GILDONG, 101), persona(AN, 104, "en")]
    limits = Limits(chat_burst=4, chat_rate=1.0)
    async with local_telegram(template, tmp_path / "data", [GILDONG, AN], personas, limits) as made:
        yield made


async def test_patience_with_one_chat_holds_up_no_other_and_drops_nothing(strict: LocalTelegram) -> None:
    busy, other = strict.customer(101), strict.customer(104, "en")
    for _ in range(6):
        await busy.says("/help")
    await strict.until(lambda: strict.messenger.stats.refused[429] > 0)
    await other.person.starts()
    await other.sees("card.idle")

    assert how_often_told(busy) < 6, "the busy chat still waits"
    await busy.person.until(lambda _person: how_often_told(busy) == 6, PATIENT)


def how_often_told(customer: Customer) -> int:
    return sum(customer.pattern("help.text").search(text) is not None for text in customer.texts())


async def test_text_messages_down_at_the_time_of_the_code(place: LocalTelegram, gildong: Customer) -> None:
    place.messenger.faults.sms = GatewayState.DOWN
    await gildong.triage()
    await gildong.fills_in(GILDONG)
    await gildong.sees("proof.sent.sms")
    await place.until(lambda: place.messenger.stats.faults["sms:down"] >= 1)

    place.messenger.faults.clear()
    await place.later(timedelta(seconds=2))

    await gildong.says(await gildong.code(GILDONG.phone))
    await gildong.sees("reissue.review")


async def test_a_text_message_whose_receipt_was_lost_comes_once(place: LocalTelegram, gildong: Customer) -> None:
    place.messenger.faults.sms = GatewayState.LOST
    await gildong.triage()
    await gildong.fills_in(GILDONG)
    await gildong.code(GILDONG.phone)
    await place.until(lambda: place.messenger.stats.faults["sms:lost"] >= 2)
    place.messenger.faults.clear()
    await place.later(timedelta(seconds=10))

    assert len(place.messenger.sms_of(GILDONG.phone)) == 1
    await gildong.proves(GILDONG)


async def test_mail_down_at_the_time_of_the_result(place: LocalTelegram, gildong: Customer) -> None:
    place.messenger.faults.mail = GatewayState.DOWN
    await gildong.reissues(GILDONG)
    await place.until(lambda: place.messenger.stats.faults["mail:down"] >= 1)

    place.messenger.faults.clear()
    await place.later(timedelta(seconds=10))

    mail = await place.messenger.until_mail(GILDONG.email)
    assert gildong.words("mail.issued.subject") == mail.subject


async def test_a_number_that_the_gateway_refuses_stops_costing_and_staff_learn_of_it(
    place: LocalTelegram, gildong: Customer
) -> None:
    place.messenger.faults.sms = GatewayState.REJECT
    await gildong.triage()
    await gildong.fills_in(GILDONG)
    await gildong.sees("proof.sent.sms")
    await place.quiet()

    assert await place.rows("SELECT COUNT(*) FROM outbox WHERE state = 'dead'") == [(1,)]
    await place.later(timedelta(minutes=2))
    assert place.messenger.stats.faults["sms:reject"] == 1
    place.messenger.faults.clear()
    await gildong.taps("button.back")
    await gildong.asked("via", "mail")
    mail = await place.messenger.until_mail(GILDONG.email)
    assert gildong.pattern("mail.code").search(mail.text)


async def test_who_blocks_the_bot_is_left_in_peace_and_finds_all_of_it_on_return(
    place: LocalTelegram, gildong: Customer
) -> None:
    await gildong.applies(GILDONG)
    await gildong.says("/agent")
    asked = await place.staff.sees("staff.wanted")
    await gildong.taps("button.submit")
    await gildong.sees("enrolled.password")
    await place.quiet()
    await gildong.says(PASSWORD)
    await gildong.person.blocks()
    await place.messenger.until_mail(GILDONG.email)
    await place.quiet()
    calls = sum(place.messenger.stats.calls.values())
    refused = place.messenger.stats.refused[403]
    for _ in range(5):
        await place.staff.person.says("여보세요?", reply_to=asked)
    await place.quiet()
    await place.later(timedelta(minutes=10))

    polls = place.messenger.stats.calls["getUpdates"]
    assert place.messenger.stats.refused[403] == refused
    assert sum(place.messenger.stats.calls.values()) - calls <= polls

    await gildong.person.unblocks()
    await gildong.person.starts()
    await gildong.sees("card.issued")
    await gildong.taps("button.files")
    await gildong.sees("files.caption.p12")
    await gildong.taps("button.received")
    await gildong.sees("card.closed")


async def test_who_blocked_it_in_the_middle_goes_on_where_it_was(place: LocalTelegram, an: Customer) -> None:
    await an.triage()
    await an.fills_in(AN, until="account")
    await an.person.blocks()
    await place.quiet()
    await an.person.unblocks()

    await an.says(AN.account)

    await an.sees("reissue.ask.id_type")
    await an.asked("id_type", AN.id_type)
    await an.answers("id_issued_on", AN.id_issued_on.isoformat())
    await an.asked("via", "sms")
    await an.proves(AN)
