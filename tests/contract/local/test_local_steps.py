"""The steps of the bot's work on the page: names and counts only, and the panel in a real browser."""

import json
import logging
import re
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from bot.app.demo_steps import Step, collected
from bot.storage.queries import queries
from handlers.local.page.live import load_messages
from tests.contract.local.scene import CHROMIUM, Scene
from tests.support import leaks
from tests.support.customers import GILDONG, persona
from tests.support.local_telegram import PASSWORD, TOKEN, Customer, authority_template, local_telegram

KO = load_messages("ko")
PERSONAL = [
    *(GILDONG.customer_id, GILDONG.name, GILDONG.idn, GILDONG.email, GILDONG.phone, GILDONG.account),
    *("1980-05-21", "800521", "010.1234.5678", "123-4567890-1234", "2019-07-03", PASSWORD, TOKEN),
]
NAME = re.compile(r"[A-Za-z][A-Za-z_ ]*")
TAP: list[Step] = [
    {
        "step": "decided",
        "work": "update",
        "event": "Tapped",
        "phase_before": "asking",
        "phase_after": "sending",
        "jobs": ["send_code"],
    },
    {"step": "queued", "work": "update", "kind": "DeleteMessage"},
    {"step": "queued", "work": "update", "kind": "<b>Card</b>"},
    {"step": "unit committed", "work": "update", "writes": {"inbox_done": 1, "outbox_add": 2}},
    {"step": "delivery", "work": "send chat", "kind": "chat"},
    {"step": "delivery", "work": "send chat", "kind": "chat"},
    {"step": "job done", "work": "job send_code", "kind": "send_code"},
]


async def to_the_certificate(customer: Customer) -> str:
    """Complete a reissue, and return the one-time code."""
    await customer.triage()
    for step, text in (("name", GILDONG.name), ("birth", "800521"), ("phone", "010.1234.5678")):
        await customer.answers(step, text)
    await customer.answers("account", "123-4567890-1234")
    await customer.asked("id_type", "resident_card")
    await customer.answers("id_issued_on", "2019-07-03")
    await customer.asked("via", "sms")
    code = await customer.code(GILDONG.phone)
    await customer.says(code)
    await customer.taps("button.submit")
    await customer.sees("enrolled.password")
    await customer.says(PASSWORD)
    await customer.sees("card.issued")
    return code


async def test_the_steps_of_a_reissue_have_names_and_counts_only(tmp_path: Path) -> None:
    steps: list[Step] = []
    template = authority_template(tmp_path / "template", [GILDONG])
    with collected(steps.append):
        async with local_telegram(template, tmp_path / "data", [GILDONG], [persona(GILDONG, 101)]) as telegram:
            code = await to_the_certificate(telegram.customer(101))
            await telegram.quiet()
    assert not leaks.found_in(json.dumps(steps, ensure_ascii=False).encode(), [*PERSONAL, code])
    writes = {query for step in steps for query in step.get("writes", {})}  # type: ignore[attr-defined]
    assert {"inbox_done", "chat_save_case", "outbox_add", "job_add", "outbox_sent"} <= writes <= set(queries())
    names = [value for step in steps for key, value in step.items() if key not in {"reference", "writes", "jobs"}]
    names += [name for step in steps for name in step.get("jobs", ())]  # type: ignore[attr-defined]
    assert [each for each in names if not NAME.fullmatch(str(each))] == []
    assert {each["kind"] for each in steps if each["step"] == "job done"} >= {"send_code", "assess", "issue"}
    assert {each["kind"] for each in steps if each["step"] == "delivery"} == {"chat", "sms", "mail"}


def show(scene: Scene, reference: str) -> None:
    for step in TAP:
        scene.messenger.add_step({"reference": reference, **step})


def test_the_loggers_get_their_level_back() -> None:
    """Otherwise the bot would build DEBUG records that nobody reads."""
    before = logging.getLogger("bot.engine.cases").level
    with collected(print):
        assert logging.getLogger("bot.engine.cases").isEnabledFor(logging.DEBUG)
    assert logging.getLogger("bot.engine.cases").level == before


@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium")
async def test_the_panel_is_closed_on_a_phone_and_opens_from_the_menu(page: Page, scene: Scene) -> None:
    show(scene, "E-1")
    panel = page.get_by_role("region", name=KO["steps.title"])
    await expect(panel).to_be_hidden()
    await page.get_by_role("button", name=KO["action.more"]).first.click()
    await page.get_by_role("menuitem", name=KO["steps.show"]).click()
    await expect(panel).to_be_visible()
    await page.reload()
    await expect(panel).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(panel).to_be_hidden()


@pytest.mark.browser
@pytest.mark.skipif(not CHROMIUM.exists(), reason="no Chromium")
async def test_the_panel_lists_the_steps_of_each_update(page: Page, scene: Scene) -> None:
    await page.set_viewport_size({"width": 1280, "height": 860})
    await page.reload()
    await page.click("#steps-toggle")
    await expect(page.locator("#steps-toggle")).to_have_attribute("aria-expanded", "true")
    await expect(page.get_by_text(KO["steps.empty"])).to_be_visible()
    show(scene, "E-1")
    show(scene, "E-2")
    updates = page.locator("#steps-list > li")
    await expect(updates.locator("h3")).to_have_text(["E-2", "E-1"])
    lines = [
        ("steps.event", "Tapped"),
        ("steps.phase", "asking \N{RIGHTWARDS ARROW} sending"),
        ("steps.ordered", "send_code"),
        ("steps.outbox", "DeleteMessage<b>Card</b>"),
        ("steps.rows", "inbox_doneoutbox_add \N{MULTIPLICATION SIGN} 2"),
        ("steps.delivery", "chat \N{MULTIPLICATION SIGN} 2"),
        ("steps.done", "send_code"),
    ]
    await expect(updates.first.locator(".step")).to_have_text([KO[key] + text for key, text in lines])
    await expect(page.get_by_text(KO["steps.empty"])).to_be_hidden()
    assert await page.locator("#steps-list").get_attribute("aria-live") == "polite"
