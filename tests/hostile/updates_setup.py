"""The application under hostile updates: many customers, and connections that post to it as the messenger does."""

import asyncio
import json
import math
import time
from collections.abc import AsyncIterator, Iterable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

from bot.knowledge.search import embeddings
from handlers.local import Limits
from handlers.local.wire.json_shapes import JSON
from handlers.local.world.persona import digits
from handlers.telegram.webhook import SECRET_HEADER
from tests.crash.customers import Folk, folk
from tests.crash.environment import hasten
from tests.crash.robot_customer import Manners, Robot
from tests.hostile.updates_checks import Watch, watch_the_order, watching
from tests.hostile.updates_customers import Honest, Wanderer, personas, wanderers
from tests.hostile.updates_malformed import Tearing
from tests.hostile.updates_shapes import Shapes
from tests.support import postgres_server
from tests.support.authority_server import free_port
from tests.support.local_telegram import LocalTelegram, authority_template, local_telegram

SECRET = "a-secret-of-the-campaign_0123456789"
CONNECTIONS = 24
TOO_LONG = 413
#: Ids of malformed and of invented updates, far from each other and above the messenger's own.
TORN_IDS, SHAPED_IDS = 10**15, 7 * 10**17
PATIENCE = 60.0
KEPT_TEXTS = 2_000
BETWEEN_LOOKS = 0.01


@dataclass(frozen=True, slots=True)
class Plan:
    count: int
    seed: int = 1
    chats: int = 220
    #: Of them, who is in the register and has a certificate to replace.
    customers: int = 60
    #: Of these, who only do what is asked, all the way to a certificate, while the rest happens.
    honest: int = 4
    engine: str = "sqlite"
    #: Seconds after which no more is sent, however much is left.
    seconds: float = math.inf
    #: Questions go through the model, too.
    model: bool = False


@dataclass(frozen=True, slots=True)
class Post:
    body: bytes
    chat_id: int
    number: int
    #: A messenger could have sent it: it must be accepted and processed, whatever it says.
    sound: bool


class Line:
    """One connection, kept open, that posts one body after the other."""

    def __init__(self, url: str) -> None:
        self._place = urlsplit(url)
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None
        self._head = (
            f"POST {self._place.path} HTTP/1.1\r\nHost: {self._place.netloc}\r\n"
            f"Content-Type: application/json\r\n{SECRET_HEADER}: {SECRET}\r\nContent-Length: "
        ).encode()

    async def post(self, body: bytes) -> int:
        """Return the answer's status; 0 if the other side hung up instead of answering."""
        kept = self._streams is not None
        try:
            return await self._answer(body)
        except (asyncio.IncompleteReadError, ConnectionError):
            await self.close()
            return await self.post(body) if kept else 0  # An idle connection may have been closed.

    async def _answer(self, body: bytes) -> int:
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._place.hostname, self._place.port)
        reader, writer = self._streams
        writer.write(b"%s%d\r\n\r\n%s" % (self._head, len(body), body))
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        _, found, length = head.partition(b"content-length: ")
        if found:
            await reader.readexactly(int(length.partition(b"\r\n")[0]))
        status = int(head.split(b" ", 2)[1])
        if not found or status == TOO_LONG:  # It may not have read the rest.
            await self.close()
        return status

    async def close(self) -> None:
        streams, self._streams = self._streams, None
        if streams is not None:
            streams[1].close()
            with suppress(ConnectionError):
                await streams[1].wait_closed()


