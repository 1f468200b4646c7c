"""The embedded database: a unit of work is a plain function, run in one hop on the connection's own thread."""

import asyncio
import sqlite3
from collections import deque
from collections.abc import Callable, Generator, Iterable
from contextvars import copy_context
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, ParamSpec, Self, TypeVar

import aiosqlite

from bot.core.clock import Clock, SteadyClock, SystemClock
from bot.storage.database import DatabaseUnusable, Transaction, Unit
from bot.storage.queries import migrations, queries, statements

P = ParamSpec("P")
T = TypeVar("T")
BUSY_SECONDS = 30.0
#: Full, locked and missing get better by themselves; this does not.
DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
MEND = "stop the bot, keep what is left, and restore the last backup as docs/running.md says"


class SqliteTransaction(Transaction):
    """Inside one transaction, on the connection's thread."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        super().__init__()
        self._connection = connection
        self._queries = queries()

    def run(self, query: str, **params: Any) -> int:
        return self._count(query, self._connection.execute(self._queries[query], params).rowcount)

    def row(self, query: str, **params: Any) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self._connection.execute(self._queries[query], params).fetchone()
        return row

    def rows(self, query: str, **params: Any) -> list[sqlite3.Row]:
        return self._connection.execute(self._queries[query], params).fetchall()

    def run_many(self, query: str, params: Iterable[dict[str, Any]]) -> None:
        self._count(query, self._connection.executemany(self._queries[query], params).rowcount)


@dataclass(slots=True)
class _Waiting:
    """A unit of work before and after its turn."""

    work: Unit[Any]
    had: "asyncio.Future[None]"
    result: Any = None
    error: BaseException | None = None
    after: list[Callable[[], None]] = field(default_factory=list)


class SqliteDatabase(aiosqlite.Connection):
    """An aiosqlite connection with one more method, `unit`. No `await` can get inside a transaction.

    On a shared connection, statement by statement, one task's rollback undoes another task's writes.
    """

    def __init__(self, connect: Callable[[], sqlite3.Connection]) -> None:
        super().__init__(connect, 64)
        self._waiting: deque[_Waiting] = deque()
        self._turn: asyncio.Future[list[_Waiting]] | None = None
        #: Deleted data is still in the log, because somebody was reading: ask again later.
        self.traces_left = False
        #: Any other process with this file is on this machine, and uses the same clock.
        self.clock: Clock = SystemClock()
        self.steady: Callable[[], float] = SteadyClock()
        self._damage = ""

    async def unit(self, work: Unit[T]) -> T:
        """Run this function whole and return once it is on disk, or raise its error and undo all of it.

        The caller may be cancelled: the work is finished in any case.
        """
        if self._damage:
            raise DatabaseUnusable(
                self._damage
            )  # More writes would do more damage; nothing is acknowledged from here on.
        # With the correlation reference, so that log lines of the work have it.
        context = copy_context()
        mine = _Waiting(lambda tx: context.run(work, tx), asyncio.get_running_loop().create_future())
        self._take_turns(mine)
        await mine.had
        if mine.error is not None:
            self._damage = _damage_of(mine.error) or self._damage
            raise mine.error
        for wake in mine.after:
            wake()
        result: T = mine.result
        return result

    def _take_turns(self, *joining: _Waiting) -> None:
        """Hand all waiting units to the thread, once it is done with those before.

        One hop for all: waking a thread and being woken by it costs as much as the statements of a unit.
        """
        connection = self._conn  # Raises where there is none.
        self._waiting.extend(joining)
        if self._turn is None and self._waiting:
            self._turn = asyncio.get_running_loop().create_future()
            self._turn.add_done_callback(self._had_their_turn)
            self._tx.put_nowait((self._turn, partial(_commit_together, connection, self._waiting)))

    def _had_their_turn(self, turn: "asyncio.Future[list[_Waiting]]") -> None:
        self._turn = None
        for each in turn.result():
            if not each.had.done():  # A cancelled caller does not ask any more.
                each.had.set_result(None)
        self._take_turns()

    async def close(self) -> None:
        """Finish all waiting units, and close."""
        while self._turn is not None:
            await asyncio.wait([self._turn])
        await super().close()

    async def erase_traces(self) -> None:
        """Write the log back and truncate it, so that deleted data is in neither file.

        While somebody reads, as a backup does for seconds, it stays in the log, and `traces_left` is true.
        """
        self.traces_left = not await self.hop(_truncate_log, self._conn)

    def __await__(self) -> Generator[Any, None, Self]:
        """Open it, or wait until its thread ends: a thread that is left behind calls a loop that is closed by then."""
        try:
            yield from super().__await__()
        except BaseException:
            yield from asyncio.to_thread(self._thread.join).__await__()
            raise
        return self

    async def hop(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run this on the connection's thread, outside any transaction."""
        result: T = await self._execute(work, *args, **kwargs)  # type: ignore[no-untyped-call]
        return result


