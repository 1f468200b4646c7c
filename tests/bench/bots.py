"""The bots that are compared, each in a process of its own: `python -m tests.bench.bots KIND`.

Settings come from the environment. Each prints `ready` when it takes updates, and at SIGTERM one line of JSON:
what it counted.
"""

import asyncio
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import Callable
from sqlite3 import Connection
from typing import Any

import aiohttp
from telegram import Update
from telegram.ext import Application, ApplicationBuilder, ContextTypes, MessageHandler, filters

from bot.app.run import serve
from bot.core import logs
from bot.core.tasks import stop_on_signals
from bot.settings.settings import Settings, load
from bot.storage import sqlite
from bot.storage.database import Unit
from bot.storage.sqlite import SqliteDatabase as Database
from handlers.telegram.bot_api.transport import AiohttpRequest
from tests.bench import profiling

KINDS = ("ours", "stock", "aiohttp", "bare")


def ready() -> None:
    print("ready", flush=True)


# --- ours: the application as `bot.app` builds it, with its units of work counted ---


def count_units(counted: Counter[str]) -> None:
    """Count units of work, and commits of the database's thread: each of these waits for the disk once."""
    unit, together = Database.unit, sqlite._commit_together

    async def counting_unit(self: Database, work: Unit[Any]) -> Any:
        counted["units"] += 1
        return await unit(self, work)

    def counting_turn(connection: Connection, waiting: Any) -> Any:
        before = connection.total_changes
        done = together(connection, waiting)
        counted["commits"] += connection.total_changes != before
        return done

    Database.unit = counting_unit  # type: ignore[method-assign]
    sqlite._commit_together = counting_turn


async def ours(settings: Settings, begin: Callable[[], None]) -> None:
    def begun() -> None:
        begin()
        ready()

    stop = stop_on_signals()
    await serve(settings, stop, lambda _text: None, begun)


# --- three echo bots without any state ---


async def echo(update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
    assert update.message is not None
    assert update.message.text is not None
    await update.message.reply_text(update.message.text)


async def announce(_application: Application) -> None:  # type: ignore[type-arg]
    ready()


def library(settings: Settings, builder: ApplicationBuilder) -> None:  # type: ignore[type-arg]
    """Poll as the library does by default."""
    made = builder.token(settings.telegram.token).base_url(f"{settings.telegram.api}/bot")
    application = made.post_init(announce).build()
    application.add_handler(MessageHandler(filters.TEXT, echo))
    application.run_polling(drop_pending_updates=False)


async def bare(settings: Settings) -> None:
    """The least work that aiohttp can do: the reference."""
    stop, loop = asyncio.Event(), asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    base = f"{settings.telegram.api}/bot{settings.telegram.token}"
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:
        polling = asyncio.create_task(poll(session, base))
        ready()
        await stop.wait()
        polling.cancel()


async def poll(session: aiohttp.ClientSession, base: str) -> None:
    offset, sending = 0, set()
    while True:
        for update in await call(session, f"{base}/getUpdates", offset=offset, timeout=25):
            offset = update["update_id"] + 1
            message = update["message"]
            answer = call(session, f"{base}/sendMessage", chat_id=message["chat"]["id"], text=message["text"])
            task = asyncio.create_task(answer)
            sending.add(task)
            task.add_done_callback(sending.discard)


async def call(session: aiohttp.ClientSession, url: str, **fields: Any) -> Any:
    async with session.post(url, data=fields) as answer:
        return json.loads(await answer.read())["result"]


def main() -> None:
    kind, settings, counted = sys.argv[1], load(), Counter[str]()
    logs.configure(sys.stderr, settings.process.log_level, settings.secrets)
    match kind:
        case "ours":
            count_units(counted)
            with profiling.profiled(os.environ.get("BENCH_PROFILE")) as begin:
                asyncio.run(ours(settings, begin))
        case "stock":
            library(settings, Application.builder())
        case "aiohttp":
            request, polling = AiohttpRequest(), AiohttpRequest()
            library(settings, Application.builder().request(request).get_updates_request(polling))
        case "bare":
            asyncio.run(bare(settings))
    print(json.dumps(dict(counted)))


if __name__ == "__main__":
    main()