@dataclass
class Scene:
    plan: Plan
    local_telegram: LocalTelegram
    watch: Watch
    folk: list[Folk]
    chance: Random
    wanderers: list[Wanderer] = field(default_factory=list)
    robots: dict[int, Robot] = field(default_factory=dict)
    lives: list["asyncio.Task[None]"] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    #: What the other customers have just made the messenger send.
    made: list[JSON] = field(default_factory=list)
    statuses: dict[int, int] = field(default_factory=dict)
    sent: int = 0
    issued: int = 0
    torn: Iterator[int] = field(default_factory=lambda: count(TORN_IDS))
    shaped: Iterator[int] = field(default_factory=lambda: count(SHAPED_IDS))
    tearing: Tearing = field(init=False)
    shapes: Shapes = field(init=False)

    def __post_init__(self) -> None:
        chance = self.chance
        people, customers = self.folk, self.plan.customers
        crowd = people[self.plan.honest :]
        self.wanderers = wanderers(self.local_telegram.messenger, crowd, customers - self.plan.honest, chance)
        self.tearing = Tearing(chance)
        self.shapes = Shapes(chance, [each.user_id for each in crowd])
        self.lines = [Line(self.local_telegram.settings.webhook.url) for _ in range(CONNECTIONS)]
        self.local_telegram.messenger.updates.sink = self._made

    def _made(self, update: JSON) -> None:
        """Take the updates that an action led to; the honest do not wait for others."""
        chat_id = chat_of(update)
        if chat_id in self.robots:
            self.lives.append(asyncio.create_task(self._alone(sound(update))))
        else:
            self.made.append(update)

    def invites(self, rounds: int) -> None:
        for each in self.folk[: self.plan.honest]:
            person = self.local_telegram.messenger.person(each.user_id)
            robot = Honest(each, person, self.local_telegram.messenger, rounds, Manners(patience=1_000), now=self._now)
            self.robots[each.user_id] = robot
            self.lives.append(asyncio.create_task(robot.lives()))

    def _now(self) -> float:
        return self.local_telegram.clock.now().timestamp()

    def wakes(self, change: JSON) -> None:
        robot = self.robots.get(change.get("chat", 0))
        if robot is not None:
            robot.wake.set()
        elif change["type"] == "sms":
            for each in self.robots.values():
                if digits(each.folk.record.phone) == change["sms"]["to"]:
                    each.wake.set()

    async def posts(self, posts: Iterable[Post]) -> None:
        """Post all of them: those of one chat in order, by one connection; chats in parallel."""
        shares: list[list[Post]] = [[] for _ in self.lines]
        for each in posts:
            place = each.chat_id if each.sound else self.chance.randrange(CONNECTIONS)
            shares[place % CONNECTIONS].append(each)
        await asyncio.gather(*(self._posted(line, share) for line, share in zip(self.lines, shares, strict=True)))

    async def _alone(self, post: Post) -> None:
        line = Line(self.local_telegram.settings.webhook.url)
        try:
            await self._posted(line, [post])
        finally:
            await line.close()

    async def _posted(self, line: Line, share: list[Post]) -> None:
        for each in share:
            self.sent += 1
            self.watch.sends(each.chat_id, each.number, each.body, sound=each.sound)
            status = await line.post(each.body)
            self.statuses[status] = self.statuses.get(status, 0) + 1
            self.watch.answered(status, each.chat_id, each.body, sound=each.sound)

    async def settles(self, patience: float = PATIENCE) -> bool:
        """Wait until nothing is due; return whether that happened."""
        until = time.monotonic() + patience
        while await self.local_telegram.busy():
            if time.monotonic() > until:
                self.watch.finds("stuck", str(await self.waiting()))
                return False
            await asyncio.sleep(BETWEEN_LOOKS)
        return True

    async def asks(self, share: Sequence[Wanderer]) -> None:
        """Every chat that asks now is answered: none is stuck."""
        before = {each.folk.user_id: newest(each) for each in share}
        for each in share:
            await each.person.says("/start")
        made, self.made = self.made, []
        await self.posts(sound(each) for each in made)
        if await self.settles():
            for each in share:
                if newest(each) == before[each.folk.user_id]:
                    self.watch.finds("chat stuck", each.person.dump(), each.folk.user_id)

    async def waiting(self) -> list[tuple[object, ...]]:
        tables = (f"SELECT '{name}', lane, attempts, last_error, COUNT(*) FROM {name}" for name in ("inbox", "outbox"))
        return [
            row
            for each in tables
            for row in await self.local_telegram.rows(
                f"{each} WHERE state = 'pending' GROUP BY lane, attempts, last_error LIMIT 20"
            )
        ]

    async def asked(self, path: str) -> tuple[int, str]:
        place = urlsplit(self.local_telegram.settings.webhook.url)
        reader, writer = await asyncio.open_connection(place.hostname, place.port)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        answer = (await reader.read()).decode()
        writer.close()
        await writer.wait_closed()
        return int(answer.split(" ", 2)[1]), answer.partition("\r\n\r\n")[2]

    async def passes(self, time_of: timedelta) -> None:
        """Let time pass, and forget what only this side keeps."""
        self.local_telegram.clock.ahead += time_of
        for each in (
            self.local_telegram.app.telegram.processor,
            self.local_telegram.app.engine.job_runner,
            self.local_telegram.app.engine.sender,
        ):
            each._wakeup.wake()
        for each in self.robots.values():
            each.wake.set()
        lines = self.local_telegram.messenger.phones
        del lines.texts[:-KEPT_TEXTS], lines.mails[:-KEPT_TEXTS]
        for chat in self.local_telegram.messenger.state.chats.values():
            chat.texts.clear()
        if time_of >= timedelta(hours=1):
            await self.local_telegram.app.engine.retention.tidy()


