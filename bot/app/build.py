"""The roof: the one place that builds everything from the settings, and runs it."""

import asyncio
import gc
import secrets
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

import aiohttp
import telegram
from starlette.routing import BaseRoute

import ca
from bot.conversation.chats import Chats
from bot.conversation.procedure import Rules
from bot.core.clock import Clock
from bot.core.tasks import TaskSupervisor
from bot.core.tracing import started
from bot.core.wakeup import Wakeup
from bot.core.workers import WorkerThreads
from bot.engine.cases import CaseService, CaseStores
from bot.engine.certificate_check import CertificateCheck, CheckStores
from bot.engine.clock_repair import ClockRepair
from bot.engine.job_handlers import JobHandlers, JobStores
from bot.engine.job_runner import JobRunner
from bot.engine.rate_limiter import DEFAULT_RATES, RateLimiter, Rates
from bot.engine.retention import Retention
from bot.engine.sender import Channels, MailSender, Messenger, OutboxSender, SenderStores, SmsSender
from bot.engine.side_replies import SideReplies
from bot.identity.limits import Limits
from bot.identity.proof import DEFAULT_LIMITS, Identity, IdentityLimits
from bot.identity.register import CustomerRegister
from bot.issuing.embedded import EmbeddedIssuer
from bot.issuing.kept_files import KeptFiles
from bot.issuing.key_files import open_authority, open_vault
from bot.issuing.key_pool import KeyPool
from bot.issuing.outside import build as opening
from bot.issuing.outside.issuer import OutsideIssuer
from bot.issuing.port import Issuer, Watched
from bot.knowledge import ArticleBroken, KnowledgeBase
from bot.knowledge.answers import Answers
from bot.knowledge.gaps import Gaps
from bot.knowledge.refit import SearchRefit
from bot.knowledge.reloading import ReloadingKnowledgeBase
from bot.knowledge.search import embeddings
from bot.messages.catalog import Catalogs
from bot.messages.outgoing import chat_lane
from bot.messages.screen import Line
from bot.monitoring.build import Process, watching
from bot.monitoring.meter import Meter
from bot.monitoring.routes import Sources
from bot.monitoring.server import listening
from bot.notices.addresses import Addresses
from bot.notices.bounces import Bounces
from bot.notices.mail import Mailer
from bot.notices.results import Notices
from bot.notices.sms import SmsGateway
from bot.queues.inbox import Inbox
from bot.queues.jobs import Jobs
from bot.queues.outbox import Outbox
from bot.reminders.service import Reminders, ReminderStores
from bot.settings.settings import PREFIX, Settings, SettingWrong
from bot.storage.database import Database
from bot.storage.opening import open_database, own_name
from bot.storage.readonly import ReadOnlyConnection
from ca.web import Status
from handlers.telegram.bot_api.transport import AiohttpRequest
from handlers.telegram.commands import publish
from handlers.telegram.inline import InlineAnswers
from handlers.telegram.messenger import TelegramMessenger
from handlers.telegram.poller import Poller
from handlers.telegram.processor import UpdateProcessor
from handlers.telegram.webhook import Webhook

STOP_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Wakeups:
    inbox: Wakeup
    outbox: Wakeup
    jobs: Wakeup


@dataclass(frozen=True, slots=True)
class Application:
    """Everything built, nothing running."""

    database: Database
    inbox: Inbox
    cases: CaseService
    processor: UpdateProcessor
    inline: InlineAnswers
    runner: JobRunner
    sender: OutboxSender
    retention: Retention
    clock_repair: ClockRepair
    articles: ReloadingKnowledgeBase
    refit: SearchRefit
    sources: Sources
    catalogs: Catalogs
    #: What the web side answers beside the webhook.
    routes: Sequence[BaseRoute]
    clock: Clock
    keys: KeyPool
    #: Keeps what is in hand: one task a chat or lane.
    tasks: TaskSupervisor
    workers: WorkerThreads

    @property
    def loops(self) -> tuple[tuple[str, Callable[[], Coroutine[Any, Any, None]]], ...]:
        return (
            ("intake", self.processor.run),
            ("runner", self.runner.run),
            ("jobs in hand", self.runner.hold),
            ("courier", self.sender.run),
            ("messages in hand", self.sender.hold),
            ("housekeeping", self.retention.run),
            ("timekeeping", self.clock_repair.run),
            ("articles", lambda: self.articles.run(self._tell_of)),
            ("fitting", lambda: self.articles.fit(self.refit)),
            ("keys ahead", self.keys.fill),
            ("loop lag", self.sources.meter.follow_the_loop),
        )

    async def _tell_of(self, broken: ArticleBroken) -> None:
        """Tell staff which article is refused, once a change."""
        line = Line("staff.article", {"file": f"{broken.file}:{broken.line}", "why": broken.why})
        cause = f"article.{secrets.token_hex(8)}"
        await self.database.unit(lambda tx: self.cases.tell_staff(tx, line, cause))


