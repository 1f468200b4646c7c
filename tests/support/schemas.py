"""Databases of earlier and later releases."""

import sqlite3
from contextlib import closing
from pathlib import Path

from bot.storage.queries import migrations, statements

#: What a later release may add while this one runs: it removes nothing, and what it adds has a default.
LATER = """
ALTER TABLE chats ADD COLUMN later TEXT NOT NULL DEFAULT '';
ALTER TABLE inbox ADD COLUMN later TEXT NOT NULL DEFAULT '';
ALTER TABLE outbox ADD COLUMN later TEXT NOT NULL DEFAULT '';
ALTER TABLE jobs ADD COLUMN later TEXT NOT NULL DEFAULT '';
ALTER TABLE keeps ADD COLUMN later TEXT NOT NULL DEFAULT '';
ALTER TABLE reminders ADD COLUMN later TEXT NOT NULL DEFAULT '';
ALTER TABLE applications ADD COLUMN later TEXT NOT NULL DEFAULT '';
CREATE INDEX inbox_later ON inbox (later);
CREATE TABLE later (
  id            INTEGER PRIMARY KEY AUTOINCREMENT,
  body          BLOB
) STRICT;
"""


def as_the_first_release_had_it(desk: Path) -> None:
    """Copy the rows into a file that only the first migration has made; columns that it lacks are left out."""
    first = desk.with_suffix(".first")
    with closing(sqlite3.connect(desk)) as present, closing(sqlite3.connect(first)) as earlier:
        for statement in statements(migrations()[0]):
            earlier.execute(statement)
        for (table,) in earlier.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            _copy(present, earlier, table)
        earlier.execute("PRAGMA user_version = 1")
        earlier.commit()
    for suffix in ("-wal", "-shm"):
        desk.with_name(desk.name + suffix).unlink(missing_ok=True)
    first.replace(desk)


def _copy(present: sqlite3.Connection, earlier: sqlite3.Connection, table: str) -> None:
    columns = [row[1] for row in earlier.execute(f"PRAGMA table_info({table})")]
    rows = present.execute(f"SELECT {', '.join(columns)} FROM {table}").fetchall()
    earlier.execute(f"DELETE FROM {table}")
    marks = ", ".join("?" * len(columns))
    earlier.executemany(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", rows)
