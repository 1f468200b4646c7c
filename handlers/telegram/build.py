"""Builds the Telegram side: the bot's client, what processes updates, and the way that updates come by."""

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

import telegram
from starlette.routing import BaseRoute

from bot.engine.build import Engine, Resources
from bot.engine.rate_limiter import DEFAULT_RATES, FloodControl, RateLimiter, Rates
from bot.identity.limits import Limits
from bot.messages.outgoing import chat_lane
from bot.monitoring.meter import Meter
from bot.settings.concerns import StaffSettings, TelegramSettings, WebhookSettings
from bot.settings.reading import PREFIX, SettingWrong
from handlers.telegram.bot_api.transport import AiohttpRequest
from handlers.telegram.commands import publish
from handlers.telegram.inline import InlineAnswers
from handlers.telegram.poller import Poller
from handlers.telegram.processor import UpdateProcessor
from handlers.telegram.webhook import Webhook


@dataclass(frozen=True, slots=True)
class Telegram:
    processor: UpdateProcessor
    inline: InlineAnswers
    #: How updates come: a loop that polls, or a webhook that the web side carries.
    poller: Poller | None
    webhook: Webhook | None
    #: Publishes the list of commands.
    publish: Callable[[], Coroutine[Any, Any, None]]

    def routes(self, settings: WebhookSettings) -> list[BaseRoute]:
        return [] if self.webhook is None else [self.webhook.route(settings.url)]


def staff_lanes(staff: StaffSettings) -> tuple[str, ...]:
    """Return the lanes of staff, which no flood may delay."""
    return () if staff.operator_chat_id is None else (chat_lane(staff.operator_chat_id),)


def telegram_client(settings: TelegramSettings, meter: Meter | None = None) -> telegram.Bot:
    """Raise `SettingWrong` if there is no token."""
    if not settings.token:
        raise SettingWrong(f"{PREFIX}TELEGRAM_TOKEN is not set; get one from @BotFather, or try `reissue-bot demo`")
    answered = (meter or Meter()).answered
    return telegram.Bot(
        settings.token,
        base_url=f"{settings.api}/bot",
        base_file_url=f"{settings.api}/file/bot",
        request=AiohttpRequest(answered=answered),
        get_updates_request=AiohttpRequest(answered=answered),
    )


def build_telegram(
    bot: telegram.Bot,
    staff: StaffSettings,
    webhook: WebhookSettings,
    shared: Resources,
    engine: Engine,
    rates: Rates = DEFAULT_RATES,
) -> Telegram:
    database, inbox, clock, tasks = shared.database, shared.queues.inbox, shared.clock, shared.tasks
    inline = InlineAnswers(bot, shared.answers, shared.catalogs, tasks, shared.workers)
    processor = UpdateProcessor(
        *(database, inbox, engine.cases, clock, tasks),
        workers=shared.workers,
        flood_control=FloodControl(RateLimiter(rates, staff_lanes(staff)), Limits(shared.sealing)),
        meter=shared.meter,
    )
    polls = not webhook.url
    return Telegram(
        processor,
        inline,
        Poller(bot, database, inbox, clock, tasks, inline) if polls else None,
        None if polls else Webhook(bot, database, inbox, clock, inline, webhook.secret),
        lambda: publish(bot, shared.catalogs, staff.operator_chat_id),
    )
