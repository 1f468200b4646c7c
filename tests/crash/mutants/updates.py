"""Bugs in how updates are received and how the inbox is processed."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from bot.conversation.events import Said
from bot.queues import inbox
from bot.queues.inbox import Inbox, Waiting
from handlers.telegram.poller import Poller, arrival
from handlers.telegram.processor import UpdateProcessor
from handlers.telegram.webhook import Webhook
from tests.crash.mutants.patching import named, rewrite

FINISH: Callable[..., bool] = Inbox.finish
#: A step in processing an update: the processor, the transaction, the update and its content.
Part = Callable[[UpdateProcessor, Any, Waiting, Any], Any]


def acknowledge_first() -> None:
    """A batch is put into a queue in memory, acknowledged with the next poll, and stored later."""

    async def poll(self: Poller, offset: int | None) -> int | None:
        updates = await self._fetched(offset)
        for update in updates:
            self._queries.answer(update)
        if not hasattr(self, "queue"):
            self.queue: asyncio.Queue[Any] = asyncio.Queue()
            self._queries._tasks.start("queue", store(self))
        for update in updates:
            self.queue.put_nowait(arrival(update))
        return max((each["update_id"] for each in updates), default=(offset or 1) - 1) + 1

    async def store(self: Any) -> None:
        while True:
            one = await self.queue.get()
            await self._database.unit(lambda tx, one=one: self._store(tx, [one]))

    Poller.poll = poll  # type: ignore[method-assign]


def offset_by_max() -> None:
    """Updates are stored one by one, and a start continues after the highest stored id."""
    poll, fetch = Poller.poll, Poller._fetched

    async def from_highest(self: Poller, offset: int | None) -> int | None:
        if offset is None:
            highest = "SELECT MAX(update_id) FROM inbox"
            connection = self._database._conn  # type: ignore[attr-defined]
            row = await self._database.hop(lambda: connection.execute(highest).fetchone())  # type: ignore[attr-defined]
            offset = row[0] + 1 if row[0] is not None else None
        return await poll(self, offset)

    async def fetched(self: Poller, offset: int | None) -> list[dict[str, Any]]:
        updates = await fetch(self, offset)
        for one in map(arrival, updates):
            await self._database.unit(lambda tx, one=one: self._store(tx, [one]))  # type: ignore[misc]
        return updates

    Poller.poll, Poller._fetched = from_highest, fetched  # type: ignore[method-assign]


def webhook_answered_first() -> None:
    """A webhook is answered before its update is stored."""

    async def update(self: Webhook, request: Request) -> Response:
        came = arrival(json.loads(await request.body()))
        stored = self._database.unit(lambda tx: self._inbox.add(tx, [came], self._clock.now()))
        self._inline._tasks.start("store", stored)
        return Response()

    Webhook._update = update  # type: ignore[method-assign]


def known_by_memory() -> None:
    """Duplicates are recognised by a set in memory, to which an id is added before it is stored."""
    poll, fetch = Poller.poll, Poller._fetched
    seen: set[int] = set()

    async def fetched(self: Poller, offset: int | None) -> list[dict[str, Any]]:
        updates = await fetch(self, offset)
        new = [each for each in updates if each["update_id"] not in seen]
        seen.update(each["update_id"] for each in new)
        self.last = max((each["update_id"] + 1 for each in updates), default=offset)  # type: ignore[attr-defined]
        return new

    async def polled(self: Any, offset: int | None) -> int | None:
        await poll(self, offset)
        last: int | None = self.last
        return last

    Poller.poll, Poller._fetched = polled, fetched  # type: ignore[method-assign]


def taken_again() -> None:
    """A repeated update replaces the first one and is processed again."""
    rewrite("inbox_add", "DO NOTHING", "DO UPDATE SET state = 'pending', sealed = excluded.sealed")


def _in_two(first: Part, then: Part) -> None:
    async def done(self: UpdateProcessor, waiting: Waiting) -> Waiting | None:
        named = self._named(waiting)
        if named is not None and isinstance(named.event, Said):
            await self._workers.of(self._cases.look_up_ahead, named.event.text)
        await self._database.unit(lambda tx: first(self, tx, waiting, named))
        await self._database.unit(lambda tx: then(self, tx, waiting, named))
        return await self._database.unit(lambda tx: self._inbox.head_of(tx, waiting.lane, self._clock.now()))

    UpdateProcessor._done, Inbox.finish = done, lambda *_: True  # type: ignore[method-assign,assignment]


def done_before_it_is_done() -> None:
    """An update is marked as done in a separate transaction, before it is processed."""
    _in_two(
        lambda self, tx, waiting, _named: FINISH(self._inbox, tx, waiting),
        lambda self, tx, waiting, named: self._cases.receive(tx, waiting, named),
    )


def done_after_it_is_done() -> None:
    """An update is marked as done in a separate transaction, after it is processed."""
    _in_two(
        lambda self, tx, waiting, named: self._cases.receive(tx, waiting, named),
        lambda self, tx, waiting, _named: FINISH(self._inbox, tx, waiting),
    )


def done_by_everybody() -> None:
    """Every process that has an update processes it, even if another one did so meanwhile."""

    def finish(self: Inbox, tx: Any, waiting: Waiting) -> bool:
        FINISH(self, tx, waiting)
        return True

    Inbox.finish = finish  # type: ignore[method-assign]


def overtaking() -> None:
    """An update that was put off is overtaken by the next one of its chat."""
    rewrite("inbox_heads", "AND e.seq < i.seq)", "AND e.seq < i.seq AND e.due_at <= :now)")
    rewrite("inbox_done", "AND e.seq < inbox.seq)", "AND e.seq < inbox.seq AND e.attempts = 0)")


def parked_at_once() -> None:
    """An update that fails once is parked."""
    inbox.BACK_OFF = ()  # type: ignore[assignment]


def busy_for_ever() -> None:
    """A chat whose task was cancelled counts as busy for ever."""

    async def work(self: UpdateProcessor, first: Waiting) -> None:
        waiting: Waiting | None = first
        while waiting is not None:
            waiting = await self.handle(waiting)
        self._busy.discard(first.lane)
        self._wakeup.wake()

    UpdateProcessor._work = work  # type: ignore[method-assign]


MUTANTS = named(
    acknowledge_first, offset_by_max, webhook_answered_first, known_by_memory, taken_again, done_before_it_is_done,
    done_after_it_is_done, done_by_everybody, overtaking, parked_at_once, busy_for_ever,
)  # fmt: skip
