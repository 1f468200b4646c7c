"""Opens the database that an address names: a file of our own, or a server that several processes share."""

import secrets

from bot.storage import sqlite
from bot.storage.database import Database, DatabaseUnusable

SERVER = "postgresql://"


def own_name(url: str) -> str:
    """Return the name of this process among the replicas; processes that share a file have none."""
    return secrets.token_hex(4) if url.startswith(SERVER) else ""


async def open_database(url: str) -> Database:
    """Open `sqlite:///path` or `postgresql://…`, made and migrated as needed; raise `DatabaseUnusable`."""
    if url.startswith(SERVER):
        from bot.storage import postgres  # noqa: PLC0415 - whoever keeps a file needs no driver for a server

        return await postgres.opened(url)
    path = url.removeprefix("sqlite:///")
    if path == url or not path:
        raise DatabaseUnusable("DATABASE_URL must look like sqlite:///path/to/file.db or postgresql://user@host/name")
    return await sqlite.opened(path)
