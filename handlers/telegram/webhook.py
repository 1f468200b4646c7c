"""Gets updates from Telegram by webhook: stored first, then answered 200; for several replicas behind one address."""

import hashlib
import hmac
import json
import logging
from typing import Any
from urllib.parse import urlsplit

import telegram
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from bot.core.clock import Clock
from bot.queues.inbox import Inbox
from bot.storage.database import Database
from handlers.telegram.inline import InlineAnswers
from handlers.telegram.poller import ALLOWED, UNREADABLE, arrival, query_of

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
        inline: InlineAnswers,
        secret: str,
    ) -> None:
        self._bot = bot
        self._database = database
        self._inbox = inbox
        self._clock = clock
        self._inline = inline
        self._secret = secret or derived_secret(bot.token)

    def route(self, url: str) -> Route:
        """Return where Telegram's updates arrive: the path of this address."""
        return Route(urlsplit(url).path or "/", self._update, methods=["POST"])

    async def announce(self, url: str) -> None:
        """Register the address with Telegram, once the server listens there."""
        await self._bot.set_webhook(url, secret_token=self._secret, allowed_updates=ALLOWED)

    async def _update(self, request: Request) -> Response:
        given = request.headers.get(SECRET_HEADER, "")
        if not hmac.compare_digest(given.encode(), self._secret.encode()):
            return Response(status_code=401)
        body = bytearray()
        async for part in request.stream():
            body += part
            if len(body) > MOST_BYTES:
                return Response(status_code=413)
        try:
            update = json.loads(bytes(body))
            came = arrival(update)
        except UNREADABLE:
            return Response(status_code=400)
        if not self._inline.takes(update):
            await self._database.unit(lambda tx: self._inbox.add(tx, [came], self._clock.now()))
        return _taken(update)


def _taken(update: dict[str, Any]) -> Response:
    """Answer that we have it; a button's waiting mark is stopped in the same answer, which saves a call.

    The outcome is not reported (Bot API: "Making requests when getting updates"); late or never does not matter.
    """
    query_id = query_of(update)
    if query_id is None:
        return Response()
    return JSONResponse({"method": "answerCallbackQuery", "callback_query_id": query_id})


def derived_secret(token: str) -> str:
    """Return the secret that is used where none is set: the same in every replica, known only with the bot's token."""
    return hmac.new(token.encode(), b"webhook secret", hashlib.sha256).hexdigest()
