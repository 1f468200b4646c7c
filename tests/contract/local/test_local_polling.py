"""Updates delivered by long polling."""

import asyncio

import pytest
from telegram import Update
from telegram.error import Conflict
from telegram.ext import Application, CommandHandler, ContextTypes

from handlers.local import LocalMessenger
from tests.contract.local.scene import ANH, JIHYE, TOKEN, Clock, Scene, bot_for


def texts(updates: tuple[Update, ...]) -> list[str | None]:
    return [each.message.text for each in updates if each.message]


async def test_unconfirmed_updates_come_again(scene: Scene) -> None:
    for text in ("a", "b", "c"):
        await scene.jihye.says(text)
    first = await scene.bot.get_updates(limit=2)
    assert texts(first) == ["a", "b"]
    assert texts(await scene.bot.get_updates()) == ["a", "b", "c"]
    assert texts(await scene.bot.get_updates(offset=first[0].update_id + 1)) == ["b", "c"]
    assert texts(await scene.bot.get_updates()) == ["b", "c"]
    assert texts(await scene.bot.get_updates(offset=-1)) == ["c"]
    assert scene.messenger.stats.pending == 1


async def test_a_long_poll_ends_with_an_update(scene: Scene) -> None:
    waiting = asyncio.create_task(scene.bot.get_updates(timeout=5))
    await scene.messenger.until(lambda m: m.updates.polled)
    await scene.jihye.says("now")
    assert texts(await waiting) == ["now"]


async def test_a_long_poll_ends_empty_after_its_timeout(scene: Scene) -> None:
    assert await scene.bot.get_updates(timeout=1) == ()


async def test_a_second_poller_ends_the_first(scene: Scene) -> None:
    waiting = asyncio.create_task(scene.bot.get_updates(timeout=5))
    await scene.messenger.until(lambda m: m.updates.polled)
    await scene.bot.get_updates(timeout=0)
    with pytest.raises(Conflict, match=r"terminated by other getUpdates request"):
        await waiting


async def test_no_polling_while_a_webhook_is_set(scene: Scene) -> None:
    waiting = asyncio.create_task(scene.bot.get_updates(timeout=5))
    await scene.messenger.until(lambda m: m.updates.polled)
    await scene.bot.set_webhook("http://127.0.0.1:9/hook")
    with pytest.raises(Conflict, match=r"terminated by setWebhook request"):
        await waiting
    with pytest.raises(Conflict, match=r"can't use getUpdates method while webhook is active"):
        await scene.bot.get_updates()
    await scene.bot.delete_webhook()
    assert await scene.bot.get_updates() == ()


async def test_only_allowed_updates_are_delivered(scene: Scene) -> None:
    await scene.bot.get_updates(allowed_updates=["callback_query"])
    await scene.jihye.says("unheard")
    assert await scene.bot.get_updates() == ()
    await scene.bot.get_updates(allowed_updates=[])
    await scene.jihye.says("heard")
    assert texts(await scene.bot.get_updates()) == ["heard"]


async def test_each_action_of_a_person_is_an_update(scene: Scene) -> None:
    said = await scene.jihye.says("helo")
    await scene.jihye.edits(said, "hello")
    await scene.jihye.shares_contact()
    await scene.jihye.shares_contact(own=False)
    await scene.jihye.shares_contact(of=ANH)
    await scene.jihye.sends_web_app_data("data", "Open")
    await scene.jihye.blocks()
    updates = await scene.bot.get_updates()
    edited, contacts, blocked = updates[1].edited_message, [each.message for each in updates[2:5]], updates[6]
    assert edited is not None
    assert edited.text == "hello"
    assert [each.contact.user_id for each in contacts if each and each.contact] == [1001, None, 1002]
    assert updates[5].message is not None
    assert updates[5].message.web_app_data is not None
    assert blocked.my_chat_member is not None
    assert blocked.my_chat_member.new_chat_member.status == "kicked"


async def test_ids_are_above_those_of_an_earlier_messenger() -> None:
    ids = []
    for seconds in (0, 5):
        messenger = LocalMessenger(token=TOKEN, personas=[JIHYE], now=Clock(1_800_000_000.0 + seconds))
        await messenger.start()
        said = await messenger.person(JIHYE.user_id).says("x")
        async with bot_for(messenger) as bot:
            (update,) = await bot.get_updates()
        ids.append((update.update_id, said.message_id))
        await messenger.stop()
    assert ids[1][0] > ids[0][0]
    assert ids[1][1] > ids[0][1]
    assert all(number < 2**31 for pair in ids for number in pair)


async def test_raw_updates_repeats_and_shuffles(scene: Scene) -> None:
    for text in "abcdef":
        await scene.jihye.says(text)
    scene.messenger.repeat_updates(2)
    scene.messenger.push_update({"message": {"no": "message"}})
    raw = scene.messenger.updates.peek()
    assert len(raw) == 9
    assert raw[4:6] == raw[6:8]
    scene.messenger.shuffle_updates()
    assert scene.messenger.updates.peek() != raw
    highest = max(each["update_id"] for each in raw)
    assert await scene.bot.get_updates(offset=highest + 1) == ()


async def test_an_application_of_the_library_talks(scene: Scene) -> None:
    async def start(update: Update, context: ContextTypes.DEFAULT_TYPE) -> None:
        assert update.message
        await update.message.reply_text("welcome")

    application = Application.builder().bot(bot_for(scene.messenger)).build()
    application.add_handler(CommandHandler("start", start))
    async with application:
        await application.start()
        assert application.updater
        await application.updater.start_polling()
        await scene.jihye.starts()
        assert (await scene.jihye.until_says("welcome")).from_bot
        await application.updater.stop()
        await application.stop()


async def test_a_timeout_shows_the_chat(scene: Scene) -> None:
    await scene.jihye.says("anybody?")
    with pytest.raises(TimeoutError, match=r"person 'anybody\?'"):
        await scene.jihye.until_says("yes", timeout=0.05)
