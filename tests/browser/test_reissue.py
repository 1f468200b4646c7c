"""A whole reissue in Korean, in a real browser. Screenshots are stored as artefacts."""

import io
import re
import zipfile
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import pkcs12
from playwright.sync_api import Page, expect

from bot.core.clock import KST
from bot.messages.catalog import Catalogs
from bot.messages.screen import Line

pytestmark = pytest.mark.browser

CATALOGS = Catalogs.load()
PASSWORD = "Haneul!2026road"


class Chat:
    """A person at the page, who finds messages and buttons by catalog keys."""

    def __init__(self, page: Page, artefacts: Path, width: str) -> None:
        self.page = page
        self._artefacts = artefacts
        self._width = width

    def shoot(self, name: str) -> None:
        self.page.screenshot(path=self._artefacts / f"{self._width}-{name}.png")

    def press(self, key: str) -> None:
        label = CATALOGS.text("ko", Line(key))
        self.page.locator("#log").get_by_role("button", name=label, exact=True).last.click()

    def sees(self, key: str) -> None:
        start = re.split(r"\{|\n", re.sub(r"\*\*|`", "", CATALOGS._template("ko", key)))[0]
        expect(self.page.locator("#log").get_by_text(start).last).to_be_visible()

    def types(self, text: str) -> None:
        box = self.page.locator("#compose")
        box.fill(text)
        box.press("Enter")

    def code(self) -> str:
        """Return the code of the newest SMS, from the drawer."""
        text = self.page.evaluate("document.body.innerText")
        found = re.findall(r"인증번호 (\d{6})", text)
        assert found, text
        return str(found[-1])


def fill_in(chat: Chat) -> None:
    chat.sees("reissue.ask.name")
    for step, text in (("name", "홍길동"), ("birth", "1980년 5월 21일"), ("phone", "０１０-1234-5678")):
        chat.sees(f"reissue.ask.{step}")
        chat.types(text)
    chat.sees("reissue.ask.account")
    chat.types("123-456789-01234")
    chat.press("reissue.id_type.resident_card")
    chat.sees("reissue.ask.id_issued_on")
    chat.types("2019.7.3")
    chat.press("reissue.via.sms")


def triage(chat: Chat) -> None:
    chat.press("button.start")
    chat.press("reissue.reason.lost")
    chat.press("reissue.state.valid")
    chat.press("reissue.expiry.unknown")
    chat.press("reissue.who.self")
    chat.press("reissue.ready.all")
    chat.sees("reissue.ask.consent")
    chat.shoot("2-consent")
    chat.press("reissue.consent.agree")


def test_a_lost_certificate_is_reissued(desktop: Page, artefacts: Path) -> None:
    chat = Chat(desktop, artefacts, "desktop")
    desktop.get_by_role("button", name="시작", exact=True).click()
    chat.sees("card.idle")
    chat.shoot("1-start")
    chat.types("인증서를 잃어버렸어요")
    chat.shoot("1-question")
    triage(chat)
    fill_in(chat)
    chat.sees("proof.sent.sms")
    desktop.get_by_role("tab", name=re.compile("문자")).click()
    expect(desktop.get_by_role("tabpanel").get_by_text(re.compile(r"인증번호 \d{6}"))).to_be_visible()
    chat.shoot("3-code")
    chat.types(chat.code())
    chat.sees("reissue.review")
    chat.shoot("4-review")
    chat.press("button.submit")
    chat.sees("enrolled.password")
    chat.shoot("5-password")
    chat.types(PASSWORD)
    chat.sees("card.issued")
    chat.shoot("6-issued")

    npki, p12 = download(desktop, "npki.zip"), download(desktop, "certificate.p12")
    names = zipfile.ZipFile(io.BytesIO(npki)).namelist()
    assert any(re.search(r"NPKI/.+/USER/cn=홍길동.*/signPri\.key$", name) for name in names)
    key, certificate, above = pkcs12.load_key_and_certificates(p12, PASSWORD.encode())
    assert key is not None
    assert certificate is not None
    assert len(above) == 2

    chat.press("button.install")
    chat.press("install.device.windows")
    chat.sees("install.windows")
    chat.press("button.received")
    chat.sees("card.closed")
    chat.shoot("7-closed")
    assert PASSWORD not in desktop.inner_text("body")
    assert "홍길동" not in desktop.locator("#log").inner_text()


def download(page: Page, name: str) -> bytes:
    with page.expect_download() as started:
        page.locator("#log").get_by_role("link", name=re.compile(re.escape(name))).last.click()
    return started.value.path().read_bytes()


def open_customer(phone: Page, name: str) -> None:
    phone.get_by_role("button", name="고객 목록").click()
    phone.locator("#people").get_by_role("button", name=re.compile(name)).click()
    phone.get_by_role("button", name="시작", exact=True).click()


def test_a_certificate_that_expires_soon_is_renewed_instead_on_a_phone(phone: Page, artefacts: Path) -> None:
    chat = Chat(phone, artefacts, "phone")
    open_customer(phone, "김영희")
    chat.sees("card.idle")
    chat.shoot("1-start")
    chat.press("button.start")
    chat.press("reissue.reason.expiring")
    chat.press("reissue.state.valid")
    chat.sees("reissue.ask.expiry")
    chat.types((datetime.now(KST).date() + timedelta(days=20)).strftime("%Y년 %m월 %d일이에요"))
    chat.sees("reissue.ending.renew")
    chat.shoot("2-renewal")
    assert phone.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_forbidden_number_is_deleted_and_explained_on_a_phone(phone: Page, artefacts: Path) -> None:
    chat = Chat(phone, artefacts, "phone")
    open_customer(phone, "박보람")
    chat.sees("card.idle")
    chat.types("881010-2678901")
    chat.sees("forbidden.resident_number")
    chat.shoot("3-forbidden")
    expect(phone.locator("#log").get_by_text("881010-2678901")).to_have_count(0)
    triage(chat)
    chat.sees("reissue.ask.name")
    chat.shoot("4-name")
    chat.types("박보람")
    chat.types("수수료 있어요?")
    expect(phone.locator("#log").get_by_text("수수료").last).to_be_visible()
    chat.shoot("5-question")
    chat.sees("reissue.ask.birth")
