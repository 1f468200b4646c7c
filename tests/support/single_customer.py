"""A messenger with one customer, for tests that start the command."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from handlers.local import Limits, LocalMessenger
from tests.support.customers import GILDONG, OPERATORS, STAFF, persona
from tests.support.local_telegram import TOKEN


@asynccontextmanager
async def messenger_of_one() -> AsyncIterator[LocalMessenger]:
    """Let Gildong and one operator in."""
    messenger = LocalMessenger(
        token=TOKEN,
        personas=[persona(GILDONG, 101)],
        operators=[STAFF],
        operator_chat_id=OPERATORS,
        limits=Limits(throttled=False),
    )
    await messenger.start()
    try:
        yield messenger
    finally:
        await messenger.stop()
