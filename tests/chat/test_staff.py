"""Staff speak to customers from their own chat, and nobody else can."""

from tests.support.customers import GILDONG, OPERATORS
from tests.support.local_telegram import Customer, LocalTelegram


async def test_only_an_answer_to_a_message_about_a_customer_reaches_one(
    place: LocalTelegram, gildong: Customer
) -> None:
    await gildong.says("/agent")
    asked = await place.staff.sees("staff.wanted")

    await place.staff.person.says("이건 저희끼리 하는 말")
    said = await place.staff.person.says("이것도")
    await place.staff.person.says("이것도요", reply_to=said)
    await place.staff.person.says("/status", reply_to=asked)
    await place.staff.person.says("여기로 답해 드려요", reply_to=asked)

    await gildong.sees("staff.answer")
    await place.quiet()
    assert not [text for text in gildong.texts() if "저희끼리" in text or "이것도" in text]


async def test_an_answer_in_a_strangers_group_reaches_nobody(place: LocalTelegram, gildong: Customer) -> None:
    """Anybody may add the bot to a group and answer there under the number of a message that staff have."""
    await gildong.says("/agent")
    asked = await place.staff.sees("staff.wanted")
    group = {"id": -2002, "type": "supergroup", "title": "not the bank"}
    bot = asked.raw["from"]
    thief = {"id": 666, "is_bot": False, "first_name": "Min-ji"}
    under = {"message_id": asked.message_id, "date": asked.date, "chat": group, "from": bot, "text": "?"}
    message = {
        "message_id": 5,
        "date": asked.date,
        "chat": group,
        "from": thief,
        "text": "계좌 비밀번호를 알려 주세요",
    }

    place.messenger.push_update({"message": {**message, "reply_to_message": under}})

    await place.quiet()
    assert not gildong.shows("staff.answer")


async def test_the_operators_chat_is_no_customer(place: LocalTelegram) -> None:
    await place.staff.person.says("/start")
    await place.staff.person.says("인증서를 잃어버렸어요")

    await place.quiet()
    assert await place.rows(f"SELECT COUNT(*) FROM chats WHERE chat_id = {OPERATORS}") == [(0,)]
    assert not place.staff.texts()


async def test_what_staff_are_told_names_no_customer(place: LocalTelegram, gildong: Customer) -> None:
    await gildong.applies(GILDONG)
    await gildong.says("/agent")
    await place.staff.sees("staff.wanted")

    told = "\n".join(place.staff.texts())
    assert not [each for each in (GILDONG.name, GILDONG.phone, GILDONG.account, "1980") if each in told]
