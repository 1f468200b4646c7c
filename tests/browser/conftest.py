"""The demo as a newcomer starts it, and Debian's Chromium in front of it."""

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
    """Start `reissue-bot demo` in a process of its own; give its page's address, and keep its folder to look into."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not on this machine")
    data = tmp_path_factory.mktemp("demo") / "data"
    command = [sys.executable, "-m", "bot", "demo", "--no-browser", "--port", "0", "--data-dir", str(data)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        yield _page_of(process)
        process.terminate()
        assert process.wait(timeout=20) == 0


def _page_of(process: "subprocess.Popen[str]") -> str:
    assert process.stderr is not None
    said = []
    for line in process.stderr:
        said.append(line)
        found = re.search(r"http://[\d.]+:\d+/", line)
        if found:
            return found[0]
    raise AssertionError("the demo did not come up:\n" + "".join(said))


@pytest.fixture(scope="module")
def browser(demo: str) -> Iterator[Browser]:
    """A browser for one file of tests: its event loop runs on in this thread, where other files run theirs."""
    assert demo
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield chromium
        chromium.close()


@pytest.fixture
def phone(browser: Browser, demo: str) -> Iterator[Page]:
    """A page as wide as a phone's screen."""
    yield from _opened(browser, demo, 390, 844)


@pytest.fixture
def desktop(browser: Browser, demo: str) -> Iterator[Page]:
    yield from _opened(browser, demo, 1280, 860)


def _opened(browser: Browser, address: str, width: int, height: int) -> Iterator[Page]:
    page = browser.new_page(
        viewport={"width": width, "height": height}, locale="ko-KR", timezone_id="Asia/Seoul"
    )
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.set_default_timeout(15_000)
    page.goto(address)
    yield page
    page.close()
    assert troubles == []


@pytest.fixture(scope="session")
def artefacts() -> Path:
    ARTEFACTS.mkdir(exist_ok=True)
    return ARTEFACTS


@pytest.fixture(scope="session", autouse=True)
def _no_proxy() -> None:
    os.environ["NO_PROXY"] = "127.0.0.1"
