"""All settings together: the defaults that follow from other settings, and what must be set together."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bot.settings.concerns import (
    AuthoritySettings,
    BankSettings,
    CmpSettings,
    DjangoCaSettings,
    NoticeSettings,
    ProcessSettings,
    StaffSettings,
    StorageSettings,
    TelegramSettings,
    WebhookSettings,
    WebSettings,
)
from bot.settings.reading import PREFIX, Setting, SettingWrong, parse_concern, read_texts, settings_of

OutsideSettings = CmpSettings | DjangoCaSettings


@dataclass(frozen=True, slots=True)
class Settings:
    telegram: TelegramSettings
    storage: StorageSettings
    authority: AuthoritySettings
    #: The authority outside that is asked in place of the embedded one.
    outside: OutsideSettings | None
    staff: StaffSettings
    webhook: WebhookSettings
    web: WebSettings
    notices: NoticeSettings
    bank: BankSettings
    process: ProcessSettings

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return what no log may hold."""
        ours = (self.telegram.token, self.webhook.secret, self.web.metrics_token)
        others = (self.notices.sms_token, self.notices.smtp_url, urlsplit(self.storage.database_url).password)
        return tuple(each for each in (*ours, *others) if each)


#: In the order in which `doctor` prints them.
SETTINGS: tuple[Setting, ...] = tuple(
    settings_of(
        *(TelegramSettings, StorageSettings, AuthoritySettings, CmpSettings, DjangoCaSettings, StaffSettings),
        *(WebhookSettings, WebSettings, NoticeSettings, BankSettings, ProcessSettings),
    )
)


def load() -> Settings:
    return parse(read())


def read(environment: Mapping[str, str] | None = None, dotenv: Path = Path(".env")) -> dict[str, str]:
    """Return the texts that are set, by name without the prefix. The environment goes before `.env`."""
    return read_texts({each.name for each in SETTINGS}, environment, dotenv)


def parse(texts: Mapping[str, str]) -> Settings:
    """Raise `SettingWrong` for the first value that cannot be used."""
    data, listen = Path(texts.get("DATA_DIR") or "data"), texts.get("LISTEN") or "127.0.0.1:8443"
    derived = {
        "DATABASE_URL": f"sqlite:///{data / 'desk.db'}",
        "MASTER_KEY_FILE": str(data / "keys" / "master.json"),
        "CA_PASSPHRASE_FILE": str(data / "keys" / "ca-passphrase"),
        "CA_URL": f"http://{listen}",
    }
    given = derived | {name: text for name, text in texts.items() if text}
    web = parse_concern(WebSettings, given)
    authority = _check_token(parse_concern(AuthoritySettings, given))
    return Settings(
        telegram=parse_concern(TelegramSettings, given),
        storage=parse_concern(StorageSettings, given),
        authority=authority,
        outside=_outside(authority.engine, given),
        staff=parse_concern(StaffSettings, given),
        webhook=parse_concern(WebhookSettings, given),
        web=web,
        notices=parse_concern(NoticeSettings, given),
        bank=parse_concern(BankSettings, given),
        process=parse_concern(ProcessSettings, given),
    )


def _check_token(authority: AuthoritySettings) -> AuthoritySettings:
    parts = (authority.token_module, authority.token_label, authority.token_pin_file)
    if any(parts) and not all(parts):
        raise SettingWrong(f"{PREFIX}CA_TOKEN_MODULE, _LABEL and _PIN_FILE belong together: set all three")
    return authority


def _outside(engine: str, given: Mapping[str, str]) -> OutsideSettings | None:
    if engine == "cmp":
        _check_needed(engine, given, "CMP_URL", "CMP_TRUST")
        return _check_credentials(parse_concern(CmpSettings, given))
    if engine == "django-ca":
        needed = (each.name for each in settings_of(DjangoCaSettings) if not each.default)
        _check_needed(engine, given, *needed)
        return parse_concern(DjangoCaSettings, given)
    return None


def _check_needed(engine: str, given: Mapping[str, str], *names: str) -> None:
    for name in names:
        if name not in given:
            raise SettingWrong(f"{PREFIX}{name} is needed with {PREFIX}CA_ENGINE={engine}")


def _check_credentials(cmp: CmpSettings) -> CmpSettings:
    by_secret, by_key = (cmp.reference, cmp.secret_file), (cmp.certificate, cmp.key_file)
    if all(by_secret) == all(by_key) or any(by_secret) == any(by_key):
        raise SettingWrong(
            f"{PREFIX}CMP_REFERENCE with _SECRET_FILE, or {PREFIX}CMP_CERTIFICATE with _KEY_FILE: set one of the pairs"
        )
    return cmp