def _commit_together(connection: sqlite3.Connection, waiting: deque[_Waiting]) -> list[_Waiting]:
    """Commit all units that wait now at once: the disk takes the time, and it is asked once for all.

    No unit is reported before the commit. If the commit fails, all have failed. Returns them.
    """
    together = [waiting.popleft() for _ in range(len(waiting))]
    try:
        connection.execute("BEGIN IMMEDIATE")
        for each in together:
            _run_whole(connection, each)
        connection.execute("COMMIT")
    except BaseException as error:  # noqa: BLE001 — raised by each one's `unit`
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        for each in together:
            each.error = each.error or error
    return together


def _run_whole(connection: sqlite3.Connection, one: _Waiting) -> None:
    """Run it in a savepoint of its own, so that a failing unit does not undo others."""
    transaction = SqliteTransaction(connection)
    connection.execute("SAVEPOINT one")
    try:
        one.result, one.after = one.work(transaction), transaction.after
    except Exception as error:
        one.error = error
        if not connection.in_transaction:
            raise  # A full disk has undone all of them.
        connection.execute("ROLLBACK TO one")
    connection.execute("RELEASE one")


def _damage_of(error: BaseException) -> str:
    """Return what to say about a damaged file; None for any other error."""
    damaged = isinstance(error, sqlite3.Error) and getattr(error, "sqlite_errorcode", 0) & 0xFF in DAMAGE
    return f"the database is damaged ({error}): {MEND}" if damaged else ""


def _truncate_log(connection: sqlite3.Connection) -> bool:
    """Return whether the log is empty now. Waiting here for a reader would block everybody who writes."""
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        return bool(connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0)
    finally:
        connection.execute(f"PRAGMA busy_timeout = {int(BUSY_SECONDS * 1000):d}")


def _connect(path: str) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_SECONDS, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    # FULL: what we told Telegram that we have is on disk. NORMAL loses commits at a power cut.
    # secure_delete: an erased password must not stay in a free page.
    for pragma in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _migrate(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    done = connection.execute("PRAGMA user_version").fetchone()[0]
    if done > len(migrations()):
        raise sqlite3.DatabaseError(f"it has schema {done}, of a newer release")
    for number, script in enumerate(migrations()[done:], start=done + 1):
        for statement in statements(script):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {number:d}")
    connection.execute("COMMIT")


async def opened(path: str) -> SqliteDatabase:
    """Open this file, made and migrated as needed; raise `DatabaseUnusable` with the reason."""
    try:
        await asyncio.to_thread(Path(path).parent.mkdir, parents=True, exist_ok=True, mode=0o700)
        database = SqliteDatabase(partial(_connect, path))
        await database
    except (sqlite3.Error, OSError) as error:
        raise DatabaseUnusable(f"the database {path} cannot be opened: {_damage_of(error) or error}") from error
    try:
        await database.hop(lambda: _migrate(database._conn))  # noqa: SLF001 — the same thread as every unit
    except sqlite3.Error as error:
        await database.close()
        raise DatabaseUnusable(f"the database {path} cannot be used: {_damage_of(error) or error}") from error
    return database
