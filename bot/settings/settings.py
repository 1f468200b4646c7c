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

from bot.settings.smtp import SmtpUrlBroken, parse_smtp_url

logger = logging.getLogger(__name__)

PREFIX = "REISSUE_"
#: Hours and seconds above this are no plan, but a slip; and no calendar holds them.
MOST = 1_000_000.0
LAST_PORT = 65535
MOST_DAYS = 366
MACS = ("sha1", "sha256", "sha384", "sha512")
#: What a CMP request can say beyond the key: what is replaced, and the real name with the VID.
CONTROLS = frozenset({"oldCertID", "identifyData"})
#: A shorter token could be guessed.
LEAST_TOKEN = 16
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
    DATABASE_URL: str = _setting(
        "sqlite:///path, or postgresql://user:password@host/name for several replicas; empty: desk.db in DATA_DIR",
        secret=True,
    )
    MASTER_KEY_FILE: str = _setting("keys of the column encryption; empty: keys/master.json in DATA_DIR")
    CA_PASSPHRASE_FILE: str = _setting(
        "passphrase of the authority's keys; empty: keys/ca-passphrase in DATA_DIR"
    )
    CA_JOURNAL: str = _setting("file that brings a restored backup up to date, on another disk; empty: none")
    CA_TOKEN_MODULE: str = _setting("PKCS#11 library of the token with the authority's keys; empty: files")
    CA_TOKEN_LABEL: str = _setting("label of that token")
    CA_TOKEN_PIN_FILE: str = _setting("file with that token's PIN, mode 0600")
    CA_PROFILES: str = _setting(
        "folder of certificate profiles of your own, NAME.toml; empty: those that come with it"
    )
    CA_OFFICES: str = _setting(
        "folder of NAME.secret files: who may ask the embedded authority by CMP; empty: none"
    )
    CA_PUBLISHED_KEYS: str = _setting(
        "badkeys' blocklist.dat: keys that are never certified, as anybody can have them; empty: not looked at"
    )
    CA_ENGINE: str = _setting("embedded, or an authority outside: cmp or django-ca", "embedded")
    CMP_URL: str = _setting("address of the outside authority's CMP service")
    CMP_TRUST: str = _setting("its certificates, PEM, from the issuing one up")
    CMP_REFERENCE: str = _setting("our name there, as a registration office")
    CMP_SECRET_FILE: str = _setting("file with the secret that we share with it, mode 0600")
    CMP_CERTIFICATE: str = _setting("instead of a secret: our certificate there, PEM, its chain behind it")
    CMP_KEY_FILE: str = _setting("the key of that certificate, PEM without a password, mode 0600")
    CMP_VERSION: str = _setting("version of the protocol: 2, or 3 for RFC 9810's newer algorithms", "2")
    CMP_MAC: str = _setting("sha256, sha384 or sha512; sha1 where the authority knows no other", "sha256")
    CMP_CONTROLS: str = _setting(
        "what a request says beyond the key; none if the word is none", "oldCertID,identifyData"
    )
    CMP_SECONDS: str = _setting("seconds to wait for an answer; the same is sent again later", "30")
    DJANGO_CA_URL: str = _setting("address of django-ca's REST interface, up to /api/")
    DJANGO_CA_SERIAL: str = _setting("serial of its authority that issues, hexadecimal")
    DJANGO_CA_PROFILE: str = _setting("profile there that certificates are issued by", "client")
    DJANGO_CA_USER: str = _setting("user there who may sign and revoke")
    DJANGO_CA_PASSWORD_FILE: str = _setting("file with that user's password, mode 0600")
    DJANGO_CA_TRUST: str = _setting("its certificates, PEM, from the issuing one up")
    OPERATOR_CHAT_ID: str = _setting("chat id of the operators' group; empty: none")
    WEBHOOK_URL: str = _setting("public https address for Telegram's updates; empty: long polling")
    WEBHOOK_SECRET: str = _setting(
        "what Telegram must send along with each update; empty: made from the token", secret=True
    )
    LISTEN: str = _setting(
        "host:port of the web side: webhook, OCSP, revocation lists, health", "127.0.0.1:8443"
    )
    CA_URL: str = _setting("public address of the web side, as certificates name it; empty: http://LISTEN")
    METRICS_TOKEN: str = _setting(
        "bearer token for /metrics on the web side; empty: only this machine is answered", secret=True
    )
    SMS_URL: str = _setting("SMS gateway: POST {to, text} as JSON; empty: no text messages")
    SMS_TOKEN: str = _setting("bearer token of the SMS gateway", secret=True)
    SMTP_URL: str = _setting("smtp://user:password@host:port or smtps://…; empty: no mail", secret=True)
    MAIL_FROM: str = _setting("sender of mails", "no-reply@reissue.example")
    CUSTOMER_CENTRE: str = _setting(
        "telephone of the customer centre, as customers read it", "1566-2566, 1588-2588"
    )
    ARTICLES: str = _setting(
        "folder with one folder a language, as locales/: articles that staff edit; empty: those that come with it"
    )
    REMINDER_DAYS: str = _setting("days before the expiry on which customers are reminded", "30,14,7,3,1,0")
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
class CmpPlace:
    """An outside authority behind CMP. Either the secret or the certificate with its key is there."""

    url: str
    trust: Path
    reference: str
    secret_file: Path | None
    certificate: Path | None
    key_file: Path | None
    version: int
    mac: str
    controls: frozenset[str]
    seconds: float


