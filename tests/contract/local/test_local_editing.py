"""Edits, deletions and answers to callback queries."""

from collections.abc import Awaitable
from typing import Any

import pytest
from telegram import InlineKeyboardButton, InlineKeyboardMarkup, ReplyKeyboardMarkup
from telegram.error import BadRequest

from tests.contract.local.scene import JIHYE, Scene

KEYS = InlineKeyboardMarkup(
    [[InlineKeyboardButton("A", callback_data="a"), InlineKeyboardButton("B", callback_data="b")]]
)
NOT_MODIFIED = (
    "Message is not modified: specified new message content and reply markup are exactly the same as a current "
    "content and reply markup of the message"
)


async def refused(call: Awaitable[Any]) -> str:
    with pytest.raises(BadRequest) as problem:
        await call
    return str(problem.value)


async def test_an_edit_replaces_text_and_keyboard(scene: Scene) -> None:
    sent = await scene.bot.send_message(JIHYE.user_id, "one", reply_markup=KEYS)
    await sent.edit_text("two", reply_markup=KEYS)
    seen = scene.jihye.screen
    assert seen is not None
    assert (seen.text, seen.edited, seen.labels) == ("two", True, ("A", "B"))
    await sent.edit_text("three")  # no keyboard given: it goes
    assert scene.jihye.screen is None
    assert scene.jihye.last is not None
    assert scene.jihye.last.text == "three"


async def test_an_edit_must_change_something(scene: Scene) -> None:
    sent = await scene.bot.send_message(JIHYE.user_id, "one", reply_markup=KEYS)
    assert await refused(sent.edit_text("one", reply_markup=KEYS)) == NOT_MODIFIED
    assert await refused(sent.edit_reply_markup(KEYS)) == NOT_MODIFIED
    await sent.edit_reply_markup(None)
    assert await refused(sent.edit_reply_markup(None)) == NOT_MODIFIED


async def test_the_bot_edits_only_its_own_existing_messages(scene: Scene) -> None:
    bot, said = scene.bot, await scene.jihye.says("mine")
    assert await refused(bot.edit_message_text("x", JIHYE.user_id, 1)) == "Message to edit not found"
    assert await refused(bot.edit_message_text("x", JIHYE.user_id, said.message_id)) == "Message can't be edited"
    assert await refused(bot.edit_message_text("", JIHYE.user_id, said.message_id)) == "Message text is empty"
    keyed = await bot.send_message(JIHYE.user_id, "k", reply_markup=ReplyKeyboardMarkup([["a"]]))
    assert await refused(keyed.edit_text("x")) == "Message can't be edited"
    document = await bot.send_document(JIHYE.user_id, b"x", filename="x.txt", caption="c")
    assert await refused(document.edit_text("x")) == "There is no text in the message to edit"
    await document.edit_caption("d")
    assert scene.jihye.last is not None
    assert scene.jihye.last.text == "d"
    sent = await bot.send_message(JIHYE.user_id, "one")
    assert await refused(sent.edit_caption("x")) == "There is no caption in the message to edit"
    await sent.edit_text("two")


async def test_deletions(scene: Scene) -> None:
    sent = await scene.bot.send_message(JIHYE.user_id, "one")
    said = await scene.jihye.says("mine")
    assert await sent.delete()
    assert await scene.bot.delete_message(JIHYE.user_id, said.message_id)
    assert scene.jihye.messages == ()
    assert await refused(sent.delete()) == "Message to delete not found"
    more = [await scene.bot.send_message(JIHYE.user_id, str(number)) for number in range(3)]
    assert await scene.bot.delete_messages(JIHYE.user_id, [each.message_id for each in more] + [1])
    assert scene.jihye.messages == ()
    assert await refused(scene.bot.delete_messages(JIHYE.user_id, [])) == "Message identifiers are not specified"


async def test_messages_older_than_two_days_are_not_deleted(scene: Scene) -> None:
    sent = await scene.bot.send_message(JIHYE.user_id, "one")
    scene.clock.time += 48 * 3600
    later = await scene.bot.send_message(JIHYE.user_id, "two")
    scene.clock.time += 1
    assert await refused(sent.delete()) == "Message can't be deleted for everyone"
    many = scene.bot.delete_messages(JIHYE.user_id, [sent.message_id, later.message_id])
    assert await refused(many) == "Message can't be deleted for everyone"
    assert await later.delete()


TOO_OLD = "Query is too old and response timeout expired or query id is invalid"


async def test_a_tap_is_answered_once_and_in_time(scene: Scene) -> None:
    await scene.bot.send_message(JIHYE.user_id, "one", reply_markup=KEYS)
    tap = await scene.jihye.taps("B")
    assert await scene.bot.answer_callback_query(tap, "done", show_alert=True)
    assert scene.jihye.answers[-1] == {"text": "done", "alert": True, "url": ""}
    assert await refused(scene.bot.answer_callback_query(tap)) == TOO_OLD
    late = await scene.jihye.taps("b")
    scene.clock.time += 15.1
    assert await refused(scene.bot.answer_callback_query(late)) == TOO_OLD
    assert await refused(scene.bot.answer_callback_query("7")) == TOO_OLD
    assert await refused(scene.bot.answer_callback_query(tap, "x" * 201)) == "Message_too_long"


async def test_a_tap_has_its_sender_message_and_data(scene: Scene) -> None:
    sent = await scene.bot.send_message(JIHYE.user_id, "one", reply_markup=KEYS)
    tap = await scene.jihye.taps("A")
    (update,) = await scene.bot.get_updates()
    query = update.callback_query
    assert query is not None
    assert (query.id, query.data, query.from_user.id) == (tap, "a", JIHYE.user_id)
    assert query.message is not None
    assert query.message.message_id == sent.message_id
