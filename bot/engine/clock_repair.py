"""Repairs due times that a wrong clock has set: at a start, and whenever the clock jumps against a steady one."""

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta

from bot.core.clock import Clock
from bot.engine.cases import CaseStores
from bot.storage.database import Database, Transaction

logger = logging.getLogger(__name__)

LOOK_SECONDS = 1.0


class ClockRepair:
    def __init__(
        self,
        database: Database,
        stores: CaseStores,
        clock: Clock,
        lease: timedelta,
        steady: Callable[[], float],
    ) -> None:
        """A jump is a difference longer than a lease; `steady` gives seconds that never jump."""
        self._database = database
        self._stores = stores
        self._clock = clock
        self._jump = lease.total_seconds()
        self._steady = steady
        self._known: float | None = None

    async def run(self) -> None:
        """Check until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Repair due times at the first check, and after each jump."""
        ahead, before = self._ahead(), self._known
        if before is not None and abs(ahead - before) <= self._jump:
            self._known = ahead  # Clocks drift, too.
            return
        if before is not None:
            logger.warning("the clock has jumped", extra={"by_s": round(ahead - before)})
        await self._database.unit(self._set_right)
        self._known = ahead

    def _ahead(self) -> float:
        return self._clock.now().timestamp() - self._steady()

    def _set_right(self, tx: Transaction) -> None:
        now = self._clock.now()
        self._stores.inbox.set_right(tx, now)
        self._stores.outbox.set_right(tx, now)
        self._stores.jobs.set_right(tx, now)
