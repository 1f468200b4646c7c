"""A person who types inline queries in a real browser, and a bot with the real Telegram library."""

import pytest
from playwright.async_api import Locator, Page, expect
from telegram import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InlineQuery,
    InlineQueryResultArticle,
    InlineQueryResultsButton,
    InputTextMessageContent,
)

from handlers.local.page.live import load_messages
from tests.contract.local.scene import CHROMIUM, JIHYE, Scene

KO = load_messages("ko")
AT = "@reissue_local_bot "
pytestmark = [pytest.mark.browser, pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium")]


def article(name: str, description: str | None = None) -> InlineQueryResultArticle:
    return InlineQueryResultArticle(
        name, f"<i>{name}</i>", InputTextMessageContent(f"said {name}"), description=description
    )


async def heard(scene: Scene) -> InlineQuery:
    """The next inline query, by long polling."""
    while True:
        updates = await scene.bot.get_updates(timeout=5)
        assert updates, "nothing was asked"
        await scene.bot.get_updates(offset=updates[-1].update_id + 1)
        for update in updates:
            if update.inline_query:
                return update.inline_query


def options(page: Page) -> Locator:
    return page.get_by_role("listbox", name=KO["inline.title"]).get_by_role("option")


async def active(page: Page) -> str:
    """The active option, found by the attributes that a screen reader uses."""
    name = await page.get_attribute("#compose", "aria-activedescendant")
    assert name is not None
    await expect(page.locator(f"#{name}")).to_have_attribute("aria-selected", "true")
    return (await page.locator(f"#{name} b").text_content()) or ""


async def said(scene: Scene) -> str:
    return await scene.messenger.until(lambda _: scene.jihye.last.text if scene.jihye.last else None)


async def test_results_are_selected_and_picked_by_keyboard(page: Page, scene: Scene) -> None:
    await page.fill("#compose", "@reissue_local_bot")
    await expect(page.locator(".offers.open")).to_have_count(0)
    await page.fill("#compose", AT + "lost")
    await expect(page.get_by_role("status").get_by_text(KO["inline.searching"])).to_be_visible()
    await page.press("#compose", "Enter")  # nothing is sent while the query is waiting
    query = await heard(scene)
    assert (query.query, query.from_user.id) == ("lost", JIHYE.user_id)
    await query.answer([article("a", "First of all"), article("b"), article("c")])
    await expect(options(page)).to_have_count(3)
    await expect(options(page).first).to_have_text("<i>a</i>First of all")  # markup stays text
    assert scene.jihye.messages == ()
    assert await active(page) == "<i>a</i>"
    await page.press("#compose", "ArrowUp")
    assert await active(page) == "<i>c</i>"
    await page.press("#compose", "ArrowDown")
    await page.press("#compose", "ArrowDown")
    assert await active(page) == "<i>b</i>"
    await page.press("#compose", "Enter")
    log = page.get_by_role("log")
    await expect(log.get_by_text("said b")).to_be_visible()
    await expect(log.get_by_text(KO["inline.via"].format(name="reissue_local_bot"))).to_be_visible()
    await expect(page.locator("#compose")).to_have_value("")
    await expect(options(page)).to_have_count(0)
    assert await page.get_attribute("#compose", "aria-activedescendant") is None


async def test_a_tapped_result_is_a_reply(page: Page, scene: Scene) -> None:
    asked = await scene.bot.send_message(JIHYE.user_id, "which?")
    await page.get_by_role("button", name=KO["action.more"]).last.click()
    await page.get_by_role("menuitem", name=KO["action.reply"]).click()
    await page.fill("#compose", AT.upper() + "x")
    await (await heard(scene)).answer([article("a"), article("b")])
    await options(page).nth(1).tap()
    await expect(page.get_by_role("log").get_by_text("said b")).to_be_visible()
    assert scene.jihye.last is not None
    assert scene.jihye.last.reply_to == asked.message_id


async def test_escape_closes_the_results_and_keeps_the_text(page: Page, scene: Scene) -> None:
    await page.fill("#compose", AT + "x")
    await (await heard(scene)).answer([article("a")])
    await expect(options(page)).to_have_count(1)
    await page.press("#compose", "Escape")
    await expect(options(page)).to_have_count(0)
    await page.press("#compose", "Enter")
    assert await said(scene) == AT + "x"


async def test_enter_of_an_input_method_picks_nothing(page: Page, scene: Scene) -> None:
    await page.fill("#compose", AT + "x")
    await (await heard(scene)).answer([article("a")])
    await expect(options(page)).to_have_count(1)
    ends = {"key": "Enter", "isComposing": True, "bubbles": True, "cancelable": True}
    await page.dispatch_event("#compose", "keydown", ends)
    await page.press("#compose", "Escape")
    await page.press("#compose", "Enter")
    await expect(page.get_by_role("log").get_by_text(AT + "x")).to_be_visible()
    assert [each.text for each in scene.jihye.messages] == [AT + "x"]


async def test_only_the_newest_query_has_results(page: Page, scene: Scene) -> None:
    await page.fill("#compose", AT + "old")
    old = await heard(scene)
    async with page.expect_response("**/act"):  # the older query ends without a note
        await page.fill("#compose", AT + "new")
        new = await heard(scene)
    await expect(page.get_by_role("status").get_by_text(KO["inline.searching"])).to_be_visible()
    await old.answer([article("old")])
    await new.answer([article("new")])
    await expect(options(page)).to_have_text(["<i>new</i>"])
    await page.fill("#compose", AT + "none")
    await (await heard(scene)).answer([])
    await expect(page.get_by_role("status").get_by_text(KO["inline.none"])).to_be_visible()
    await expect(options(page)).to_have_count(0)
    await page.fill("#compose", AT + "new")  # cached: the bot gets no query
    await expect(options(page)).to_have_text(["<i>new</i>"])
    assert await scene.bot.get_updates() == ()
    await page.fill("#compose", "no question")
    await expect(options(page)).to_have_count(0)


async def test_the_end_of_the_list_loads_more_results(page: Page, scene: Scene) -> None:
    await page.fill("#compose", AT + "x")
    first = [article(str(number)) for number in range(50)]
    await (await heard(scene)).answer(first, next_offset="50")
    await expect(options(page)).to_have_count(50)
    await page.press("#compose", "ArrowUp")
    following = await heard(scene)
    assert (following.query, following.offset) == ("x", "50")
    await following.answer([article("50")])
    await expect(options(page)).to_have_count(51)
    await page.press("#compose", "ArrowDown")
    assert await active(page) == "<i>50</i>"
    await page.press("#compose", "Enter")
    assert await said(scene) == "said 50"


async def test_the_button_on_top_starts_the_bot(page: Page, scene: Scene) -> None:
    await page.fill("#compose", AT)
    query = await heard(scene)
    assert query.query == ""
    await query.answer([], button=InlineQueryResultsButton("Sign in", start_parameter="in"))
    await page.get_by_role("button", name="Sign in").tap()
    assert await said(scene) == "/start in"
    await expect(page.get_by_role("button", name="Sign in")).to_have_count(0)
    await expect(page.locator("#compose")).to_have_value("")


async def test_a_button_puts_the_query_into_the_entry(page: Page, scene: Scene) -> None:
    key = InlineKeyboardButton("Search", switch_inline_query_current_chat="lost")
    await scene.bot.send_message(JIHYE.user_id, "x", reply_markup=InlineKeyboardMarkup([[key]]))
    await page.get_by_role("button", name="Search").click()
    assert (await heard(scene)).query == "lost"
    await expect(page.locator("#compose")).to_have_value(AT + "lost")
