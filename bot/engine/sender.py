"""Sends the outbox: in order per lane, lanes in parallel, as slowly as each channel asks."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Protocol

from bot.conversation.chats import Chats
from bot.core import correlation
from bot.core.clock import Clock
from bot.core.tasks import TaskSupervisor
from bot.core.wakeup import Wakeup
from bot.issuing.kept_files import KeptFiles
from bot.messages.catalog import Catalogs, FormattedText
from bot.messages.delivery import Busy, DeliveryError, Down, Gone
from bot.messages.mail_body import MailBody, render_mail
from bot.messages.outgoing import (
    CHAT,
    Card,
    ChatTarget,
    DeleteMessage,
    Mail,
    Message,
    RelayText,
    SendFile,
    SendScreen,
    Sms,
)
from bot.messages.screen import Line, Screen
from bot.monitoring.meter import Delivered, Meter
from bot.notices.addresses import Way
from bot.notices.bounces import Bounces
from bot.notices.quiet_hours import by_day
from bot.queues.outbox import Claimed, Outbox
from bot.storage.database import Database, Transaction

logger = logging.getLogger(__name__)

BACK_OFF = (1, 2, 5, 15, 60, 300)
#: After this many tries (about two hours) a mail or text message is given up; a chat message never is.
MOST_TRIES = 28
LANES_AT_ONCE = 64
IDLE_SECONDS = 1.0


class Messenger(Protocol):
    """The port to a messenger. Every method raises a `bot.messages.delivery.DeliveryError`; ids are its message ids."""

    async def show(self, chat_id: int, screen: Screen, language: str, over: int | None) -> int:
        """Show this in place of message `over`, or as a new one; return the id of the message it stands in."""
        ...

    async def remove_buttons(self, chat_id: int, message_id: int) -> None:
        """Remove the buttons of an earlier screen."""
        ...

    async def delete(self, chat_id: int, message_id: int) -> None: ...

    async def send_file(self, chat_id: int, name: str, content: bytes, caption: FormattedText) -> int: ...

    async def fetch(self, file_id: str, most_bytes: int) -> bytes:
        """Return the content of a file that was sent to us; raise `TooBig` before more than that is read."""
        ...


class SmsSender(Protocol):
    async def send(self, key: str, to: str, text: str) -> None: ...


class MailSender(Protocol):
    async def send(self, key: str, to: str, letter: MailBody) -> None: ...


@dataclass(frozen=True, slots=True)
class Channels:
    """The channels; without mail or text messages configured, None stands there."""

    messenger: Messenger
    sms: SmsSender | None
    mail: MailSender | None

    @property
    def ways(self) -> tuple[Way, ...]:
        """The channels beside the chat that this bank has."""
        channels: dict[Way, object] = {"sms": self.sms, "mail": self.mail}
        return tuple(way for way, carrier in channels.items() if carrier is not None)


@dataclass(frozen=True, slots=True)
class SenderStores:
    database: Database
    chats: Chats
    outbox: Outbox
    kept_files: KeptFiles
    bounces: Bounces


#: What to record beside "sent", in the same transaction.
Record = Callable[[Transaction], None]


class OutboxSender:
    def __init__(
        self,
        stores: SenderStores,
        channels: Channels,
        catalogs: Catalogs,
        clock: Clock,
        wakeup: Wakeup,
        tasks: TaskSupervisor,
        *,
        meter: Meter | None = None,
    ) -> None:
        self._meter = meter or Meter()
        self._stores = stores
        self._channels = channels
        self._catalogs = catalogs
        self._clock = clock
        self._wakeup = wakeup
        self._tasks = tasks
        self._sending: dict[str, Claimed] = {}

    async def run(self) -> None:
        """Send until cancelled. A message that was interrupted is sent again when its lease ends."""
        while True:
            claimed = await self._stores.database.unit(self._claim)
            for each in claimed:
                self._tasks.start(f"send {each.lane}", self._drain(each))
            if len(claimed) < LANES_AT_ONCE:
                await self._wakeup.wait(IDLE_SECONDS)

    async def hold(self) -> None:
        """Renew the leases of messages that are being sent: a channel slower than a lease would get them twice."""
        while True:
            await asyncio.sleep(self._stores.outbox.lease.total_seconds() / 3)
            if self._sending:
                held = tuple(self._sending.values())
                await self._stores.database.unit(partial(self._renew, held))

    def _renew(self, held: Sequence[Claimed], tx: Transaction) -> None:
        self._stores.outbox.renew(tx, held, self._clock.now())

    def _claim(self, tx: Transaction) -> list[Claimed]:
        claimed = self._stores.outbox.claim(tx, self._clock.now(), LANES_AT_ONCE)
        return [self._with_target(tx, each) for each in claimed]

    def _with_target(self, tx: Transaction, claimed: Claimed) -> Claimed:
        """Load the chat together with the claim: a unit of work of its own would cost as much again."""
        if not claimed.lane.startswith(CHAT):
            return claimed
        return replace(claimed, place=self._stores.chats.place(tx, int(claimed.lane.removeprefix(CHAT))))

    async def _drain(self, first: Claimed) -> None:
        """Send this lane's messages one by one until it is empty or must wait."""
        claimed: Claimed | None = first
        while claimed is not None:
            lease = claimed.lease
            self._sending[lease] = claimed
            try:
                with correlation.handling(claimed.reference, f"send {claimed.lane.partition(':')[0]}"):
                    claimed = await self.deliver(claimed)
            finally:
                del self._sending[lease]

    async def deliver(self, claimed: Claimed) -> Claimed | None:
        """Send one message and record it; return the next one of its lane, claimed in the same transaction."""
        try:
            record = await self._send(claimed)
        except DeliveryError as error:
            await self._postpone(claimed, error)
            return None
        except Exception:
            logger.exception("cannot send", extra={"outbox": claimed.key})
            await self._postpone(claimed, Down("bug"))
            return None
        following = await self._stores.database.unit(lambda tx: self._sent(tx, claimed, record))
        self._meter.delivered(claimed.lane, "sent")
        return following

    async def _postpone(self, claimed: Claimed, error: DeliveryError) -> None:
        outcome = await self._stores.database.unit(lambda tx: self._failed(tx, claimed, error))
        self._meter.delivered(claimed.lane, outcome)

    def _sent(self, tx: Transaction, claimed: Claimed, record: Record | None) -> Claimed | None:
        if not self._stores.outbox.sent(tx, claimed, self._clock.now()):
            return None
        if record is not None:
            record(tx)
        following = self._stores.outbox.claim_next(tx, claimed.lane, self._clock.now())
        return self._with_target(tx, following) if following else None

    def _failed(self, tx: Transaction, claimed: Claimed, error: DeliveryError) -> Delivered:
        now = self._clock.now()
        in_chat = claimed.lane.startswith(CHAT)
        if isinstance(error, Gone) and in_chat:
            tx.write("chat_block", chat_id=int(claimed.lane.removeprefix(CHAT)), blocked=1)
            self._stores.outbox.drop_lane(tx, claimed.lane, now)
            return "gone"
        if isinstance(error, Busy):
            due = now + timedelta(seconds=error.retry_after_s)
        elif isinstance(error, Down) and (in_chat or claimed.attempts < MOST_TRIES):
            due = now + timedelta(seconds=BACK_OFF[min(claimed.attempts, len(BACK_OFF)) - 1])
        else:
            reason = self._stores.bounces.reason(tx, claimed, error, now)
            logger.error("given up", extra={"outbox": claimed.key, "reason": reason})
            self._stores.outbox.dead(tx, claimed, reason, now)
            return "dead"
        self._stores.outbox.later(tx, claimed, due, type(error).__name__, now)
        return "later"

    def _send(self, claimed: Claimed) -> Awaitable[Record | None]:
        message: Message = claimed.message
        match message:
            case Sms() | Mail():
                return self._off_chat(claimed.key, message)
            case _:
                return self._in_chat(int(claimed.lane.removeprefix(CHAT)), claimed.place, message)

    async def _off_chat(self, key: str, message: Sms | Mail) -> None:
        carrier: object = self._channels.sms if isinstance(message, Sms) else self._channels.mail
        if not message.to or carrier is None:
            return
        if message.by_day and (morning := by_day(self._clock.now())) > self._clock.now():
            raise Busy((morning - self._clock.now()).total_seconds())
        if isinstance(message, Sms) and self._channels.sms:
            text = self._catalogs.text(message.language, message.line)
            await self._channels.sms.send(key, message.to, text)
        elif isinstance(message, Mail) and self._channels.mail:
            await self._channels.mail.send(key, message.to, render_mail(message, self._catalogs))

    async def _in_chat(
        self,
        chat_id: int,
        place: ChatTarget | None,
        message: Card | SendScreen | RelayText | DeleteMessage | SendFile,
    ) -> Record | None:
        if place is not None and place.blocked:
            raise Gone("blocked")  # Known without a call; a call for each would only be refused.
        language = place.language if place else self._catalogs.default
        match message:
            case Card():
                return await self._send_card(chat_id, place, message)
            case SendScreen():
                return await self._send_screen(chat_id, message, language)
            case RelayText(line=line):
                shown = await self._channels.messenger.show(chat_id, Screen((line,)), language, None)
                return _below(chat_id, shown)
            case DeleteMessage(message_id=message_id):
                await self._channels.messenger.delete(chat_id, message_id)
                return None
            case SendFile():
                return _below(chat_id, await self._send_file(chat_id, message, language))

    async def _send_card(self, chat_id: int, place: ChatTarget | None, message: Card) -> Record | None:
        if place is None:
            return None
        buried = place.card is not None and place.card < place.last
        over = None if message.fresh or buried else place.card
        shown = await self._channels.messenger.show(chat_id, message.screen, place.language, over)
        if shown == place.card:
            return None
        if place.card is not None:
            await self._channels.messenger.remove_buttons(chat_id, place.card)
        return lambda tx: tx.write("chat_card", chat_id=chat_id, card=shown)

    async def _send_screen(self, chat_id: int, message: SendScreen, language: str) -> Record | None:
        shown = await self._channels.messenger.show(chat_id, message.screen, language, None)
        if message.about is None:
            return _below(chat_id, shown)
        about = message.about
        return lambda tx: tx.write("relay_add", message_id=shown, chat_id=about)

    async def _send_file(self, chat_id: int, message: SendFile, language: str) -> int:
        now = self._clock.now()
        request_id, name = message.request_id, message.name
        content = await self._stores.database.unit(lambda tx: self._stores.kept_files.load(tx, request_id, name, now))
        if content is None:
            lapsed = Screen((Line("files.lapsed"),))
            return await self._channels.messenger.show(chat_id, lapsed, language, None)
        caption = self._catalogs.rich(language, Line(f"files.caption.{name.rpartition('.')[2]}"))
        return await self._channels.messenger.send_file(chat_id, name, content, caption)


def _below(chat_id: int, message_id: int) -> Record:
    """Record that a message stands below the current screen, which is then sent again instead of edited."""
    return lambda tx: tx.write("chat_last", chat_id=chat_id, last=message_id)
