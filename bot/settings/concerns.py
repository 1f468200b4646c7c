"""What can be set: one frozen value for each concern. `reissue-bot doctor` prints the explanations that stand here."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from bot.settings import parsers
from bot.settings.reading import setting

#: A shorter token could be guessed.
MIN_METRICS_TOKEN = 16


@dataclass(frozen=True, slots=True)
class TelegramSettings:
    token: str = setting("TELEGRAM_TOKEN", "the bot's token, from @BotFather", empty="", secret=True)
    api: str = setting("TELEGRAM_API", "address of the Bot API server", "https://api.telegram.org", parsers.base_url)


@dataclass(frozen=True, slots=True)
class StorageSettings:
    data_dir: Path = setting("DATA_DIR", "folder of everything that is kept", "data", Path)
    database_url: str = setting(
        "DATABASE_URL",
        "sqlite:///path, or postgresql://user:password@host/name for several replicas; empty: desk.db in DATA_DIR",
        secret=True,
    )
    master_key_file: Path = setting(
        "MASTER_KEY_FILE", "keys of the column encryption; empty: keys/master.json in DATA_DIR", parse=Path
    )


@dataclass(frozen=True, slots=True)
class AuthoritySettings:
    """The embedded authority, or the kind of authority outside that is asked in its place."""

    passphrase_file: Path = setting(
        "CA_PASSPHRASE_FILE",
        "passphrase of the authority's keys; empty: keys/ca-passphrase in DATA_DIR",
        parse=Path,
    )
    journal: Path | None = setting(
        "CA_JOURNAL",
        "file that brings a restored backup up to date, on another disk; empty: none",
        parse=Path,
    )
    token_module: Path | None = setting(
        "CA_TOKEN_MODULE", "PKCS#11 library of the token with the authority's keys; empty: files", parse=Path
    )
    token_label: str = setting("CA_TOKEN_LABEL", "label of that token", empty="")
    token_pin_file: Path | None = setting("CA_TOKEN_PIN_FILE", "file with that token's PIN, mode 0600", parse=Path)
    profiles: Path | None = setting(
        "CA_PROFILES",
        "folder of certificate profiles of your own, NAME.toml; empty: those that come with it",
        parse=Path,
    )
    offices: Path | None = setting(
        "CA_OFFICES",
        "folder of NAME.secret files: who may ask the embedded authority by CMP; empty: none",
        parse=Path,
    )
    published_keys: Path | None = setting(
        "CA_PUBLISHED_KEYS",
        "badkeys' blocklist.dat: keys that are never certified, as anybody can have them; empty: not looked at",
        parse=Path,
    )
    engine: str = setting(
        "CA_ENGINE",
        "embedded, or an authority outside: cmp or django-ca",
        "embedded",
        parsers.one_of("embedded", "cmp", "django-ca"),
    )


@dataclass(frozen=True, slots=True)
class CmpSettings:
    """An authority outside behind CMP. Either the secret or the certificate with its key is set."""

    url: str = setting("CMP_URL", "address of the outside authority's CMP service", parse=parsers.http_url)
    trust: Path = setting("CMP_TRUST", "its certificates, PEM, from the issuing one up", parse=Path)
    reference: str = setting("CMP_REFERENCE", "our name there, as a registration office", empty="")
    secret_file: Path | None = setting(
        "CMP_SECRET_FILE", "file with the secret that we share with it, mode 0600", parse=Path
    )
    certificate: Path | None = setting(
        "CMP_CERTIFICATE", "instead of a secret: our certificate there, PEM, its chain behind it", parse=Path
    )
    key_file: Path | None = setting(
        "CMP_KEY_FILE", "the key of that certificate, PEM without a password, mode 0600", parse=Path
    )
    version: str = setting(
        "CMP_VERSION",
        "version of the protocol: 2, or 3 for RFC 9810's newer algorithms",
        "2",
        parsers.one_of("2", "3"),
    )
    mac: str = setting(
        "CMP_MAC",
        "sha256, sha384 or sha512; sha1 where the authority knows no other",
        "sha256",
        parsers.one_of("sha1", "sha256", "sha384", "sha512"),
    )
    controls: frozenset[str] = setting(
        "CMP_CONTROLS",
        "what a request says beyond the key; none if the word is none",
        "oldCertID,identifyData",
        parsers.cmp_controls,
    )
    seconds: float = setting(
        "CMP_SECONDS",
        "seconds to wait for an answer; the same is sent again later",
        "30",
        parsers.positive_number,
    )


@dataclass(frozen=True, slots=True)
class DjangoCaSettings:
    """A django-ca behind its REST interface."""

    url: str = setting("DJANGO_CA_URL", "address of django-ca's REST interface, up to /api/", parse=parsers.http_url)
    serial: str = setting(
        "DJANGO_CA_SERIAL", "serial of its authority that issues, hexadecimal", parse=parsers.hexadecimal
    )
    profile: str = setting("DJANGO_CA_PROFILE", "profile there that certificates are issued by", "client")
    user: str = setting("DJANGO_CA_USER", "user there who may sign and revoke")
    password_file: Path = setting("DJANGO_CA_PASSWORD_FILE", "file with that user's password, mode 0600", parse=Path)
    trust: Path = setting("DJANGO_CA_TRUST", "its certificates, PEM, from the issuing one up", parse=Path)


@dataclass(frozen=True, slots=True)
class StaffSettings:
    operator_chat_id: int | None = setting(
        "OPERATOR_CHAT_ID", "chat id of the operators' group; empty: none", parse=parsers.whole_number
    )


@dataclass(frozen=True, slots=True)
class WebhookSettings:
    url: str = setting(
        "WEBHOOK_URL",
        "public https address for Telegram's updates; empty: long polling",
        parse=parsers.http_url,
        empty="",
    )
    secret: str = setting(
        "WEBHOOK_SECRET",
        "what Telegram must send along with each update; empty: made from the token",
        parse=parsers.header_token(),
        empty="",
        secret=True,
    )


@dataclass(frozen=True, slots=True)
class WebSettings:
    listen: tuple[str, int] = setting(
        "LISTEN",
        "host:port of the web side: webhook, OCSP, revocation lists, health",
        "127.0.0.1:8443",
        parsers.listen_address,
    )
    public_url: str = setting(
        "CA_URL",
        "public address of the web side, as certificates name it; empty: http://LISTEN",
        parse=parsers.base_url,
    )
    metrics_token: str = setting(
        "METRICS_TOKEN",
        "bearer token for /metrics on the web side; empty: only this machine is answered",
        parse=parsers.header_token(MIN_METRICS_TOKEN),
        empty="",
        secret=True,
    )


@dataclass(frozen=True, slots=True)
class NoticeSettings:
    sms_url: str = setting(
        "SMS_URL",
        "SMS gateway: POST {to, text} as JSON; empty: no text messages",
        parse=parsers.http_url,
        empty="",
    )
    sms_token: str = setting("SMS_TOKEN", "bearer token of the SMS gateway", empty="", secret=True)
    smtp_url: str = setting(
        "SMTP_URL",
        "smtp://user:password@host:port or smtps://…; empty: no mail",
        parse=parsers.smtp_url,
        empty="",
        secret=True,
    )
    mail_from: str = setting("MAIL_FROM", "sender of mails", "no-reply@reissue.example")


@dataclass(frozen=True, slots=True)
class BankSettings:
    customer_centre: str = setting(
        "CUSTOMER_CENTRE", "telephone of the customer centre, as customers read it", "1566-2566, 1588-2588"
    )
    articles: Path | None = setting(
        "ARTICLES",
        "folder with one folder a language, as locales/: articles that staff edit; empty: those that come with it",
        parse=Path,
    )
    reminder_days: tuple[int, ...] = setting(
        "REMINDER_DAYS",
        "days before the expiry on which customers are reminded",
        "30,14,7,3,1,0",
        parsers.days,
    )
    timezone: ZoneInfo = setting("TIMEZONE", "zone in which the bank's days begin and end", "Asia/Seoul", parsers.zone)
    files_hours: float = setting(
        "FILES_HOURS",
        "hours for which a certificate's files can be fetched again",
        "24",
        parsers.positive_number,
    )

    @property
    def files_lifetime(self) -> timedelta:
        return timedelta(hours=self.files_hours)

    @property
    def facts(self) -> dict[str, str]:
        """The bank's own facts that catalogs and articles name."""
        return {"customer_centre": self.customer_centre}


@dataclass(frozen=True, slots=True)
class ProcessSettings:
    lease_seconds: float = setting(
        "LEASE_SECONDS",
        "seconds after which a dead process's work is taken over",
        "30",
        parsers.positive_number,
    )
    log_level: str = setting("LOG_LEVEL", "DEBUG, INFO, WARNING or ERROR", "INFO", parsers.log_level)

    @property
    def lease(self) -> timedelta:
        return timedelta(seconds=self.lease_seconds)
