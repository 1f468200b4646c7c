"""Mail through one SMTP server, to one recipient. No error of it holds an address or a credential."""

import hashlib
import re
import unicodedata
from email.encoders import encode_base64
from email.header import Header
from email.message import Message
from email.mime.base import MIMEBase
from email.mime.multipart import MIMEMultipart
from email.mime.text import MIMEText
from email.policy import compat32
from email.utils import formataddr, formatdate, parseaddr

import aiosmtplib

from bot.messages.delivery import Busy, DeliveryError, Down, Gone, Refused
from bot.messages.mail_body import MailBody
from bot.settings.smtp import SmtpUrlBroken, parse_smtp_url

TIMEOUT_S = 20.0
PATIENCE_S = 60.0
LONGEST_SUBJECT = 200
CALENDAR = "reminders.ics"
WIRE = compat32.clone(linesep="\r\n")
_ADDRESS = re.compile(r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_SERVICE_CLOSING = 421
_NO_SUCH_MAILBOX = frozenset({550, 551, 553})
_POLICY = "5.7."


class Mailer:
    def __init__(self, url: str, sender: str) -> None:
        self._server = parse_smtp_url(url)
        name, self._address = parseaddr(sender)
        if not _is_address(self._address) or _breaks_line(sender):
            raise SmtpUrlBroken("the sender is not an address")
        self._from = formataddr((name, self._address))
        self._domain = self._address.rpartition("@")[2]

    async def send(self, key: str, to: str, letter: MailBody) -> None:
        """Return once the server has accepted it; raise a `DeliveryError` otherwise.

        The Message-ID follows from the key: mail programs show a message that was sent twice once.
        """
        message = self._message(key, to, letter)
        problem = await self._problem(to, message.as_bytes(policy=WIRE))
        if problem is not None:
            raise problem  # Not inside an `except`: the library's error has addresses in it.

    def _message(self, key: str, to: str, letter: MailBody) -> Message:
        """Build it with the older classes: those of `EmailMessage` parse each header again, four times as slow."""
        subject = letter.subject
        if not _is_address(to):
            raise Refused("address")
        if _breaks_line(subject) or len(subject) > LONGEST_SUBJECT:
            raise Refused("subject")
        message = _body(letter)
        message["From"], message["To"], message["Subject"] = self._from, to, _encoded(subject)
        message["Date"] = formatdate()
        message["Message-ID"] = f"<{hashlib.sha256(key.encode()).hexdigest()[:40]}@{self._domain}>"
        message["Auto-Submitted"] = "auto-generated"
        return message

    async def _problem(self, to: str, message: bytes) -> DeliveryError | None:
        try:
            await self._deliver(to, message)
        except aiosmtplib.SMTPRecipientsRefused as error:
            return _of_recipient(error.recipients[0])
        except aiosmtplib.SMTPAuthenticationError as error:
            return _meaning(error.code) if _is_later(error.code) else Refused("credentials")
        except aiosmtplib.SMTPResponseException as error:
            refused = isinstance(error, aiosmtplib.SMTPRecipientRefused)
            return _of_recipient(error) if refused else _meaning(error.code)
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            # Bare, or `SMTPNotSupported`: the server lacks STARTTLS or every safe way to log in.
            unable = type(error) in {aiosmtplib.SMTPException, aiosmtplib.SMTPNotSupported}
            return Refused("not_supported") if unable else Down(f"mail server: {type(error).__name__}")
        return None

    async def _deliver(self, to: str, message: bytes) -> None:
        await aiosmtplib.send(
            message,
            sender=self._address,
            recipients=[to],
            hostname=self._server.host,
            port=self._server.port,
            use_tls=self._server.tls,
            start_tls=self._server.starttls,
            username=self._server.user,
            password=self._server.password,
            timeout=TIMEOUT_S,
        )


def _body(letter: MailBody) -> Message:
    """Return the text with its HTML version and the calendar file, as far as there are some (RFC 2046)."""
    body: Message = MIMEText(letter.text, "plain", "utf-8")
    if letter.page:
        body = MIMEMultipart("alternative", _subparts=[body, MIMEText(letter.page, "html", "utf-8")])
    if letter.calendar is None:
        return body
    # RFC 5546: "PUBLISH" is for information, and needs no answer.
    calendar = MIMEBase("text", "calendar", charset="utf-8", method="PUBLISH")
    calendar.set_payload(letter.calendar)
    encode_base64(calendar)
    calendar.add_header("Content-Disposition", "inline", filename=CALENDAR)
    return MIMEMultipart("mixed", _subparts=[body, calendar])


def _encoded(subject: str) -> str:
    """Return a header's value in plain ASCII (RFC 2047)."""
    return subject if subject.isascii() else Header(subject, "utf-8", header_name="Subject").encode()


def _of_recipient(refusal: aiosmtplib.SMTPResponseException) -> DeliveryError:
    """Tell an unknown mailbox from a server that does not want our mail (RFC 3463: 5.7)."""
    if refusal.code in _NO_SUCH_MAILBOX and not refusal.message.startswith(_POLICY):
        return Gone("mail server: no such mailbox")
    return _meaning(refusal.code)


def _meaning(code: int) -> DeliveryError:
    if code == _SERVICE_CLOSING or code < 0:
        return Down(f"mail server: {code}")
    if _is_later(code):
        return Busy(PATIENCE_S)
    return Refused(f"smtp_{code}")


def _is_later(code: int) -> bool:
    return 400 <= code < 500  # noqa: PLR2004 - SMTP's transient answers


def _is_address(text: str) -> bool:
    return _ADDRESS.fullmatch(text) is not None and ".." not in text


def _breaks_line(text: str) -> bool:
    return any(unicodedata.category(letter) in {"Cc", "Zl", "Zp"} for letter in text)
