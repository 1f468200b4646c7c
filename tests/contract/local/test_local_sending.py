"""The messages that a bot can send, and the errors of those that it cannot."""

import pytest
from telegram import (
    Bot,
    ForceReply,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    MessageEntity,
    ReplyKeyboardMarkup,
    ReplyKeyboardRemove,
    ReplyParameters,
)
from telegram.error import BadRequest, EndPointNotFound, Forbidden, InvalidToken

from handlers.local import Limits
from tests.contract.local.scene import ANH, GROUP, JIHYE, OpenScene, Scene, bot_for

FACE = "\U0001f600"  # two UTF-16 units
GA = "\uac00"  # one unit, three bytes


def button(data: str = "x", text: str = "x") -> InlineKeyboardMarkup:
    return InlineKeyboardMarkup([[InlineKeyboardButton(text, callback_data=data)]])


async def test_a_message_arrives_as_it_was_sent(scene: Scene) -> None:
    entities = [MessageEntity("bold", 0, 2), MessageEntity("text_link", 3, 4, url="https://example.com/")]
    sent = await scene.bot.send_message(
        JIHYE.user_id, f"{FACE} link", entities=entities, reply_markup=button("go", "Go")
    )
    seen = scene.jihye.screen
    assert seen is not None
    assert seen.message_id == sent.message_id
    assert seen.text == f"{FACE} link" == sent.text
    assert [each["type"] for each in seen.entities] == ["bold", "text_link"] == [each.type for each in sent.entities]
    assert seen.labels == ("Go",)
    assert seen.from_bot
    assert sent.from_user == await scene.bot.get_me()
    assert sent.chat.type == "private"


async def test_the_server_adds_entities_for_commands_and_urls(scene: Scene) -> None:
    sent = await scene.bot.send_message(JIHYE.user_id, f"{FACE} /help or https://example.com/a but not a/b")
    assert [(each.type, sent.parse_entity(each)) for each in sent.entities] == [
        ("bot_command", "/help"),
        ("url", "https://example.com/a"),
    ]


async def test_html_is_parsed_as_the_real_parser_does(scene: Scene) -> None:
    text = f"<b>{FACE}&lt;</b> <a href='https://example.com'>go</a> <tg-spoiler>x</tg-spoiler>"
    sent = await scene.bot.send_message(JIHYE.user_id, text, parse_mode="HTML")
    assert sent.text == f"{FACE}< go x"
    assert [(each.type, each.offset, each.length) for each in sent.entities] == [
        ("bold", 0, 3),
        ("text_link", 4, 2),
        ("spoiler", 7, 1),
    ]


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("<b>x", "Can't parse entities: can't find end tag corresponding to start tag \"b\""),
        ("<x>y</x>", 'Can\'t parse entities: unsupported start tag "x" at byte offset 0'),
        (f"{GA}</b>", "Can't parse entities: unexpected end tag at byte offset 3"),
        (
            "<b>x</i>",
            'Can\'t parse entities: unmatched end tag at byte offset 4, expected "</b>", found "</i>"',
        ),
        ("a < b", "Can't parse entities: unclosed start tag at byte offset 2"),
    ],
)
async def test_broken_html_is_refused(scene: Scene, source: str, problem: str) -> None:
    with pytest.raises(BadRequest) as refused:
        await scene.bot.send_message(JIHYE.user_id, source, parse_mode="HTML")
    assert str(refused.value).lower() == problem.lower()


@pytest.mark.parametrize(
    ("text", "entity", "problem"),
    [
        ("abc", MessageEntity("bold", 3, 1), "Entity begins after the end of the text at UTF-16 offset 3"),
        ("abc", MessageEntity("bold", -1, 1), "Receive an entity with incorrect offset -1"),
        ("abc", MessageEntity("bold", 0, -1), "Receive an entity with incorrect length -1"),
        (
            FACE,
            MessageEntity("bold", 0, 3),
            "Entity beginning at UTF-16 offset 0 ends after the end of the text at UTF-16 offset 3",
        ),
        ("abc", MessageEntity("loud", 0, 1), "Can't parse messageentity: unsupported type specified"),
    ],
)
async def test_entities_outside_the_text_are_refused(
    scene: Scene, text: str, entity: MessageEntity, problem: str
) -> None:
    with pytest.raises(BadRequest) as refused:
        await scene.bot.send_message(JIHYE.user_id, text, entities=[entity])
    assert str(refused.value).lower() == problem.lower()
    await scene.bot.send_message(JIHYE.user_id, text, entities=[MessageEntity("bold", 0, 1)])


