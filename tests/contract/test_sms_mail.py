"""The SMS gateway and the mail server, over sockets: what is sent, and what each kind of failure becomes."""

import asyncio
import contextlib
import email
import email.policy
import traceback
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from email.message import EmailMessage

import aiohttp
import pytest
from aiohttp import web
from aiosmtpd.smtp import SMTP, Envelope, Session

from bot.messages.delivery import Busy, DeliveryError, Down, Gone, Refused
from bot.messages.mail_body import MailBody
from bot.notices.mail import Mailer
from bot.notices.sms import SmsGateway, patience

SECRET = "planted-token"
NUMBER = "01012345678"
ADDRESS = "hong.planted@example.com"


def assert_says_nothing(error: BaseException) -> None:
    seen: BaseException | None = error
    while seen is not None:
        text = "".join(traceback.format_exception_only(seen)) + repr(seen)
        assert not any(secret in text for secret in (SECRET, NUMBER, "planted", "127.0.0.1"))
        seen = seen.__cause__ or seen.__context__


# --- SMS ---


@dataclass
class Gateway:
    url: str = ""
    status: int = 200
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    seen: list[tuple[dict[str, str], str, str]] = field(default_factory=list)

    async def take(self, request: web.Request) -> web.Response:
        told = await request.json()
        self.seen.append((told, request.headers["Authorization"], request.headers["Idempotency-Key"]))
        return web.Response(status=self.status, headers=self.headers, text=self.body)


@pytest.fixture
async def gateway() -> AsyncIterator[Gateway]:
    taken = Gateway()
    app = web.Application()
    app.router.add_post("/sms", taken.take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    taken.url = f"http://127.0.0.1:{runner.addresses[0][1]}/sms"
    yield taken
    await runner.cleanup()


@contextlib.asynccontextmanager
async def sms(url: str) -> AsyncIterator[SmsGateway]:
    async with aiohttp.ClientSession() as session:
        yield SmsGateway(url, SECRET, session)


async def test_a_text_message_is_handed_over(gateway: Gateway) -> None:
    async with sms(gateway.url) as carrier:
        await carrier.send("case-1/code/1", NUMBER, "인증번호는 123456입니다")
    told = {"to": NUMBER, "text": "인증번호는 123456입니다"}
    assert gateway.seen == [(told, f"Bearer {SECRET}", "case-1/code/1")]


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (429, {"Retry-After": "7"}, Busy(7)),
        (429, {}, Busy(5)),
        (429, {"Retry-After": "soon"}, Busy(5)),
        (429, {"Retry-After": "999999"}, Busy(3600)),
        (503, {"Retry-After": "30"}, Busy(30)),
        (409, {}, Busy(5)),
        (500, {}, Down("sms gateway: http 500")),
        (502, {}, Down("sms gateway: http 502")),
        (503, {}, Down("sms gateway: http 503")),
        (408, {}, Down("sms gateway: http 408")),
        (401, {}, Refused("credentials")),
        (403, {}, Refused("credentials")),
        (400, {}, Refused("http_400")),
        (302, {"Location": "http://elsewhere.example/"}, Refused("http_302")),
        (410, {}, Gone("sms gateway: no such subscriber")),
    ],
)
async def test_a_gateways_answer_has_its_meaning(
    gateway: Gateway, status: int, headers: dict[str, str], expected: DeliveryError
) -> None:
    gateway.status, gateway.headers = status, headers
    async with sms(gateway.url) as carrier:
        with pytest.raises(DeliveryError) as caught:
            await carrier.send("k", NUMBER, "x")
        assert (type(caught.value), str(caught.value)) == (type(expected), str(expected))
        assert_says_nothing(caught.value)
        gateway.status, gateway.headers = 200, {}
        await carrier.send("k", NUMBER, "x")
    assert len(gateway.seen) == 2


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ('{"error": "unknown_number"}', Gone),
        ('{"error": "malformed"}', Refused),
        ('["unknown_number"]', Refused),
        ("{" * 9000, Refused),
        ("", Refused),
    ],
)
async def test_a_number_that_is_nobodys_is_told_from_a_request_that_is_wrong(
    gateway: Gateway, body: str, kind: type[DeliveryError]
) -> None:
    gateway.status, gateway.body = 400, body
    async with sms(gateway.url) as carrier:
        with pytest.raises(kind) as caught:
            await carrier.send("k", NUMBER, "x")
    assert_says_nothing(caught.value)


