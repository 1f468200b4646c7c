"""Settings: from the environment or `.env`, all with the prefix `REISSUE_`. Each is explained where it stands."""

import logging
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from dotenv import dotenv_values

from bot.mail import SmtpUrlBroken, server

logger = logging.getLogger(__name__)

PREFIX = "REISSUE_"
#: Hours and seconds above this are no plan, but a slip; and no calendar holds them.
MOST = 1_000_000.0
LAST_PORT = 65535
#: What Telegram takes for it (Bot API: `setWebhook`, `secret_token`).
_SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")


class SettingWrong(Exception):
    """A setting cannot be used; the message names it and says what it should be."""


def _setting(explanation: str, default: str = "", *, secret: bool = False) -> Any:
    return field(default=default, repr=not secret, metadata={"explanation": explanation, "secret": secret})


@dataclass(frozen=True, slots=True)
class Raw:
    """The settings as they are written. Order and explanations are what `doctor` prints."""

    TELEGRAM_TOKEN: str = _setting("the bot's token, from @BotFather", secret=True)
    TELEGRAM_API: str = _setting("address of the Bot API server", "https://api.telegram.org")
    DATA_DIR: str = _setting("folder of everything that is kept", "data")
    DATABASE_URL: str = _setting("sqlite:///path; empty: desk.db in DATA_DIR")
    MASTER_KEY_FILE: str = _setting("keys of the column encryption; empty: keys/master.json in DATA_DIR")
    CA_PASSPHRASE_FILE: str = _setting(
        "passphrase of the authority's keys; empty: keys/ca-passphrase in DATA_DIR"
    )
    CA_JOURNAL: str = _setting("file that brings a restored backup up to date, on another disk; empty: none")
    CA_TOKEN_MODULE: str = _setting("PKCS#11 library of the token with the authority's keys; empty: files")
    CA_TOKEN_LABEL: str = _setting("label of that token")
    CA_TOKEN_PIN_FILE: str = _setting("file with that token's PIN, mode 0600")
    OPERATOR_CHAT_ID: str = _setting("chat id of the operators' group; empty: none")
    WEBHOOK_URL: str = _setting("public https address for Telegram's updates; empty: long polling")
    WEBHOOK_SECRET: str = _setting(
        "what Telegram must send along with each update; empty: made from the token", secret=True
    )
    LISTEN: str = _setting("host:port of the web side: webhook, OCSP, revocation lists", "127.0.0.1:8443")
    CA_URL: str = _setting("public address of the web side, as certificates name it; empty: http://LISTEN")
    SMS_URL: str = _setting("SMS gateway: POST {to, text} as JSON; empty: no text messages")
    SMS_TOKEN: str = _setting("bearer token of the SMS gateway", secret=True)
    SMTP_URL: str = _setting("smtp://user:password@host:port or smtps://…; empty: no mail", secret=True)
    MAIL_FROM: str = _setting("sender of mails", "no-reply@reissue.example")
    CUSTOMER_CENTRE: str = _setting(
        "telephone of the customer centre, as customers read it", "1566-2566, 1588-2588"
    )
    TIMEZONE: str = _setting("zone in which the bank's days begin and end", "Asia/Seoul")
    FILES_HOURS: str = _setting("hours for which a certificate's files can be fetched again", "24")
    LEASE_SECONDS: str = _setting("seconds after which a dead process's work is taken over", "30")
    LOG_LEVEL: str = _setting("DEBUG, INFO, WARNING or ERROR", "INFO")


@dataclass(frozen=True, slots=True)
class TokenPlace:
    module: Path
    label: str
    pin_file: Path


