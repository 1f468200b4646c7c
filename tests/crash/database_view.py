"""The bot's database as the checks see it, in either engine: read from outside, while bots live and die."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Protocol

import psycopg

from tests.support.postgres_server import Server, new_database

#: Seconds for which a stopped server is asked again.
PATIENCE_S = 30.0
TABLES = "SELECT relname FROM pg_stat_user_tables ORDER BY relname"
FAILURES = "SELECT COALESCE(SUM(checksum_failures), 0) FROM pg_stat_database"
#: The files of our tables and indexes, and the server's current log file.
OURS = "SELECT pg_relation_filepath(oid) FROM pg_class WHERE oid >= 16384 AND relkind IN ('r', 'i', 't')"
LOG = "SELECT pg_walfile_name(pg_current_wal_lsn())"


class Books(Protocol):
    url: str

    def rows(self, sql: str) -> list[tuple[Any, ...]]: ...

    def flaws(self) -> Iterator[str]:
        """Yield what the engine itself reports as damaged (I7)."""
        ...

    def files(self) -> list[Path]:
        """Return the files outside the data folder."""
        ...

    def close(self) -> None: ...


class SqliteBooks:
    def __init__(self, path: Path) -> None:
        self._path = path
        self.url = f"sqlite:///{path}"

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self._path, timeout=PATIENCE_S)) as connection:
            return connection.execute(sql).fetchall()

    def flaws(self) -> Iterator[str]:
        return sqlite_flaws(self._path)

    def files(self) -> list[Path]:
        return []

    def close(self) -> None:
        return


def sqlite_flaws(path: Path) -> Iterator[str]:
    with closing(sqlite3.connect(path, timeout=PATIENCE_S)) as connection:
        answer = [row[0] for row in connection.execute("PRAGMA integrity_check")]
        broken = connection.execute("PRAGMA foreign_key_check").fetchall()
    if answer != ["ok"] or broken:
        yield f"I7: {path.name}: {'; '.join(map(str, answer))} {broken}"


class PostgresBooks:
    def __init__(self, server: Server, template: str) -> None:
        self._server = server
        self.url = new_database(server.address, template)
        self._lock = threading.Lock()
        self._connection: psycopg.Connection[Any] | None = None
        ((self._first_log,),) = self.rows(LOG)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask again while the server is down."""
        until = time.monotonic() + PATIENCE_S
        with self._lock:
            while True:
                try:
                    return self._connected().execute(sql).fetchall()  # type: ignore[arg-type]
                except psycopg.OperationalError:
                    self.close()
                    if time.monotonic() > until:
                        raise
                    time.sleep(0.05)

    def _connected(self) -> psycopg.Connection[Any]:
        if self._connection is None:
            self._connection = psycopg.connect(self.url, autocommit=True)
        return self._connection

    def flaws(self) -> Iterator[str]:
        """Read every table whole and by its key: index and heap must agree; pages have checksums (PostgreSQL 18)."""
        for (table,) in self.rows(TABLES):
            counts = [self._counted(table, way) for way in ("on", "off")]
            if counts[0] != counts[1]:
                yield f"I7: {table} has {counts[0]} rows by itself and {counts[1]} by its index"
        if self.rows(FAILURES) != [(0,)]:
            yield "I7: the server met pages whose checksum is wrong"

    def _counted(self, table: str, by_itself: str) -> list[tuple[Any, ...]]:
        self._set(f"SET enable_seqscan = {by_itself}")
        try:
            return self.rows(f'SELECT COUNT(*), SUM(LENGTH(t::text)) FROM "{table}" t')
        finally:
            self._set("RESET enable_seqscan")

    def _set(self, setting: str) -> None:
        with self._lock:
            self._connected().execute(setting)  # type: ignore[arg-type]

    def files(self) -> list[Path]:
        self._set("CHECKPOINT")
        folder = self._server.folder
        tables = [folder / name for (name,) in self.rows(OURS)]
        log = [each for each in (folder / "pg_wal").iterdir() if each.is_file() and each.name >= self._first_log]
        return [*tables, *sorted(log), folder / "log"]

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()
