"""Databases on disk, closed again whatever happens."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bot.store.database import Database, open_database


@asynccontextmanager
async def on_disk(path: Path) -> AsyncIterator[Database]:
    database = await open_database(f"sqlite:///{path}")
    try:
        yield database
    finally:
        await database.close()
