"""Deletes in time: rows that are done, files after their lifetime, and applications that nobody continues."""

import asyncio
import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from bot.conversation.events import Abandoned
from bot.core.clock import Clock
from bot.engine.cases import CaseService, CaseStores
from bot.issuing.kept_files import KeptFiles
from bot.issuing.port import Issuer, IssuerAway, IssuerRefused
from bot.queues.outbox import KEPT
from bot.storage.database import Database, Transaction

logger = logging.getLogger(__name__)

#: The most abandoned cases, or deleted rows, in one transaction, so that customers never wait for it.
AT_ONCE, ROWS_AT_ONCE = 50, 500


@dataclass(frozen=True, slots=True)
class RetentionPeriods:
    """How long things are kept."""

    #: Telegram offers an update again for a day; known ids must outlive that.
    updates: timedelta = timedelta(days=3)
    messages: timedelta = KEPT
    jobs: timedelta = timedelta(days=7)
    #: An application that waits for its customer.
    abandoned: timedelta = timedelta(days=7)
    #: Unanswered questions: long enough to see what is asked repeatedly.
    gaps: timedelta = timedelta(days=90)
    #: A bounced address is tried again after this, if the register still has it.
    bounces: timedelta = timedelta(days=365)
    every: timedelta = timedelta(minutes=10)


DEFAULT_RETENTION = RetentionPeriods()


class Retention:
    def __init__(
        self,
        database: Database,
        stores: CaseStores,
        kept_files: KeptFiles,
        cases: CaseService,
        issuer: Issuer,
        clock: Clock,
        retention: RetentionPeriods = DEFAULT_RETENTION,
    ) -> None:
        self._database = database
        self._stores = stores
        self._kept_files = kept_files
        self._cases = cases
        self._issuer = issuer
        self._clock = clock
        self._retention = retention

    async def run(self) -> None:
        """Clean up now and then until cancelled."""
        while True:
            await self.tidy()
            await asyncio.sleep(self._retention.every.total_seconds())

    async def tidy(self) -> None:
        """Delete everything that is due."""
        now = self._clock.now()
        await self._forget(now)
        while await self._database.unit(lambda tx: self._abandon(tx, now)):
            pass
        if await self._database.unit(lambda tx: self._kept_files.lapse(tx, now)) or self._database.traces_left:
            await self._database.erase_traces()
        await self._tend()

    async def _tend(self) -> None:
        """Let the authority renew its CRLs long before they expire; a CRL that gets old is logged as an error."""
        try:
            await self._issuer.tend()
        except (IssuerAway, IssuerRefused) as error:
            logger.exception("the authority could not be tended", extra={"why": type(error).__name__})

    async def _forget(self, now: datetime) -> None:
        kept = self._retention
        ages = {"inbox_forget": kept.updates, "outbox_forget": kept.messages, "job_forget": kept.jobs}
        ages["bounce_forget"] = kept.bounces
        for query, age in ages.items():
            while await self._database.unit(partial(_forget_some, query, now - age)) == ROWS_AT_ONCE:
                pass
        await self._database.unit(lambda tx: self._stores.gaps.forget(tx, now - kept.gaps))

    def _abandon(self, tx: Transaction, now: datetime) -> int:
        """Close cases that wait for a customer for too long; the answers are erased with them."""
        before = (now - self._retention.abandoned).timestamp()
        rows = tx.rows("chats_abandoned", before=before, most=AT_ONCE)
        for row in rows:
            chat = self._stores.chats.load(tx, row["chat_id"])
            if chat is not None:
                self._cases.report(tx, chat, Abandoned(), f"abandoned.{chat.chat_id}.{chat.case.revision}")
        return len(rows)


def _forget_some(query: str, before: datetime, tx: Transaction) -> int:
    return tx.run(query, before=before.timestamp(), most=ROWS_AT_ONCE)
