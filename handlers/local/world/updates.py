"""The server's queue of updates, delivered by long polling or by the webhook."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from itertools import count, islice

from handlers.local.wire.faults import FaultInjector
from handlers.local.wire.json_shapes import JSON, Refusal
from handlers.local.wire.stats import Stats

REORDER_SECONDS = 0.2  #: in which the next update can overtake one that is held back
NOT_BY_DEFAULT = frozenset({"chat_member", "message_reaction", "message_reaction_count"})
OTHER_POLLER = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
OTHER_WEBHOOK = "Conflict: terminated by setWebhook request"


class Updates:
    def __init__(self, injector: FaultInjector, stats: Stats, first: int, changed: Callable[[], None]) -> None:
        self._injector = injector
        self._stats = stats
        self._changed = changed
        self._ids = count(first)
        self._pending: deque[JSON] = deque()
        self._late_repeats: list[JSON] = []
        self._held: tuple[str, JSON] | None = None
        self._release_timer: asyncio.TimerHandle | None = None
        self._shuffled = False
        self._poller: asyncio.Future[None] | None = None
        self._allowed: frozenset[str] | None = None
        self.sink: Callable[[JSON], None] | None = None  #: takes the updates while a webhook is set

    @property
    def pending(self) -> int:
        return len(self._pending) + len(self._late_repeats)

    @property
    def polled(self) -> bool:
        """Whether a long poll is waiting now."""
        return self._poller is not None

    def peek(self) -> list[JSON]:
        """The waiting updates, without confirming them."""
        return list(self._pending)

    @property
    def allowed(self) -> list[str] | None:
        return sorted(self._allowed) if self._allowed is not None else None

    def allow(self, kinds: list[str] | None) -> None:
        """None changes nothing and an empty list restores the default, as with the real server."""
        if kinds is not None:
            self._allowed = frozenset(map(str, kinds)) or None

    def push(self, kind: str, payload: JSON) -> None:
        if kind not in self._allowed if self._allowed is not None else kind in NOT_BY_DEFAULT:
            return
        if self._held is None and self._injector.hits("reorder"):
            self._hold(kind, payload)
            return
        self._push_now(kind, payload)
        self._release_held()

    def push_raw(self, update: JSON) -> None:
        """Queues an update without any check. Adds the next id if it has none."""
        self._shuffled = True
        self._put(update if "update_id" in update else {"update_id": next(self._ids), **update})

    def repeat(self, many: int = 1) -> None:
        """The last `many` waiting updates are delivered twice."""
        for update in list(self._pending)[-many:]:
            self._put(update)

    def shuffle(self) -> None:
        waiting = list(self._pending)
        self._injector.random.shuffle(waiting)
        self._pending = deque(waiting)
        self._shuffled = True

    async def poll(self, offset: int, limit: int, timeout: int) -> list[JSON]:  # noqa: ASYNC109 - the Bot API's name
        self.interrupt(OTHER_POLLER)
        self._confirm(offset)
        if not self.pending and timeout > 0:
            await self._arrival(timeout)
        late, self._late_repeats = self._late_repeats, []
        batch = [*late, *islice(self._pending, limit)][:limit]
        self._stats.delivered += len(batch)
        self._changed()
        return batch

    def interrupt(self, reason: str | None = None) -> None:
        """Ends a waiting poll: with a conflict if there is a reason, otherwise without updates."""
        poller, self._poller = self._poller, None
        if poller is None or poller.done():
            return
        if reason:
            poller.set_exception(Refusal(409, reason))
        else:
            poller.set_result(None)

    def drop(self) -> None:
        self._pending.clear()
        self._late_repeats.clear()

    def drain(self) -> list[JSON]:
        """Removes and returns all waiting updates, for a webhook that takes over."""
        waiting = [*self._late_repeats, *self._pending]
        self.drop()
        return waiting

    def restore(self, updates: Iterable[JSON]) -> None:
        self._pending.extend(sorted(updates, key=lambda each: each["update_id"]))

    def close(self) -> None:
        self.interrupt()
        if self._release_timer is not None:
            self._release_timer.cancel()

    async def _arrival(self, timeout: float) -> None:  # noqa: ASYNC109 - the end of the time is no error
        loop = asyncio.get_running_loop()
        poller = self._poller = loop.create_future()
        self._changed()
        timer = loop.call_later(timeout, self.interrupt)
        try:
            await poller
        finally:
            timer.cancel()

    def _confirm(self, offset: int) -> None:
        pending = self._pending
        if offset < 0:
            while len(pending) > -offset:
                pending.popleft()
        elif self._shuffled:
            self._pending = deque(each for each in pending if each["update_id"] >= offset)
            self._shuffled = bool(self._pending)
        else:
            while pending and pending[0]["update_id"] < offset:
                pending.popleft()

    def _push_now(self, kind: str, payload: JSON) -> None:
        update = {"update_id": next(self._ids), kind: payload}
        self._put(update)
        if self._injector.hits("duplicate"):
            if self._injector.random.random() < 0.5:  # noqa: PLR2004 - half at once, half after it was confirmed
                self._put(update)
            else:
                self._put_late(update)

    def _put(self, update: JSON) -> None:
        self._stats.updates += 1
        if self.sink is not None:
            self.sink(update)
            return
        self._pending.append(update)
        self.interrupt()

    def _put_late(self, update: JSON) -> None:
        if self.sink is not None:
            self.sink(update)
        else:
            self._late_repeats.append(update)

    def _hold(self, kind: str, payload: JSON) -> None:
        self._held = (kind, payload)
        self._release_timer = asyncio.get_running_loop().call_later(REORDER_SECONDS, self._release_held)

    def _release_held(self) -> None:
        held, self._held = self._held, None
        if self._release_timer is not None:
            self._release_timer.cancel()
            self._release_timer = None
        if held is not None:
            self._push_now(*held)