async def test_length_is_counted_in_utf16_units(scene: Scene) -> None:
    await scene.bot.send_message(JIHYE.user_id, FACE * 2048)
    await scene.bot.send_message(JIHYE.user_id, GA * 4096)
    with pytest.raises(BadRequest, match=r"^Message is too long$"):
        await scene.bot.send_message(JIHYE.user_id, FACE * 2048 + "x")


async def test_callback_data_is_counted_in_bytes(scene: Scene) -> None:
    await scene.bot.send_message(JIHYE.user_id, "x", reply_markup=button(GA * 21 + "x"))
    with pytest.raises(BadRequest, match=r"^Button_data_invalid$"):
        await scene.bot.send_message(JIHYE.user_id, "x", reply_markup=button(GA * 21 + "xy"))


async def test_a_keyboard_has_at_most_a_hundred_buttons(scene: Scene) -> None:
    row = [InlineKeyboardButton("x", callback_data="x")]
    await scene.bot.send_message(JIHYE.user_id, "x", reply_markup=InlineKeyboardMarkup([row] * 100))
    with pytest.raises(BadRequest, match=r"^Reply markup is too long$"):
        await scene.bot.send_message(JIHYE.user_id, "x", reply_markup=InlineKeyboardMarkup([row] * 101))


@pytest.mark.parametrize(
    ("keyboard", "problem"),
    [
        ([[InlineKeyboardButton("x")]], "Can't parse inline keyboard button: text buttons are unallowed"),
        ([[InlineKeyboardButton(" ", callback_data="x")]], "Inline keyboard button text must be non-empty"),
        ([[InlineKeyboardButton("x", url="javascript:alert(1)")]], "is invalid: wrong http url"),
    ],
)
async def test_invalid_buttons_are_refused(scene: Scene, keyboard: list, problem: str) -> None:
    with pytest.raises(BadRequest) as refused:
        await scene.bot.send_message(JIHYE.user_id, "x", reply_markup=InlineKeyboardMarkup(keyboard))
    assert problem.lower() in str(refused.value).lower()


@pytest.mark.parametrize(
    ("text", "problem"),
    [("", "Message text is empty"), (" \n", "Text must be non-empty")],
)
async def test_empty_text_is_refused(scene: Scene, text: str, problem: str) -> None:
    with pytest.raises(BadRequest, match=f"^{problem}$"):
        await scene.bot.send_message(JIHYE.user_id, text)


async def test_unknown_chats_are_refused(scene: Scene) -> None:
    with pytest.raises(BadRequest, match=r"^Chat not found$"):
        await scene.bot.send_message(999, "x")
    with pytest.raises(BadRequest, match=r"^Chat not found$"):
        await scene.bot.send_chat_action(999, "typing")


async def test_a_bot_cannot_write_first(open_scene: OpenScene) -> None:
    scene = await open_scene(Limits(must_start=True))
    with pytest.raises(Forbidden, match=r"bot can't initiate conversation with a user"):
        await scene.bot.send_message(JIHYE.user_id, "x")
    await scene.jihye.starts()
    await scene.bot.send_message(JIHYE.user_id, "x")


async def test_a_blocked_bot_gets_an_error(scene: Scene) -> None:
    await scene.jihye.blocks()
    with pytest.raises(Forbidden, match=r"^Forbidden: bot was blocked by the user$"):
        await scene.bot.send_message(JIHYE.user_id, "x")
    await scene.jihye.unblocks()
    await scene.bot.send_message(JIHYE.user_id, "x")


async def test_reply_keyboards_open_and_close(scene: Scene) -> None:
    keys = ReplyKeyboardMarkup([[KeyboardButton("share", request_contact=True), "skip"]], one_time_keyboard=True)
    await scene.bot.send_message(JIHYE.user_id, "phone?", reply_markup=keys)
    assert scene.jihye.reply_keyboard == (("share", "skip"),)
    await scene.jihye.presses_key("skip")
    assert scene.jihye.reply_keyboard == ()
    await scene.bot.send_message(JIHYE.user_id, "again?", reply_markup=ReplyKeyboardMarkup([["a"]]))
    await scene.bot.send_message(JIHYE.user_id, "no", reply_markup=ReplyKeyboardRemove())
    assert scene.jihye.reply_keyboard == ()
    await scene.bot.send_message(JIHYE.user_id, "say", reply_markup=ForceReply(input_field_placeholder="name"))
    assert scene.messenger.state.chats[JIHYE.user_id].keyboard == {
        "force_reply": True,
        "input_field_placeholder": "name",
    }


