"""The job that checks a certificate file from a customer: fetches, reads, reports, and deletes it from the chat.

Nothing of the file is kept: its bytes are in memory while it is read, and its place is in the encrypted row of the job,
which is erased when the job is done.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.conversation.case import Case
from bot.conversation.chats import Chat
from bot.conversation.events import CertificateChecked, FileUnread, JobEvent
from bot.conversation.input.forbidden import recognise_file
from bot.core.clock import Clock
from bot.engine.job_handlers import Conclusion
from bot.engine.sender import Messenger
from bot.identity.limits import Limit, Limits
from bot.issuing import bundle, certificate_reader
from bot.issuing.port import Issuer, IssuerAway, IssuerRefused, Standing
from bot.messages.delivery import DeliveryError, Gone, Refused, TooBig
from bot.messages.outgoing import DeleteMessage, chat_lane
from bot.queues.jobs import Job
from bot.queues.outbox import Outbox
from bot.storage.database import Database, Transaction

#: About half a minute; then it is better that the customer sends the file again.
MOST_TRIES = 5


#: Files of one chat. Nobody has so many, and the same workers send codes and issue.
AT_MOST = Limit(tries=20, window=timedelta(minutes=10), pause=timedelta(minutes=10), longest=timedelta(hours=6))


@dataclass(frozen=True, slots=True)
class CheckStores:
    """The tables that the check writes."""

    database: Database
    outbox: Outbox
    limits: Limits


class CertificateCheck:
    def __init__(self, messenger: Messenger, issuer: Issuer, books: CheckStores, clock: Clock) -> None:
        self._messenger = messenger
        self._issuer = issuer
        self._books = books
        self._clock = clock

    async def check(self, job: Job, _case: Case) -> Conclusion:
        """Raise `DeliveryError` where the messenger does not answer: the job is then tried again later."""
        event = await self._found(job)

        def conclude(tx: Transaction, chat: Chat) -> JobEvent:
            if job.task.message is not None:
                erase = DeleteMessage(job.task.message)
                self._books.outbox.add(tx, f"{job.key}.erase", chat_lane(chat.chat_id), erase, self._clock.now())
            return event

        return conclude

    async def _found(self, job: Job) -> CertificateChecked | FileUnread:
        if job.attempts > MOST_TRIES:  # Whatever went wrong, the message must not stay in the chat.
            return FileUnread("gone")
        until = await self._books.database.unit(lambda tx: self._paused(tx, job))
        if until is not None:
            return FileUnread("often", until)
        try:
            content = await self._messenger.fetch(job.task.secret or "", certificate_reader.MOST_BYTES)
        except TooBig:
            return FileUnread("big")
        except (Refused, Gone):
            return FileUnread("gone")
        except DeliveryError:
            if job.attempts < MOST_TRIES:
                raise
            return FileUnread("gone")
        return await self._examined(content)

    def _paused(self, tx: Transaction, job: Job) -> datetime | None:
        """Count a file once, however often it is fetched."""
        if job.attempts > 1:
            return None
        return self._books.limits.take(tx, f"check:{job.chat_id}", AT_MOST, self._clock.now())

    async def _examined(self, content: bytes) -> CertificateChecked | FileUnread:
        """A name is typed by somebody; the bytes say what a file is."""
        never = recognise_file("", "", content)
        if never is not None:
            return FileUnread(never)
        try:
            sheet = certificate_reader.read(content)
        except certificate_reader.NoCertificate:
            return FileUnread("broken")
        return await self._compared(sheet)

    async def _compared(self, sheet: certificate_reader.CertificateReport) -> CertificateChecked:
        purpose = bundle.purpose_of(sheet.policy, sheet.authority)
        try:
            standing = await self._standing(sheet)
        except (IssuerAway, IssuerRefused):
            return CertificateChecked(sheet.authority, purpose, sheet.not_before, sheet.not_after, "away")
        return CertificateChecked(
            sheet.authority,
            standing.purpose or purpose,
            sheet.not_before,
            sheet.not_after,
            standing.status,
        )

    async def _standing(self, sheet: certificate_reader.CertificateReport) -> Standing:
        if sheet.issuer is None:
            return Standing("foreign")
        return await self._issuer.standing(sheet.der)
