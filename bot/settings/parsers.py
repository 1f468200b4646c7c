"""From a setting's text to its value. Each raises `ValueError` with what the value must be.

The text is repeated in the error, except where it may hold a credential: an address, a token.
"""

import re
from collections.abc import Callable
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from bot.settings.smtp import SmtpUrlBroken, parse_smtp_url

#: More hours or seconds are a slip, and no calendar holds them.
MAX_NUMBER = 1_000_000.0
MAX_PORT = 65535
MAX_DAYS = 366
#: Registration controls (RFC 4211, section 6) that a CMP request can carry.
CMP_CONTROLS = frozenset({"oldCertID", "identifyData"})
#: What Telegram accepts as `secret_token` (Bot API: `setWebhook`); an HTTP header can carry it.
_HEADER_TOKEN = re.compile(r"[A-Za-z0-9_-]{1,256}")


def whole_number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"be a whole number, not {text!r}") from None


def positive_number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= MAX_NUMBER:
        raise ValueError(f"be a number above 0, not {text!r}")
    return value


def one_of(*values: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in values:
            raise ValueError(f"be {', '.join(values[:-1])} or {values[-1]}, not {text!r}")
        return text

    return parse


def log_level(text: str) -> str:
    return one_of("DEBUG", "INFO", "WARNING", "ERROR")(text.upper())


def hexadecimal(text: str) -> str:
    digits = text.replace(":", "").upper()
    if not re.fullmatch(r"[0-9A-F]+", digits):
        raise ValueError(f"be hexadecimal digits, not {text!r}")
    return digits


def days(text: str) -> tuple[int, ...]:
    """Parse days before the expiry, such as `30,14,7`; the most come first."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and int(part) <= MAX_DAYS for part in parts):
        raise ValueError(f"be days from 0 to {MAX_DAYS} like 30,14,7, not {text!r}")
    return tuple(sorted({int(part) for part in parts}, reverse=True))


def cmp_controls(text: str) -> frozenset[str]:
    named = frozenset(each.strip() for each in text.split(",")) - {"none"}
    if named - CMP_CONTROLS:
        raise ValueError(f"be of {', '.join(sorted(CMP_CONTROLS))}, or none, not {text!r}")
    return named


def listen_address(text: str) -> tuple[str, int]:
    """Parse `host:port`; an IPv6 host stands in brackets."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > MAX_PORT:
        raise ValueError(f"look like 127.0.0.1:8443, not {text!r}")
    return host.strip("[]"), int(port)


def http_url(text: str) -> str:
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        usable = False
    if not usable:
        raise ValueError("look like https://host/path")
    return text


def base_url(text: str) -> str:
    """Parse an address that paths are appended to."""
    return http_url(text).rstrip("/")


def smtp_url(text: str) -> str:
    try:
        parse_smtp_url(text)
    except SmtpUrlBroken:
        raise ValueError("look like smtp://user:password@host:port") from None
    return text


def header_token(min_length: int = 1) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if not _HEADER_TOKEN.fullmatch(text) or len(text) < min_length:
            raise ValueError(f"be {min_length} to 256 letters, digits, _ and -")
        return text

    return parse


def zone(text: str) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ValueError(f"be a name like Asia/Seoul, not {text!r}") from None