def newest(each: Wanderer) -> int:
    """Return the newest message that the bot showed there."""
    return next((m["message_id"] for m in each.person.chat.newest() if m["from"]["is_bot"]), 0)


def sound(update: JSON) -> Post:
    return Post(json.dumps(update).encode(), chat_of(update), update["update_id"], sound=True)


def chat_of(update: JSON) -> int:
    """Return its chat, or 0: an update without a chat, such as an inline query, has no order."""
    for value in update.values():
        if isinstance(value, dict):
            message = value.get("message", value)
            return int((message.get("chat") or {}).get("id", 0))
    return 0


@contextmanager
def letters_alone(*, alone: bool) -> Iterator[None]:
    """The model takes ten times as long as the rest of an update."""
    real = embeddings.load
    if alone:
        embeddings.load = lambda *_folders: None  # type: ignore[assignment]
    try:
        yield
    finally:
        embeddings.load = real


@asynccontextmanager
async def scene(plan: Plan, folder: Path, template: Path | None = None) -> AsyncIterator[Scene]:
    hasten()
    people, watch = folk(plan.chats), Watch()
    address = f"127.0.0.1:{free_port()}"
    changes = {"LISTEN": address, "WEBHOOK_URL": f"http://{address}/telegram", "WEBHOOK_SECRET": SECRET}
    async with AsyncExitStack() as stack:
        if plan.engine == "postgres":
            place = stack.enter_context(postgres_server.place())
            changes["DATABASE_URL"] = postgres_server.new_database(stack.enter_context(postgres_server.server(place)))
        stack.enter_context(letters_alone(alone=not plan.model))
        ground = template or await asyncio.to_thread(authority_template, folder / "template")
        none = {each.record.customer_id: None for each in people[plan.customers :]}
        made = await stack.enter_async_context(
            local_telegram(
                ground, folder / "data", [each.record for each in people], personas(people, plan.honest),
                Limits(throttled=False, kept_messages=80, kept_files=32 << 20), none, **changes,
            )
        )  # fmt: skip
        stack.enter_context(watching(watch, made.messenger))
        watch_the_order(watch, made)
        it = Scene(plan, made, watch, people, Random(plan.seed))
        stack.callback(made.messenger.state.watch(it.wakes))
        try:
            yield it
        finally:
            for each in it.lives:
                each.cancel()
            await asyncio.gather(*it.lives, return_exceptions=True)
            for line in it.lines:
                await line.close()