async def test_no_gateway_is_down(unused_tcp_port: int) -> None:
    async with sms(f"http://127.0.0.1:{unused_tcp_port}/sms") as carrier:
        with pytest.raises(Down) as caught:
            await carrier.send("k", NUMBER, "x")
    assert_says_nothing(caught.value)


async def test_a_key_cannot_add_a_header(gateway: Gateway) -> None:
    async with sms(gateway.url) as carrier:
        with pytest.raises(DeliveryError) as caught:
            await carrier.send("k\r\nX-Evil: 1", NUMBER, "x")
    assert_says_nothing(caught.value)
    assert gateway.seen == []


def test_patience_may_be_a_date() -> None:
    assert patience("Fri, 01 Jan 2100 00:00:00 GMT") == 3600
    assert patience("Thu, 01 Jan 1970 00:00:00 GMT") == 1


# --- mail ---


class Mailbox:
    """An SMTP server that answers each command as told."""

    def __init__(self) -> None:
        self.answers: dict[str, str] = {}
        self.messages: list[tuple[Envelope, EmailMessage]] = []

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's names
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        envelope.rcpt_tos.append(address)
        return self.answers.get("RCPT", "250 OK")

    async def handle_MAIL(  # noqa: N802
        self, _server: SMTP, _session: Session, envelope: Envelope, address: str, _options: list[str]
    ) -> str:
        envelope.mail_from = address
        return self.answers.get("MAIL", "250 OK")

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802
        if "DATA" in self.answers:
            return self.answers["DATA"]
        content = envelope.content
        assert isinstance(content, bytes)
        parsed = email.message_from_bytes(content, policy=email.policy.default)
        assert isinstance(parsed, EmailMessage)
        self.messages.append((envelope, parsed))
        return "250 OK"


@pytest.fixture
async def mailbox() -> AsyncIterator[tuple[Mailbox, str]]:
    box = Mailbox()
    loop = asyncio.get_running_loop()
    sessions: list[SMTP] = []

    def session() -> SMTP:
        sessions.append(SMTP(box, loop=loop, hostname="mail.test"))
        return sessions[-1]

    listener = await loop.create_server(session, "127.0.0.1", 0)
    yield box, f"smtp://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
    listener.close()
    for one in sessions:
        if one.transport is not None:
            one.transport.abort()
    await listener.wait_closed()
    await asyncio.sleep(0.01)


LETTER = MailBody("s", "b")


async def test_a_mail_arrives_as_it_was_written(mailbox: tuple[Mailbox, str]) -> None:
    box, url = mailbox
    mailer = Mailer(url, "재발급 안내 <no-reply@bank.example>")
    for _ in range(2):
        await mailer.send(
            "case-1/result",
            ADDRESS,
            MailBody("공동인증서 재발급 결과", "접수번호 R-1\n.\n한글 본문입니다.\n"),
        )
    (envelope, message), (_, again) = box.messages
    assert envelope.rcpt_tos == [ADDRESS]
    assert envelope.mail_from == "no-reply@bank.example"
    assert (message["To"], message["Subject"]) == (ADDRESS, "공동인증서 재발급 결과")
    assert message["From"] == "재발급 안내 <no-reply@bank.example>"
    assert message.get_content_type() == "text/plain"
    assert message.get_content() == "접수번호 R-1\n.\n한글 본문입니다.\n"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"]
    assert message["Message-ID"] == again["Message-ID"]
    assert message["Message-ID"].endswith("@bank.example>")


async def test_a_page_and_a_calendar_file_go_with_it(mailbox: tuple[Mailbox, str]) -> None:
    box, url = mailbox
    letter = MailBody(
        "안내", "글", "<p>글</p>", b"BEGIN:VCALENDAR\r\nSUMMARY:\xeb\xa7\x8c\xeb\xa3\x8c\r\nEND:VCALENDAR\r\n"
    )
    await Mailer(url, "no-reply@bank.example").send("k", ADDRESS, letter)
    ((_, message),) = box.messages
    assert message.get_content_type() == "multipart/mixed"
    plain, page = message.get_body(("plain",)), message.get_body(("html",))
    assert plain
    assert page
    assert (plain.get_content(), page.get_content()) == ("글", "<p>글</p>")
    (calendar,) = message.iter_attachments()
    assert calendar.get_content_type() == "text/calendar"
    assert calendar.get_param("method") == "PUBLISH"
    assert calendar.get_content_disposition() == "inline"
    assert calendar.get_payload(decode=True) == letter.calendar


