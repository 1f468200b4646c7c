"""The authority's memory: one SQLite file, shared by threads and processes, that loses nothing it acknowledged.

It knows rows and encryption, not what a certificate is.
"""

import hashlib
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any

from ca.ledger import tree_rows
from ca.ledger.chain import GENESIS, AuditLine, digest_of
from ca.ledger.group_commit import GroupCommit
from ca.ledger.journal import Journal, Write
from ca.ledger.vault import SealBroken, Vault
from ca.values.refusals import CaRefusal, LedgerBroken

LEDGER_FILE = "ledger.sqlite3"
#: SQLite's errors for "not now": somebody else writes, or the disk is full or gone. All others mean damage.
_NOT_NOW = {
    "SQLITE_BUSY",
    "SQLITE_LOCKED",
    "SQLITE_FULL",
    "SQLITE_IOERR",
    "SQLITE_CANTOPEN",
    "SQLITE_READONLY",
}


@cache
def statements() -> dict[str, str]:
    """Return the statements of `ledger.sql` by name."""
    text = resources.files("ca.ledger").joinpath("ledger.sql").read_text(encoding="utf-8")
    parts = text.split("-- name: ")[1:]
    return {name.strip(): sql.strip() for name, _, sql in (part.partition("\n") for part in parts)}


@cache
def migrations() -> dict[int, str]:
    """Return the steps of the schema by their number, which is what `user_version` counts."""
    folder = resources.files("ca.ledger").joinpath("migrations")
    steps = [each for each in folder.iterdir() if each.name.endswith(".sql")]
    return {int(each.name.partition("_")[0]): each.read_text(encoding="utf-8") for each in steps}


class Transaction:
    """One transaction of the ledger: its clock does not move, and all its writes happen together or not at all."""

    def __init__(
        self, connection: sqlite3.Connection, vault: Vault, now: datetime, writes: list[Write] | None = None
    ) -> None:
        self._connection = connection
        self._vault = vault
        self.now = now
        self.seconds = seconds(now)
        self.writes = [] if writes is None else writes
        """What changes the ledger, in order: the journal keeps it too."""

    def one(self, name: str, /, **values: Any) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self._execute(name, values).fetchone()
        return row

    def all(self, name: str, /, **values: Any) -> Iterator[sqlite3.Row]:
        return self._execute(name, values)

    def tuples(self, name: str, /) -> Iterator[Any]:
        """Like `all`, for millions of rows: they have no names."""
        cursor = self._connection.cursor()
        cursor.row_factory = None
        return cursor.execute(statements()[name])

    def run(self, name: str, /, **values: Any) -> None:
        self._execute(name, values)

    def seal(self, value: bytes, table: str, column: str, row: str) -> bytes:
        return self._vault.seal(value, table=f"ca.{table}", column=column, row=row)

    def open(self, sealed: bytes, table: str, column: str, row: str) -> bytes:
        return self._vault.open(sealed, table=f"ca.{table}", column=column, row=row)

    def opener(self, table: str, column: str) -> Callable[[bytes, str], bytes]:
        """Like `open`, for millions of values of one column."""
        return self._vault.opener(f"ca.{table}", column)

    def audit(self, kind: str, subject: str, request_id: str, /, **detail: str | int | None) -> None:
        """Append a line to the chain; it is part of the transaction."""
        last = self.one("last_audit")
        seq, before = (last["seq"] + 1, last["digest"]) if last else (1, GENESIS)
        line = AuditLine.make(seq, self.seconds, kind, subject, request_id, detail)
        content = line.content
        self.run("insert_audit", **line.columns(), digest=digest_of(before, content))
        tree_rows.plant(self, seq - 1, content)

    def _execute(self, name: str, values: dict[str, Any]) -> sqlite3.Cursor:
        statement = statements()[name]
        if not statement.startswith("SELECT"):
            self.writes.append((name, values))
        return self._connection.execute(statement, values)

    def attest(self, row: str, /, **key: str | int) -> str:
        """Return the hash by which the audit knows what stands in a row (a statement that makes JSON of it)."""
        found = self.one(row, **key)
        assert found is not None
        return hashlib.sha256(found["content"].encode()).hexdigest()


