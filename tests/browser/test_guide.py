"""The demo as a guide: what each customer demonstrates, and the panel that shows what the bot just did."""

import csv
import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from handlers.local.page.live import load_messages
from tests.browser.conftest import opened_page
from tests.browser.test_reissue import Chat, fill_in, triage

pytestmark = pytest.mark.browser
KO = load_messages("ko")
GUIDES = {
    "홍길동": "reissue",
    "김영희": "renewal",
    "이철수": "expired",
    "NGUYEN": "english",
    "박보람": "suspended",
}


@pytest.fixture
def wide(browser: Browser, demo: str) -> Iterator[Page]:
    """A page with room for the panel as a column of its own."""
    yield from opened_page(browser, demo, 1680, 960)


@pytest.mark.parametrize("language", ["ko", "en"])
def test_each_customer_says_what_it_demonstrates(desktop: Page, language: str) -> None:
    messages = load_messages(language)
    desktop.locator(f'.switch [lang="{language}"]').click()
    for name, guide in GUIDES.items():
        customer = desktop.locator("#people").get_by_role("button", name=re.compile(name))
        expect(customer).to_contain_text(messages[f"guide.{guide}.name"])
        customer.click()
        for place in ("chat", "drawer"):
            expect(desktop.locator(f"#{place}").get_by_text(messages[f"guide.{guide}"])).to_be_visible()
    rows = csv.DictReader(files("bot.app").joinpath("demo.csv").read_text("utf-8").splitlines())
    assert len(GUIDES) == len(list(rows))


def test_the_panel_is_closed_on_a_phone(phone: Page) -> None:
    expect(phone.locator("#steps")).to_be_hidden()
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390


def test_the_panel_has_its_own_column_on_a_wide_screen(wide: Page) -> None:
    boxes = [wide.locator(f"#{name}").bounding_box() for name in ("chat", "steps", "drawer")]
    assert all(boxes)
    edges = [(box["x"], box["x"] + box["width"]) for box in boxes if box]
    assert edges[0][1] <= edges[1][0]
    assert edges[1][1] <= edges[2][0]


def test_one_tap_shows_its_event_phase_rows_and_jobs(desktop: Page, artefacts: Path) -> None:
    expect(desktop.locator("#steps")).to_be_hidden()
    desktop.click("#steps-toggle")
    chat = Chat(desktop, artefacts, "steps")
    desktop.get_by_role("button", name="시작", exact=True).click()
    chat.sees("card.idle")
    triage(chat)
    fill_in(chat)
    chat.sees("proof.sent.sms")
    update = desktop.locator("#steps-list > li").first
    tapped, job = update.locator('[data-work="update"]'), update.locator('[data-work="job send_code"]')
    expect(line(tapped, "event")).to_contain_text("Tapped")
    expect(line(tapped, "phase")).to_contain_text("asking → sending")
    expect(line(tapped, "ordered")).to_contain_text("send_code")
    expect(line(tapped, "outbox")).to_contain_text("Card")
    expect(line(tapped, "rows")).to_contain_text("chat_save_case")
    expect(line(job, "event")).to_contain_text("CodeSent")
    expect(line(job, "done")).to_contain_text("send_code")
    expect(update.locator('[data-work="send"]')).to_contain_text("sms")
    chat.shoot("tap")
    desktop.get_by_role("tab", name=re.compile("문자")).click()
    assert chat.code() not in desktop.locator("#steps").inner_text()


def line(section: Locator, name: str) -> Locator:
    return section.locator(f'[data-key="steps.{name}"]')
