"""The case service: takes one event, decides it, and stores everything that follows in the same transaction."""

import logging
import secrets
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from bot.conversation.cards import card
from bot.conversation.case import ENDED, Case, Phase
from bot.conversation.chats import Chat, Chats
from bot.conversation.decide import Decision, decide, new_case
from bot.conversation.events import (
    Answered,
    AskedByStaff,
    Blocked,
    CertificateSeen,
    CustomerEvent,
    Incoming,
    JobEvent,
    Said,
    Tapped,
)
from bot.conversation.procedure import Rules
from bot.conversation.refusals import REFUSALS
from bot.core import correlation
from bot.core.clock import Clock, kst_day
from bot.engine.rate_limiter import Verdict
from bot.engine.side_replies import SideReplies
from bot.knowledge.gaps import Gaps
from bot.messages.outgoing import Card, DeleteMessage, Message, RelayText, SendScreen, chat_lane
from bot.messages.screen import Line, Screen
from bot.notices.results import Notices
from bot.queues.inbox import Inbox, Waiting
from bot.queues.jobs import Jobs, Task
from bot.queues.outbox import Outbox
from bot.reminders.service import Reminders
from bot.storage.database import Transaction

logger = logging.getLogger(__name__)

CASE_ID_BYTES = 6


@dataclass(frozen=True, slots=True)
class CaseStores:
    chats: Chats
    inbox: Inbox
    outbox: Outbox
    jobs: Jobs
    gaps: Gaps