class Ledger:
    """Threads share two connections, one that writes and one that reads, and take turns at each.

    What is read is committed: nobody is told of something that a power cut may undo. Processes take turns by SQLite's
    own lock.
    """

    def __init__(
        self,
        path: Path,
        vault: Vault,
        now: Callable[[], datetime],
        busy_timeout: timedelta = timedelta(seconds=20),
        journal: Journal | None = None,
    ) -> None:
        self._vault = vault
        self._journal = journal
        self._now = now
        self._path = path
        self._lock = threading.Lock()
        noted = journal.last() if journal else 0
        self._commits = GroupCommit(_connect(path, busy_timeout), self._note)
        self._connection = _reader(path, busy_timeout)
        # One more is a transaction that was noted and did not come to its commit.
        if noted > self.number() + 1:
            self.close()
            raise LedgerBroken(f"the journal tells of {noted} transactions, this ledger of fewer: restore it with both")

    def number(self) -> int:
        """Return how many transactions wrote."""
        with self.reading() as tx:
            row = tx.one("last_transaction")
        assert row is not None
        return int(row["number"])

    def close(self) -> None:
        self._commits.close()
        with self._lock:
            self._connection.close()

    def digest(self, label: str, value: str) -> bytes:
        return self._vault.digest(f"ca.{label}", value)

    @contextmanager
    def transaction(self) -> Iterator[Transaction]:
        """Commit at the end, roll back at any error; with what other threads wait to do, if they do.

        The write lock is taken at the beginning: what was read stays true until the commit. Raises `CaRefusal` R14
        when the ledger cannot be had now, `LedgerBroken` when it is damaged.
        """
        writes: list[Write] = []
        with _telling_damage_from_delay(), self._commits.member(writes):
            tx = Transaction(self._commits.connection, self._vault, self._now().astimezone(UTC), writes)
            yield tx

    @contextmanager
    def reading(self) -> Iterator[Transaction]:
        """Show one consistent moment without keeping writers out."""
        with self._lock, _telling_damage_from_delay():
            self._connection.execute("BEGIN")
            try:
                yield Transaction(self._connection, self._vault, self._now().astimezone(UTC))
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")

    def _note(self, connection: sqlite3.Connection, writes: Sequence[Write]) -> None:
        """Count what is committed together, and put it on the journal's disk before the ledger's."""
        number = connection.execute(statements()["count_transaction"]).fetchone()["number"]
        if self._journal is not None:
            self._journal.append(number, writes)

    def replay(self, number: int, writes: Sequence[Write]) -> None:
        """Do again what the journal tells; raise `LedgerBroken` if this ledger is not where it was then."""
        with self.transaction() as tx:
            for name, values in writes:
                if name not in statements():
                    raise LedgerBroken("the journal was written by another release")
                tx.run(name, **values)
        if self.number() != number:
            raise LedgerBroken(f"the journal's transaction {number} does not follow on this ledger")

    @contextmanager
    def aside(self) -> Iterator[Transaction]:
        """Like `reading`, by a connection of its own: the other threads do not wait for what takes seconds."""
        with (
            _telling_damage_from_delay(),
            closing(sqlite3.connect(self._path, isolation_level=None)) as connection,
        ):
            connection.row_factory = sqlite3.Row
            connection.execute("BEGIN")
            yield Transaction(connection, self._vault, self._now().astimezone(UTC))

    def copy(self, path: Path) -> tuple[int, bytes]:
        """Copy one moment of the ledger into an empty file while others write; return the end of its audit."""
        with _telling_damage_from_delay():
            with closing(sqlite3.connect(self._path, isolation_level=None)) as connection:
                connection.execute("VACUUM INTO ?", (str(path),))
            with closing(sqlite3.connect(path)) as connection:
                last: tuple[int, bytes] | None = connection.execute(statements()["last_audit"]).fetchone()
        return last or (0, GENESIS)

    def unsound(self) -> list[str]:
        """Return what SQLite's own check finds in tables and indexes, by a connection of its own."""
        uri = f"{self._path.resolve().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True)) as connection, _telling_damage_from_delay():
            found = [row[0] for row in connection.execute("PRAGMA integrity_check")]
            found += [f"{row[0]} names a missing {row[2]}" for row in connection.execute("PRAGMA foreign_key_check")]
        return [each for each in found if each != "ok"]


def seconds(moment: datetime) -> int:
    return int(moment.timestamp())


def from_seconds(value: int) -> datetime:
    return datetime.fromtimestamp(value, UTC)


@contextmanager
def _telling_damage_from_delay() -> Iterator[None]:
    try:
        yield
    except SealBroken as error:
        raise LedgerBroken(f"the ledger was sealed with another key file, or changed: {error}") from error
    except sqlite3.DatabaseError as error:
        name = getattr(error, "sqlite_errorname", "")
        if any(name.startswith(known) for known in _NOT_NOW):
            raise CaRefusal("R14", reason="ledger_not_available") from error
        raise LedgerBroken(f"the ledger is damaged: {error}") from error


def _connect(path: Path, busy_timeout: timedelta) -> sqlite3.Connection:
    # The mode is set at creation: SQLite gives the WAL and its index the mode of the database.
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    patience = busy_timeout.total_seconds()
    connection = sqlite3.connect(path, timeout=patience, isolation_level=None, check_same_thread=False)
    try:
        with _telling_damage_from_delay():
            connection.row_factory = sqlite3.Row
            _switch_to_wal(connection, time.monotonic() + patience)
            for pragma in ("synchronous=FULL", "secure_delete=ON", "foreign_keys=ON"):
                connection.execute(f"PRAGMA {pragma}")
            _migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _reader(path: Path, busy_timeout: timedelta) -> sqlite3.Connection:
    patience = busy_timeout.total_seconds()
    connection = sqlite3.connect(path, timeout=patience, isolation_level=None, check_same_thread=False)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA query_only=ON")
    return connection


def _switch_to_wal(connection: sqlite3.Connection, until: float) -> None:
    """Two first starts at once: SQLite refuses this one lock at once instead of waiting its busy timeout."""
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname != "SQLITE_BUSY" or time.monotonic() > until:
                raise
            time.sleep(0.02)
        else:
            return


def _migrate(connection: sqlite3.Connection) -> None:
    """Bring the schema forward, step by step, in one transaction; it never goes back."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        _step_forward(connection)
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def _step_forward(connection: sqlite3.Connection) -> None:
    version, known = connection.execute("PRAGMA user_version").fetchone()[0], migrations()
    if version > max(known):
        raise LedgerBroken("the ledger was written by a newer release")
    for number in sorted(each for each in known if each > version):
        for statement in _split(known[number]):
            connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {number}")


def _split(script: str) -> Iterator[str]:
    """Yield the statements one by one: `executescript` would commit the transaction first."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
