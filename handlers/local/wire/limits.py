"""The limits and rates of the real server, as numbers that a test can change."""

import math
from collections.abc import Callable
from dataclasses import dataclass

from handlers.local.wire.json_shapes import too_many

MIB = 1024 * 1024
ONE_TOKEN = 1 - 1e-6  #: less than 1, since times are floats


@dataclass(frozen=True, slots=True)
class Limits:
    throttled: bool = True  #: False for benchmarks: no 429 from rates
    chat_rate: float = 1.0  #: messages per second in a private chat, after ...
    chat_burst: int = 40  #: ... this many at once
    group_rate: float = 20 / 60
    group_burst: int = 60
    overall_rate: float = 30.0
    overall_burst: int = 300
    text: int = 4096  #: UTF-16 units
    caption: int = 1024  #: UTF-16 units
    callback_data: int = 64  #: bytes
    buttons: int = 100
    query_age: float = 15.0  #: seconds in which a tap may be answered
    inline_age: float = 10.0  #: seconds in which an inline query may be answered
    inline_results: int = 50
    delete_age: float = 48 * 3600.0  #: seconds in which a message may be deleted
    upload: int = 50 * MIB
    download: int = 20 * MIB
    webhook_retry: float = 1.0  #: seconds before the second attempt; doubles up to a minute
    must_start: bool = False  #: True: the bot cannot write first
    kept_messages: int = 1000  #: per chat; older ones are dropped
    kept_files: int = 512 * MIB  #: bytes of all files; the oldest are dropped


class Bucket:
    """A token bucket: tokens refill with time, an empty bucket returns the seconds to wait."""

    __slots__ = ("_burst", "_rate", "_since", "_tokens")

    def __init__(self, rate: float, burst: int) -> None:
        self._rate = rate
        self._burst = float(burst)
        self._tokens = float(burst)
        self._since: float | None = None

    def wait(self, now: float) -> int:
        """Whole seconds until a token is available, or 0. Takes no token."""
        if self._since is not None:
            self._tokens = min(self._burst, self._tokens + max(0.0, now - self._since) * self._rate)
        self._since = now
        return 0 if self._tokens >= ONE_TOKEN else max(1, math.ceil((1 - self._tokens) / self._rate))

    def take(self) -> None:
        self._tokens -= 1


class Throttle:
    """One bucket per chat and one for all chats. Refused calls take no token."""

    def __init__(self, limits: Limits, now: Callable[[], float]) -> None:
        self._limits = limits
        self._now = now
        self._overall = Bucket(limits.overall_rate, limits.overall_burst)
        self._chats: dict[int, Bucket] = {}

    def pass_through(self, chat_id: int) -> None:
        if not self._limits.throttled:
            return
        chat = self._chats.get(chat_id) or self._chats.setdefault(chat_id, self._bucket(chat_id))
        now = self._now()
        wait = max(chat.wait(now), self._overall.wait(now))
        if wait:
            raise too_many(wait)
        chat.take()
        self._overall.take()

    def _bucket(self, chat_id: int) -> Bucket:
        limits = self._limits
        if chat_id < 0:
            return Bucket(limits.group_rate, limits.group_burst)
        return Bucket(limits.chat_rate, limits.chat_burst)
