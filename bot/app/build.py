"""The composition root: joins the wings, each of which builds itself, and names the loops that run."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import aiohttp
import telegram

from bot.core import tracing
from bot.core.clock import Clock
from bot.engine.build import Engine, Resources, build_engine
from bot.engine.sender import Channels
from bot.issuing.build import Issuing, open_issuing
from bot.issuing.key_files import open_vault
from bot.knowledge import ArticleBroken
from bot.knowledge.build import Knowledge, build_knowledge
from bot.messages.catalog import Catalogs
from bot.messages.screen import Line
from bot.monitoring.meter import Meter
from bot.monitoring.routes import Sources
from bot.notices.mail import Mailer
from bot.notices.sms import SmsGateway
from bot.queues.build import build_queues
from bot.settings.settings import Settings
from bot.storage.opening import open_database, own_name
from bot.storage.readonly import ReadOnlyConnection
from handlers.telegram.build import Telegram, build_telegram, staff_lanes, telegram_client
from handlers.telegram.messenger import TelegramMessenger


@dataclass(frozen=True, slots=True)
class Application:
    """Everything built, nothing running."""

    settings: Settings
    bot: telegram.Bot
    shared: Resources
    engine: Engine
    telegram: Telegram
    knowledge: Knowledge
    issuing: Issuing
    #: What monitoring reads.
    sources: Sources

    @property
    def loops(self) -> tuple[tuple[str, Callable[[], Coroutine[Any, Any, None]]], ...]:
        """The loops that run until the end, by the names that readiness shows. A poller runs beside them."""
        engine, articles = self.engine, self.knowledge.articles
        return (
            ("update processor", self.telegram.processor.run),
            ("job runner", engine.job_runner.run),
            ("jobs in progress", engine.job_runner.hold),
            ("outbox sender", engine.sender.run),
            ("messages in progress", engine.sender.hold),
            ("retention", engine.retention.run),
            ("clock repair", engine.clock_repair.run),
            ("articles", lambda: articles.run(self._report_broken_article)),
            ("search refit", lambda: articles.retrain_when_changed(self.knowledge.refit)),
            ("key pool", self.issuing.keys.fill),
            ("loop lag", self.shared.meter.follow_the_loop),
        )

    async def _report_broken_article(self, broken: ArticleBroken) -> None:
        """Tell staff which article is refused, once for each change."""
        line = Line("staff.article", {"file": f"{broken.file}:{broken.line}", "why": broken.why})
        cause = f"article.{secrets.token_hex(8)}"
        await self.shared.database.unit(lambda tx: self.engine.cases.tell_staff(tx, line, cause))


@asynccontextmanager
async def opened(
    settings: Settings, say: Callable[[str], None], clock: Clock | None = None
) -> AsyncIterator[Application]:
    """Open what the settings name, build the application, and close everything at the end."""
    async with AsyncExitStack() as stack:
        if (traces := tracing.started()) is not None:
            stack.push_async_callback(asyncio.to_thread, traces.shutdown)
        meter = Meter()
        bot = telegram_client(settings.telegram, meter)
        catalogs = Catalogs.load(settings.bank.timezone, settings.bank.facts)
        vault = open_vault(settings, say)
        database = await open_database(settings.storage.database_url)
        stack.push_async_callback(database.close)
        steady = (lambda: clock.now().timestamp()) if clock else database.steady
        issuing = await stack.enter_async_context(open_issuing(settings, vault, database, clock or database.clock, say))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        await stack.enter_async_context(bot)
        knowledge = build_knowledge(settings.bank, settings.storage.data_dir, catalogs.languages)
        lanes, replica = staff_lanes(settings.staff), own_name(settings.storage.database_url)
        queues = build_queues(vault, settings.process.lease, steady, lanes, replica)
        shared = Resources(
            *(database, vault, queues, catalogs, knowledge.answers, clock or database.clock, steady),
            meter=meter,
        )
        stack.callback(shared.workers.close)
        yield join(settings, shared, bot, issuing, knowledge, _channels(settings, bot, catalogs, session))


def join(
    settings: Settings,
    shared: Resources,
    bot: telegram.Bot,
    issuing: Issuing,
    knowledge: Knowledge,
    channels: Channels,
) -> Application:
    engine = build_engine(settings, shared, channels, issuing.issuer)
    side = build_telegram(bot, settings.staff, settings.webhook, shared, engine)
    reader = ReadOnlyConnection(settings.storage.database_url)
    sources = Sources(reader, issuing.issuer, shared.meter, shared.clock)
    return Application(settings, bot, shared, engine, side, knowledge, issuing, sources)


def _channels(settings: Settings, bot: telegram.Bot, catalogs: Catalogs, session: aiohttp.ClientSession) -> Channels:
    notices = settings.notices
    return Channels(
        TelegramMessenger(bot, catalogs),
        SmsGateway(notices.sms_url, notices.sms_token, session) if notices.sms_url else None,
        Mailer(notices.smtp_url, notices.mail_from) if notices.smtp_url else None,
    )
