"""The address of a mail server, as the setting `SMTP_URL` gives it."""

import ipaddress
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit


class SmtpUrlBroken(ValueError):
    """The setting is no `smtp://[user:password@]host[:port][?starttls]`, or `smtps://…`; its text is not repeated."""


@dataclass(frozen=True, slots=True)
class SmtpServer:
    host: str
    port: int
    tls: bool  #: from the first byte
    starttls: bool | None  #: demanded; None takes it where it is offered
    user: str | None
    password: str | None = field(repr=False)


def parse_smtp_url(url: str) -> SmtpServer:
    """Credentials never travel in the clear: with them STARTTLS is demanded, save on this very machine."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise SmtpUrlBroken("not an SMTP address") from None
    tls = parts.scheme == "smtps"
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname or parts.path not in {"", "/"}:
        raise SmtpUrlBroken("not an SMTP address")
    asked = "starttls" in parse_qs(parts.query, keep_blank_values=True)
    demanded = asked or (parts.username is not None and not _is_here(parts.hostname))
    user, password = (unquote(part) if part is not None else None for part in (parts.username, parts.password))
    starttls = False if tls else True if demanded else None
    return SmtpServer(parts.hostname, port or (465 if tls else 587 if asked else 25), tls, starttls, user, password)


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
