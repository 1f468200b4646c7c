"""Bounced mails and text messages: the address is not used again, and its customer is told, once."""

from datetime import datetime

from bot.messages import masking
from bot.messages.delivery import DeliveryError, Gone
from bot.messages.outgoing import Mail, SendScreen, Sms, chat_lane
from bot.messages.screen import Line, Screen, Word
from bot.notices.addresses import Addresses, Way
from bot.queues.outbox import Claimed, Outbox
from bot.storage.database import Transaction

#: What is stored as the reason why it was given up.
BOUNCED = "bounced"


class Bounces:
    def __init__(self, addresses: Addresses, outbox: Outbox) -> None:
        self._addresses = addresses
        self._outbox = outbox

    def reason(self, tx: Transaction, claimed: Claimed, error: DeliveryError, now: datetime) -> str:
        """Return why this message is given up, after storing a bounce.

        A one-time code names no chat: telling a stranger there that it bounced would reveal who is a customer.
        """
        message = claimed.message
        if not isinstance(error, Gone) or not isinstance(message, Sms | Mail) or message.chat is None:
            return str(error)
        way: Way = "sms" if isinstance(message, Sms) else "mail"
        if self._addresses.bounced(tx, way, message.to, now):
            told = SendScreen(_screen(way, message))
            self._outbox.add(tx, f"{claimed.key}.bounced", chat_lane(message.chat), told, now)
        return BOUNCED


def _screen(way: Way, message: Sms | Mail) -> Screen:
    shown = masking.mobile(message.to) if way == "sms" else masking.email(message.to)
    lines = [Line(f"bounced.{way}", {"address": shown})]
    if message.otherwise is not None:
        taken = message.otherwise.lane.partition(":")[0]
        lines.append(Line("bounced.instead", {"channel": Word(f"remind.channel.{taken}")}))
    return Screen((*lines, Line("bounced.mend")))
