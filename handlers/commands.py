"""The commands that Telegram offers behind "/", in each language."""

import logging

import telegram
from telegram import error as errors

from bot.screen import Line
from bot.words import Words

logger = logging.getLogger(__name__)

COMMANDS = ("reissue", "status", "mycert", "faq", "agent", "cancel", "language", "privacy", "help")


async def publish(bot: telegram.Bot, words: Words) -> None:
    """Tell Telegram; a bot without this menu works all the same."""
    try:
        await bot.set_my_commands(_list(words, words.default))
        for language in words.languages:
            await bot.set_my_commands(_list(words, language), language_code=language)
    except errors.TelegramError as error:
        logger.warning("commands not published", extra={"error": type(error).__name__})


def _list(words: Words, language: str) -> list[telegram.BotCommand]:
    return [telegram.BotCommand(name, words.text(language, Line(f"command.{name}"))) for name in COMMANDS]
