"""Opens the customer register for a command that reads or writes once."""

import asyncio
from typing import TypeVar

import ca
from bot.identity.register import CustomerRecord, CustomerRegister
from bot.settings.settings import Settings
from bot.storage.database import Transaction, Unit
from bot.storage.opening import open_database

T = TypeVar("T")


def find_customer(settings: Settings, vault: ca.Vault, customer_id: str) -> CustomerRecord | None:
    register = CustomerRegister(vault)
    return asyncio.run(in_transaction(settings, lambda tx: register.record(tx, customer_id)))


def save_customers(settings: Settings, vault: ca.Vault, records: list[CustomerRecord]) -> None:
    """Write all records in one transaction."""
    register = CustomerRegister(vault)

    def put(tx: Transaction) -> None:
        for record in records:
            register.put(tx, record)

    asyncio.run(in_transaction(settings, put))


async def in_transaction(settings: Settings, work: Unit[T]) -> T:
    """Open the database, run one transaction, and close it."""
    database = await open_database(settings.storage.database_url)
    try:
        return await database.unit(work)
    finally:
        await database.close()
