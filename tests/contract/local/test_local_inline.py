"""Inline queries: asked, answered, cached and picked."""

import asyncio

import pytest
from telegram import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InlineQuery,
    InlineQueryResultArticle,
    InlineQueryResultsButton,
    InputTextMessageContent,
    MessageEntity,
)
from telegram.error import BadRequest
from telegram.ext import Application, ContextTypes, InlineQueryHandler

from handlers.local import Limits, NotOnScreen, Offer, Person
from handlers.local.world.queries import inline_id
from tests.contract.local.scene import ANH, GROUP, JIHYE, MINSU, OpenScene, Scene, bot_for

KEYS = InlineKeyboardMarkup([[InlineKeyboardButton("Go", callback_data="go")]])
TOO_OLD = "Query is too old and response timeout expired or query id is invalid"


def article(name: str = "1", text: str = "text", **more: object) -> InlineQueryResultArticle:
    return InlineQueryResultArticle(name, f"Title {name}", InputTextMessageContent(text), **more)


async def heard(scene: Scene) -> list[InlineQuery]:
    """The inline queries that reached the bot since the last call."""
    updates = await scene.bot.get_updates()
    if updates:
        await scene.bot.get_updates(offset=updates[-1].update_id + 1)
    return [each.inline_query for each in updates if each.inline_query]


async def offered(scene: Scene, query: str, *results: InlineQueryResultArticle, **more: object) -> Offer:
    asked = await scene.jihye.types_inline(query)
    assert await scene.bot.answer_inline_query(asked, results, **more)
    return await scene.jihye.until_offered(asked)


async def test_the_bot_supports_inline_queries(scene: Scene) -> None:
    assert (await scene.bot.get_me()).supports_inline_queries


async def test_a_query_has_its_sender_text_and_chat_type(scene: Scene) -> None:
    asked = await scene.jihye.types_inline("lost phone", "20")
    await scene.messenger.operator(MINSU.user_id).types_inline("")
    own, group = await heard(scene)
    assert (own.id, own.query, own.offset) == (asked, "lost phone", "20")
    assert (own.from_user.id, own.from_user.language_code) == (JIHYE.user_id, "ko")
    assert own.chat_type == "sender"
    assert (group.from_user.id, group.query, group.offset) == (MINSU.user_id, "", "")
    assert group.chat_type == "supergroup"
    assert scene.jihye.messages == ()  # typed, not sent


async def test_a_long_query_is_truncated(scene: Scene) -> None:
    await scene.jihye.types_inline("\uac00" * 256)
    await scene.jihye.types_inline("\uac00" * 257)
    assert {each.query for each in await heard(scene)} == {"\uac00" * 256}


async def test_inline_queries_are_in_the_default_updates_and_can_be_excluded(scene: Scene) -> None:
    await scene.bot.get_updates(allowed_updates=["message"])
    await scene.jihye.types_inline("unheard")
    assert await heard(scene) == []
    await scene.bot.get_updates(allowed_updates=["inline_query"])
    await scene.jihye.says("unheard")
    await scene.jihye.types_inline("heard")
    assert [each.query for each in await heard(scene)] == ["heard"]
    await scene.bot.get_updates(allowed_updates=[])
    await scene.jihye.types_inline("heard again")
    assert [each.query for each in await heard(scene)] == ["heard again"]


async def test_a_person_sees_the_offer_as_the_bot_gave_it(scene: Scene) -> None:
    results = [article("1", description="First of all"), article("2")]
    button = InlineQueryResultsButton("Sign in", start_parameter="sign-in_1")
    offer = await offered(scene, "x", *results, next_offset="2", button=button)
    assert [(each.id, each.title, each.description) for each in offer.results] == [
        ("1", "Title 1", "First of all"),
        ("2", "Title 2", ""),
    ]
    assert (offer.query, offer.next_offset) == ("x", "2")
    assert offer.button == {"text": "Sign in", "start_parameter": "sign-in_1"}
    assert (await offered(scene, "nothing")).results == ()


async def test_a_picked_result_is_the_persons_message_via_the_bot(scene: Scene) -> None:
    bold = InputTextMessageContent("see /help", entities=[MessageEntity("bold", 0, 3)])
    offer = await offered(scene, "x", InlineQueryResultArticle("1", "Help", bold, reply_markup=KEYS))
    sent = await scene.jihye.picks(offer, "Help")
    assert (sent.from_bot, sent.text, sent.labels) == (False, "see /help", ("Go",))
    message = (await scene.bot.get_updates())[-1].message
    assert message is not None
    assert message.from_user is not None
    assert (message.from_user.id, message.chat.id) == (JIHYE.user_id, JIHYE.user_id)
    assert message.via_bot == await scene.bot.get_me()
    assert [(each.type, each.offset, each.length) for each in message.entities] == [
        ("bold", 0, 3),
        ("bot_command", 4, 5),
    ]
    assert message.reply_markup == KEYS


