"""Inline mode: a person who types the bot's name and a question may post the answer, and nothing of it is stored."""

import pytest

from bot.knowledge import KnowledgeBase
from tests.support.local_telegram import Customer, LocalTelegram

FEES = {"ko": "재발급 수수료가 얼마예요?", "en": "how much is the reissue fee?"}
WEATHER = {"ko": "오늘 날씨 어때요?", "en": "How is the weather today?"}


def knowledge(place: LocalTelegram) -> KnowledgeBase:
    return place.app.knowledge.articles.now


async def test_the_answer_is_offered_first_and_posted_whole(place: LocalTelegram, anybody: Customer) -> None:
    offer = await anybody.person.asks_inline(FEES[anybody.language])

    article = knowledge(place).article("fees", anybody.language)
    assert offer.titles[0] == knowledge(place).title("fees", anybody.language)
    assert len(offer.titles) == 5
    posted = await anybody.person.picks(offer, "fees")
    assert posted.text.startswith(article.question)
    assert article.answer.splitlines()[-1].replace("**", "") in posted.text
    assert not posted.keyboard


async def test_nothing_of_it_is_stored_and_nobody_becomes_a_customer(place: LocalTelegram, anybody: Customer) -> None:
    offer = await anybody.person.asks_inline(FEES[anybody.language])
    await anybody.person.picks(offer, "fees")
    await place.quiet()

    assert await place.rows("SELECT COUNT(*) FROM inbox WHERE lane = 'chat:0'") == [(0,)]
    assert await place.rows("SELECT COUNT(*) FROM chats") == [(0,)], "an answer of ours is nobody's question"
    assert await place.rows("SELECT COUNT(*) FROM gaps") == [(0,)]


async def test_without_a_question_all_there_is_can_be_leafed_through(place: LocalTelegram, anybody: Customer) -> None:
    titles, offset = [], ""
    while True:
        offer = await anybody.person.asks_inline("", offset)
        titles += offer.titles
        offset = offer.next_offset
        if not offset:
            break
    assert titles == [title for group in knowledge(place).groups(anybody.language) for title in group.titles]
    assert len(titles) == len(knowledge(place).topics())


async def test_what_it_does_not_know_leads_into_the_chat(place: LocalTelegram, anybody: Customer) -> None:
    offer = await anybody.person.asks_inline(WEATHER[anybody.language])

    assert offer.titles == ()
    assert offer.button
    assert offer.button["text"] == anybody.words("inline.unknown")
    await anybody.person.presses_offer_button(offer)
    await anybody.sees("faq.groups")


@pytest.mark.parametrize("offset", ["-1", "x", "999999", "٣"])
async def test_an_offset_that_is_not_ours_is_the_beginning_or_the_end(anybody: Customer, offset: str) -> None:
    offer = await anybody.person.asks_inline("", offset)
    assert len(offer.titles) in {0, 20}


@pytest.mark.parametrize("text", ["\u202e<b>x</b>", "'; DROP TABLE chats; --", "\ud800", "가" * 256, "\x00"])
async def test_hostile_questions_are_answered_like_any(anybody: Customer, text: str) -> None:
    offer = await anybody.person.asks_inline(text)
    assert not [title for title in offer.titles if text in title]


async def test_who_types_on_is_answered_for_the_last_letter(place: LocalTelegram, gildong: Customer) -> None:
    word = "재발급 수수료가 얼마예요"
    queries = [await gildong.person.types_inline(word[:end]) for end in range(1, len(word) + 1)]

    offer = await gildong.person.until_offered(queries[-1])

    assert offer.results[0].id == "fees"
    await place.quiet()


async def test_a_query_that_grew_old_stops_nobody(place: LocalTelegram, gildong: Customer, an: Customer) -> None:
    place.messenger.push_update(
        {"inline_query": {"id": "9", "from": {"id": 101, "is_bot": False, "first_name": "x"}, "query": "",
                          "offset": ""}}
    )  # fmt: skip
    place.messenger.push_update({"inline_query": {"id": 9}})
    place.messenger.push_update({"inline_query": {}})

    assert (await an.person.asks_inline(FEES["en"])).titles
    await gildong.person.starts()
    await gildong.sees("card.idle")


async def test_a_form_goes_on_under_a_posted_answer(gildong: Customer) -> None:
    await gildong.triage()
    await gildong.sees("reissue.ask.name")

    offer = await gildong.person.asks_inline(FEES["ko"])
    await gildong.person.picks(offer, "fees")
    await gildong.says(gildong.record.name)

    await gildong.sees("reissue.ask.birth")
