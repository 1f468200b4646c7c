"""Telegram as a messenger: shows screens, deletes messages and sends files; turns its errors into ours."""

from collections.abc import Awaitable
from contextlib import suppress
from typing import Any, TypeVar

import telegram
from telegram import error as errors

from bot.messages.catalog import Catalogs, FormattedText
from bot.messages.delivery import Busy, Down, Gone, Refused, TooBig
from bot.messages.screen import Screen
from handlers.telegram.bot_api.calls import call
from handlers.telegram.bot_api.transport import AiohttpRequest, TooLong
from handlers.telegram.render import Rendered, entities, render

T = TypeVar("T")

#: Telegram's answer when there is nothing to change, so that doing it again is no failure.
UNCHANGED = "not modified"
#: The message to edit is gone, or can no longer be edited: a new one is sent.
UNEDITABLE = ("message to edit not found", "message can't be edited", "message_id_invalid")


class TelegramMessenger:
    """`bot.engine.sender.Messenger` over the Bot API."""

    def __init__(self, bot: telegram.Bot, catalogs: Catalogs) -> None:
        self._bot = bot
        self._catalogs = catalogs

    async def show(self, chat_id: int, screen: Screen, language: str, over: int | None) -> int:
        rendered = render(screen, self._catalogs, language)
        if over is not None and await self._edited(chat_id, over, rendered):
            return over
        message = await self._call(
            "sendMessage",
            chat_id=chat_id,
            text=rendered.text,
            entities=rendered.entities or None,
            reply_markup=rendered.markup,
        )
        return int(message["message_id"])

    async def _edited(self, chat_id: int, message_id: int, rendered: Rendered) -> bool:
        try:
            await self._call(
                "editMessageText",
                chat_id=chat_id,
                message_id=message_id,
                text=rendered.text,
                entities=rendered.entities or None,
                reply_markup=rendered.markup if rendered.is_inline else None,
            )
        except Refused as refusal:
            if UNCHANGED in refusal.reason:
                return True
            if any(each in refusal.reason for each in UNEDITABLE):
                return False
            raise
        return True

    async def remove_buttons(self, chat_id: int, message_id: int) -> None:
        """Remove the buttons. If that fails, they are outdated by their revision anyway."""
        with suppress(Refused, Down, Busy):
            await self._call("editMessageReplyMarkup", chat_id=chat_id, message_id=message_id)

    async def delete(self, chat_id: int, message_id: int) -> None:
        """Delete a message; ignore one that is gone already, or over 48 hours old."""
        with suppress(Refused):
            await self._call("deleteMessage", chat_id=chat_id, message_id=message_id)

    async def send_file(self, chat_id: int, name: str, content: bytes, caption: FormattedText) -> int:
        message = await _told(
            self._bot.send_document(
                chat_id,
                content,
                filename=name,
                caption=caption.text,
                caption_entities=telegram.MessageEntity.de_list(entities(caption), None),
                protect_content=False,
            )
        )
        return message.message_id

    async def fetch(self, file_id: str, most_bytes: int) -> bytes:
        """Ask for the file's path (Bot API: `getFile`), and read it; the size that it reports is checked first."""
        file = await _told(self._bot.get_file(file_id))
        if (file.file_size or 0) > most_bytes:
            raise TooBig
        return await _told(self._downloads.download(file.file_path or "", most_bytes))

    async def _call(self, method: str, **arguments: Any) -> Any:
        return await _told(call(self._bot, method, **arguments))

    @property
    def _downloads(self) -> AiohttpRequest:
        """The library's own download reads a body of any length to the end."""
        request = self._bot.request
        assert isinstance(request, AiohttpRequest)
        return request


async def _told(call: Awaitable[T]) -> T:
    """Await a call of the Bot API, and turn its failure into one of ours (`bot.messages.delivery`)."""
    try:
        return await call
    except errors.RetryAfter as trouble:
        raise Busy(_seconds(trouble)) from trouble
    except (errors.Forbidden, errors.ChatMigrated) as trouble:
        raise Gone(str(trouble)) from trouble
    except errors.BadRequest as trouble:
        if "chat not found" in trouble.message.lower():
            raise Gone(trouble.message) from trouble
        raise Refused(trouble.message.lower()) from trouble
    except TooLong as trouble:
        raise TooBig from trouble
    except errors.TelegramError as trouble:
        raise Down(type(trouble).__name__) from trouble


def _seconds(trouble: errors.RetryAfter) -> float:
    value = trouble.retry_after
    return value if isinstance(value, int | float) else value.total_seconds()
