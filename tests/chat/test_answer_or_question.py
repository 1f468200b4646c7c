"""Where the form asks for a typed answer: an answer is never taken for a question, nor a question for an answer."""

import pytest

from tests.support.local_telegram import PASSWORD, Customer, LocalTelegram
from tests.support.questions import asks, case_of, ends_well, has_one_new_certificate, was_answered

NAMES = ("이지은", "최수민", "나요한", "하나", "남궁민수", "Max Power", "Will Price", "May Cost", "Can Yaman",
         "NGUYEN VAN AN", "Nguyễn Thị Hoa", "Do Kyung Soo", "Do The Anh")  # fmt: skip
WRITTEN = {
    "birth": ("1980-05-21", "80.5.21", "1980년 5월 21일생인데요", "21 May 1980, right?"),
    "phone": ("010-1234-5678", "+82 10 1234 5678", "01012345678 맞나요?"),
    "account": ("123-456789-01-234", "12345678901234", "123-456789-01-234 is this enough?"),
}


async def test_an_answer_is_not_taken_for_a_question(place: LocalTelegram, anybody: Customer) -> None:
    await anybody.triage()
    begin = "name"
    for step, texts in {"name": NAMES, **WRITTEN}.items():
        await anybody.fills_in(anybody.record, begin=begin, until=step)
        for text in texts:
            await anybody.says(text)
            assert step in (await case_of(place, anybody)).answers, f"{text} was not taken"
            await anybody.taps("button.back")
            assert step not in (await case_of(place, anybody)).answers
        begin = step
    await anybody.fills_in(anybody.record, begin=begin)
    await anybody.sees("proof.sent.sms")
    await anybody.says("000000 맞죠?")
    await anybody.sees("error.code_wrong")
    await anybody.says(f"is it {await anybody.next_code(anybody.record.phone)}?")
    await anybody.sees("reissue.review")

    assert not was_answered(anybody)
    await ends_well(place, anybody, begin="review")


async def test_an_address_where_a_name_is_asked_is_no_question(place: LocalTelegram, anybody: Customer) -> None:
    await anybody.triage()

    await anybody.says(anybody.record.email)

    await anybody.sees("error.name_format")
    assert not was_answered(anybody)
    await ends_well(place, anybody, begin="name")


async def test_a_question_at_any_step_is_answered_and_no_answer(place: LocalTelegram, anybody: Customer) -> None:
    record = anybody.record
    await anybody.person.starts()
    await asks(place, anybody, "fees", below=None)
    await anybody.person.says("/reissue")
    for step, tap, topic in (
        ("reason", "password", "password-forgotten"),
        ("state", "valid", "renewal-vs-reissue"),
        ("expiry", "unknown", "validity-period"),
        ("who", "self", "delegation"),
        ("ready", "all", "required-documents"),
        ("consent", "agree", "bot-privacy"),
    ):
        await anybody.sees(f"reissue.ask.{step}")
        await asks(place, anybody, topic, below=f"reissue.ask.{step}")
        await anybody.taps(f"reissue.{step}.{tap}")
    steps = {"name": "foreigner", "birth": "processing-time", "phone": "phone-transfer",
             "account": "fees", "id_type": "overseas", "id_issued_on": "required-documents",
             "via": "identity-verification"}  # fmt: skip
    begin = "name"
    for step, topic in steps.items():
        await anybody.fills_in(record, begin=begin, until=step)
        await asks(place, anybody, topic, below=f"reissue.ask.{step}")
        begin = step
    await anybody.fills_in(record, begin="via")
    await anybody.sees("proof.sent.sms")
    await asks(place, anybody, "sms-code-missing", below="proof.sent.sms")
    await anybody.proves(record)
    await asks(place, anybody, "old-cert-status", below="reissue.review")
    await anybody.taps("button.submit")
    await anybody.sees("enrolled.password")
    await asks(place, anybody, "password-rules", below="enrolled.password")
    await anybody.says(PASSWORD)
    await anybody.sees("card.issued", patience=30)
    await asks(place, anybody, "storage-usb", below="card.issued")
    await anybody.taps("button.received")
    await anybody.sees("card.closed")
    await asks(place, anybody, "cloud-storage", below=None)

    await has_one_new_certificate(place, anybody)


#: Without a question mark it is only letters, as a name is.
UNMARKED = {
    "ko": {
        "password-forgotten": "비번 까먹었는데 어떡해요",
        "processing-time": "재발급 얼마나 걸려요",
        "delegation": "엄마 대신 제가 해도 되나요",
        "identity-verification": "본인 확인은 어떻게 해요",
    },
    "en": {
        "fees": "how much does it cost",
        "phishing": "is this a scam",
        "delegation": "can my wife do it for me",
        "what-is-joint-cert": "what is a joint certificate",
    },
}


async def test_a_question_is_not_taken_for_a_name(place: LocalTelegram, anybody: Customer) -> None:
    await anybody.triage()
    await anybody.sees("reissue.ask.name")

    for topic, text in UNMARKED[anybody.language].items():
        await asks(place, anybody, topic, below="reissue.ask.name", text=text)

    await ends_well(place, anybody, begin="name")


#: About something else, and without any word that only a question has.
NO_WORD_ASKS = {
    "ko": ("신용카드 잃어버렸어요", "이 은행 주식 사도 돼요?"),
    "en": ("I lost my credit card", "i lost my credit card, what now?"),
}


@pytest.mark.parametrize("number", [0, 1], ids=["said", "asked"])
async def test_another_thing_where_a_name_is_asked_is_no_name(
    place: LocalTelegram, anybody: Customer, number: int
) -> None:
    await anybody.triage()
    await anybody.sees("reissue.ask.name")

    await anybody.says(NO_WORD_ASKS[anybody.language][number])

    assert "name" not in (await case_of(place, anybody)).answers
    assert anybody.shows("faq.unknown")
