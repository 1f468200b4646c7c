"""The result of an application, sent to the chat and to the customer's other channels, once per application.

What concerns a certificate, or looks like somebody else's try, goes everywhere at once and cannot be switched off. For
the rest the customer chooses the channel beside the chat, and it waits for the day.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType

from bot.conversation.case import Case
from bot.conversation.chats import Chat
from bot.core.clock import kst_day
from bot.identity.register import CustomerRegister
from bot.messages.outgoing import Fallback, Mail, Message, SendScreen, Sms
from bot.messages.screen import Day, Line, Param
from bot.notices import preferences as rows
from bot.notices.addresses import WAYS, Addresses, Way
from bot.queues.outbox import Outbox
from bot.storage.database import Transaction

#: Refusals where the answers do not match the person, or the person had the certificate suspended: it may have been
#: somebody else who applied.
SUSPICIOUS = frozenset({"R01", "R02", "R03", "R04", "R06", "R07", "R11"})
WANTED: MappingProxyType[str, tuple[Way, ...]] = MappingProxyType(
    {"both": WAYS, "sms": ("sms",), "mail": ("mail",), "chat": ()}
)
#: The beginning of the key of a screen that shows a result.
RESULT = "notice."


@dataclass(frozen=True, slots=True)
class ResultNotice:
    """The result, for each channel that it may take."""

    chat: Chat
    request_id: str
    #: "issued" or "refused".
    kind: str
    params: dict[str, Param]
    urgent: bool
    #: A calendar file that reminds of the expiry; it goes with the mail.
    calendar: bytes | None = None


class Notices:
    def __init__(self, register: CustomerRegister, outbox: Outbox, addresses: Addresses) -> None:
        self._register = register
        self._outbox = outbox
        self._addresses = addresses

    def issued(self, tx: Transaction, chat: Chat, case: Case, now: datetime, calendar: bytes | None = None) -> None:
        if case.certificate is None:
            return
        until = Day(kst_day(case.certificate.not_after))
        params: dict[str, Param] = {"receipt": case.receipt or "", "until": until}
        news = ResultNotice(chat, case.request_id, "issued", params, urgent=True, calendar=calendar)
        self._send(tx, case, news, now)

    def refused(self, tx: Transaction, chat: Chat, case: Case, now: datetime) -> None:
        self._send(tx, case, _refusal(chat, case), now)

    def in_chat(self, tx: Transaction, chat: Chat, case: Case, message: Message, cause: str) -> tuple[str, Message]:
        """Return key and message for the chat: a result is known by its application, however often it is reported."""
        if not isinstance(message, SendScreen) or not message.screen.key.startswith(RESULT):
            return cause, message
        kind = message.screen.key.removeprefix(RESULT)
        told = SendScreen(message.screen, result=case.request_id)
        if kind == "refused":
            told = self._not_only_there(tx, case, told, _refusal(chat, case))
        return _key(case.request_id, kind, "chat"), told

    def _not_only_there(self, tx: Transaction, case: Case, told: SendScreen, news: ResultNotice) -> SendScreen:
        """If the chat is the only channel that is wanted, another one follows should the chat be closed to us."""
        ways = self._ways(tx, case)
        if news.urgent or not ways or self._chosen(tx, news, ways):
            return told
        way = next(iter(ways))
        return SendScreen(told.screen, otherwise=_otherwise(news, way, ways[way]), result=told.result)

    def _send(self, tx: Transaction, case: Case, news: ResultNotice, now: datetime) -> None:
        ways = self._ways(tx, case)
        chosen = self._chosen(tx, news, ways)
        spare = [way for way in ways if way not in chosen]
        for number, way in enumerate(chosen):
            then = _otherwise(news, spare[0], ways[spare[0]]) if spare and not number else None
            message = _message(news, way, ways[way], then)
            key = _key(news.request_id, news.kind, way)
            self._outbox.add(tx, key, f"{way}:{key}", message, now)

    def _ways(self, tx: Transaction, case: Case) -> dict[Way, str]:
        customer = case.proof.customer if case.proof else case.customer
        record = self._register.record(tx, customer) if customer else None
        return self._addresses.of(tx, record)

    def _chosen(self, tx: Transaction, news: ResultNotice, ways: dict[Way, str]) -> Sequence[Way]:
        """Return the channels to use; if the wanted one has no address, the next one that has."""
        if news.urgent:
            return tuple(ways)
        wanted = WANTED[rows.load(tx, news.chat.chat_id).choice.results]
        open_ = tuple(way for way in wanted if way in ways)
        return open_ or tuple(ways)[:1] if wanted else ()


def _refusal(chat: Chat, case: Case) -> ResultNotice:
    code = case.refusal or ""
    params: dict[str, Param] = {"receipt": case.receipt or "", "code": code}
    return ResultNotice(chat, case.request_id, "refused", params, urgent=code in SUSPICIOUS)


def _key(request_id: str, kind: str, channel: str) -> str:
    return f"result:{request_id}:{kind}:{channel}"


def _otherwise(news: ResultNotice, way: Way, to: str) -> Fallback:
    return Fallback(f"{way}:{_key(news.request_id, news.kind, way)}.otherwise", _message(news, way, to))


def _message(news: ResultNotice, way: Way, to: str, then: Fallback | None = None) -> Sms | Mail:
    language, chat_id = news.chat.language, news.chat.chat_id
    if way == "sms":
        line = Line(f"sms.{news.kind}", news.params)
        return Sms(to, line, language, then, news.request_id, chat_id, by_day=not news.urgent)
    subject, body = (
        Line(f"mail.{news.kind}.subject", news.params),
        Line(f"mail.{news.kind}", news.params),
    )
    return Mail(
        *(to, subject, (body, Line("mail.warning")), language),
        calendar=news.calendar,
        otherwise=then,
        result=news.request_id,
        chat=chat_id,
        by_day=not news.urgent,
    )
