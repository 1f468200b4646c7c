"""Settings: what is written where, what each default is, and that each wrong value is named in words."""

from dataclasses import fields
from datetime import timedelta
from operator import attrgetter
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from bot.settings.concerns import CmpSettings, DjangoCaSettings
from bot.settings.settings import PREFIX, SETTINGS, Settings, SettingWrong, parse
from bot.settings.settings import read as read_settings

NOTHING: dict[str, str] = {}


@pytest.fixture
def dotenv(tmp_path: Path) -> Path:
    return tmp_path / ".env"


def read(dotenv: Path, **environment: str) -> dict[str, str]:
    return read_settings({f"{PREFIX}{name}": value for name, value in environment.items()}, dotenv)


def test_without_anything_the_defaults_hold(dotenv: Path) -> None:
    settings = parse(read(dotenv))
    assert settings.telegram.api == "https://api.telegram.org"
    assert settings.storage.database_url == "sqlite:///data/desk.db"
    assert settings.storage.master_key_file == Path("data/keys/master.json")
    assert settings.authority.passphrase_file == Path("data/keys/ca-passphrase")
    assert settings.web.listen == ("127.0.0.1", 8443)
    assert settings.bank.timezone == ZoneInfo("Asia/Seoul")
    assert settings.staff.operator_chat_id is None
    assert (settings.bank.files_lifetime, settings.process.lease) == (
        timedelta(hours=24),
        timedelta(seconds=30),
    )
    assert settings.secrets == ()


def test_the_environment_goes_before_the_file(dotenv: Path) -> None:
    dotenv.write_text("REISSUE_DATA_DIR=from-file\nREISSUE_LOG_LEVEL=debug\nOTHER=1\n", encoding="utf-8")
    settings = parse(read(dotenv, DATA_DIR="from-environment"))
    assert (settings.storage.data_dir, settings.process.log_level) == (Path("from-environment"), "DEBUG")
    assert settings.storage.database_url == "sqlite:///from-environment/desk.db"


def test_an_empty_value_is_none(dotenv: Path) -> None:
    assert read(dotenv, TIMEZONE="", LISTEN="") == {}


def test_a_dollar_in_the_file_is_a_dollar(dotenv: Path) -> None:
    dotenv.write_text("REISSUE_SMTP_URL=smtp://me:pa$HOMEword@mail:25\n", encoding="utf-8")
    assert "pa$HOMEword" in read(dotenv)["SMTP_URL"]


def test_a_name_that_is_no_setting_is_warned_of(dotenv: Path, caplog: pytest.LogCaptureFixture) -> None:
    read(dotenv, TELEGRAM_TOKN="secret-value")
    assert "REISSUE_TELEGRAM_TOKN" in caplog.text
    assert "secret-value" not in caplog.text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OPERATOR_CHAT_ID", "the group"),
        ("OPERATOR_CHAT_ID", "1.5"),
        ("LISTEN", "8443"),
        ("LISTEN", ":8443"),
        ("LISTEN", "localhost:"),
        ("LISTEN", "localhost:https"),
        ("LISTEN", "localhost:65536"),
        ("LISTEN", "localhost:-1"),
        ("TIMEZONE", "Seoul"),
        ("TIMEZONE", "Asia"),
        ("TIMEZONE", "../etc/passwd"),
        ("TIMEZONE", "/etc/localtime"),
        ("FILES_HOURS", "a day"),
        ("FILES_HOURS", "0"),
        ("FILES_HOURS", "-1"),
        ("FILES_HOURS", "nan"),
        ("FILES_HOURS", "inf"),
        ("FILES_HOURS", "1e300"),
        ("LEASE_SECONDS", "0"),
        ("LEASE_SECONDS", "1e9"),
        ("LOG_LEVEL", "LOUD"),
        ("TELEGRAM_API", "api.telegram.org"),
        ("TELEGRAM_API", "ftp://api.telegram.org"),
        ("WEBHOOK_URL", "https://"),
        ("WEBHOOK_URL", "https://[::1"),
        ("WEBHOOK_SECRET", "not allowed!"),
        ("WEBHOOK_SECRET", "x" * 257),
        ("METRICS_TOKEN", "not allowed, not allowed!"),
        ("METRICS_TOKEN", "fifteen-letters"),
        ("SMS_URL", "gateway"),
        ("SMTP_URL", "mail.example"),
    ],
)
def test_a_wrong_value_is_named_in_words(name: str, value: str) -> None:
    with pytest.raises(SettingWrong, match=f"^{PREFIX}{name} must "):
        parse({name: value})


@pytest.mark.parametrize(
    "name", ["TELEGRAM_API", "WEBHOOK_URL", "WEBHOOK_SECRET", "METRICS_TOKEN", "SMS_URL", "SMTP_URL"]
)
def test_a_wrong_value_that_may_hold_a_secret_is_not_repeated(name: str) -> None:
    with pytest.raises(SettingWrong) as wrong:
        parse({name: "hunter2 hunter2"})
    assert "hunter2" not in str(wrong.value)


