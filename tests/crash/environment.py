"""The environment of a crash test: a bank with customers on disk, a messenger in this process, and bots to kill."""

import asyncio
import functools
import os
import shutil
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, closing, suppress
from copy import copy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bot.issuing import key_files
from bot.settings.settings import parse
from ca.keys import signer
from handlers.local import Faults, Limits, LocalMessenger
from handlers.local.wire.json_shapes import JSON
from handlers.local.world.persona import digits
from tests.crash.customers import Folk
from tests.crash.database_view import Books, PostgresBooks, SqliteBooks
from tests.crash.lost_replies import Hearing
from tests.crash.processes import Process, Zygote, zygote
from tests.crash.robot_customer import Manners, Robot
from tests.support.customers import OPERATORS, STAFF
from tests.support.local_telegram import TOKEN, authority_template, old_certificate, register
from tests.support.postgres_server import Server, new_database

SETTLE_SECONDS = 90.0
#: Rows that are due now.
OPEN = """
SELECT 'update' AS what, lane, due_at, attempts, last_error FROM inbox WHERE state = 'pending'
UNION ALL SELECT key, lane, due_at, attempts, last_error FROM outbox WHERE state = 'pending'
UNION ALL SELECT key, 'chat:' || chat_id, due_at, attempts, last_error FROM jobs
WHERE state = 'pending' AND kind NOT IN ('lapse_files', 'lapse_code', 'remind')
"""


def hasten() -> None:
    """Open the authority's key file (scrypt) once a process: it is the same file at every start."""
    if not hasattr(signer.open_key_file, "cache_info"):
        signer.open_key_file = functools.cache(signer.open_key_file)  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A waiting row, maybe for its next try: a mail server that said "later" is left alone for a minute."""

    what: str
    lane: str
    due_at: float
    attempts: int
    last_error: str | None


def concerned(rows: Iterable[Waiting]) -> set[int]:
    """Return the chats with open work."""
    named = [each.lane.rpartition(":")[2] for each in rows]
    return {int(each) for each in named if each.removeprefix("-").isdecimal()}


@dataclass(frozen=True, slots=True)
class Bank:
    """A data folder before the first start: authority, register and the certificates to replace."""

    folder: Path
    people: Sequence[Folk]
    #: The server that keeps the bot's database, and the database that each environment gets a copy of.
    server: Server | None = None
    template: str = ""

    def books(self, folder: Path) -> Books:
        """Return a view of the bot's database in this folder."""
        if self.server is None:
            return SqliteBooks(folder / "desk.db")
        return PostgresBooks(self.server, self.template)

    def environment(self) -> dict[str, str]:
        """What a fork server needs to open the authority's key before it forks."""
        passphrase = (self.folder / "keys" / "ca-passphrase").read_text(encoding="utf-8").strip()
        return {"CRASH_PASSPHRASE": passphrase, "CRASH_KEYS": str(self.folder / "ca")}


async def furnish(folder: Path, people: Sequence[Folk], server: Server | None = None) -> Bank:
    hasten()
    await asyncio.to_thread(authority_template, folder)
    url = new_database(server.address) if server else ""
    settings = parse({"TELEGRAM_TOKEN": TOKEN, "DATA_DIR": str(folder), "DATABASE_URL": url})
    vault = key_files.open_vault(settings, print)
    await register(settings, vault, [each.record for each in people])
    with closing(key_files.open_authority(settings, vault, print)) as authority:
        await asyncio.to_thread(authority.judge_profiles)
        for each in people:
            await asyncio.to_thread(old_certificate, authority, each.record)
    return Bank(folder, people, server, urlsplit(url).path.removeprefix("/"))


@asynccontextmanager
async def zygote_for(bank: Bank) -> AsyncIterator[Zygote]:
    os.environ.update(bank.environment())
    async with zygote() as made:
        yield made


