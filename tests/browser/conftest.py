"""The demo in its own process, and Chromium with its page."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = shutil.which("chromium")
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
ARTEFACTS = Path(__file__).parents[1] / "artefacts"


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start `reissue-bot demo` in its own process, and return the URL of its page."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    data = tmp_path_factory.mktemp("demo") / "data"
    command = [sys.executable, "-m", "bot", "demo", "--no-browser", "--port", "0", "--data-dir", str(data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        yield _page_url(process)
        process.terminate()
        assert process.wait(timeout=20) == 0


def _page_url(process: "subprocess.Popen[str]") -> str:
    assert process.stderr is not None
    output = []
    for line in process.stderr:
        output.append(line)
        found = re.search(r"http://[\d.]+:\d+/", line)
        if found:
            return found[0]
    raise AssertionError("the demo did not start:\n" + "".join(output))


@pytest.fixture(scope="module")
def browser(demo: str) -> Iterator[Browser]:
    """A browser for one file of tests. Its event loop runs in this thread, so other files cannot share it."""
    assert demo
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield chromium
        chromium.close()


@pytest.fixture
def phone(browser: Browser, demo: str) -> Iterator[Page]:
    """A page on a phone-sized screen."""
    yield from opened_page(browser, demo, 390, 844)


@pytest.fixture
def desktop(browser: Browser, demo: str) -> Iterator[Page]:
    yield from opened_page(browser, demo, 1280, 860)


def opened_page(browser: Browser, address: str, width: int, height: int) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": width, "height": height}, locale="ko-KR", timezone_id="Asia/Seoul")
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.set_default_timeout(15_000)
    page.goto(address)
    yield page
    page.close()
    assert errors == []


@pytest.fixture(scope="session")
def artefacts() -> Path:
    ARTEFACTS.mkdir(exist_ok=True)
    return ARTEFACTS


@pytest.fixture(scope="session", autouse=True)
def _no_proxy() -> None:
    os.environ["NO_PROXY"] = "127.0.0.1"
