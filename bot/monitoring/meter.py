"""Metrics that are counted in memory, per process, because no row has them: durations, calls, deliveries."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Histogram, ProcessCollector

#: The outcome of a call to the messenger's server.
Answer = Literal["ok", "throttled", "unauthorized", "refused", "broken", "unreachable"]
#: These outcomes show that the messenger answers.
HEARD = frozenset({"ok", "throttled", "refused"})
ANSWERS: tuple[Answer, ...] = ("ok", "throttled", "unauthorized", "refused", "broken", "unreachable")
#: The outcome of an update, and of a message.
Handled = Literal["done", "failed"]
Delivered = Literal["sent", "later", "gone", "dead"]
CHANNELS = ("chat", "sms", "mail")
#: Seconds between two measurements of the loop's lag.
LAG_SECONDS = 0.5

_UPDATE_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.2, 0.3, 0.5, 1.0, 2.5, 5.0)
_LAG_BUCKETS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)


class Meter:
    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self.registry = CollectorRegistry()
        #: When the messenger answered last, by our clock.
        self.heard_at: float | None = None
        self._updates = Histogram(
            "reissue_update_seconds",
            "How long handling an update took, its commit included",
            ["outcome"],
            registry=self.registry,
            buckets=_UPDATE_BUCKETS,
        )
        self._calls = Counter(
            "reissue_api_calls",
            "Calls to the messenger's server by their outcome; throttled is 429",
            ["outcome"],
            registry=self.registry,
        )
        self._messages = Counter(
            "reissue_messages",
            "Messages and notices by channel and what became of them; later is tried again",
            ["channel", "outcome"],
            registry=self.registry,
        )
        self._lag = Histogram(
            "reissue_loop_lag_seconds",
            "How much later than asked for the event loop came back",
            registry=self.registry,
            buckets=_LAG_BUCKETS,
        )
        ProcessCollector(registry=self.registry)
        self._begin_at_nothing()

    def _begin_at_nothing(self) -> None:
        """Create every series at the start: a rate over a series that begins at its first event misses that event."""
        outcomes: tuple[Handled, ...] = ("done", "failed")
        # Kept, because looking a series up by its labels takes several times as long as counting.
        self._each_update = {each: self._updates.labels(each) for each in outcomes}
        self._each_call = {each: self._calls.labels(each) for each in ANSWERS}
        self._each_message = {
            (channel, each): self._messages.labels(channel, each)
            for channel in CHANNELS
            for each in ("sent", "later", "gone", "dead")
        }

    def update(self, outcome: Handled, seconds: float) -> None:
        self._each_update[outcome].observe(seconds)

    def answered(self, answer: Answer) -> None:
        self._each_call[answer].inc()
        if answer in HEARD:
            self.heard_at = self.clock()

    def delivered(self, lane: str, outcome: Delivered) -> None:
        """Count a message by the kind of its lane; the rest of a lane's name says whose it is."""
        channel = lane.partition(":")[0]
        if channel in CHANNELS:
            self._each_message[channel, outcome].inc()

    async def follow_the_loop(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Measure the lag of the event loop until cancelled."""
        while True:
            due = self.clock() + LAG_SECONDS
            await sleep(LAG_SECONDS)
            self._lag.observe(max(0.0, self.clock() - due))


def answer_of(status: int) -> Answer:
    """Return the outcome for a status of the Bot API; 404 is its answer to a wrong token."""
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return "throttled"
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.NOT_FOUND}:
        return "unauthorized"
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return "broken"
    return "refused" if status >= HTTPStatus.BAD_REQUEST else "ok"
