"""A person at the page in a real browser, and a bot with the real Telegram library."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page, expect
from telegram import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    KeyboardButton,
    MessageEntity,
    ReplyKeyboardMarkup,
    Update,
)
from telegram.ext import (
    Application,
    CallbackQueryHandler,
    CommandHandler,
    ContextTypes,
    MessageHandler,
    filters,
)

from handlers.local.page.live import load_messages
from tests.contract.local.scene import CHROMIUM, GROUP, JIHYE, Scene, bot_for

KO = load_messages("ko")
pytestmark = [pytest.mark.browser, pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium")]
Context = ContextTypes.DEFAULT_TYPE


async def start(update: Update, _: Context) -> None:
    assert update.message
    keys = InlineKeyboardMarkup([[InlineKeyboardButton("Reissue", callback_data="r")]])
    secret = MessageEntity("spoiler", 8, 6)
    await update.message.reply_text("<b>Hi</b>secret", entities=[secret], reply_markup=keys)


async def tapped(update: Update, _: Context) -> None:
    query = update.callback_query
    assert query
    await query.edit_message_text("chosen")
    await query.answer("noted")
    share = ReplyKeyboardMarkup([[KeyboardButton("Share", request_contact=True)]], one_time_keyboard=True)
    await query.get_bot().send_message(JIHYE.user_id, "phone?", reply_markup=share)


async def shared(update: Update, context: Context) -> None:
    assert update.message
    await context.bot.send_message(GROUP, "please check")
    await update.message.reply_document(b"certificate", filename="signCert.der", caption="done")


@pytest.fixture
async def application(scene: Scene) -> AsyncIterator[None]:
    application = Application.builder().bot(bot_for(scene.messenger)).build()
    application.add_handler(CommandHandler("start", start))
    application.add_handler(CallbackQueryHandler(tapped))
    application.add_handler(MessageHandler(filters.CONTACT, shared))
    async with application:
        await application.start()
        assert application.updater
        await application.updater.start_polling()
        yield
        await application.updater.stop()
        await application.stop()


async def test_a_customer_completes_a_conversation(page: Page, application: None) -> None:
    log = page.get_by_role("log")
    await page.click("#start")
    await expect(log.get_by_text("<b>Hi</b>")).to_be_visible()  # markup stays text
    await log.get_by_role("button", name=KO["chat.spoiler"]).click()
    await expect(log.get_by_text("<b>Hi</b>secret")).to_be_visible()
    await log.get_by_role("button", name="Reissue").click()
    await expect(log.get_by_text("chosen")).to_be_visible()
    await expect(log.get_by_text(KO["chat.edited"])).to_be_visible()
    await expect(page.get_by_role("status").get_by_text("noted")).to_be_visible()
    await page.get_by_role("button", name="Share").click()
    await page.get_by_role("dialog").get_by_role("button", name=KO["contact.yes"]).click()
    async with page.expect_download() as download:
        await log.get_by_role("link", name="signCert.der").click()
    assert (await download.value).suggested_filename == "signCert.der"


async def test_the_language_changes_and_the_connection_recovers(page: Page, scene: Scene) -> None:
    await expect(page.get_by_role("button", name=KO["welcome.start"])).to_be_visible()
    await page.get_by_role("button", name=KO["chat.back"]).click()
    await page.get_by_role("button", name="EN").click()
    await page.get_by_role("button", name="Jihye").click()
    await expect(page.get_by_role("button", name="Start")).to_be_visible()
    port = int(scene.messenger.api_url.rpartition(":")[2])
    await scene.bot.shutdown()
    await scene.messenger.stop()
    await expect(page.get_by_text("Reconnecting")).to_be_visible()
    await scene.messenger.start(port=port)
    await expect(page.get_by_text("Reconnecting")).to_be_hidden()
    await page.fill("#compose", "still here")
    await page.press("#compose", "Enter")
    await expect(page.get_by_role("log").get_by_text("still here")).to_be_visible()


async def test_an_sms_is_announced_and_its_code_is_used(page: Page, scene: Scene) -> None:
    scene.messenger.receive_sms(JIHYE.phone, "code [482915] please")
    await page.get_by_role("button", name="482915").click()
    await page.get_by_role("tabpanel").get_by_role("button", name="482915").click()
    await expect(page.locator("#compose")).to_have_value("482915")
