"""A contact card or a file came."""

from dataclasses import replace

from bot.conversation.cards import position
from bot.conversation.case import Phase
from bot.conversation.events import SentFile, SharedContact
from bot.conversation.flow import Text
from bot.conversation.input import parse
from bot.conversation.input.parse import Refused
from bot.conversation.transition import Transition, Turn, note
from bot.conversation.turns import checks
from bot.conversation.turns.answers import answer
from bot.conversation.turns.texts import forbidden_sent
from bot.core.clock import kst_day


def shared(turn: Turn, event: SharedContact) -> Transition:
    here = position(turn.case, kst_day(turn.now), turn.rules)
    if turn.case.phase is not Phase.ASKING or not isinstance(here, Text) or not here.contact:
        return replace(note(turn.case, "error.contact_not_asked"), erase=True)
    if not event.own:
        return replace(note(turn.case, "error.contact_not_yours"), erase=True)
    value = parse.mobile(event.phone, kst_day(turn.now))
    if isinstance(value, Refused):
        return replace(note(turn.case, f"error.{value.error}"), erase=True)
    return answer(turn, here, value, erase=True)


def sent_file(turn: Turn, event: SentFile) -> Transition:
    """Delete any file from the chat: none is ever asked for, and its name and type may be wrong.

    Only one that is named like a certificate is fetched and read, and deleted after that.
    """
    if event.forbidden is not None:
        return forbidden_sent(turn, event.forbidden)
    if event.attached is not None and checks.may_be_certificate(event.attached):
        return checks.shown(turn, event.attached)
    return replace(note(turn.case, "error.file_not_asked"), erase=True)