async def test_a_reply_has_its_message(scene: Scene) -> None:
    said = await scene.jihye.says("hello")
    sent = await scene.bot.send_message(JIHYE.user_id, "hi", reply_parameters=ReplyParameters(said.message_id))
    assert sent.reply_to_message is not None
    assert sent.reply_to_message.text == "hello"
    with pytest.raises(BadRequest, match=r"^Message to be replied not found$"):
        await scene.bot.send_message(JIHYE.user_id, "hi", reply_parameters=ReplyParameters(1))
    lenient = ReplyParameters(1, allow_sending_without_reply=True)
    assert (await scene.bot.send_message(JIHYE.user_id, "hi", reply_parameters=lenient)).reply_to_message is None


async def test_copies_and_forwards(scene: Scene) -> None:
    said = await scene.jihye.says("look")
    copied = await scene.bot.copy_message(GROUP, JIHYE.user_id, said.message_id)
    forwarded = await scene.bot.forward_message(ANH.user_id, JIHYE.user_id, said.message_id)
    assert scene.messenger.state.chats[GROUP].messages[copied.message_id]["text"] == "look"
    assert forwarded.text == "look"
    assert forwarded.forward_origin is not None
    with pytest.raises(BadRequest, match=r"^Message to copy not found$"):
        await scene.bot.copy_message(GROUP, JIHYE.user_id, 1)


async def test_an_unknown_chat_action_is_refused(scene: Scene) -> None:
    await scene.bot.send_chat_action(JIHYE.user_id, "typing")
    assert scene.messenger.state.chats[JIHYE.user_id].action == "typing"
    with pytest.raises(BadRequest, match=r"^Wrong parameter action in request$"):
        await scene.bot.send_chat_action(JIHYE.user_id, "thinking")


async def test_repeats_are_counted(scene: Scene) -> None:
    for _ in range(3):
        await scene.bot.send_message(JIHYE.user_id, "same")
    await scene.bot.send_message(ANH.user_id, "same")
    assert scene.messenger.stats.repeats == 2
    assert scene.messenger.stats.calls["sendMessage"] == 4


async def test_a_wrong_token_and_a_wrong_method(scene: Scene) -> None:
    with pytest.raises(InvalidToken, match="rejected by the server"):
        async with bot_for(scene.messenger, "7:wrong"):
            pass
    with pytest.raises(EndPointNotFound, match="Endpoint 'sendTelepathy' not found"):
        await scene.bot.do_api_request("sendTelepathy")


async def test_the_bot_sets_its_own_profile(scene: Scene) -> None:
    bot: Bot = scene.bot
    await bot.set_my_commands([("start", "begin"), ("help", "ask")])
    assert [each.command for each in await bot.get_my_commands()] == ["start", "help"]
    assert await bot.set_my_name("Reissue")
    assert (await bot.get_my_name()).name == "Reissue"
    assert await bot.set_my_description("d" * 512)
    assert (await bot.get_my_description()).description == "d" * 512
    assert await bot.set_my_short_description("s")
    assert (await bot.get_my_short_description()).short_description == "s"
    with pytest.raises(BadRequest, match=r"^Name is too long$"):
        await bot.set_my_name("x" * 65)
    assert await bot.delete_my_commands()
    assert await bot.get_my_commands() == ()


async def test_chats_and_members(scene: Scene) -> None:
    assert (await scene.bot.get_chat(JIHYE.user_id)).first_name == JIHYE.first_name
    assert (await scene.bot.get_chat(GROUP)).type == "supergroup"
    assert (await scene.bot.get_chat_member(GROUP, 2001)).status == "member"
    assert (await scene.bot.get_chat_member(GROUP, JIHYE.user_id)).status == "left"
    assert await scene.bot.get_chat_member_count(GROUP) == 3
    assert [each.user.id for each in await scene.bot.get_chat_administrators(GROUP)] == [scene.bot.id]
    with pytest.raises(BadRequest, match=r"^Chat not found$"):
        await scene.bot.get_chat(5)


async def test_methods_without_effect_return_true(scene: Scene) -> None:
    assert await scene.bot.close()
    assert await scene.bot.log_out()
