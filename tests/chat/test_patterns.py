"""The ten patterns that a good dialogue handles, each with a question of the customer's in between.

Every example goes on to a certificate in use: its fields are compared with the register, so none was lost or changed.
A question at each single step of the way stands in `test_answer_or_question`.
"""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from bot.conversation.case import Phase
from bot.engine.side_replies import SideReplies
from tests.support.local_telegram import PASSWORD, Customer, LocalTelegram
from tests.support.questions import (
    QUESTIONS,
    article,
    asks,
    case_of,
    comes_to,
    ends_well,
    has_one_new_certificate,
    is_back,
    labels,
    says_beside,
    taps_twice,
)

WRONG_ACCOUNT = "99999999999999"


# --- interrupted ---


@pytest.mark.parametrize(("command", "told"), [("/status", "status.phase"), ("/help", "help.text")])
async def test_interrupted_by_a_command_and_a_question(
    place: LocalTelegram, anybody: Customer, command: str, told: str
) -> None:
    await comes_to(anybody, "account")

    await says_beside(place, anybody, command, anybody.pattern(told), below="reissue.ask.account")

    await asks(place, anybody, "fees", below="reissue.ask.account")
    await ends_well(place, anybody, begin="account")


# --- corrected ---


async def test_corrected_by_going_back(place: LocalTelegram, anybody: Customer) -> None:
    await comes_to(anybody, "account", typed=replace(anybody.record, phone="01099998888"))

    await anybody.taps("button.back")
    await anybody.sees("reissue.ask.phone")
    await asks(place, anybody, "phone-transfer", below="reissue.ask.phone")
    assert "phone" not in (await case_of(place, anybody)).answers

    await ends_well(place, anybody, begin="phone")


async def test_corrected_at_the_review(place: LocalTelegram, anybody: Customer) -> None:
    await comes_to(anybody, "review", typed=replace(anybody.record, account=WRONG_ACCOUNT))

    await anybody.taps("button.edit")
    await anybody.sees("reissue.edit")
    await asks(place, anybody, "processing-time", below="reissue.edit")
    await anybody.taps("reissue.field.account")
    await anybody.sees("reissue.ask.account")
    await asks(place, anybody, "fees", below="reissue.ask.account")
    await anybody.says(anybody.record.account)
    await anybody.sees("reissue.review")
    await asks(place, anybody, "old-cert-status", below="reissue.review")

    await ends_well(place, anybody, begin="review")


# --- cancelled ---


async def test_cancelled_while_waiting_for_the_code_then_rather_not(place: LocalTelegram, anybody: Customer) -> None:
    await comes_to(anybody, "code")
    proof = (await case_of(place, anybody)).proof

    await anybody.says("/cancel")
    await anybody.sees("confirm.cancel")
    await asks(place, anybody, "old-cert-status", below="confirm.cancel")
    await anybody.taps("confirm.cancel.no")
    await anybody.sees("proof.sent.sms")

    assert (await case_of(place, anybody)).proof == proof
    await ends_well(place, anybody, begin="code")


async def test_cancelled_for_good_then_begun_anew(place: LocalTelegram, anybody: Customer) -> None:
    await comes_to(anybody, "id_issued_on")

    await anybody.taps("button.cancel")
    await anybody.sees("confirm.cancel")
    await asks(place, anybody, "bot-privacy", below="confirm.cancel")
    await anybody.taps("confirm.cancel.yes")
    await anybody.sees("card.cancelled")
    assert not (await case_of(place, anybody)).answers
    await asks(place, anybody, "processing-time", below=None)

    await anybody.says("/reissue")
    await anybody.tells_why()
    await ends_well(place, anybody, begin="name")


# --- skipped ---


@pytest.mark.parametrize("how", ["taps", "says"])
async def test_skipped_what_one_does_not_know(place: LocalTelegram, anybody: Customer, how: str) -> None:
    await anybody.person.starts()
    await anybody.taps("button.start")
    await anybody.asked("reason", "device")
    await anybody.asked("state", "valid")
    await anybody.sees("reissue.ask.expiry")
    await asks(place, anybody, "validity-period", below="reissue.ask.expiry")

    unknown = "reissue.expiry.unknown"
    await (anybody.taps(unknown) if how == "taps" else anybody.says(anybody.words(unknown)))

    await anybody.asked("who", "self")
    await anybody.taps("reissue.ready.all")
    await anybody.asked("consent", "agree")
    await ends_well(place, anybody, begin="name")


async def test_skipped_ahead_the_order_is_kept(place: LocalTelegram, anybody: Customer) -> None:
    """A customer who types the next answer too early is shown the present question; nothing lands in the wrong
    field.
    """
    record = anybody.record
    await anybody.triage()
    for step, ahead, error in (
        ("name", record.account, "name_format"),
        ("birth", record.phone, "birth_format"),
        ("phone", record.account, "mobile_format"),
        ("account", record.id_issued_on.isoformat(), "account_format"),
    ):
        await anybody.sees(f"reissue.ask.{step}")
        await anybody.says(ahead)
        await anybody.sees(f"error.{error}")
        await asks(place, anybody, "fees", below=f"reissue.ask.{step}")
        assert step not in (await case_of(place, anybody)).answers
        await anybody.says(record.birth_date.isoformat() if step == "birth" else getattr(record, step))

    await ends_well(place, anybody, begin="id_type")


