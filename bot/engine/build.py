"""Builds the engine: the case service, the jobs, the sender and what keeps the tables in order."""

from collections.abc import Callable
from dataclasses import dataclass, field

from bot.conversation.chats import Chats
from bot.conversation.procedure import Rules
from bot.core.clock import Clock
from bot.core.tasks import TaskSupervisor
from bot.core.workers import WorkerThreads
from bot.engine.cases import CaseService, CaseStores
from bot.engine.certificate_check import CertificateCheck, CheckStores
from bot.engine.clock_repair import ClockRepair
from bot.engine.job_handlers import JobHandlers, JobStores
from bot.engine.job_runner import JobRunner
from bot.engine.retention import Retention
from bot.engine.sender import Channels, OutboxSender, SenderStores
from bot.engine.side_replies import SideReplies
from bot.identity.limits import Limits
from bot.identity.proof import DEFAULT_LIMITS, Identity, IdentityLimits
from bot.identity.register import CustomerRegister
from bot.issuing.kept_files import KeptFiles
from bot.issuing.port import Issuer
from bot.knowledge.answers import Answers
from bot.knowledge.gaps import Gaps
from bot.messages.catalog import Catalogs
from bot.monitoring.meter import Meter
from bot.notices.addresses import Addresses
from bot.notices.bounces import Bounces
from bot.notices.results import Notices
from bot.queues.build import Queues
from bot.reminders.service import Reminders, ReminderStores
from bot.settings.settings import Settings
from bot.storage.database import Database
from bot.storage.sealing import Sealing


@dataclass(frozen=True, slots=True)
class Resources:
    """What is opened once, and what every part of the bot shares."""

    database: Database
    sealing: Sealing
    queues: Queues
    catalogs: Catalogs
    answers: Answers
    clock: Clock
    #: The seconds that leases are counted by.
    steady: Callable[[], float]
    #: Runs one task per chat or delivery lane, so that each stays in order.
    tasks: TaskSupervisor = field(default_factory=TaskSupervisor)
    workers: WorkerThreads = field(default_factory=WorkerThreads)
    meter: Meter = field(default_factory=Meter)


@dataclass(frozen=True, slots=True)
class Engine:
    cases: CaseService
    job_runner: JobRunner
    sender: OutboxSender
    retention: Retention
    clock_repair: ClockRepair


def build_engine(
    settings: Settings,
    shared: Resources,
    channels: Channels,
    issuer: Issuer,
    limits: IdentityLimits = DEFAULT_LIMITS,
) -> Engine:
    database, sealing, queues, clock = shared.database, shared.sealing, shared.queues, shared.clock
    inbox, outbox, jobs = queues.inbox, queues.outbox, queues.jobs
    chats, gaps = Chats(sealing), Gaps(sealing)
    kept_files, register, tries = KeptFiles(sealing), CustomerRegister(sealing), Limits(sealing)
    addresses, rules = Addresses(sealing, channels.ways), Rules()
    stores = CaseStores(chats, inbox, outbox, jobs, gaps)
    reminders = Reminders(
        ReminderStores(jobs, outbox, kept_files, register, addresses),
        shared.catalogs,
        rules,
        settings.bank.reminder_days,
    )
    cases = CaseService(
        stores,
        SideReplies(shared.answers, shared.catalogs, gaps, reminders, outbox),
        Notices(register, outbox, addresses),
        reminders,
        clock,
        rules,
        operators=settings.staff.operator_chat_id,
    )
    check = CertificateCheck(channels.messenger, issuer, CheckStores(database, outbox, tries), clock)
    handlers = JobHandlers(
        JobStores(database, chats, outbox, kept_files, register),
        Identity(register, tries, limits),
        issuer,
        reminders,
        clock,
        settings.bank.files_lifetime,
        {"check_certificate": check.check},
    )
    sender_stores = SenderStores(database, chats, outbox, kept_files, Bounces(addresses, outbox))
    wakeups = queues.wakeups
    return Engine(
        cases,
        JobRunner(database, stores, cases, handlers, clock, wakeups.jobs, shared.tasks),
        OutboxSender(sender_stores, channels, shared.catalogs, clock, wakeups.outbox, shared.tasks, meter=shared.meter),
        Retention(database, stores, kept_files, cases, issuer, clock),
        ClockRepair(database, stores, clock, settings.process.lease, shared.steady),
    )