@dataclass(frozen=True, slots=True)
class Settings:
    telegram_token: str = field(repr=False)
    telegram_api: str
    data_dir: Path
    database_url: str
    master_key_file: Path
    ca_passphrase_file: Path
    ca_journal: Path | None
    ca_token: TokenPlace | None
    operator_chat_id: int | None
    webhook_url: str
    webhook_secret: str = field(repr=False)
    listen: tuple[str, int]
    ca_url: str
    sms_url: str
    sms_token: str = field(repr=False)
    smtp_url: str = field(repr=False)
    mail_from: str
    customer_centre: str
    timezone: ZoneInfo
    files_lifetime: timedelta
    lease: timedelta
    log_level: str

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return what no log may hold."""
        every = (self.telegram_token, self.webhook_secret, self.sms_token, self.smtp_url)
        return tuple(each for each in every if each)


def read_raw(environment: Mapping[str, str] | None = None, dotenv: Path = Path(".env")) -> Raw:
    """Read `.env`, and over it the environment. A name that is no setting of ours is warned of: it may be a typo."""
    written = {
        **dotenv_values(dotenv, interpolate=False),
        **(os.environ if environment is None else environment),
    }
    names = {each.name for each in fields(Raw)}
    ours = {key.removeprefix(PREFIX): value or "" for key, value in written.items() if key.startswith(PREFIX)}
    for unknown in sorted(set(ours) - names):
        logger.warning("%s%s is not a setting; `reissue-bot doctor` lists them all", PREFIX, unknown)
    return Raw(**{name: value for name, value in ours.items() if value and name in names})


def parse(raw: Raw) -> Settings:
    """Raise `SettingWrong` for the first value that cannot be used."""
    data = Path(raw.DATA_DIR)
    return Settings(
        telegram_token=raw.TELEGRAM_TOKEN,
        telegram_api=_web("TELEGRAM_API", raw.TELEGRAM_API).rstrip("/"),
        data_dir=data,
        database_url=raw.DATABASE_URL or f"sqlite:///{data / 'desk.db'}",
        master_key_file=Path(raw.MASTER_KEY_FILE or data / "keys" / "master.json"),
        ca_passphrase_file=Path(raw.CA_PASSPHRASE_FILE or data / "keys" / "ca-passphrase"),
        ca_journal=Path(raw.CA_JOURNAL) if raw.CA_JOURNAL else None,
        ca_token=_token(raw),
        operator_chat_id=_number("OPERATOR_CHAT_ID", raw.OPERATOR_CHAT_ID) if raw.OPERATOR_CHAT_ID else None,
        webhook_url=_web("WEBHOOK_URL", raw.WEBHOOK_URL),
        webhook_secret=_webhook_secret(raw.WEBHOOK_SECRET),
        listen=_address(raw.LISTEN),
        ca_url=_web("CA_URL", raw.CA_URL).rstrip("/") or f"http://{raw.LISTEN}",
        sms_url=_web("SMS_URL", raw.SMS_URL),
        sms_token=raw.SMS_TOKEN,
        smtp_url=_smtp(raw.SMTP_URL),
        mail_from=raw.MAIL_FROM,
        customer_centre=raw.CUSTOMER_CENTRE,
        timezone=_zone(raw.TIMEZONE),
        files_lifetime=timedelta(hours=_positive("FILES_HOURS", raw.FILES_HOURS)),
        lease=timedelta(seconds=_positive("LEASE_SECONDS", raw.LEASE_SECONDS)),
        log_level=_level(raw.LOG_LEVEL),
    )


def load() -> Settings:
    return parse(read_raw())


def _token(raw: Raw) -> TokenPlace | None:
    parts = (raw.CA_TOKEN_MODULE, raw.CA_TOKEN_LABEL, raw.CA_TOKEN_PIN_FILE)
    if not any(parts):
        return None
    if not all(parts):
        raise SettingWrong(f"{PREFIX}CA_TOKEN_MODULE, _LABEL and _PIN_FILE belong together: set all three")
    return TokenPlace(Path(raw.CA_TOKEN_MODULE), raw.CA_TOKEN_LABEL, Path(raw.CA_TOKEN_PIN_FILE))


def _number(name: str, text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise SettingWrong(f"{PREFIX}{name} must be a whole number, not {text!r}") from None


def _positive(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= MOST:
        raise SettingWrong(f"{PREFIX}{name} must be a number above 0, not {text!r}")
    return value


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not host or not port.isdecimal() or int(port) > LAST_PORT:
        raise SettingWrong(f"{PREFIX}LISTEN must look like 127.0.0.1:8443, not {text!r}")
    return host.strip("[]"), int(port)


def _web(name: str, text: str) -> str:
    """Check that it is an address; it may hold a credential, so it is not repeated."""
    try:
        parts = urlsplit(text)
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        usable = False
    if text and not usable:
        raise SettingWrong(f"{PREFIX}{name} must look like https://host/path")
    return text


def _webhook_secret(text: str) -> str:
    if text and not _SECRET.fullmatch(text):
        raise SettingWrong(f"{PREFIX}WEBHOOK_SECRET must be 1 to 256 letters, digits, _ and -")
    return text


def _smtp(text: str) -> str:
    """Check it before anything is made; it holds a password, so it is not repeated."""
    try:
        if text:
            server(text)
    except SmtpUrlBroken:
        raise SettingWrong(f"{PREFIX}SMTP_URL must look like smtp://user:password@host:port") from None
    return text


def _zone(text: str) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise SettingWrong(f"{PREFIX}TIMEZONE must be a name like Asia/Seoul, not {text!r}") from None


def _level(text: str) -> str:
    if text.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR"}:
        raise SettingWrong(f"{PREFIX}LOG_LEVEL must be DEBUG, INFO, WARNING or ERROR, not {text!r}")
    return text.upper()
