"""From an update to an event: a pure function; no type of Telegram goes further."""

import re

from telegram.constants import ChatMemberStatus, ChatType

from bot.conversation.events import (
    Answered,
    AskedByStaff,
    Attached,
    Blocked,
    Commanded,
    CustomerEvent,
    Incoming,
    Said,
    SentFile,
    SharedContact,
    Tapped,
)
from bot.conversation.input import forbidden
from handlers.telegram.bot_api.update import CallbackQuery, ChatMemberUpdated, Message, Update
from handlers.telegram.commands import STAFF_COMMANDS
from handlers.telegram.render import read_token

FAQ = "faq"
_COMMAND = re.compile(r"/([a-z_]{1,32})(?:@\w+)?(?:\s|$)")


def incoming(update: Update) -> Incoming | None:
    """Return what this update means, or None if it means nothing to a bot in private chats.

    Edited messages mean nothing: the text was read when it was sent.
    """
    if update.callback_query is not None:
        return _tapped(update.callback_query)
    if update.message is not None:
        return _message(update.message)
    if update.my_chat_member is not None:
        return _membership(update.my_chat_member)
    return None


def _tapped(query: CallbackQuery) -> Incoming | None:
    if query.message is None or query.message.chat.type != ChatType.PRIVATE:
        return None
    revision, token = read_token(query.data or "")
    event = Tapped(token, revision)
    return Incoming(query.message.chat.id, event, query.message.message_id, query.sender.language_code)


def _message(message: Message) -> Incoming | None:
    language = message.sender.language_code if message.sender else None
    if message.chat.type != ChatType.PRIVATE:
        return Incoming(message.chat.id, _of_staff(message), message.message_id)
    return Incoming(message.chat.id, _said(message), message.message_id, language)


def _of_staff(message: Message) -> Answered | AskedByStaff | None:
    """In the operators' chat only commands count, and answers to a message of ours."""
    if not message.text:
        return None
    if message.reply_to_message is not None:
        return Answered(message.reply_to_message.message_id, message.text)
    command = _COMMAND.match(message.text)
    if not command or command[1] not in STAFF_COMMANDS:
        return None
    return AskedByStaff(command[1], message.text[command.end() :].strip())


def _said(message: Message) -> CustomerEvent | None:
    if message.via_bot is not None:
        return None  # An answer of ours that was posted here in inline mode: it is no question.
    if message.text is not None:
        command = _COMMAND.match(message.text)
        return Commanded(_meant(message.text, command[1])) if command else Said(message.text)
    if message.contact is not None:
        own = message.sender is not None and message.contact.user_id == message.sender.id
        return SharedContact(message.contact.phone_number, own)
    if message.photo:
        return SentFile(forbidden.recognise_file("", "image/jpeg", None))
    if message.document is not None:
        name, kind = message.document.file_name or "", message.document.mime_type or ""
        attached = Attached(message.document.file_id, name, kind, message.document.file_size)
        return SentFile(forbidden.recognise_file(name, kind, None), attached)
    if message.has_attachment:
        return SentFile()
    return None


def _meant(text: str, command: str) -> str:
    """A link into the chat may carry a parameter (Bot API: deep linking): `/start faq` is `/faq`."""
    return FAQ if command == "start" and text.split()[1:] == [FAQ] else command


def _membership(change: ChatMemberUpdated) -> Incoming | None:
    if change.chat.type != ChatType.PRIVATE:
        return None
    blocked = change.new_chat_member.status == ChatMemberStatus.BANNED
    return Incoming(change.chat.id, Blocked(blocked))
