"""The ten patterns that a good dialogue handles, in both languages."""

from datetime import timedelta

import pytest

from tests.support.local_telegram import PASSWORD, Customer, LocalTelegram

QUESTION = {"ko": "만료일이 뭐예요?", "en": "How long is the certificate valid?"}
EXAMPLE = {"ko": "예:", "en": "Example:"}


async def test_interrupted_by_a_question_the_form_goes_on_where_it_was(anybody: Customer) -> None:
    await anybody.triage()
    await anybody.fills_in(anybody.record, until="birth")
    before = anybody.newest

    await anybody.says(QUESTION[anybody.language])

    answer = await anybody.reads("faq.answer", after=before)
    card = await anybody.reads("reissue.ask.birth", after=answer.message_id)
    assert card.keyboard
    await anybody.fills_in(anybody.record, begin="birth")
    await anybody.proves(anybody.record)


async def test_corrected_at_the_review(place: LocalTelegram, anybody: Customer) -> None:
    await anybody.applies(anybody.record)

    await anybody.taps("button.edit")
    await anybody.sees("reissue.edit")
    await anybody.taps("reissue.field.account")
    await anybody.answers("account", "999-999999-99-999")
    review = await anybody.sees("reissue.review")
    assert "**********9999" in review.text

    await anybody.taps("button.edit")
    await anybody.taps("reissue.field.account")
    await anybody.answers("account", anybody.record.account)
    await anybody.sees("reissue.review")
    await anybody.taps("button.submit")
    await anybody.sees("enrolled.password")


async def test_a_correction_can_be_left_as_it_was(anybody: Customer) -> None:
    await anybody.applies(anybody.record)
    await anybody.taps("button.edit")
    await anybody.taps("reissue.field.name")
    await anybody.sees("reissue.ask.name")

    await anybody.taps("button.back")

    await anybody.sees("reissue.review")


async def test_cancelled_after_a_second_thought(place: LocalTelegram, anybody: Customer) -> None:
    await anybody.triage()
    await anybody.fills_in(anybody.record, until="account")

    await anybody.says("/cancel")
    await anybody.sees("confirm.cancel")
    await anybody.taps("confirm.cancel.no")
    await anybody.sees("reissue.ask.account")
    await anybody.taps("button.cancel")
    await anybody.taps("confirm.cancel.yes")
    await anybody.sees("card.cancelled")

    assert await place.rows("SELECT phase FROM chats") == [("cancelled",)]
    await anybody.taps("button.start")
    await anybody.sees("reissue.ask.reason")


@pytest.mark.parametrize("how", ["taps", "says"])
async def test_skipped_with_i_do_not_know(anybody: Customer, how: str) -> None:
    await anybody.person.starts()
    await anybody.taps("button.start")
    await anybody.asked("reason", "password")
    await anybody.asked("state", "unknown" if how == "taps" else "valid")

    if how == "says":
        await anybody.sees("reissue.ask.expiry")
        await anybody.says(anybody.words("reissue.expiry.unknown"))

    await anybody.sees("reissue.ask.who")


UNCLEAR = {
    "name": ("42", "error.name_format"),
    "birth": ("31 smarch", "error.birth_format"),
    "phone": ("02-123-4567", "error.mobile_format"),
    "account": ("12", "error.account_format"),
    "id_issued_on": ("2999-01-01", "error.date_future"),
}


async def test_unclear_answers_are_told_what_is_expected_then_taken(anybody: Customer) -> None:
    await anybody.triage()
    begin = "name"
    for step, (unclear, error) in UNCLEAR.items():
        await anybody.fills_in(anybody.record, begin=begin, until=step)
        await anybody.says(unclear)
        refusal = await anybody.sees(error)
        assert EXAMPLE[anybody.language] in refusal.text
        assert anybody.pattern(f"reissue.ask.{step}").search(refusal.text)
        begin = step
    await anybody.fills_in(anybody.record, begin=begin)
    await anybody.sees("proof.sent.sms")
    await anybody.says("abc")
    await anybody.sees("error.code_format")
    await anybody.proves(anybody.record)


@pytest.mark.parametrize(
    ("password", "error"),
    [
        ("short!1A", "error.password_short"),
        ("nodigits!atall", "error.password_digits"),
        ("n0specialsAtAll", "error.password_specials"),
        ("2026!!0703!!9421", "error.password_letters"),
        ("한글비밀번호!2026ab", "error.password_ascii"),
        ("it's!2026road", "error.password_forbidden"),
        ("Qwertyuiop!2026", "error.password_weak"),
    ],
)
async def test_a_weak_password_is_refused_with_the_reason_then_a_good_one_taken(
    gildong: Customer, password: str, error: str
) -> None:
    await gildong.applies(gildong.record)
    await gildong.taps("button.submit")
    await gildong.sees("enrolled.password")

    await gildong.says(password)
    await gildong.sees(error)

    assert not any(password in each.text for each in gildong.person.messages)
    await gildong.says(PASSWORD)
    await gildong.sees("card.issued")


