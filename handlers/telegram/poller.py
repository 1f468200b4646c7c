"""Gets updates from Telegram by long polling: a batch is on disk before the next offset acknowledges it.

The library's own updater acknowledges first and processes later; a kill in between loses what was in its queue.
"""

import asyncio
import contextlib
import json
import logging
from typing import Any

import msgspec
import telegram
from telegram import error as errors

from bot.core.clock import Clock
from bot.core.tasks import TaskSupervisor
from bot.messages.outgoing import chat_lane
from bot.queues.inbox import Arrival, Inbox
from bot.storage.database import Database, Transaction
from handlers.telegram.bot_api.calls import call
from handlers.telegram.bot_api.update import MOST_ID
from handlers.telegram.inline import InlineAnswers

logger = logging.getLogger(__name__)

ALLOWED = ["message", "callback_query", "my_chat_member", "inline_query"]
POLL_SECONDS = 25
BATCH = 100
NO_CHAT = chat_lane(0)
#: Seconds between tries when Telegram does not answer; the last one repeats.
BACK_OFF = (0.2, 1.0, 3.0, 10.0)


class Poller:
    def __init__(
        self,
        bot: telegram.Bot,
        database: Database,
        inbox: Inbox,
        clock: Clock,
        tasks: TaskSupervisor,
        inline: InlineAnswers,
    ) -> None:
        self._bot = bot
        self._database = database
        self._inbox = inbox
        self._clock = clock
        self._queries = Queries(bot, tasks)
        self._inline = inline

    async def run(self) -> None:
        """Poll until cancelled. A start acknowledges nothing: known updates are recognised by their id."""
        offset: int | None = None
        failures = 0
        while True:
            try:
                offset = await self.poll(offset)
                failures = 0
            except errors.TelegramError as error:
                pause = _pause(error, failures)
                failures += 1
                logger.warning("polling failed", extra={"error": type(error).__name__, "pause": pause})
                await self._make_way(error)
                await asyncio.sleep(pause)

    async def _make_way(self, error: errors.TelegramError) -> None:
        """Remove a webhook that an earlier run left; with one, Telegram refuses polling (409)."""
        if isinstance(error, errors.Conflict):
            with contextlib.suppress(errors.TelegramError):
                await self._bot.delete_webhook()

    async def poll(self, offset: int | None) -> int | None:
        """Fetch one batch, store it, and return the offset that acknowledges exactly this batch."""
        updates = await self._fetched(offset)
        if not updates:
            return offset
        came = [(each, found) for each in updates if (found := _arrival(each)) is not None]
        if not came:
            raise errors.TelegramError("no update has an id")
        for update, _ in came:
            self._queries.answer(update)
        arrivals = [found for update, found in came if not self._inline.takes(update)]
        if arrivals:
            await self._database.unit(lambda tx: self._store(tx, arrivals))
        # From this answer alone: the highest stored id may be from another batch, after one that is not stored.
        return max(found.update_id for _, found in came) + 1

    async def _fetched(self, offset: int | None) -> list[dict[str, Any]]:
        """Return the updates as they came: `Bot.get_updates` parses, and one bad update hides a whole batch."""
        updates: list[dict[str, Any]] = await call(
            self._bot,
            "getUpdates",
            POLL_SECONDS + 5,
            offset=offset,
            timeout=POLL_SECONDS,
            limit=BATCH,
            allowed_updates=ALLOWED,
        )
        return updates

    def _store(self, tx: Transaction, arrivals: list[Arrival]) -> None:
        self._inbox.add(tx, arrivals, self._clock.now())


class Queries:
    """Stops a button's waiting mark at once, whatever the tap will mean; late or twice does not matter."""

    def __init__(self, bot: telegram.Bot, tasks: TaskSupervisor) -> None:
        self._bot = bot
        self._tasks = tasks

    def answer(self, update: dict[str, Any]) -> None:
        query_id = query_of(update)
        if query_id is not None:
            self._tasks.start("answer", self._answered(query_id))

    async def _answered(self, query_id: str) -> None:
        try:
            await call(self._bot, "answerCallbackQuery", callback_query_id=query_id)
        except errors.TelegramError as error:
            logger.debug("query not answered", extra={"error": type(error).__name__})


def query_of(update: dict[str, Any]) -> str | None:
    """Return the id of the tap that this update is, which must be answered."""
    query = update.get("callback_query")
    number = query.get("id") if isinstance(query, dict) else None
    return number if isinstance(number, str) and number.isascii() else None


def _arrival(update: dict[str, Any]) -> Arrival | None:
    """Return it unless it is no update, which must not stop those that came with it."""
    try:
        return arrival(update)
    except UNREADABLE:
        logger.warning("an update without an id")
        return None


#: What `arrival` raises for something that is no update.
UNREADABLE = (ValueError, KeyError, TypeError, OverflowError, RecursionError)


def arrival(update: dict[str, Any]) -> Arrival:
    """Return the update as it came, in the lane of its chat. Updates without a chat share a lane by kind."""
    number = int(update["update_id"])
    if not 0 <= number <= MOST_ID:
        raise ValueError("no update has such an id")
    return Arrival(number, _lane(update), _written(update), ahead="message" not in update)


def _written(update: dict[str, Any]) -> bytes:
    try:
        return msgspec.json.encode(update)
    except (ValueError, OverflowError):
        return json.dumps(update).encode()  # Half a surrogate pair, or a number of more than 64 bits.


def _lane(update: dict[str, Any]) -> str:
    for kind in ("message", "my_chat_member"):
        if isinstance(update.get(kind), dict):
            return _chat(update[kind])
    query = update.get("callback_query")
    if isinstance(query, dict) and isinstance(query.get("message"), dict):
        return _chat(query["message"])
    return NO_CHAT


def _chat(message: dict[str, Any]) -> str:
    chat = message.get("chat")
    number = chat.get("id") if isinstance(chat, dict) else None
    if type(number) is not int or abs(number) > MOST_ID:  # A bool is an `int`, too.
        return NO_CHAT
    return chat_lane(number)


def _pause(error: errors.TelegramError, failures: int) -> float:
    if isinstance(error, errors.RetryAfter):
        value = error.retry_after
        return float(value) if isinstance(value, int | float) else value.total_seconds()
    return BACK_OFF[min(failures, len(BACK_OFF) - 1)]