@pytest.mark.parametrize(
    ("name", "value", "attribute", "expected"),
    [
        ("OPERATOR_CHAT_ID", "-1001234567890", "staff.operator_chat_id", -1001234567890),
        ("LISTEN", "0.0.0.0:80", "web.listen", ("0.0.0.0", 80)),
        ("LISTEN", "[::1]:8443", "web.listen", ("::1", 8443)),
        ("TELEGRAM_API", "http://127.0.0.1:8081/", "telegram.api", "http://127.0.0.1:8081"),
        ("FILES_HOURS", "0.5", "bank.files_lifetime", timedelta(minutes=30)),
        ("LOG_LEVEL", "warning", "process.log_level", "WARNING"),
        (
            "WEBHOOK_URL",
            "https://bot.bank.example/telegram",
            "webhook.url",
            "https://bot.bank.example/telegram",
        ),
        ("MASTER_KEY_FILE", "/keys/m.json", "storage.master_key_file", Path("/keys/m.json")),
    ],
)
def test_a_right_value_is_read(name: str, value: str, attribute: str, expected: object) -> None:
    assert attrgetter(attribute)(parse({name: value})) == expected


def test_secrets_are_known_and_in_no_text() -> None:
    secrets = {
        "TELEGRAM_TOKEN": "1234:hunter2-token",
        "WEBHOOK_SECRET": "hunter2-webhook",
        "METRICS_TOKEN": "hunter2-hunter2-metrics",
        "SMS_TOKEN": "hunter2-sms",
        "SMTP_URL": "smtp://me:hunter2@mail:25",
    }
    settings = parse(secrets)
    assert set(secrets.values()) <= set(settings.secrets)
    assert "hunter2" not in repr(settings)


def test_every_setting_is_explained_and_belongs_to_a_concern() -> None:
    assert [each.name for each in SETTINGS if not each.explanation] == []
    assert len({each.name for each in SETTINGS}) == len(SETTINGS) == 47
    concerns = {each.name for each in fields(Settings)}
    assert concerns == {
        "telegram", "storage", "authority", "outside", "staff", "webhook", "web", "notices", "bank", "process",
    }  # fmt: skip


CMP = {
    "CA_ENGINE": "cmp",
    "CMP_URL": "https://ca.example/cmp",
    "CMP_TRUST": "trust.pem",
    "CMP_REFERENCE": "bank",
    "CMP_SECRET_FILE": "secret",
}
DJANGO_CA = {
    "CA_ENGINE": "django-ca",
    "DJANGO_CA_URL": "https://ca.example/api/",
    "DJANGO_CA_SERIAL": "1A2B",
    "DJANGO_CA_USER": "bank",
    "DJANGO_CA_PASSWORD_FILE": "password",
    "DJANGO_CA_TRUST": "trust.pem",
}


def test_the_embedded_authority_unless_another_is_named() -> None:
    assert parse({}).outside is None


def test_an_outside_authority_by_cmp() -> None:
    place = parse(CMP).outside
    assert isinstance(place, CmpSettings)
    assert (place.version, place.mac, place.seconds) == ("2", "sha256", 30.0)
    assert place.controls == {"oldCertID", "identifyData"}
    old = parse({**CMP, "CMP_MAC": "sha1", "CMP_CONTROLS": "none", "CMP_VERSION": "3"}).outside
    assert isinstance(old, CmpSettings)
    assert (old.version, old.mac, old.controls) == ("3", "sha1", frozenset())


def test_an_outside_authority_by_rest() -> None:
    place = parse(DJANGO_CA).outside
    assert isinstance(place, DjangoCaSettings)
    assert (place.serial, place.password_file) == ("1A2B", Path("password"))


@pytest.mark.parametrize(
    ("given", "changes", "named"),
    [
        ({}, {"CA_ENGINE": "xmlrpc"}, "CA_ENGINE"),
        (CMP, {"CMP_URL": ""}, "CMP_URL"),
        (CMP, {"CMP_URL": "ca.example"}, "CMP_URL"),
        (CMP, {"CMP_TRUST": ""}, "CMP_TRUST"),
        (CMP, {"CMP_REFERENCE": ""}, "CMP_REFERENCE"),
        (CMP, {"CMP_SECRET_FILE": ""}, "CMP_REFERENCE"),
        (CMP, {"CMP_CERTIFICATE": "c.pem", "CMP_KEY_FILE": "k.pem"}, "CMP_REFERENCE"),
        (CMP, {"CMP_KEY_FILE": "k.pem"}, "CMP_REFERENCE"),
        (CMP, {"CMP_VERSION": "1"}, "CMP_VERSION"),
        (CMP, {"CMP_MAC": "md5"}, "CMP_MAC"),
        (CMP, {"CMP_CONTROLS": "oldCertID,regToken"}, "CMP_CONTROLS"),
        (CMP, {"CMP_SECONDS": "0"}, "CMP_SECONDS"),
        *((DJANGO_CA, {name: ""}, name) for name in DJANGO_CA if name != "CA_ENGINE"),
    ],
)
def test_an_outside_authority_needs_all_of_it(given: dict[str, str], changes: dict[str, str], named: str) -> None:
    with pytest.raises(SettingWrong, match=named):
        parse(given | changes)