class CaseService:
    """Everything here runs inside one unit of work, so it is synchronous and touches nothing but the stores."""

    def __init__(
        self,
        stores: CaseStores,
        side_replies: SideReplies,
        notices: Notices,
        reminders: Reminders,
        clock: Clock,
        rules: Rules,
        *,
        operators: int | None = None,
        case_id: Callable[[], str] = lambda: secrets.token_hex(CASE_ID_BYTES),
    ) -> None:
        self._stores = stores
        self._side_replies = side_replies
        self._notices = notices
        self._reminders = reminders
        self._clock = clock
        self._rules = rules
        self._operators = operators
        self._case_id = case_id

    def receive(self, tx: Transaction, waiting: Waiting, incoming: Incoming | None) -> None:
        """Process one update, once: a second process finds it done."""
        if not self._stores.inbox.finish(tx, waiting) or incoming is None or incoming.event is None:
            return
        cause = f"u{waiting.update_id}"
        if isinstance(incoming.event, Answered | AskedByStaff):
            # Anybody can add the bot to a group and answer there under a message's number.
            if incoming.chat_id == self._operators:
                self._from_staff(tx, incoming.event, incoming.chat_id, cause)
        elif incoming.chat_id != self._operators:
            chat = self._load_chat(tx, incoming)
            if isinstance(incoming.event, Blocked):
                self._block(tx, chat, incoming.event)
            else:
                self._apply(tx, chat, self._named(chat, incoming, incoming.event), cause, incoming.message_id)

    def limit_flood(self, tx: Transaction, waiting: Waiting, word: Verdict) -> None:
        """Mark a chat's updates over its limit as done without processing them, and say so once; never in a group."""
        if not self._stores.inbox.finish(tx, waiting):
            return
        surplus = self._stores.inbox.finish_surplus(tx, waiting)
        chat_id = int(waiting.lane.removeprefix("chat:"))
        if word != "surplus" and chat_id > 0:
            logger.warning("a flood", extra={"word": word, "surplus": surplus})
            self._send(tx, f"u{waiting.update_id}.flood", chat_id, SendScreen(Screen((Line(f"flood.{word}"),))))

    def has_open_application(self, tx: Transaction, waiting: Waiting) -> bool:
        """Return whether an application is under way in this chat."""
        row = tx.row("chat_phase", chat_id=int(waiting.lane.removeprefix("chat:")))
        return row is not None and row["phase"] not in ENDED

    def is_slow_to_search(self, text: str) -> bool:
        """Whether a text should be looked up before its transaction: short texts, such as names, take no time."""
        return self._side_replies.is_slow_to_search(text)

    def look_up_ahead(self, text: str) -> None:
        """Look the text up in the knowledge base before its transaction, which it would make too long."""
        self._side_replies.look_up_ahead(text)

    def report(self, tx: Transaction, chat: Chat, event: JobEvent, cause: str) -> None:
        """Process the result of one of the bot's own jobs."""
        if isinstance(event, CertificateSeen):
            self._watch_certificate(tx, chat, event)
        self._apply(tx, chat, event, cause, None)

    def _watch_certificate(self, tx: Transaction, chat: Chat, event: CertificateSeen) -> None:
        """Remind the owner of a certificate that was shown; its date of issue no longer matters."""
        if event.serial is not None and event.status == "good" and event.not_after is not None:
            now = self._clock.now()
            days = kst_day(event.not_before or now), kst_day(event.not_after)
            self._reminders.watch(tx, chat.chat_id, event.serial, days, now)

    def park(self, tx: Transaction, waiting: Waiting, error: str, *, at_once: bool = False) -> None:
        """Put off an update that cannot be processed; at the last try park it, and tell staff and the customer."""
        if not self._stores.inbox.failed(tx, waiting, error, self._clock.now(), at_once=at_once):
            return
        logger.error("update parked", extra={"update": waiting.update_id, "why": error})
        told, cause = correlation.of_update(waiting.update_id), f"u{waiting.update_id}.parked"
        chat_id = int(waiting.lane.removeprefix("chat:") or 0)
        self.tell_staff(tx, Line("staff.parked", {"reference": told, "error": error}), cause, about=chat_id)
        known = tx.row("chat_load", chat_id=chat_id) is not None  # Not loaded: it may be what cannot be read.
        if known and chat_id != self._operators:
            screen = Screen((Line("error.internal", {"reference": told}),))
            self._send(tx, f"{cause}.said", chat_id, SendScreen(screen))

    def tell_staff(self, tx: Transaction, line: Line, cause: str, about: int | None = None) -> None:
        if self._operators is not None:
            self._send(tx, f"{cause}.staff", self._operators, SendScreen(Screen((line,)), about))

    def _load_chat(self, tx: Transaction, incoming: Incoming) -> Chat:
        chat = self._stores.chats.load(tx, incoming.chat_id)
        if chat is None:
            case = new_case(self._case_id(), incoming.chat_id)
            chat = Chat(incoming.chat_id, self._side_replies.language(incoming.language), case)
            self._stores.chats.add(tx, chat, self._clock.now())
        elif chat.blocked and not isinstance(incoming.event, Blocked):
            tx.write("chat_block", chat_id=chat.chat_id, blocked=0)
        return chat

    def _block(self, tx: Transaction, chat: Chat, event: Blocked) -> None:
        tx.write("chat_block", chat_id=chat.chat_id, blocked=int(event.blocked))
        if event.blocked:
            self._stores.outbox.drop_lane(tx, chat_lane(chat.chat_id), self._clock.now())

    def _from_staff(self, tx: Transaction, event: Answered | AskedByStaff, here: int, cause: str) -> None:
        if isinstance(event, AskedByStaff):
            if event.name == "gaps":
                self._send(tx, cause, here, SendScreen(self._side_replies.gaps(tx)))
            elif event.name == "case":
                screen, about = self._side_replies.looked_up(tx, event.about, self._clock.now())
                self._send(tx, cause, here, SendScreen(screen, about))
            return
        row = tx.row("relay_load", message_id=event.to)
        if row is not None:
            self._send(tx, cause, row["chat_id"], RelayText(Line("staff.answer", {"text": event.text})))

    def _named(self, chat: Chat, incoming: Incoming, event: CustomerEvent) -> CustomerEvent:
        """Add what only the engine knows: which card a button stands on, whether a text names a button or asks."""
        if isinstance(event, Tapped):
            return replace(event, on_card=chat.card is None or incoming.message_id == chat.card)
        if isinstance(event, Said):
            screen = card(chat.case, self._clock.now(), self._rules)
            token = self._side_replies.button_named(event.text, screen, chat.language)
            if token is not None:
                return Tapped(token, chat.case.revision)
            return replace(event, question=self._side_replies.is_question(event.text, chat.language))
        return event

    def _apply(
        self,
        tx: Transaction,
        chat: Chat,
        event: CustomerEvent | JobEvent,
        cause: str,
        message_id: int | None,
    ) -> None:
        now = self._clock.now()
        decision = decide(chat.case, event, now, self._rules)
        if logger.isEnabledFor(logging.DEBUG):
            logger.debug("decided", extra=_names_of(event, chat.case, decision))
        if message_id is not None and not decision.erase and not isinstance(event, Tapped):
            tx.write("chat_heard", chat_id=chat.chat_id, last=message_id, now=now.timestamp())
        if decision.case != chat.case:
            self._stores.chats.save_case(tx, decision.case, now)
            self._record_phase(tx, chat, decision.case, cause, now)
        messages = self._messages(tx, chat, decision, message_id if decision.erase else None, cause)
        for number, message in enumerate(messages):
            key, told = self._notices.in_chat(tx, chat, decision.case, message, f"{cause}.{number}")
            self._send(tx, key, chat.chat_id, told)
        self._add_jobs(tx, chat, decision, cause, now, message_id)

    def _messages(
        self, tx: Transaction, chat: Chat, decision: Decision, erase: int | None, cause: str
    ) -> list[Message]:
        """Return what to send, in order: the deletion first, the current screen last."""
        messages: list[Message] = [DeleteMessage(erase)] if erase is not None else []
        messages += [SendScreen(screen) for screen in decision.tells]
        language = chat.language
        for aside in decision.asides:
            told = self._side_replies.aside(tx, chat, decision.case, aside, self._clock.now())
            messages += [SendScreen(screen) for screen in told.screens]
            messages += [told.message] if told.message is not None else []
            language = told.language or language
            if told.staff is not None:
                self.tell_staff(tx, told.staff, cause, about=chat.chat_id)
        return messages + self._card(tx, chat, decision, language)

    def _card(self, tx: Transaction, chat: Chat, decision: Decision, language: str) -> list[Message]:
        """Return the current screen, with the reply keyboard for sharing a contact opened or removed."""
        screen = replace_keyboard(decision.screen)
        show = "edit" if decision.show == "leave" and language != chat.language else decision.show
        if show == "leave":
            return []
        wanted = decision.screen.keyboard == "contact"
        if wanted == chat.keyboard:
            return [Card(screen, fresh=show == "fresh")]
        tx.write("chat_keyboard", chat_id=chat.chat_id, open=int(wanted))
        if wanted:
            prompt = Screen((Line("keyboard.contact"),), keyboard="contact")
            return [Card(screen, fresh=show == "fresh"), SendScreen(prompt)]
        closed = Screen((Line("keyboard.closed"),), keyboard="remove")
        return [SendScreen(closed), Card(screen, fresh=True)]

    def _add_jobs(
        self,
        tx: Transaction,
        chat: Chat,
        decision: Decision,
        cause: str,
        now: datetime,
        message_id: int | None,
    ) -> None:
        case = decision.case
        for number, order in enumerate(decision.jobs):
            about = case.proof.digest if order.kind == "lapse_code" and case.proof else None
            message = message_id if order.kind in READING else None
            task = Task(case.request_id, order.secret, about, message)
            key = f"{order.kind}:{case.request_id}" if order.kind in ONCE else f"{cause}.{number}.{order.kind}"
            self._stores.jobs.add(tx, key, order.kind, chat.chat_id, task, order.due or now, now)

    def _record_phase(self, tx: Transaction, chat: Chat, after: Case, cause: str, now: datetime) -> None:
        """Write the applications table, and inform the customer's other channels and staff."""
        if chat.case.phase is after.phase:
            return
        request, moment = after.request_id, now.timestamp()
        match after.phase:
            case Phase.DECIDING:
                params = {"request_id": request, "chat_id": chat.chat_id, "receipt": after.receipt or request}
                tx.write("application_add", now=moment, **params)
            case Phase.ENROLLED:
                tx.write("application_decided", request_id=request, outcome="approved", now=moment)
            case Phase.REFUSED:
                tx.write("application_decided", request_id=request, outcome=after.refusal, now=moment)
                self._refused(tx, chat, after, cause)
            case Phase.ISSUED if after.certificate is not None:
                tx.write("application_issued", request_id=request, serial=after.certificate.serial, now=moment)
                expiry = kst_day(after.certificate.not_after)
                self._reminders.watch(tx, chat.chat_id, after.certificate.serial, (kst_day(now), expiry), now)
                calendar = self._reminders.calendar_of(tx, chat, now)
                self._notices.issued(tx, chat, after, now, calendar)
            case Phase.CLOSED:
                tx.write("application_received", request_id=request, now=moment)

    def _refused(self, tx: Transaction, chat: Chat, after: Case, cause: str) -> None:
        self._notices.refused(tx, chat, after, self._clock.now())
        if REFUSALS[after.refusal or "R14"].staff:
            params = {"receipt": after.receipt or "", "code": after.refusal or ""}
            self.tell_staff(tx, Line("staff.refused", dict(params)), cause, about=chat.chat_id)

    def _send(self, tx: Transaction, key: str, chat_id: int, message: Message) -> None:
        self._stores.outbox.add(tx, key, chat_lane(chat_id), message, self._clock.now())
        if logger.isEnabledFor(logging.DEBUG):
            logger.debug("queued", extra={"kind": type(message).__name__})


def _names_of(event: object, case: Case, decision: Decision) -> dict[str, object]:
    """Return what the log says of a decision: names only, nothing of the customer."""
    phases = {"phase_before": case.phase.value, "phase_after": decision.case.phase.value}
    return {"event": type(event).__name__, **phases, "jobs": [order.kind for order in decision.jobs]}


#: Jobs that an application has once, however often its button is tapped.
ONCE = frozenset({"assess", "issue"})


#: Jobs that read a message and delete it from the chat after that.
READING = frozenset({"check_certificate"})


def replace_keyboard(screen: Screen) -> Screen:
    """Return the screen without its reply keyboard: a message carries one kind of buttons only (Bot API)."""
    return Screen(screen.lines, screen.rows, screen.revision)
