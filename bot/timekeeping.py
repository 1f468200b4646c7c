"""Sets right what a wrong clock has set: at a start, and whenever the clock has jumped against a steady one."""

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta

from bot.clock import Clock
from bot.desk import Stores
from bot.store.database import Database, Transaction

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0


class Timekeeping:
    def __init__(
        self,
        database: Database,
        stores: Stores,
        clock: Clock,
        lease: timedelta,
        steady: Callable[[], float],
    ) -> None:
        """A jump is what is longer than a lease; `steady` are seconds that never jump."""
        self._database = database
        self._stores = stores
        self._clock = clock
        self._jump = lease.total_seconds()
        self._steady = steady

    async def run(self) -> None:
        """Look until cancelled."""
        await self.set_right()
        ahead = self._ahead()
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            now = self._ahead()
            if abs(now - ahead) > self._jump:
                logger.warning("the clock has jumped", extra={"by_s": round(now - ahead)})
                ahead = now
                await self.set_right()

    def _ahead(self) -> float:
        return self._clock.now().timestamp() - self._steady()

    async def set_right(self) -> None:
        await self._database.unit(self._set_right)

    def _set_right(self, tx: Transaction) -> None:
        now = self._clock.now()
        self._stores.inbox.set_right(tx, now)
        self._stores.outbox.set_right(tx, now)
        self._stores.jobs.set_right(tx, now)
