"""The register, for commands that do one thing and end."""

import asyncio
from typing import TypeVar

import ca
from bot.directory import Directory, Record
from bot.settings import Settings
from bot.store.database import Transaction, Unit
from bot.store.opening import open_database

T = TypeVar("T")


def lookup(settings: Settings, vault: ca.Vault, customer_id: str) -> Record | None:
    directory = Directory(vault)
    return asyncio.run(once(settings, lambda tx: directory.record(tx, customer_id)))


def store(settings: Settings, vault: ca.Vault, records: list[Record]) -> None:
    """Put all of them, in one transaction."""
    directory = Directory(vault)

    def put(tx: Transaction) -> None:
        for record in records:
            directory.put(tx, record)

    asyncio.run(once(settings, put))


async def once(settings: Settings, work: Unit[T]) -> T:
    database = await open_database(settings.database_url)
    try:
        return await database.unit(work)
    finally:
        await database.close()
