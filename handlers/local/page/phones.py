"""The customers' phones and mailboxes: an SMS gateway over HTTP and a mail server over SMTP."""

import asyncio
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from itertools import count
from typing import Any

from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session

from handlers.local.api import close_connection
from handlers.local.wire.faults import FaultInjector, GatewayState
from handlers.local.wire.json_shapes import dump
from handlers.local.world.persona import digits
from handlers.local.world.server_state import ServerState

MAX_SMS_LENGTH = 2000


@dataclass(frozen=True, slots=True)
class Sms:
    order: int  #: one count for SMS and mails
    at: float
    to: str
    text: str


@dataclass(frozen=True, slots=True)
class Attachment:
    name: str
    mime: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Mail:
    order: int
    at: float
    to: str
    sender: str
    subject: str
    text: str
    attachments: tuple[Attachment, ...]


class Phones:
    """Received SMS and mails, in the order of arrival."""

    def __init__(self, state: ServerState, injector: FaultInjector, sms_token: str) -> None:
        self._state = state
        self._injector = injector
        self._token = sms_token
        self._order = count(1)
        self._seen: dict[str, str] = {}
        self.texts: list[Sms] = []
        self.mails: list[Mail] = []
        self._server: asyncio.Server | None = None
        self.port = 0

    async def start(self, host: str) -> None:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._connection, host, 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def take_sms(self, request: web.BaseRequest) -> web.Response:
        """POST {"to", "text"}; the same Idempotency-Key twice delivers one SMS."""
        if not hmac.compare_digest(request.headers.get("Authorization", "").encode(), f"Bearer {self._token}".encode()):
            return answer(401, {"error": "unauthorized"})
        message = parse_sms(await request.read())
        if message is None:
            return answer(400, {"error": "malformed"})
        match self._injector.line("sms"):
            case GatewayState.DOWN:
                close_connection(request)
            case GatewayState.ERROR:
                return answer(500, {"error": "internal"})
            case GatewayState.REJECT:
                return answer(400, {"error": "unknown_number"})
            case GatewayState.LOST:
                self._receive(message, request.headers.get("Idempotency-Key", ""))
                close_connection(request)
            case GatewayState.UP:
                return answer(200, {"id": self._receive(message, request.headers.get("Idempotency-Key", ""))})
        return answer(503, {"error": "down"})

    def _receive(self, message: dict[str, str], key: str) -> str:
        if key and key in self._seen:
            return self._seen[key]
        sms = self.receive(message["to"], message["text"])
        if key:
            self._seen[key] = str(sms.order)
        return str(sms.order)

    def receive(self, phone: str, text: str) -> Sms:
        sms = Sms(next(self._order), self._state.now(), digits(phone), text)
        self.texts.append(sms)
        self._state.notify(None, {"type": "sms", "sms": sms_json(sms)})
        return sms

    def _connection(self) -> asyncio.Protocol:
        if self._injector.line("mail") is GatewayState.DOWN:
            return ClosingProtocol()
        return SMTP(MailHandler(self._injector, self._deliver), hostname="localhost", enable_SMTPUTF8=True)

    def _deliver(self, to: str, message: EmailMessage) -> None:
        mail = Mail(
            next(self._order),
            self._state.now(),
            to.lower(),
            str(message["From"] or ""),
            str(message["Subject"] or ""),
            body_of(message),
            tuple(attachments(message)),
        )
        self.mails.append(mail)
        self._state.notify(None, {"type": "mail", "mail": mail_json(mail)})


class ClosingProtocol(asyncio.Protocol):
    """A mail server that is down: closes each connection at once."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        transport.abort()


class MailHandler:
    """The handler of aiosmtpd: accepts every mail, unless a fault is set."""

    def __init__(self, injector: FaultInjector, deliver: Callable[[str, EmailMessage], None]) -> None:
        self._injector = injector
        self._deliver = deliver

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self,
        server: SMTP,  # noqa: ARG002
        session: Session,  # noqa: ARG002
        envelope: Envelope,
        address: str,
        options: list[str],  # noqa: ARG002
    ) -> str:
        if self._injector.faults.mail is GatewayState.REJECT:
            return "550 5.1.1 No such mailbox"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: ARG002, N802
        if self._injector.faults.mail is GatewayState.ERROR:
            return "451 4.3.0 Temporarily not available"
        content = envelope.content if isinstance(envelope.content, bytes) else b""
        message = BytesParser(EmailMessage, policy=policy.default).parsebytes(content)
        for recipient in envelope.rcpt_tos:
            self._deliver(recipient, message)
        if self._injector.faults.mail is GatewayState.LOST and isinstance(server.transport, asyncio.Transport):
            server.transport.abort()
        return "250 OK"


def parse_sms(body: bytes) -> dict[str, str] | None:
    try:
        value = json.loads(body)
    except ValueError:
        return None
    if not isinstance(value, dict):
        return None
    to, text = value.get("to"), value.get("text")
    if not isinstance(to, str) or not isinstance(text, str) or not text or len(text) > MAX_SMS_LENGTH:
        return None
    return {"to": to, "text": text}


def answer(status: int, body: dict[str, str]) -> web.Response:
    return web.Response(status=status, body=dump(body), content_type="application/json")


def body_of(message: EmailMessage) -> str:
    part = message.get_body(("plain", "html"))
    return str(part.get_content()).strip() if part is not None else ""


def attachments(message: EmailMessage) -> list[Attachment]:
    found = []
    for part in message.iter_attachments():
        content = part.get_payload(decode=True)
        if isinstance(content, bytes):
            found.append(Attachment(part.get_filename() or "attachment", part.get_content_type(), content))
    return found


def sms_json(sms: Sms) -> dict[str, Any]:
    return {"order": sms.order, "at": sms.at, "to": sms.to, "text": sms.text}


def mail_json(mail: Mail) -> dict[str, Any]:
    files = [{"name": each.name, "size": len(each.content)} for each in mail.attachments]
    return {
        "order": mail.order,
        "at": mail.at,
        "to": mail.to,
        "from": mail.sender,
        "subject": mail.subject,
        "text": mail.text,
        "files": files,
    }