async def test_another_key_is_another_message(mailbox: tuple[Mailbox, str]) -> None:
    box, url = mailbox
    mailer = Mailer(url, "no-reply@bank.example")
    await mailer.send("a", ADDRESS, LETTER)
    await mailer.send("b", ADDRESS, LETTER)
    assert len({message["Message-ID"] for _, message in box.messages}) == 2


@pytest.mark.parametrize(
    ("command", "answer", "expected"),
    [
        ("RCPT", "550 5.1.1 no such user planted", Gone("mail server: no such mailbox")),
        ("RCPT", "550 5.7.1 blocked by a policy", Refused("smtp_550")),
        ("RCPT", "450 4.2.0 greylisted", Busy(60)),
        ("RCPT", "554 5.7.1 blocked", Refused("smtp_554")),
        ("MAIL", "550 sender not known planted", Refused("smtp_550")),
        ("MAIL", "452 4.3.1 full", Busy(60)),
        ("DATA", "554 5.6.0 planted spam", Refused("smtp_554")),
        ("DATA", "451 4.3.0 later", Busy(60)),
        ("DATA", "421 4.3.2 closing", Down("mail server: 421")),
    ],
)
async def test_a_mail_servers_answer_has_its_meaning(
    mailbox: tuple[Mailbox, str], command: str, answer: str, expected: DeliveryError
) -> None:
    box, url = mailbox
    box.answers[command] = answer
    mailer = Mailer(url, "no-reply@bank.example")
    with pytest.raises(DeliveryError) as caught:
        await mailer.send("k", ADDRESS, LETTER)
    assert (type(caught.value), str(caught.value)) == (type(expected), str(expected))
    assert_says_nothing(caught.value)
    box.answers.clear()
    await mailer.send("k", ADDRESS, LETTER)
    assert len(box.messages) == 1


@pytest.mark.parametrize(
    ("to", "subject", "reason"),
    [
        ("a@b.example\r\nBcc: x@evil.example", "s", "address"),
        ("a@b.example, x@evil.example", "s", "address"),
        ("홍길동@b.example", "s", "address"),
        ("<a@b.example>", "s", "address"),
        ("", "s", "address"),
        ("a@b.example", "s\r\nBcc: x@evil.example", "subject"),
        ("a@b.example", "s\u2028Bcc: x@evil.example", "subject"),
        ("a@b.example", "s" * 201, "subject"),
    ],
)
async def test_nothing_can_add_a_header(mailbox: tuple[Mailbox, str], to: str, subject: str, reason: str) -> None:
    box, url = mailbox
    with pytest.raises(Refused) as caught:
        await Mailer(url, "no-reply@bank.example").send("k\r\nX: 1", to, MailBody(subject, "b"))
    assert caught.value.reason == reason
    assert box.messages == []


async def test_no_mail_server_is_down(unused_tcp_port: int) -> None:
    mailer = Mailer(f"smtp://{SECRET}:{SECRET}@127.0.0.1:{unused_tcp_port}", "no-reply@bank.example")
    with pytest.raises(Down) as caught:
        await mailer.send("k", ADDRESS, LETTER)
    assert_says_nothing(caught.value)


@pytest.mark.parametrize("suffix", ["", "?starttls"])
async def test_credentials_do_not_travel_in_the_clear(mailbox: tuple[Mailbox, str], suffix: str) -> None:
    """This server offers neither TLS nor a log-in."""
    box, url = mailbox
    user = "" if suffix else f"{SECRET}:{SECRET}@"
    with pytest.raises(Refused) as caught:
        await Mailer(url.replace("//", f"//{user}") + suffix, "no-reply@bank.example").send("k", ADDRESS, LETTER)
    assert caught.value.reason == "not_supported"
    assert_says_nothing(caught.value)
    assert box.messages == []
