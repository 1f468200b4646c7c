"""The real bot library, over a socket, against the local messenger."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack

import pytest

from handlers.local import Limits, LocalMessenger
from tests.contract.local.scene import ANH, GROUP, JIHYE, MINSU, SORA, TOKEN, Clock, Scene, bot_for


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
                sms_token="sms-secret",
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
