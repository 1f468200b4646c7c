"""An echo bot on aiogram 3, in a process of its own: `python -m tests.bench.aiogram_bot` (`pip install aiogram`)."""

import asyncio
import logging
import sys

from bot.settings.settings import load


async def live() -> None:
    # Only this bench knows it, and does without it where it is not installed.
    import aiogram  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415
    from aiogram.client.session.aiohttp import (  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415
        AiohttpSession,
    )
    from aiogram.client.telegram import (  # type: ignore[import-not-found,unused-ignore]  # noqa: PLC0415
        TelegramAPIServer,
    )

    settings = load()
    session = AiohttpSession(api=TelegramAPIServer.from_base(settings.telegram.api))
    bot = aiogram.Bot(settings.telegram.token, session=session)
    dispatcher = aiogram.Dispatcher()

    async def echo(message: aiogram.types.Message) -> None:
        await message.answer(message.text or "")

    dispatcher.message.register(echo)
    dispatcher.startup.register(announce)
    await dispatcher.start_polling(bot)


async def announce() -> None:
    print("ready", flush=True)


if __name__ == "__main__":
    logging.basicConfig(stream=sys.stderr, level=logging.ERROR)
    asyncio.run(live())