async def test_a_picked_result_is_sent_in_the_chat_of_the_query(scene: Scene) -> None:
    minsu = scene.messenger.operator(MINSU.user_id)
    asked = await minsu.types_inline("x")
    await scene.bot.answer_inline_query(asked, [InlineQueryResultArticle("1", "T", _html("<b>hi</b>"))])
    picked = await minsu.picks(asked, "1")
    message = (await scene.bot.get_updates())[-1].message
    assert message is not None
    assert (message.chat.id, message.text, message.message_id) == (GROUP, "hi", picked.message_id)
    assert [each.type for each in message.entities] == ["bold"]


def _html(text: str) -> InputTextMessageContent:
    return InputTextMessageContent(text, parse_mode="HTML")


async def test_a_person_picks_only_from_their_own_offers(scene: Scene) -> None:
    offer = await offered(scene, "x", article("1"))
    for person, what in ((scene.jihye, "2"), (scene.messenger.person(ANH.user_id), "1")):
        with pytest.raises(NotOnScreen, match=f"no result '{what}'"):
            await person.picks(offer, what)
    with pytest.raises(NotOnScreen, match="no result"):
        await scene.jihye.picks(await scene.jihye.types_inline("unanswered"), "1")
    assert (await scene.jihye.picks(offer, "1")).text == "text"


async def test_a_tap_on_an_inline_message_has_only_its_id(scene: Scene) -> None:
    await scene.jihye.picks(await offered(scene, "x", article(reply_markup=KEYS)), "1")
    tap = await scene.jihye.taps("Go")
    query = (await scene.bot.get_updates())[-1].callback_query
    assert query is not None
    assert (query.id, query.message, query.data) == (tap, None, "go")
    assert query.inline_message_id is not None
    assert await query.answer("yes")
    assert await query.edit_message_text("changed", reply_markup=KEYS) is True
    assert await query.edit_message_reply_markup(None) is True
    assert scene.jihye.last is not None
    assert (scene.jihye.last.text, scene.jihye.last.labels) == ("changed", ())
    own = scene.bot.edit_message_text("x", JIHYE.user_id, scene.jihye.last.message_id)
    with pytest.raises(BadRequest, match=r"^Message can't be edited$"):
        await own


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("", "Message identifier is not specified"),
        ("\uac00", "Invalid inline message identifier specified"),
        ("AAAA", "Invalid inline message identifier specified"),
        ("MTAwMTox", "Message_id_invalid"),
    ],
)
async def test_unknown_inline_messages_are_not_edited(scene: Scene, name: str, problem: str) -> None:
    with pytest.raises(BadRequest, match=f"^{problem}$"):
        await scene.bot.edit_message_text("x", inline_message_id=name)


async def test_a_message_not_sent_via_the_bot_has_no_inline_id(scene: Scene) -> None:
    said = await scene.jihye.says("mine")
    with pytest.raises(BadRequest, match=r"^Message_id_invalid$"):
        await scene.bot.edit_message_text("x", inline_message_id=inline_id(said.raw))


async def test_the_button_starts_the_bot_in_the_private_chat(scene: Scene) -> None:
    minsu = scene.messenger.operator(MINSU.user_id)
    asked = await minsu.types_inline("x")
    button = InlineQueryResultsButton("Sign in", start_parameter="in")
    await scene.bot.answer_inline_query(asked, [], button=button)
    await minsu.presses_offer_button(await minsu.until_offered(asked))
    message = (await scene.bot.get_updates())[-1].message
    assert message is not None
    assert (message.text, message.chat.id) == ("/start in", MINSU.user_id)
    with pytest.raises(NotOnScreen, match="no such button"):
        await scene.jihye.presses_offer_button(await offered(scene, "y"))


async def test_the_older_form_of_the_button_works(scene: Scene) -> None:
    asked = await scene.jihye.types_inline("x")
    old = {"inline_query_id": asked, "switch_pm_text": "In", "switch_pm_parameter": "in"}
    assert await scene.bot.do_api_request("answerinlinequery", old)
    assert (await scene.jihye.until_offered(asked)).button == {"text": "In", "start_parameter": "in"}


