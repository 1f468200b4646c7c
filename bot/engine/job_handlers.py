"""The handlers of jobs: what each looks up or asks for, and the event that it ends in.

A handler has two parts. The first may wait for others and changes nothing of ours; it returns the second, which runs in
the transaction that marks the job done. A crash between them repeats the first, which must allow that.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType

from bot.conversation.case import Case, Phase
from bot.conversation.chats import Chat, Chats
from bot.conversation.events import (
    Approved,
    CertificateSeen,
    CodeLapsed,
    FilesLapsed,
    Issued,
    JobEvent,
    Paused,
    Refused,
)
from bot.core.clock import Clock, kst_day
from bot.identity.proof import Claim, Identity, mismatches
from bot.identity.register import CustomerRecord, CustomerRegister
from bot.issuing.kept_files import KeptFiles
from bot.issuing.port import Applicant, Certified, HeldCertificate, Issuer, IssuerRefused
from bot.messages.outgoing import SendFile, chat_lane
from bot.queues.jobs import Job
from bot.queues.outbox import Outbox
from bot.reminders.service import Reminders
from bot.storage.database import Database, Transaction

#: What a job does in its own transaction, and the event that it reports; None if there is nothing to report.
Conclusion = Callable[[Transaction, Chat], JobEvent | None]

#: The first part of a job.
Work = Callable[[Job, Case], Awaitable[Conclusion]]

KEY = "key"
#: A new key is kept for this long after the last try to have it certified.
KEY_LIFETIME = timedelta(days=1)

#: The refusal codes for states of the old certificate.
UNFIT = {"expired": "R05", "revoked": "R06", "hold": "R07"}


@dataclass(frozen=True, slots=True)
class JobStores:
    """The tables that the handlers use."""

    database: Database
    chats: Chats
    outbox: Outbox
    kept_files: KeptFiles
    register: CustomerRegister


class JobHandlers:
    def __init__(
        self,
        stores: JobStores,
        identity: Identity,
        issuer: Issuer,
        reminders: Reminders,
        clock: Clock,
        files_lifetime: timedelta,
        others: Mapping[str, Work] = MappingProxyType({}),
    ) -> None:
        """`others` are handlers for more kinds of jobs, which need none of these tables."""
        self._stores = stores
        self._identity = identity
        self._issuer = issuer
        self._reminders = reminders
        self._clock = clock
        self._files_lifetime = files_lifetime
        self._kinds: dict[str, Work] = {
            "send_code": self._send_code,
            "lapse_code": self._lapse_code,
            "assess": self._assess,
            "issue": self._issue,
            "lapse_files": self._lapse_files,
            "look_up": self._look_up,
            "hand_files": self._hand_files,
            "remind": self._remind,
            **others,
        }

    async def perform(self, job: Job) -> Conclusion:
        """Raise `IssuerAway` where the authority does not answer: the job is then tried again later."""
        chat = await self._stores.database.unit(lambda tx: self._stores.chats.load(tx, job.chat_id))
        if chat is None:
            return _nothing
        return await self._kinds[job.kind](job, chat.case)

    async def _send_code(self, job: Job, _case: Case) -> Conclusion:
        """In one transaction: the match, the limits, the code, and its message."""

        def conclude(tx: Transaction, chat: Chat) -> JobEvent | None:
            if chat.case.phase is not Phase.SENDING:
                return None
            now = self._clock.now()
            claim = Claim.of(chat.case.answers)
            sent = self._identity.send_code(tx, chat.chat_id, claim, chat.language, now)
            if isinstance(sent, Paused):
                return sent
            event, lane, message = sent
            self._stores.outbox.add(tx, f"code:{job.key}", f"{lane}:{chat.chat_id}", message, now)
            return event

        return conclude

    async def _lapse_code(self, job: Job, _case: Case) -> Conclusion:
        return _reporting(CodeLapsed(job.task.about or b""))

    async def _assess(self, _job: Job, case: Case) -> Conclusion:
        """Compare with the register, then with the authority's record of the old certificate."""
        if case.phase is not Phase.DECIDING or case.proof is None or case.proof.customer is None:
            return _nothing
        customer = case.proof.customer
        record = await self._stores.database.unit(lambda tx: self._stores.register.record(tx, customer))
        if record is None:
            return _reporting(Refused("R09"))
        wrong = mismatches(record, Claim.of(case.answers))
        if wrong:
            return self._refusing(customer, wrong[0])
        return _reporting(await self._enrolled(case, record))

    def _refusing(self, customer: str, code: str) -> Conclusion:
        def conclude(tx: Transaction, _chat: Chat) -> JobEvent:
            until = self._identity.count_refusal(tx, customer, self._clock.now())
            return Refused("R11", until) if until else Refused(code)

        return conclude

    async def _enrolled(self, case: Case, record: CustomerRecord) -> Approved | Refused:
        newest = _newest(await self._issuer.held(record.customer_id))
        if newest is None:
            return Refused("R09")
        if newest.status != "good":
            return Refused(UNFIT[newest.status])
        applicant = Applicant(record.customer_id, record.name, record.idn)
        try:
            opening = await self._issuer.enrol(case.request_id, applicant, newest.serial)
        except IssuerRefused as refusal:
            return Refused(refusal.code)
        return Approved(opening.reference, opening.authorization, opening.expires_at, kst_day(newest.not_after))

    async def _issue(self, job: Job, case: Case) -> Conclusion:
        """Store the new key before it is certified: a certificate whose key was lost would be useless."""
        if case.phase is not Phase.ISSUING or case.enrolment is None or job.task.secret is None:
            return _nothing
        request_id, password = job.task.request_id, job.task.secret
        key = await self._key(case, request_id)
        try:
            certified = await self._issuer.redeem(case.enrolment.reference, case.enrolment.authorization, key)
        except IssuerRefused as refusal:
            return self._not_issued(request_id, refusal.code)
        files = await self._issuer.pack(key, certified, password)
        return self._issued(request_id, certified, dict(files))

    async def _key(self, case: Case, request_id: str) -> bytes:
        """Return the key of this request; each try extends its lifetime, because an authority may take days."""
        until = self._clock.now() + KEY_LIFETIME
        made = await self._stores.database.unit(self._kept(request_id)) or await self._issuer.make_key()

        def keep(tx: Transaction) -> bytes:
            self._stores.kept_files.put(tx, request_id, KEY, case.chat_id, made, until)
            return self._stores.kept_files.load(tx, request_id, KEY, self._clock.now()) or made

        return await self._stores.database.unit(keep)

    def _kept(self, request_id: str) -> Callable[[Transaction], bytes | None]:
        return lambda tx: self._stores.kept_files.load(tx, request_id, KEY, self._clock.now())

    def _not_issued(self, request_id: str, code: str) -> Conclusion:
        def conclude(tx: Transaction, _chat: Chat) -> JobEvent:
            self._stores.kept_files.erase(tx, request_id, KEY)
            return Refused(code)

        return conclude

    def _issued(self, request_id: str, certified: Certified, files: dict[str, bytes]) -> Conclusion:
        def conclude(tx: Transaction, chat: Chat) -> JobEvent:
            until = self._clock.now() + self._files_lifetime
            self._stores.kept_files.erase(tx, request_id, KEY)
            for name, content in files.items():
                self._stores.kept_files.put(tx, request_id, name, chat.chat_id, content, until)
            self._hand(tx, chat.chat_id, request_id, f"issued:{request_id}")
            return Issued(certified.serial, certified.not_after, until)

        return conclude

    async def _lapse_files(self, _job: Job, _case: Case) -> Conclusion:
        def conclude(tx: Transaction, _chat: Chat) -> JobEvent:
            self._stores.kept_files.lapse(tx, self._clock.now())
            return FilesLapsed()

        return conclude

    async def _look_up(self, _job: Job, case: Case) -> Conclusion:
        """Only a customer with a proven identity sees a certificate here."""
        newest = _newest(await self._issuer.held(case.customer)) if case.customer else None
        if newest is None:
            return _reporting(CertificateSeen(None, None, None))
        return _reporting(CertificateSeen(newest.serial, newest.status, newest.not_after, newest.not_before))

    async def _remind(self, job: Job, case: Case) -> Conclusion:
        """Check the certificate's status first: nobody is reminded of a revoked one."""
        held = await self._issuer.held(case.customer) if case.customer else ()
        turn = int(job.task.about or b"0")

        def conclude(tx: Transaction, chat: Chat) -> None:
            self._reminders.come(tx, chat, turn, held, self._clock.now())

        return conclude

    async def _hand_files(self, job: Job, case: Case) -> Conclusion:
        def conclude(tx: Transaction, chat: Chat) -> None:
            if case.certificate is not None:
                self._hand(tx, chat.chat_id, case.certificate.request_id, job.key)

        return conclude

    def _hand(self, tx: Transaction, chat_id: int, request_id: str, cause: str) -> None:
        now: datetime = self._clock.now()
        for name in ("npki.zip", "certificate.p12"):
            key = f"{cause}.{name}"
            self._stores.outbox.add(tx, key, chat_lane(chat_id), SendFile(request_id, name), now)


def _newest(held: tuple[HeldCertificate, ...]) -> HeldCertificate | None:
    """Return the certificate that counts: the one in use, else the latest."""
    return max(held, key=lambda each: (each.status == "good", each.not_before), default=None)


def _nothing(_tx: Transaction, _chat: Chat) -> None:
    return None


def _reporting(event: JobEvent) -> Conclusion:
    return lambda _tx, _chat: event