# --- unclear ---

HALF_A_SENTENCE = {"ko": "그러니까 제 말은 인증서를", "en": "opening hours"}


@pytest.mark.parametrize("unclear", ["ㅁㄴㅇㄹ", "asdfgh", "👍"])
async def test_unclear_where_a_choice_is_asked(place: LocalTelegram, anybody: Customer, unclear: str) -> None:
    await anybody.person.starts()
    await anybody.taps("button.start")
    await anybody.sees("reissue.ask.reason")

    await says_beside(place, anybody, unclear, anybody.pattern("faq.unknown"), below="reissue.ask.reason")

    await asks(place, anybody, "renewal-vs-reissue", below="reissue.ask.reason")
    await anybody.tells_why()
    await ends_well(place, anybody, begin="name")


async def test_half_a_sentence_is_offered_topics(place: LocalTelegram, anybody: Customer) -> None:
    half, knowledge = HALF_A_SENTENCE[anybody.language], place.app.knowledge.articles.now
    offers = knowledge.find(half, anybody.language).offers
    titles = [[knowledge.title(topic, anybody.language)] for topic in offers]
    await anybody.person.starts()
    await anybody.taps("button.start")
    card, maybe = await anybody.sees("reissue.ask.reason"), anybody.pattern("faq.maybe")

    offered = await says_beside(place, anybody, half, maybe, below="reissue.ask.reason")

    assert labels(offered) == [*titles, [anybody.words("button.human")]]
    await anybody.person.taps(titles[0][0], offered)
    question = article(place, anybody, offers[0]).question
    answer = await anybody.person.until_says(question, after=offered.message_id)
    await place.quiet()
    is_back(anybody, "reissue.ask.reason", card, above=answer)
    await asks(place, anybody, "fees", below="reissue.ask.reason")
    await anybody.tells_why()
    await ends_well(place, anybody, begin="name")


async def test_unclear_where_a_name_is_asked(place: LocalTelegram, anybody: Customer) -> None:
    await comes_to(anybody, "name")
    for unclear in ("🤔", "...", "?"):
        await anybody.says(unclear)
        await anybody.sees("error.name_format")
        await asks(place, anybody, "foreigner", below="reissue.ask.name")

    await ends_well(place, anybody, begin="name")


# --- cannot handle ---

STICKER = {"file_id": "s", "file_unique_id": "s", "type": "regular", "width": 9, "height": 9,
           "is_animated": False, "is_video": False}  # fmt: skip
PHOTO = {"file_id": "p", "file_unique_id": "p", "width": 9, "height": 9}
NOT_TEXT: dict[str, tuple[dict[str, object], str]] = {
    "sticker": ({"sticker": STICKER}, "error.file_not_asked"),
    "voice": ({"voice": {"file_id": "v", "file_unique_id": "v", "duration": 3}}, "error.file_not_asked"),
    "photo": ({"photo": [PHOTO]}, "forbidden.id_photo"),
}


@pytest.mark.parametrize("kind", NOT_TEXT)
async def test_what_is_no_text_cannot_be_handled(place: LocalTelegram, anybody: Customer, kind: str) -> None:
    content, told = NOT_TEXT[kind]
    await comes_to(anybody, "id_issued_on")

    await anybody.person.sends(content)

    await anybody.sees(told)
    await asks(place, anybody, "required-documents", below="reissue.ask.id_issued_on")
    await ends_well(place, anybody, begin="id_issued_on")


ANOTHER_THING = {
    "ko": ("신용카드 분실했는데 어떻게 해요?", "대출 금리 얼마예요?"),
    "en": ("how do i block my credit card?", "how do i get a loan?"),
}


@pytest.mark.parametrize("number", [0, 1], ids=["credit card", "loan"])
async def test_what_is_no_business_of_ours_leads_to_a_human(
    place: LocalTelegram, anybody: Customer, number: int
) -> None:
    await comes_to(anybody, "account")
    text, unknown = ANOTHER_THING[anybody.language][number], anybody.pattern("faq.unknown")

    told = await says_beside(place, anybody, text, unknown, below="reissue.ask.account")

    await anybody.person.taps(anybody.words("button.human"), told)
    await anybody.sees("human.text")
    await place.staff.sees("staff.wanted")
    await asks(place, anybody, "fees", below="reissue.ask.account")
    await ends_well(place, anybody, begin="account")


# --- hand-off ---

ADVICE = {"ko": "통장 첫 장의 계좌번호를 봐 주세요", "en": "Look at the first page of your passbook"}


