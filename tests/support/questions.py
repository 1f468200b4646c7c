"""A customer who asks a question in the middle of an application, and goes on to a certificate."""

import re

from cryptography.hazmat.primitives.serialization import pkcs12

import ca
from bot.conversation.case import Case
from bot.identity.register import CustomerRecord
from bot.knowledge import Article
from handlers.local import SeenMessage
from tests.support.local_telegram import PASSWORD, Customer, LocalTelegram

#: As people type in a chat, by the topic whose article should come.
QUESTIONS = {
    "bot-privacy": {"ko": "내 정보는 어떻게 되는 거예요?", "en": "what do you do with my data?"},
    "cloud-storage": {"ko": "클라우드에 저장해도 돼요?", "en": "can i keep it in the cloud?"},
    "delegation": {"ko": "엄마 대신 제가 해도 되나요?", "en": "can my wife do it for me?"},
    "fees": {"ko": "수수료 있어요?", "en": "how much does it cost?"},
    "foreigner": {"ko": "외국인인데 이름 어떻게 써요?", "en": "i'm a foreigner, can i get one?"},
    "identity-verification": {"ko": "본인 확인은 어떻게 해요?", "en": "how do you check who i am?"},
    "old-cert-status": {"ko": "기존 인증서는 어떻게 되나요?", "en": "what happens to my old certificate?"},
    "overseas": {"ko": "해외에서도 되나요?", "en": "does it work from abroad?"},
    "password-forgotten": {"ko": "비번 까먹었는데 어떡해요?", "en": "i forgot my cert password, what now?"},
    "password-rules": {"ko": "비밀번호 몇 자리예요?", "en": "what are the password rules?"},
    "phone-transfer": {
        "ko": "핸드폰 바꿨는데 어떻게 해요?",
        "en": "got a new phone, how do i move my certificate?",
    },
    "processing-time": {"ko": "재발급 얼마나 걸려요?", "en": "how long does it take?"},
    "refusal-reasons": {"ko": "왜 거절됐어요?", "en": "why was i refused?"},
    "renewal-vs-reissue": {"ko": "갱신이랑 뭐가 달라요?", "en": "what's the difference to a renewal?"},
    "required-documents": {"ko": "준비물이 뭐예요?", "en": "what do i need to have ready?"},
    "sms-code-missing": {"ko": "문자가 안 와요ㅠㅠ", "en": "the code doesn't arrive"},
    "storage-usb": {"ko": "USB에 넣어도 되나요?", "en": "can i keep it on a usb stick?"},
    "validity-period": {"ko": "유효기간이 얼마나 돼요?", "en": "how long is it valid?"},
}

#: What is left to do after the form's fields, in order.
STAGES = ("code", "review", "password", "received")


def article(place: LocalTelegram, customer: Customer, topic: str) -> Article:
    return place.app.knowledge.articles.now.article(topic, customer.language)


async def case_of(place: LocalTelegram, customer: Customer) -> Case:
    """Return everything that the bot knows of this conversation now."""
    await place.quiet()
    stores, chat_id = place.app.engine.cases._stores, customer.person.chat.id
    chat = await place.app.shared.database.unit(lambda tx: stores.chats.load(tx, chat_id))
    assert chat is not None
    return chat.case


async def asks(
    place: LocalTelegram, customer: Customer, topic: str, below: str | None, text: str | None = None
) -> SeenMessage:
    """Ask about a topic, and read its article; for the rest see `says_beside`."""
    question = re.compile(re.escape(article(place, customer, topic).question))
    return await says_beside(place, customer, text or QUESTIONS[topic][customer.language], question, below)


async def says_beside(
    place: LocalTelegram, customer: Customer, text: str, told: re.Pattern[str], below: str | None
) -> SeenMessage:
    """Say something that is no answer: the reply comes, then the same screen again, and the case is unchanged."""
    case, screen, before = await case_of(place, customer), customer.person.screen, customer.newest

    said = await customer.person.says(text)

    answer = await customer.person.until(
        lambda person: next(
            (each for each in person.messages if each.message_id > before and told.search(each.text)), None
        )
    )
    assert await case_of(place, customer) == case
    assert said.message_id in [each.message_id for each in customer.person.messages]
    if below is not None:
        assert screen is not None
        is_back(customer, below, screen, above=answer)
    return answer


def was_answered(customer: Customer) -> bool:
    """Whether the bot took anything for a question: articles ask whether they helped."""
    useful = customer.words("button.useful")
    articles = any(useful in row for each in customer.person.messages for row in labels(each))
    return articles or customer.shows("faq.maybe") or customer.shows("faq.unknown")


def is_back(customer: Customer, key: str, as_it_was: SeenMessage, above: SeenMessage) -> None:
    """The screen stands below this message, with the same buttons as before."""
    screen = customer.person.screen
    assert screen is not None
    assert screen.message_id > above.message_id
    assert customer.pattern(key).search(screen.text), f"{key} is not what stands there: {screen.text}"
    assert labels(screen) == labels(as_it_was)


def labels(seen: SeenMessage) -> list[list[str]]:
    return [[each.text for each in row] for row in seen.keyboard]


async def comes_to(customer: Customer, stage: str, typed: CustomerRecord | None = None) -> None:
    """Apply up to a field of the form, or one of `STAGES`, with what is `typed` instead of the truth."""
    typed = typed or customer.record
    await customer.triage()
    if stage not in STAGES:
        await customer.fills_in(typed, until=stage)
        return
    await customer.fills_in(typed)
    await customer.sees("proof.sent.sms")
    if stage in {"review", "password"}:
        await customer.proves(customer.record)
    if stage == "password":
        await customer.taps("button.submit")
        await customer.sees("enrolled.password")


async def ends_well(place: LocalTelegram, customer: Customer, begin: str) -> None:
    """Go on from here, a field of the form or one of `STAGES`, until the new certificate is in use."""
    if begin not in STAGES:
        await customer.fills_in(customer.record, begin=begin)
        begin = "code"
    for stage in STAGES[STAGES.index(begin) :]:
        match stage:
            case "code":
                await customer.proves(customer.record)
            case "review":
                await customer.sees("reissue.review")
                await customer.taps("button.submit")
            case "password":
                await customer.sees("enrolled.password")
                await customer.says(PASSWORD)
            case _:
                await customer.sees("card.issued", patience=30)
                await customer.taps("button.received")
                await customer.sees("card.closed")
    await has_one_new_certificate(place, customer)


async def has_one_new_certificate(place: LocalTelegram, customer: Customer) -> None:
    """It opens with the new password, and the old certificate is revoked."""
    await place.quiet()
    old, new = place.authority.certificates(customer.record.customer_id)
    assert (old.status, new.status) == (ca.Status.REVOKED, ca.Status.GOOD)
    file = pkcs12.load_pkcs12(customer.files()["certificate.p12"], PASSWORD.encode())
    assert file.cert is not None
    assert file.cert.certificate.serial_number == new.serial
    assert not any(PASSWORD in each.text for each in customer.person.messages)


async def taps_twice(customer: Customer, key: str) -> None:
    screen = customer.person.screen
    assert screen is not None
    token = next(each.data for row in screen.keyboard for each in row if each.text == customer.words(key))
    assert token
    for _ in range(2):
        await customer.person.presses_raw(token, screen)