@dataclass(frozen=True, slots=True)
class Adapters:
    """What lies outside the house, and what tests put in its place."""

    messenger: Messenger
    sms: SmsSender | None
    mail: MailSender | None
    issuer: Issuer
    clock: Clock
    keys: KeyPool
    #: The same authority as whoever watches asks it.
    authority: Watched | None = None
    meter: Meter = field(default_factory=Meter)
    routes: Sequence[BaseRoute] = ()
    limits: IdentityLimits = DEFAULT_LIMITS
    rates: Rates = DEFAULT_RATES
    #: The seconds of leases; the database's own where None.
    steady: Callable[[], float] | None = None


def build(
    settings: Settings,
    database: Database,
    vault: ca.Vault,
    bot: telegram.Bot,
    catalogs: Catalogs,
    adapters: Adapters,
) -> Application:
    wakeups, tasks, workers = Wakeups(Wakeup(), Wakeup(), Wakeup()), TaskSupervisor(), WorkerThreads()
    staff = () if settings.operator_chat_id is None else (chat_lane(settings.operator_chat_id),)
    chats, inbox = Chats(vault), Inbox(vault, wakeups.inbox, staff, own_name(settings.database_url))
    lease = settings.lease, adapters.steady or database.steady
    outbox, jobs = Outbox(vault, wakeups.outbox, *lease), Jobs(vault, wakeups.jobs, *lease)
    kept_files, register = KeptFiles(vault), CustomerRegister(vault)
    gaps = Gaps(vault)
    stores = CaseStores(chats, inbox, outbox, jobs, gaps)
    articles = reloading(settings, catalogs)
    answers, rules = Answers(lambda: articles.now), Rules()
    channels = Channels(adapters.messenger, adapters.sms, adapters.mail)
    addresses = Addresses(vault, channels.ways)
    reminding = ReminderStores(jobs, outbox, kept_files, register, addresses)
    reminders = Reminders(reminding, catalogs, rules, settings.reminder_days)
    cases = CaseService(
        stores,
        SideReplies(answers, catalogs, gaps, reminders, outbox),
        Notices(register, outbox, addresses),
        reminders,
        adapters.clock,
        rules,
        operators=settings.operator_chat_id,
    )
    identity = Identity(register, Limits(vault), adapters.limits)
    job_stores = JobStores(database, chats, outbox, kept_files, register)
    books = CheckStores(database, outbox, Limits(vault))
    certificate_check = CertificateCheck(adapters.messenger, adapters.issuer, books, adapters.clock)
    others = {"check_certificate": certificate_check.check}
    job_handlers = JobHandlers(
        job_stores, identity, adapters.issuer, reminders, adapters.clock, settings.files_lifetime, others
    )
    sender_stores = SenderStores(database, chats, outbox, kept_files, Bounces(addresses, outbox))
    return Application(
        database,
        inbox,
        cases,
        UpdateProcessor(
            *(database, inbox, cases, adapters.clock, wakeups.inbox, tasks),
            workers=workers,
            rate_limiter=RateLimiter(adapters.rates, staff),
            limits=Limits(vault),
            meter=adapters.meter,
        ),
        InlineAnswers(bot, answers, catalogs, tasks, workers),
        JobRunner(database, stores, cases, job_handlers, adapters.clock, wakeups.jobs, tasks),
        OutboxSender(
            sender_stores, channels, catalogs, adapters.clock, wakeups.outbox, tasks, meter=adapters.meter
        ),
        Retention(database, stores, kept_files, cases, adapters.issuer, adapters.clock),
        ClockRepair(database, stores, adapters.clock, *lease),
        articles,
        SearchRefit(articles_folder(settings), heads_folder(settings)),
        Sources(
            ReadOnlyConnection(settings.database_url), adapters.authority, adapters.meter, adapters.clock
        ),
        catalogs,
        adapters.routes,
        adapters.clock,
        adapters.keys,
        tasks,
        workers,
    )


def reloading(settings: Settings, catalogs: Catalogs) -> ReloadingKnowledgeBase:
    """Return the knowledge base, which follows the articles on disk; raise `ArticleBroken` if they are none now."""
    folder, heads = articles_folder(settings), heads_folder(settings)

    def read() -> KnowledgeBase:
        model = embeddings.load(heads, folder)
        return KnowledgeBase.load(catalogs.languages, facts(settings), root=folder, meaning=model)

    return ReloadingKnowledgeBase(folder, read, heads)


def articles_folder(settings: Settings) -> Path:
    return settings.articles or Path(str(files("locales")))


def heads_folder(settings: Settings) -> Path:
    """Return where we keep what was made of the articles: their own folder may be somebody else's."""
    return settings.data_dir / "faq"