async def test_handed_off_after_a_refusal_the_form_is_still_there(place: LocalTelegram, anybody: Customer) -> None:
    await comes_to(anybody, "review", typed=replace(anybody.record, account=WRONG_ACCOUNT))
    await anybody.taps("button.submit")
    await anybody.sees("refusal.R03")

    await anybody.says("/agent")
    await anybody.sees("human.text")
    wanted = await place.staff.sees("staff.wanted")
    await asks(place, anybody, "refusal-reasons", below="refusal.R03")
    await place.staff.person.says(ADVICE[anybody.language], reply_to=wanted)
    assert ADVICE[anybody.language] in (await anybody.sees("staff.answer")).text
    await asks(place, anybody, "fees", below="refusal.R03")

    await anybody.taps("button.mend")
    await anybody.answers("account", anybody.record.account)
    await ends_well(place, anybody, begin="review")


# --- repeat ---


async def test_the_same_question_twice_is_answered_twice(place: LocalTelegram, anybody: Customer) -> None:
    await comes_to(anybody, "code")

    for _ in range(2):
        await asks(place, anybody, "sms-code-missing", below="proof.sent.sms")

    await ends_well(place, anybody, begin="code")


async def test_the_same_update_twice_is_answered_once(place: LocalTelegram, anybody: Customer) -> None:
    place.messenger.faults.duplicate = 1.0
    await comes_to(anybody, "phone")

    await asks(place, anybody, "phone-transfer", below="reissue.ask.phone")

    question = article(place, anybody, "phone-transfer").question
    assert sum(question in text for text in anybody.texts()) == 1
    await ends_well(place, anybody, begin="phone")


async def test_every_tap_twice_counts_once(place: LocalTelegram, anybody: Customer) -> None:
    await comes_to(anybody, "review")
    await asks(place, anybody, "old-cert-status", below="reissue.review")
    await taps_twice(anybody, "button.submit")
    await anybody.sees("enrolled.password")
    await asks(place, anybody, "password-rules", below="enrolled.password")
    await anybody.says(PASSWORD)
    await anybody.sees("card.issued", patience=30)
    await asks(place, anybody, "storage-usb", below="card.issued")
    await taps_twice(anybody, "button.received")
    await anybody.sees("card.closed")

    assert await place.rows("SELECT COUNT(*) FROM applications") == [(1,)]
    assert not anybody.shows("error.old_button")
    await has_one_new_certificate(place, anybody)


# --- internal error ---


async def test_an_internal_error_is_owned_up_to_and_the_next_question_answered(
    place: LocalTelegram, anybody: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await comes_to(anybody, "password")
    case = await case_of(place, anybody)

    with monkeypatch.context() as patch:
        patch.setattr(SideReplies, "_article", breaks)
        await anybody.says(QUESTIONS["storage-usb"][anybody.language])
        for _ in range(5):
            await place.quiet()
            await place.later(timedelta(seconds=11))

    (update,) = (await place.rows("SELECT update_id FROM inbox WHERE state = 'parked'"))[0]
    bland = await anybody.sees("error.internal")
    assert f"E-{update}" in bland.text
    assert "ZeroDivisionError" not in bland.text
    told = await place.staff.sees("staff.parked")
    assert f"E-{update}" in told.text
    assert await case_of(place, anybody) == case
    await asks(place, anybody, "storage-usb", below="enrolled.password")
    await ends_well(place, anybody, begin="password")


def breaks(*_: object) -> None:
    raise ZeroDivisionError


# --- return after days ---


async def test_back_within_a_week_the_form_is_where_it_was(place: LocalTelegram, anybody: Customer) -> None:
    await comes_to(anybody, "account")

    await place.restarts(after=timedelta(days=6))
    await asks(place, anybody, "processing-time", below="reissue.ask.account")

    await ends_well(place, anybody, begin="account")


async def test_back_within_a_week_with_an_old_proof_a_new_code_is_asked(
    place: LocalTelegram, anybody: Customer
) -> None:
    await comes_to(anybody, "review")

    await place.restarts(after=timedelta(days=3))
    await asks(place, anybody, "validity-period", below="reissue.review")
    await anybody.taps("button.submit")
    await anybody.sees("proof.stale")
    await asks(place, anybody, "identity-verification", below="proof.sent.sms")

    await ends_well(place, anybody, begin="code")


async def test_return_after_days_with_nothing_but_a_question(place: LocalTelegram, anybody: Customer) -> None:
    """Six days and again six days are no week of silence: the question in between counts."""
    await comes_to(anybody, "birth")
    await place.restarts(after=timedelta(days=6))
    await asks(place, anybody, "fees", below="reissue.ask.birth")

    await place.restarts(after=timedelta(days=6))

    await asks(place, anybody, "processing-time", below="reissue.ask.birth")
    await ends_well(place, anybody, begin="birth")


async def test_back_after_more_than_a_week_it_was_erased_and_can_begin_anew(
    place: LocalTelegram, anybody: Customer
) -> None:
    await comes_to(anybody, "account")

    await place.restarts(after=timedelta(days=8))
    await anybody.sees("card.abandoned")
    case = await case_of(place, anybody)
    assert (case.phase, case.answers) == (Phase.CANCELLED, {})
    await asks(place, anybody, "processing-time", below=None)

    await anybody.says("/reissue")
    await anybody.tells_why()
    await ends_well(place, anybody, begin="name")
