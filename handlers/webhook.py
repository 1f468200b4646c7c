"""Takes updates from Telegram by webhook: stored first, answered 200 after; for several replicas behind one address."""

import hashlib
import hmac
import json
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import telegram
from aiohttp import web

from bot.clock import Clock
from bot.store.database import Database
from bot.store.inbox import Inbox
from bot.supervisor import Supervisor
from handlers.poller import ALLOWED, Queries, arrival

logger = logging.getLogger(__name__)

#: An update is at most a few kilobytes of JSON; files never come in it.
MOST_BYTES = 1 << 20
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 — the header's name (Bot API: setWebhook)


class Webhook:
    def __init__(
        self,
        bot: telegram.Bot,
        database: Database,
        inbox: Inbox,
        clock: Clock,
        supervisor: Supervisor,
        secret: str,
    ) -> None:
        self._bot = bot
        self._database = database
        self._inbox = inbox
        self._clock = clock
        self._queries = Queries(bot, supervisor)
        self._secret = secret or derived_secret(bot.token)

    @asynccontextmanager
    async def listening(self, listen: tuple[str, int], url: str) -> AsyncIterator[None]:
        """Listen at the path of this address, and have Telegram told; raise `OSError` if the port is in use."""
        app = web.Application(client_max_size=MOST_BYTES)
        app.router.add_post(urlsplit(url).path or "/", self._update)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        try:
            await web.TCPSite(runner, *listen).start()
            await self._bot.set_webhook(url, secret_token=self._secret, allowed_updates=ALLOWED)
            yield
        finally:
            await runner.cleanup()

    async def _update(self, request: web.Request) -> web.Response:
        given = request.headers.get(SECRET_HEADER, "")
        if not hmac.compare_digest(given.encode(), self._secret.encode()):
            return web.Response(status=401)
        try:
            update = json.loads(await request.read())
            came = arrival(update)
        except (ValueError, KeyError, TypeError, RecursionError):
            return web.Response(status=400)
        self._queries.answer(update)
        await self._database.unit(lambda tx: self._inbox.add(tx, [came], self._clock.now()))
        return web.Response()


def derived_secret(token: str) -> str:
    """Return the secret where none is set: the same in every replica, and known to nobody without the bot's token."""
    return hmac.new(token.encode(), b"webhook secret", hashlib.sha256).hexdigest()