@dataclass
class Stage:
    bank: Bank
    folder: Path
    messenger: LocalMessenger
    zygote: Zygote
    books: Books
    hearing: Hearing
    mutant: str | None = None
    lease: float = 0.5
    robots: dict[int, Robot] = field(default_factory=dict)
    lives: list["asyncio.Task[None]"] = field(default_factory=list)
    processes: list[Process] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._first = next(copy(self.messenger.updates._ids))

    def settings(self, **changes: str) -> dict[str, str]:
        values: dict[str, str] = {
            "TELEGRAM_TOKEN": TOKEN,
            "TELEGRAM_API": self.messenger.api_url,
            "LISTEN": "127.0.0.1:0",
            "DATA_DIR": str(self.folder),
            "OPERATOR_CHAT_ID": str(OPERATORS),
            "SMS_URL": self.messenger.sms_url,
            "SMS_TOKEN": self.messenger.sms_token,
            "SMTP_URL": self.messenger.smtp_url,
            "LEASE_SECONDS": str(self.lease),
            "LOG_LEVEL": "DEBUG",
            "DATABASE_URL": self.books.url,
            **changes,
        }
        parse(values)
        return values

    async def start(self, role: str = "bot", **spec: Any) -> Process:
        """Start a process; it is not ready yet."""
        settings = self.settings(**spec.pop("settings", {}))
        process = await self.zygote.start({"settings": settings, "role": role, "mutant": self.mutant, **spec})
        self.processes.append(process)
        return process

    def invite(
        self,
        folk: Folk,
        rounds: int = 1,
        manners: Manners | None = None,
        robot_of: type[Robot] = Robot,
        before: Callable[[str], None] | None = None,
    ) -> Robot:
        """Let a customer begin and go on until done; `before` is told the next action."""
        person = self.messenger.person(folk.user_id)
        robot = robot_of(folk, person, self.messenger, rounds, manners or Manners())
        robot.before = before or robot.before
        self.robots[folk.user_id] = robot
        self.lives.append(asyncio.get_running_loop().create_task(robot.lives()))
        return robot

    def wake(self, change: JSON) -> None:
        """Something changed: wake the customers whom it concerns."""
        self.hearing.notes(change)
        chat = change.get("chat")
        if chat in self.robots:
            self.robots[chat].wake.set()
        elif change["type"] == "sms":
            for robot in self.robots.values():
                if digits(robot.folk.record.phone) == change["sms"]["to"]:
                    robot.wake.set()

    def waiting(self) -> list[Waiting]:
        """Return the rows that are due in the bot's tables."""
        return [Waiting(*row) for row in self.books.rows(OPEN)]

    def numbers(self) -> range:
        """Return the ids of all updates that the messenger has made so far."""
        return range(self._first, next(copy(self.messenger.updates._ids)))

    def open_work(self) -> int:
        return len(self.waiting())

    def clock_of(self, place: str) -> Path:
        """Return the file with the seconds by which the clock of this process is wrong."""
        return self.folder / f"clock of {place}"

    def set_clock(self, place: str, ahead: float) -> None:
        """Replace the file in one step: a process may read it at any moment."""
        draft = self.clock_of(f"{place}, soon")
        draft.write_text(str(ahead), encoding="ascii")
        draft.replace(self.clock_of(place))

    async def settle(self, seconds: float = SETTLE_SECONDS) -> bool:
        """Wait until no work is due, here or in the messenger; return whether that happened."""
        deadline = asyncio.get_running_loop().time() + seconds
        quiet = 0
        while asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(0.1)
            idle = self.messenger.stats.pending == 0 and await asyncio.to_thread(self.open_work) == 0
            quiet = quiet + 1 if idle else 0
            if quiet >= 3:
                return True
        return False

    async def end(self) -> None:
        for each in self.lives:
            each.cancel()
        await asyncio.gather(*self.lives, return_exceptions=True)


@asynccontextmanager
async def stage(
    bank: Bank, folder: Path, made: Zygote, *, faults: Faults | None = None, seed: int = 0, **more: Any
) -> AsyncIterator[Stage]:
    await asyncio.to_thread(shutil.copytree, bank.folder, folder)
    messenger = LocalMessenger(
        token=TOKEN,
        personas=[each.persona for each in bank.people],
        operators=[STAFF],
        operator_chat_id=OPERATORS,
        limits=Limits(throttled=False, kept_messages=5000, webhook_retry=0.1),
        faults=faults,
        seed=seed,
    )
    hearing = Hearing(messenger)
    await messenger.start()
    books = await asyncio.to_thread(bank.books, folder)
    scene = Stage(bank, folder, messenger, made, books, hearing, **more)
    unwatch = messenger.state.watch(scene.wake)
    try:
        yield scene
    finally:
        unwatch()
        await scene.end()
        books.close()
        with suppress(OSError):
            await messenger.stop()
