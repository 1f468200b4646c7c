"""Works through the inbox: updates of one chat in order, chats in parallel; an update that always fails is parked."""

import logging

from bot.conversation.events import Incoming, Said
from bot.core import correlation
from bot.core.clock import Clock
from bot.core.tasks import TaskSupervisor
from bot.core.workers import WorkerThreads
from bot.engine.cases import CaseService
from bot.engine.rate_limiter import TOKENS_PER_DRAW, FloodControl, Verdict
from bot.messages.outgoing import chat_lane
from bot.monitoring.meter import Meter
from bot.queues.inbox import Inbox, Waiting
from bot.storage.database import Database, Transaction
from handlers.telegram.bot_api.update import Malformed, parse_update
from handlers.telegram.events import incoming

logger = logging.getLogger(__name__)

CHATS_AT_ONCE = 64
IDLE_SECONDS = 1.0


class UpdateProcessor:
    def __init__(
        self,
        database: Database,
        inbox: Inbox,
        cases: CaseService,
        clock: Clock,
        tasks: TaskSupervisor,
        *,
        workers: WorkerThreads,
        flood_control: FloodControl,
        meter: Meter | None = None,
    ) -> None:
        self._rate_limiter, self._limits = flood_control.limiter, flood_control.buckets
        self._meter = meter or Meter()
        self._database = database
        self._inbox = inbox
        self._cases = cases
        self._clock = clock
        self._wakeup = inbox.wakeup
        self._tasks = tasks
        self._workers = workers
        self._busy: set[str] = set()
        #: Chats with new updates while a task was working on them; that task may have looked just before.
        self._passed_over: set[str] = set()

    async def run(self) -> None:
        """Work until cancelled."""
        while True:
            heads = await self._database.unit(lambda tx: self._inbox.heads(tx, self._clock.now(), CHATS_AT_ONCE))
            started = [self._start(head) for head in heads]
            if len(heads) < CHATS_AT_ONCE or not any(started):
                await self._wakeup.wait(IDLE_SECONDS)

    def _start(self, head: Waiting) -> bool:
        """Start a task for a chat unless it has one already."""
        if head.lane in self._busy:
            self._passed_over.add(head.lane)
            return False
        self._busy.add(head.lane)
        self._tasks.start(f"chat {head.lane}", self._work(head))
        return True

    async def _work(self, first: Waiting) -> None:
        waiting: Waiting | None = first
        try:
            while waiting is not None:
                waiting = await self.handle(waiting)
        finally:
            self._busy.discard(first.lane)
            if first.lane in self._passed_over:
                self._passed_over.discard(first.lane)
                self._wakeup.wake()

    async def handle(self, waiting: Waiting) -> Waiting | None:
        """Process one update in one transaction, and return the next of its chat."""
        with correlation.handling(correlation.of_update(waiting.update_id), "update"):
            return await self._tried(waiting, self._meter.clock())

    async def _tried(self, waiting: Waiting, begun: float) -> Waiting | None:
        try:
            following = await self._done(waiting)
            self._meter.update("done", self._meter.clock() - begun)
        except Exception as error:
            self._meter.update("failed", self._meter.clock() - begun)
            # One customer's broken update must not stop the others; it is tried again, then parked for staff.
            logger.exception("update failed", extra={"update": waiting.update_id})
            reason = type(error).__name__
            await self._database.unit(lambda tx: self._cases.park(tx, waiting, reason))
            return None
        return following

    async def _done(self, waiting: Waiting) -> Waiting | None:
        word = await self._judged(waiting)
        if word != "pass":
            return await self._database.unit(lambda tx: self._limit_flood(tx, waiting, word))
        try:
            named = self._named(waiting)
        except Malformed as error:
            logger.warning("not an update", extra={"update": waiting.update_id, "why": str(error)})
            reason = type(error).__name__
            return await self._database.unit(lambda tx: self._set_aside(tx, waiting, reason))
        if named is not None and isinstance(named.event, Said) and self._cases.is_slow_to_search(named.event.text):
            # Done here, it delays neither the loop nor the database; the case service then finds it cached.
            await self._workers.of(self._cases.look_up_ahead, named.event.text)
        return await self._database.unit(lambda tx: self._handled(tx, waiting, named))

    async def _judged(self, waiting: Waiting) -> Verdict:
        now, lane, ahead = self._clock.now(), waiting.lane, waiting.ahead
        word = self._rate_limiter.judge(lane, now, ahead=ahead)
        if word == "short":
            key, shared = f"flood {lane} {ahead}", self._rate_limiter.shared
            drawn = await self._database.unit(lambda tx: self._limits.draw(tx, key, shared, TOKENS_PER_DRAW, now))
            word = self._rate_limiter.drawn(drawn, lane, now, ahead=ahead)
        if word != "crowded":
            return word
        if await self._database.unit(lambda tx: self._cases.has_open_application(tx, waiting)):
            return "pass"
        return "surplus" if self._rate_limiter.said(lane, now) else word

    def _limit_flood(self, tx: Transaction, waiting: Waiting, word: Verdict) -> Waiting | None:
        self._cases.limit_flood(tx, waiting, word)
        return self._inbox.head_of(tx, waiting.lane, self._clock.now())

    def _set_aside(self, tx: Transaction, waiting: Waiting, reason: str) -> Waiting | None:
        """Park at once what cannot be read the next time either: its chat does not wait for that."""
        self._cases.park(tx, waiting, reason, at_once=True)
        return self._inbox.head_of(tx, waiting.lane, self._clock.now())

    def _handled(self, tx: Transaction, waiting: Waiting, named: Incoming | None) -> Waiting | None:
        self._cases.receive(tx, waiting, named)
        return self._inbox.head_of(tx, waiting.lane, self._clock.now())

    def _named(self, waiting: Waiting) -> Incoming | None:
        """An update that does not parse stays as it came, and is parked; it is never answered.

        So is one that means another chat than its lane: it contains two kinds of update at once, for example.
        """
        named = incoming(parse_update(waiting.body))
        if named is not None and chat_lane(named.chat_id) != waiting.lane:
            raise Malformed("it means another chat than its own")
        return named