async def test_a_query_is_answered_once_and_in_time(scene: Scene) -> None:
    asked = await scene.jihye.types_inline("a")
    scene.clock.time += 10
    assert await scene.bot.answer_inline_query(asked, [article()])
    late = await scene.jihye.types_inline("b")
    scene.clock.time += 10.1
    for query in (asked, late, "7", "x", ""):
        with pytest.raises(BadRequest, match=f"^{TOO_OLD}$"):
            await scene.bot.answer_inline_query(query, [article()])
    assert (await offered(scene, "c", article())).titles == ("Title 1",)


async def test_a_timeout_shows_the_chat(scene: Scene) -> None:
    with pytest.raises(TimeoutError, match="chat of Jihye"):
        await scene.jihye.asks_inline("anybody?", timeout=0.05)


async def test_a_cached_query_does_not_reach_the_bot(scene: Scene) -> None:
    first = await offered(scene, "x", article())
    await heard(scene)
    anh = scene.messenger.person(ANH.user_id)
    for person in (scene.jihye, anh):
        again = await person.asks_inline(" x ")
        assert (again.titles, again.query_id != first.query_id) == (("Title 1",), True)
    assert await heard(scene) == []
    assert (await anh.picks(again, "1")).sender_id == ANH.user_id
    with pytest.raises(BadRequest, match=f"^{TOO_OLD}$"):
        await scene.bot.answer_inline_query(again.query_id, [article()])


async def test_a_different_query_reaches_the_bot(scene: Scene) -> None:
    await offered(scene, "x", article())
    await heard(scene)
    await scene.jihye.types_inline("y")
    await scene.jihye.types_inline("x", "2")
    await scene.messenger.operator(MINSU.user_id).types_inline("x")  # another kind of chat
    assert [(each.query, each.offset) for each in await heard(scene)] == [("y", ""), ("x", "2"), ("x", "")]


@pytest.mark.parametrize(("given", "kept"), [(None, 300), (30, 30), (0, 0), (-5, 0), (10**6, 86400)])
async def test_an_offer_is_cached_for_its_time(scene: Scene, given: int | None, kept: int) -> None:
    await offered(scene, "x", article(), cache_time=given)
    await heard(scene)
    scene.clock.time += kept - 0.5
    await scene.jihye.types_inline("x")
    assert len(await heard(scene)) == (0 if kept else 1)
    scene.clock.time += 0.5
    await scene.jihye.types_inline("x")
    assert len(await heard(scene)) == 1


async def test_a_personal_offer_is_cached_for_its_person_only(scene: Scene) -> None:
    await offered(scene, "x", article(), is_personal=True)
    await heard(scene)
    anh = scene.messenger.person(ANH.user_id)
    assert (await scene.jihye.asks_inline("x")).titles == ("Title 1",)
    asked = await anh.types_inline("x")
    assert [each.id for each in await heard(scene)] == [asked]
    await scene.bot.answer_inline_query(asked, [article("2")], is_personal=True)
    assert (await anh.asks_inline("x")).titles == ("Title 2",)
    assert (await scene.jihye.asks_inline("x")).titles == ("Title 1",)


async def test_an_application_of_the_library_answers(open_scene: OpenScene) -> None:
    scene = await open_scene(Limits())

    async def answer(update: object, context: ContextTypes.DEFAULT_TYPE) -> None:
        query = getattr(update, "inline_query", None)
        assert isinstance(query, InlineQuery)
        found = [article(str(number), f"{query.query} {number}") for number in range(60)]
        await query.answer(found, auto_pagination=True, is_personal=True)

    application = Application.builder().bot(bot_for(scene.messenger)).build()
    application.add_handler(InlineQueryHandler(answer))
    async with application:
        await application.start()
        assert application.updater
        await application.updater.start_polling()
        await _pages(scene.jihye)
        await application.updater.stop()
        await application.stop()


async def _pages(person: Person) -> None:
    first = await person.asks_inline("lost")
    second = await person.asks_inline("lost", first.next_offset)
    assert (len(first.results), len(second.results), second.next_offset) == (50, 10, "")
    sent = await person.picks(second, "59")
    assert sent.text == "lost 59"


async def test_an_answer_wakes_the_waiting_person(scene: Scene) -> None:
    waiting = asyncio.create_task(scene.jihye.asks_inline("x"))
    await scene.messenger.until(lambda m: m.stats.pending)
    (query,) = await heard(scene)
    await query.answer([article()])
    assert (await waiting).titles == ("Title 1",)
