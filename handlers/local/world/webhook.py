"""Posts updates to the bot's webhook: in order within a chat, chats in parallel, repeated until a 2xx answer."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlsplit

import aiohttp

from handlers.local.wire.faults import Fault, FaultInjector
from handlers.local.wire.json_shapes import JSON, bad, dump
from handlers.local.wire.wakeup import BackgroundTasks
from handlers.local.world.server_state import ServerState

MAX_RETRY_SECONDS = 60.0
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 - a header's name
RESPONSE_TIMEOUT = aiohttp.ClientTimeout(total=60)


class Webhook:
    def __init__(self, state: ServerState, injector: FaultInjector) -> None:
        self._limits = state.limits
        self._injector = injector
        self._stats = state.stats
        self._now = state.now
        self._changed = state.wakeup.wake
        self._tasks = BackgroundTasks()
        self._queues: dict[int, deque[JSON]] = {}
        self._session: aiohttp.ClientSession | None = None
        self._slots = asyncio.Semaphore(40)
        self._generation = 0
        self.url = ""
        self._headers = {"Content-Type": "application/json"}
        self._connections = 40
        self._error: JSON = {}
        #: Performs a call in the bot's answer (Bot API: "Making requests when getting updates").
        self.perform: Callable[[bytes], Awaitable[None]] | None = None

    @property
    def pending(self) -> int:
        return sum(map(len, self._queues.values()))

    def set(self, url: str, secret: str, connections: int) -> None:
        self.url = url
        self._headers = {"Content-Type": "application/json", **({SECRET_HEADER: secret} if secret else {})}
        self._connections = connections or 40
        self._slots = asyncio.Semaphore(self._connections)
        self._generation += 1
        self._error = {}

    def clear(self) -> list[JSON]:
        """Stops posting and returns the updates that are not delivered."""
        self.url = ""
        self._generation += 1
        left = [update for queue in self._queues.values() for update in queue]
        self._queues = {}
        return left

    def info(self) -> JSON:
        connections = {"max_connections": self._connections, "ip_address": "127.0.0.1"} if self.url else {}
        return {"url": self.url, "has_custom_certificate": False, **connections, **self._error}

    def take(self, update: JSON) -> None:
        key = queue_of(update)
        queue = self._queues.get(key)
        if queue is None:
            self._queues[key] = deque([update])
            self._tasks.run(self._work(key, self._queues[key], self._generation))
        else:
            queue.append(update)

    async def close(self) -> None:
        self._generation += 1
        await self._tasks.stop()
        if self._session is not None:
            await self._session.close()

    async def _work(self, key: int, queue: deque[JSON], generation: int) -> None:
        pause = self._limits.webhook_retry
        while queue and generation == self._generation:
            async with self._slots:
                done = await self._post(queue[0])
            if generation != self._generation:
                return
            if done:
                queue.popleft()
                self._changed()
                pause = self._limits.webhook_retry
            else:
                await asyncio.sleep(pause)
                pause = min(MAX_RETRY_SECONDS, pause * 2)
        if self._queues.get(key) is queue:
            del self._queues[key]

    async def _post(self, update: JSON) -> bool:
        """Whether the bot accepted the update and its answer arrived."""
        fault = self._injector.call("webhook")
        if fault in {Fault.RESET, Fault.REFUSE, Fault.STORM}:
            return False
        session = self._session = self._session or aiohttp.ClientSession(timeout=RESPONSE_TIMEOUT)
        try:
            async with session.post(self.url, data=dump(update), headers=self._headers) as response:
                if not self._accepted(response) or fault is not None:
                    return False
                if self.perform is not None and (call := await response.read()):
                    await self.perform(call)
                return True
        except (aiohttp.ClientError, TimeoutError) as problem:
            self._record_error(str(problem) or "Read timeout expired")
            return False

    def _accepted(self, response: aiohttp.ClientResponse) -> bool:
        self._stats.delivered += 1
        self._changed()
        if response.ok:
            return True
        self._record_error(f"Wrong response from the webhook: {response.status} {response.reason}")
        return False

    def _record_error(self, message: str) -> None:
        self._error = {"last_error_date": int(self._now()), "last_error_message": message}


def queue_of(update: JSON) -> int:
    """The chat of an update, within which updates stay in order; 0 for none."""
    for payload in update.values():
        if isinstance(payload, dict):
            message: Any = payload.get("message", payload)
            chat = message.get("chat") or payload.get("from") or {}
            return int(chat.get("id", 0))
    return 0


def checked_url(url: str) -> str:
    """The webhook's URL. Only this machine is allowed, where http is enough."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise bad("invalid webhook URL specified")
    if parts.hostname in LOOPBACK:
        return url
    if parts.scheme == "http":
        raise bad("bad webhook: An HTTPS URL must be provided for webhook")
    raise bad("bad webhook: Failed to resolve host: Name or service not known")
