"""Databases on disk that are always closed again."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from bot.storage.sqlite import SqliteDatabase, opened


@asynccontextmanager
async def on_disk(path: Path) -> AsyncIterator[SqliteDatabase]:
    database = await opened(str(path))
    try:
        yield database
    finally:
        await database.close()
