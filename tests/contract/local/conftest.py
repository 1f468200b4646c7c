"""The real Telegram library, connected by a socket to the local messenger."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest
from playwright.async_api import Page, async_playwright

from handlers.local import Limits, LocalMessenger
from tests.contract.local.scene import ANH, CHROMIUM, GROUP, JIHYE, MINSU, SORA, TOKEN, Clock, Scene, bot_for


@pytest.fixture(autouse=True)
def durations_as_ptb_will_have_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PTB_TIMEDELTA", "true")


@pytest.fixture
async def open_scene() -> AsyncIterator[Callable[..., Awaitable[Scene]]]:
    async with AsyncExitStack() as stack:

        async def opened(limits: Limits | None = None, seed: int = 1, read_timeout: float = 5.0) -> Scene:
            clock = Clock()
            messenger = LocalMessenger(
                token=TOKEN,
                personas=[JIHYE, ANH],
                operators=[MINSU, SORA],
                operator_chat_id=GROUP,
                limits=limits,
                seed=seed,
                now=clock,
            )
            await messenger.start()
            stack.push_async_callback(messenger.stop)
            bot = await stack.enter_async_context(bot_for(messenger, read_timeout=read_timeout))
            return Scene(messenger, bot, clock)

        yield opened


@pytest.fixture
async def scene(open_scene: Callable[..., Awaitable[Scene]]) -> Scene:
    return await open_scene()


FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture
async def page(scene: Scene) -> AsyncIterator[Page]:
    """The chat page on a phone-sized screen. An error or a warning in its console fails the test."""
    problems: list[str] = []
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = await chromium.new_page(viewport={"width": 390, "height": 844}, has_touch=True)
        page.on("console", lambda said: problems.append(said.text) if said.type in {"error", "warning"} else None)
        page.on("pageerror", lambda problem: problems.append(str(problem)))
        await page.goto(scene.messenger.page_url)
        await page.wait_for_selector("#start")
        yield page
        await chromium.close()
    assert problems == []