def facts(settings: Settings) -> dict[str, str]:
    """Return the bank's own figures that texts and articles name."""
    return {"customer_centre": settings.customer_centre}


def telegram_bot(settings: Settings, meter: Meter | None = None) -> telegram.Bot:
    if not settings.telegram_token:
        raise SettingWrong(
            f"{PREFIX}TELEGRAM_TOKEN is not set; get one from @BotFather, or try `reissue-bot demo`"
        )
    answered = (meter or Meter()).answered
    return telegram.Bot(
        settings.telegram_token,
        base_url=f"{settings.telegram_api}/bot",
        base_file_url=f"{settings.telegram_api}/file/bot",
        request=AiohttpRequest(answered=answered),
        get_updates_request=AiohttpRequest(answered=answered),
    )


@asynccontextmanager
async def opened(
    settings: Settings, say: Callable[[str], None], clock: Clock | None = None
) -> AsyncIterator[tuple[Application, telegram.Bot]]:
    """Build the house, and close what it opened at the end."""
    async with AsyncExitStack() as stack:
        if (traces := started()) is not None:
            stack.push_async_callback(asyncio.to_thread, traces.shutdown)
        meter = Meter()
        bot = telegram_bot(settings, meter)
        catalogs = Catalogs.load(settings.timezone, facts(settings))
        vault = open_vault(settings, say)
        database = await open_database(settings.database_url)
        stack.push_async_callback(database.close)
        house_clock = clock or database.clock
        keys = KeyPool()
        stack.callback(keys.close)
        issuer, status = await _issuing(settings, vault, database, house_clock, keys, stack, say)
        session = await stack.enter_async_context(aiohttp.ClientSession())
        sms = SmsGateway(settings.sms_url, settings.sms_token, session) if settings.sms_url else None
        mail = Mailer(settings.smtp_url, settings.mail_from) if settings.smtp_url else None
        await stack.enter_async_context(bot)
        messenger = TelegramMessenger(bot, catalogs)
        adapters = Adapters(
            messenger, sms, mail, issuer, house_clock, keys, issuer, meter, status,
            steady=(lambda: clock.now().timestamp()) if clock else None,
        )  # fmt: skip
        app = build(settings, database, vault, bot, catalogs, adapters)
        stack.callback(app.workers.close)
        yield app, bot


async def _issuing(
    settings: Settings,
    vault: ca.Vault,
    database: Database,
    clock: Clock,
    keys: KeyPool,
    stack: AsyncExitStack,
    say: Callable[[str], None],
) -> tuple[EmbeddedIssuer | OutsideIssuer, Sequence[BaseRoute]]:
    """Return who issues, and what the web side answers for them: an authority outside answers for itself."""
    if settings.ca_outside is not None:
        return opening.issuer(settings.ca_outside, vault, database, clock, keys), ()
    authority = await asyncio.to_thread(open_authority, settings, vault, say)
    stack.callback(authority.close)
    await asyncio.to_thread(authority.judge_profiles)
    return EmbeddedIssuer(authority, keys), Status(authority).routes


@asynccontextmanager
async def running(
    settings: Settings, app: Application, bot: telegram.Bot, clock: Clock
) -> AsyncIterator[None]:
    """Take updates and work; at the end take no more, and finish what is in hand."""
    loops = TaskSupervisor()
    expected = [name for name, _ in app.loops] + ([] if settings.webhook_url else ["poller"])
    process = Process(app.database, expected, loops, bot.get_me)
    watch = watching(app.sources, process, settings.metrics_token)
    async with AsyncExitStack() as stack:
        if settings.webhook_url:
            secret = settings.webhook_secret
            webhook = Webhook(bot, app.database, app.inbox, clock, app.inline, secret)
            routes = [webhook.route(settings.webhook_url), *watch.routes, *app.routes]
            await stack.enter_async_context(listening(settings.listen, routes))
            await webhook.announce(settings.webhook_url)
        else:
            await stack.enter_async_context(listening(settings.listen, [*watch.routes, *app.routes]))
            poller = Poller(bot, app.database, app.inbox, clock, app.tasks, app.inline)
            loops.start("poller", loops.keep("poller", poller.run))
        loops.start("commands", publish(bot, app.catalogs, settings.operator_chat_id))
        for name, run in app.loops:
            loops.start(name, loops.keep(name, run))
        try:
            yield
        finally:
            await loops.stop(STOP_SECONDS)
            await app.tasks.finish(STOP_SECONDS)
            await app.tasks.stop(1.0)


async def serve(
    settings: Settings, stop: asyncio.Event, say: Callable[[str], None], ready: Callable[[], None]
) -> None:
    """Run until `stop` is set."""
    async with opened(settings, say) as (app, bot), running(settings, app, bot, app.clock):
        gc.collect()
        gc.freeze()  # what was built stays: looking through all of it now and then would hold up everybody
        ready()
        await stop.wait()