@dataclass(frozen=True, slots=True)
class DjangoCaPlace:
    """A django-ca behind its REST interface."""

    url: str
    serial: str
    profile: str
    user: str
    password_file: Path
    trust: Path


@dataclass(frozen=True, slots=True)
class Settings:
    telegram_token: str = field(repr=False)
    telegram_api: str
    data_dir: Path
    database_url: str = field(repr=False)
    master_key_file: Path
    ca_passphrase_file: Path
    ca_journal: Path | None
    ca_token: TokenPlace | None
    ca_profiles: Path | None
    ca_offices: Path | None
    ca_published_keys: Path | None
    ca_outside: CmpPlace | DjangoCaPlace | None
    operator_chat_id: int | None
    webhook_url: str
    webhook_secret: str = field(repr=False)
    listen: tuple[str, int]
    metrics_token: str = field(repr=False)
    ca_url: str
    sms_url: str
    sms_token: str = field(repr=False)
    smtp_url: str = field(repr=False)
    mail_from: str
    customer_centre: str
    articles: Path | None
    reminder_days: tuple[int, ...]
    timezone: ZoneInfo
    files_lifetime: timedelta
    lease: timedelta
    log_level: str

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return what no log may hold."""
        ours = (self.telegram_token, self.webhook_secret, self.metrics_token)
        every = (*ours, self.sms_token, self.smtp_url, urlsplit(self.database_url).password)
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
        ca_profiles=Path(raw.CA_PROFILES) if raw.CA_PROFILES else None,
        ca_offices=Path(raw.CA_OFFICES) if raw.CA_OFFICES else None,
        ca_published_keys=Path(raw.CA_PUBLISHED_KEYS) if raw.CA_PUBLISHED_KEYS else None,
        ca_outside=_outside(raw),
        operator_chat_id=_number("OPERATOR_CHAT_ID", raw.OPERATOR_CHAT_ID) if raw.OPERATOR_CHAT_ID else None,
        webhook_url=_web("WEBHOOK_URL", raw.WEBHOOK_URL),
        webhook_secret=_secret("WEBHOOK_SECRET", raw.WEBHOOK_SECRET),
        listen=_address(raw.LISTEN),
        metrics_token=_secret("METRICS_TOKEN", raw.METRICS_TOKEN, LEAST_TOKEN),
        ca_url=_web("CA_URL", raw.CA_URL).rstrip("/") or f"http://{raw.LISTEN}",
        sms_url=_web("SMS_URL", raw.SMS_URL),
        sms_token=raw.SMS_TOKEN,
        smtp_url=_smtp(raw.SMTP_URL),
        mail_from=raw.MAIL_FROM,
        customer_centre=raw.CUSTOMER_CENTRE,
        articles=Path(raw.ARTICLES) if raw.ARTICLES else None,
        reminder_days=_days("REMINDER_DAYS", raw.REMINDER_DAYS),
        timezone=_zone(raw.TIMEZONE),
        files_lifetime=timedelta(hours=_positive("FILES_HOURS", raw.FILES_HOURS)),
        lease=timedelta(seconds=_positive("LEASE_SECONDS", raw.LEASE_SECONDS)),
        log_level=_level(raw.LOG_LEVEL),
    )


def load() -> Settings:
    return parse(read_raw())


def _days(name: str, text: str) -> tuple[int, ...]:
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isdecimal() and int(part) <= MOST_DAYS for part in parts):
        raise SettingWrong(f"{PREFIX}{name} must be days from 0 to {MOST_DAYS} like 30,14,7, not {text!r}")
    return tuple(sorted({int(part) for part in parts}, reverse=True))


def _token(raw: Raw) -> TokenPlace | None:
    parts = (raw.CA_TOKEN_MODULE, raw.CA_TOKEN_LABEL, raw.CA_TOKEN_PIN_FILE)
    if not any(parts):
        return None
    if not all(parts):
        raise SettingWrong(f"{PREFIX}CA_TOKEN_MODULE, _LABEL and _PIN_FILE belong together: set all three")
    return TokenPlace(Path(raw.CA_TOKEN_MODULE), raw.CA_TOKEN_LABEL, Path(raw.CA_TOKEN_PIN_FILE))


def _outside(raw: Raw) -> CmpPlace | DjangoCaPlace | None:
    makers = {"embedded": lambda _raw: None, "cmp": _cmp, "django-ca": _django_ca}
    if raw.CA_ENGINE not in makers:
        raise SettingWrong(f"{PREFIX}CA_ENGINE must be embedded, cmp or django-ca, not {raw.CA_ENGINE!r}")
    return makers[raw.CA_ENGINE](raw)


def _cmp(raw: Raw) -> CmpPlace:
    _needed(raw, "CMP_URL", "CMP_TRUST")
    by_secret, by_key = (raw.CMP_REFERENCE, raw.CMP_SECRET_FILE), (raw.CMP_CERTIFICATE, raw.CMP_KEY_FILE)
    if all(by_secret) == all(by_key) or any(by_secret) == any(by_key):
        raise SettingWrong(
            f"{PREFIX}CMP_REFERENCE with _SECRET_FILE, or {PREFIX}CMP_CERTIFICATE with _KEY_FILE: set one of the pairs"
        )
    if raw.CMP_VERSION not in {"2", "3"}:
        raise SettingWrong(f"{PREFIX}CMP_VERSION must be 2 or 3, not {raw.CMP_VERSION!r}")
    if raw.CMP_MAC not in MACS:
        raise SettingWrong(f"{PREFIX}CMP_MAC must be one of {', '.join(MACS)}, not {raw.CMP_MAC!r}")
    return CmpPlace(
        url=_web("CMP_URL", raw.CMP_URL),
        trust=Path(raw.CMP_TRUST),
        reference=raw.CMP_REFERENCE,
        secret_file=Path(raw.CMP_SECRET_FILE) if raw.CMP_SECRET_FILE else None,
        certificate=Path(raw.CMP_CERTIFICATE) if raw.CMP_CERTIFICATE else None,
        key_file=Path(raw.CMP_KEY_FILE) if raw.CMP_KEY_FILE else None,
        version=int(raw.CMP_VERSION),
        mac=raw.CMP_MAC,
        controls=_controls(raw.CMP_CONTROLS),
        seconds=_positive("CMP_SECONDS", raw.CMP_SECONDS),
    )


def _controls(text: str) -> frozenset[str]:
    named = frozenset(each.strip() for each in text.split(",")) - {"none"}
    if named - CONTROLS:
        raise SettingWrong(
            f"{PREFIX}CMP_CONTROLS must be of {', '.join(sorted(CONTROLS))}, or none, not {text!r}"
        )
    return named


def _django_ca(raw: Raw) -> DjangoCaPlace:
    names = (
        "DJANGO_CA_URL",
        "DJANGO_CA_SERIAL",
        "DJANGO_CA_USER",
        "DJANGO_CA_PASSWORD_FILE",
        "DJANGO_CA_TRUST",
    )
    _needed(raw, *names)
    return DjangoCaPlace(
        url=_web("DJANGO_CA_URL", raw.DJANGO_CA_URL),
        serial=_hexadecimal("DJANGO_CA_SERIAL", raw.DJANGO_CA_SERIAL),
        profile=raw.DJANGO_CA_PROFILE,
        user=raw.DJANGO_CA_USER,
        password_file=Path(raw.DJANGO_CA_PASSWORD_FILE),
        trust=Path(raw.DJANGO_CA_TRUST),
    )


def _hexadecimal(name: str, text: str) -> str:
    digits = text.replace(":", "").upper()
    if not re.fullmatch(r"[0-9A-F]+", digits):
        raise SettingWrong(f"{PREFIX}{name} must be hexadecimal digits, not {text!r}")
    return digits


def _needed(raw: Raw, *names: str) -> None:
    for name in names:
        if not getattr(raw, name):
            raise SettingWrong(f"{PREFIX}{name} is needed with {PREFIX}CA_ENGINE={raw.CA_ENGINE}")


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


def _secret(name: str, text: str, least: int = 1) -> str:
    """Check that a header can carry it."""
    if text and not (_SECRET.fullmatch(text) and len(text) >= least):
        raise SettingWrong(f"{PREFIX}{name} must be {least} to 256 letters, digits, _ and -")
    return text


def _smtp(text: str) -> str:
    """Check it before anything is made; it holds a password, so it is not repeated."""
    try:
        if text:
            parse_smtp_url(text)
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