async def test_a_password_with_something_of_their_own_in_it(an: Customer) -> None:
    await an.applies(an.record)
    await an.taps("button.submit")
    await an.sees("enrolled.password")

    for own in ("Road!nguyen83", "Haneul!45678901x", "Road!19950809haneul"):
        await an.says(own)
        await an.sees("error.password_personal")

    await an.says(PASSWORD)
    await an.sees("card.issued")


STICKER = {"file_id": "s", "file_unique_id": "s", "type": "regular", "width": 9, "height": 9,
           "is_animated": False, "is_video": False}  # fmt: skip
VOICE = {"file_id": "v", "file_unique_id": "v", "duration": 3}


@pytest.mark.parametrize("content", [{"sticker": STICKER}, {"voice": VOICE}], ids=["sticker", "voice"])
async def test_what_it_cannot_handle_is_said_and_the_form_goes_on(
    anybody: Customer, content: dict[str, object]
) -> None:
    await anybody.triage()
    await anybody.fills_in(anybody.record, until="phone")

    sent = await anybody.person.sends(content)

    await anybody.sees("error.file_not_asked")
    assert sent.message_id not in [each.message_id for each in anybody.person.messages]
    await anybody.fills_in(anybody.record, begin="phone")
    await anybody.sees("proof.sent.sms")


async def test_an_unknown_command_is_told_about_help(anybody: Customer) -> None:
    await anybody.triage()

    await anybody.says("/transfer")

    await anybody.sees("error.unknown_command")
    await anybody.says("/help")
    await anybody.sees("help.text")
    await anybody.fills_in(anybody.record)
    await anybody.sees("proof.sent.sms")


async def test_handed_over_to_a_human_whose_answer_arrives(place: LocalTelegram, anybody: Customer) -> None:
    await anybody.triage()
    await anybody.says("/agent")
    await anybody.sees("human.text")

    asked = await place.staff.sees("staff.wanted")
    await place.staff.person.says("신분증은 여권도 괜찮아요 <b>", reply_to=asked)

    answer = await anybody.sees("staff.answer")
    assert "여권도 괜찮아요 <b>" in answer.text
    await anybody.fills_in(anybody.record)
    await anybody.sees("proof.sent.sms")


async def test_repeat_says_where_one_stands_and_a_second_tap_does_nothing(
    place: LocalTelegram, anybody: Customer
) -> None:
    await anybody.triage()
    card = await anybody.sees("reissue.ask.name")

    await anybody.says("/status")
    await anybody.sees("status.phase")
    await anybody.reads("reissue.ask.name", after=card.message_id)

    await anybody.fills_in(anybody.record, until="id_type")
    card = await anybody.sees("reissue.ask.id_type")
    token = next(each.data for row in card.keyboard for each in row)
    assert token
    await anybody.person.presses_raw(token, card)
    await anybody.person.presses_raw(token, card)
    await anybody.sees("reissue.ask.id_issued_on")
    await place.quiet()
    assert not anybody.shows("error.old_button")


POISON = {
    "message_id": "no number",
    "chat": {"id": 0, "type": "private"},
    "text": "not a message as the Bot API knows it",
}


async def test_an_internal_error_is_owned_up_to_and_the_chat_goes_on(place: LocalTelegram, anybody: Customer) -> None:
    await anybody.triage()
    chat = {"id": anybody.person.chat.id, "type": "private"}

    place.messenger.push_update({"message": {**POISON, "chat": chat}})
    for _ in range(5):
        await place.quiet()
        await place.later(timedelta(seconds=11))

    (update,) = (await place.rows("SELECT update_id FROM inbox WHERE state = 'parked'"))[0]
    bland = await anybody.sees("error.internal")
    assert f"E-{update}" in bland.text
    assert "Malformed" not in bland.text
    told = await place.staff.sees("staff.parked")
    assert f"E-{update}" in told.text
    assert "Malformed" in told.text
    await anybody.fills_in(anybody.record)
    await anybody.proves(anybody.record)


async def test_back_after_days_and_a_restart_the_card_resumes(place: LocalTelegram, anybody: Customer) -> None:
    await anybody.triage()
    await anybody.fills_in(anybody.record, until="account")

    await place.restarts(after=timedelta(days=5))
    await anybody.says("/start")
    await anybody.sees("confirm.restart")
    await anybody.taps("confirm.restart.no")

    await anybody.fills_in(anybody.record, begin="account")
    await anybody.proves(anybody.record)
    await anybody.taps("button.submit")
    await anybody.sees("enrolled.password")
    await anybody.says(PASSWORD)
    await anybody.sees("card.issued")


async def test_back_after_days_an_answer_to_the_old_card_is_taken(place: LocalTelegram, anybody: Customer) -> None:
    await anybody.triage()
    await anybody.fills_in(anybody.record, until="birth")

    await place.restarts(after=timedelta(days=3))

    await anybody.says(anybody.record.birth_date.isoformat())
    await anybody.sees("reissue.ask.phone")
