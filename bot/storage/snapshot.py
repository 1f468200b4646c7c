"""A copy of the bot's database as of one moment, made while others write. It does not know what the rows mean.

`VACUUM INTO` reads one moment on a connection of its own. Writers go on, because the log (WAL) keeps newer data, and
deleted data is not in the copy, because free pages are not copied.
"""

import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from bot.storage.database import DatabaseUnusable
from bot.storage.queries import migrations
from bot.storage.sqlite import BUSY_SECONDS

WHERE = "sqlite:///"
#: Files beside a database; an old log beside a new file would be applied to it.
BESIDE = ("", "-wal", "-shm", "-journal")

NUMBERED = ("inbox", "outbox", "jobs")
#: More rows than any bot writes between two backups.
SKIPPED = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Counts:
    """What was open at the moment of the copy."""

    updates: int
    """That had been stored and not been done."""
    messages: int
    """That waited to be sent."""
    jobs: int
    """That were due or will be."""
    serials: frozenset[str]
    """Certificates that customers were told of, of the embedded authority; upper-case hexadecimal digits."""


def database_file(url: str) -> Path:
    """Return the file of `sqlite:///path`; raise `DatabaseUnusable` for an address without a file."""
    if not url.startswith(WHERE) or url == WHERE:
        kind = url.partition(":")[0]
        raise DatabaseUnusable(
            f"backup and restore are for {WHERE}path, and DATABASE_URL is {kind}: copy it by its server's own tools"
        )
    return Path(url.removeprefix(WHERE))


def copy(source: Path, to: Path) -> int:
    """Write the copy (mode 0600), check that it is intact, and return its schema version.

    Raises `DatabaseUnusable` if there is no database, or it is damaged.
    """
    os.close(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        with closing(_opened(source)) as connection:
            connection.execute("VACUUM INTO ?", (str(to),))
        return check(to)
    except sqlite3.Error as error:
        raise DatabaseUnusable(f"the database {source} cannot be copied: {error}") from error


def check(path: Path) -> int:
    """Return its schema version; raise `DatabaseUnusable` unless the file is intact and not newer than this release."""
    try:
        with closing(_opened(path)) as connection:
            found = [row[0] for row in connection.execute("PRAGMA integrity_check(1)")]
            version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    except sqlite3.Error as error:
        raise DatabaseUnusable(f"{path.name} is no database of ours: {error}") from error
    if found != ["ok"]:
        raise DatabaseUnusable(f"{path.name} is damaged: {found[0]}")
    if not 0 < version <= len(migrations()):
        raise DatabaseUnusable(f"{path.name} has schema {version}, this release knows 1 to {len(migrations())}")
    return version


def count(path: Path) -> Counts:
    """Read from a copy that nobody else has open."""
    with closing(_opened(path)) as connection:
        updates, messages, jobs = (
            connection.execute(f"SELECT COUNT(*) FROM {table} WHERE state = 'pending'").fetchone()[0]  # noqa: S608
            for table in ("inbox", "outbox", "jobs")
        )
        return Counts(updates, messages, jobs, _serials(connection))


def skip_numbers(path: Path) -> None:
    """Continue numbering far above: numbers given out after the copy are known to gateways."""
    with closing(_opened(path)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        for table in NUMBERED:
            _skip(connection, table)
        connection.execute("COMMIT")


def _skip(connection: sqlite3.Connection, table: str) -> None:
    row = connection.execute("SELECT seq FROM sqlite_sequence WHERE name = ?", (table,)).fetchone()
    connection.execute("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
    after = (row[0] if row else 0) + SKIPPED
    connection.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table, after))


def _serials(connection: sqlite3.Connection) -> frozenset[str]:
    """Return the same for an authority outside, which was used before the embedded one."""
    known = {row[0] for row in connection.execute("SELECT serial FROM applications WHERE outcome = 'issued'")}
    tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if "outside_certificates" in tables:
        known -= {row[0] for row in connection.execute("SELECT serial FROM outside_certificates")}
    return frozenset(known - {None})


def _opened(path: Path) -> sqlite3.Connection:
    """Open an existing file only: a mistyped path must not create an empty database."""
    uri = f"{path.resolve().as_uri()}?mode=rw"
    return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=BUSY_SECONDS)
