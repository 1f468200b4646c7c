"""The commands that Telegram offers behind "/", in each language."""

import logging
from collections.abc import Sequence

import telegram
from telegram import error as errors

from bot.messages.catalog import Catalogs
from bot.messages.screen import Line

logger = logging.getLogger(__name__)

COMMANDS = (
    "reissue",
    "status",
    "mycert",
    "reminders",
    "check",
    "faq",
    "agent",
    "cancel",
    "language",
    "privacy",
    "help",
)


STAFF_COMMANDS = ("gaps", "case")


async def publish(bot: telegram.Bot, catalogs: Catalogs, operators: int | None = None) -> None:
    """Publish the menu; a bot without it works all the same."""
    try:
        await bot.set_my_commands(_list(catalogs, catalogs.default))
        for language in catalogs.languages:
            await bot.set_my_commands(_list(catalogs, language), language_code=language)
        if operators is not None:
            menu = _list(catalogs, catalogs.default, STAFF_COMMANDS)
            await bot.set_my_commands(menu, scope=telegram.BotCommandScopeChat(operators))
    except errors.TelegramError as error:
        logger.warning("commands not published", extra={"error": type(error).__name__})


def _list(catalogs: Catalogs, language: str, names: Sequence[str] = COMMANDS) -> list[telegram.BotCommand]:
    return [telegram.BotCommand(name, catalogs.text(language, Line(f"command.{name}"))) for name in names]
