"""`run`, `demo` and `doctor`: how they start, what they print, and how they end."""

import asyncio
import os
import signal
import socket
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from bot.storage.sqlite import MEND
from handlers.local import LocalMessenger
from tests.cli.conftest import Program, is_explained
from tests.support.command import program, running, settings_of
from tests.support.customers import GILDONG
from tests.support.local_telegram import TOKEN, Customer


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_run_prints_ready_answers_and_ends_with_0(world: LocalMessenger, place: Path, number: int) -> None:
    customer = Customer(world.person(101), world, "ko")
    async with running("run", folder=place, **settings_of(world, place / "data")) as bot:
        assert [line for line in bot.said if "ready" in line] == ["ready\n"]
        await customer.person.starts()
        await customer.sees("card.idle")
        await customer.taps("button.start")
        assert await bot.ends(number) == 0

    assert not [line for line in bot.said if "Traceback" in line or TOKEN in line]


async def test_work_in_progress_at_the_end_continues_at_the_next_start(world: LocalMessenger, place: Path) -> None:
    customer = Customer(world.person(101), world, "ko")
    async with running("run", folder=place, **settings_of(world, place / "data")) as bot:
        await customer.triage()
        for text in ("홍길동", "1980-05-21", "010-1234-5678"):
            await customer.says(text)
        await bot.ends()
    async with running("run", folder=place, **settings_of(world, place / "data")):
        await customer.sees("reissue.ask.account", patience=30)
        await customer.fills_in(GILDONG, begin="account")
        await customer.sees("proof.sent.sms")


WRONG = {
    "no token": ({}, "TELEGRAM_TOKEN"),
    "unknown kind of database": ({"DATABASE_URL": "mysql://localhost/x"}, "DATABASE_URL"),
    "database without a path": ({"DATABASE_URL": "sqlite:///"}, "DATABASE_URL"),
    "chat id that is no number": ({"OPERATOR_CHAT_ID": "the boss"}, "OPERATOR_CHAT_ID"),
    "invalid address": ({"LISTEN": "here"}, "LISTEN"),
    "unknown time zone": ({"TIMEZONE": "Asia/Atlantis"}, "TIMEZONE"),
    "negative duration": ({"FILES_HOURS": "-1"}, "FILES_HOURS"),
    "unknown log level": ({"LOG_LEVEL": "LOUD"}, "LOG_LEVEL"),
    "invalid mail server": ({"SMTP_URL": "http://mail"}, "SMTP_URL"),
}


@pytest.mark.parametrize("case", WRONG)
def test_an_invalid_setting_is_named_and_ends_with_2(anew: Program, case: str) -> None:
    settings, part = WRONG[case]
    token = {} if case == "no token" else {"TELEGRAM_TOKEN": TOKEN}

    ended = anew("run", **token, **settings)

    is_explained(ended, 2, part)
    assert TOKEN not in ended.stderr
    assert "ready" not in ended.stdout


def test_an_unknown_setting_is_warned_of(at_branch: Program) -> None:
    ended = at_branch("doctor", TELEGRAM_TOKN="typo")

    assert "TELEGRAM_TOKN" in ended.stderr + ended.stdout


@pytest.fixture
def used_port() -> AsyncIterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


async def test_run_names_a_port_in_use(world: LocalMessenger, place: Path, used_port: int) -> None:
    settings = settings_of(world, place / "data")
    address = f"127.0.0.1:{used_port}"
    webhook = settings | {"WEBHOOK_URL": f"http://{address}/telegram", "LISTEN": address}

    ended = await asyncio.to_thread(program, "run", folder=place, **webhook)

    is_explained(ended, 1, str(used_port))


def test_demo_names_a_port_in_use(anew: Program, used_port: int) -> None:
    is_explained(anew("demo", "--port", str(used_port), "--no-browser"), 1, str(used_port))


async def test_demo_prints_the_address_of_its_page(tmp_path: Path) -> None:
    async with running("demo", "--port", "0", "--no-browser", folder=tmp_path) as demo:
        assert [line for line in demo.said if "http://127.0.0.1:" in line]
        assert await demo.ends() == 0
    assert (tmp_path / "data" / "demo" / "desk.db").exists()


def test_a_data_folder_that_cannot_be_written_gives_one_line(anew: Program, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    ended = anew("run", TELEGRAM_TOKEN=TOKEN, DATA_DIR=str(tmp_path / "file" / "data"))

    assert ended.returncode in {1, 2}
    assert "Traceback" not in ended.stderr


def test_a_file_that_is_no_database_gives_one_line(anew: Program, tmp_path: Path) -> None:
    (tmp_path / "desk.db").write_bytes(os.urandom(4096))

    ended = anew("run", TELEGRAM_TOKEN=TOKEN, DATABASE_URL=f"sqlite:///{tmp_path / 'desk.db'}")

    is_explained(ended, 2, "desk.db")


def test_a_damaged_database_is_found_by_doctor_with_what_to_do(place: Path) -> None:
    """Damage a page in the middle, which a start does not read, and the first page, without which nothing starts."""
    path = place / "data" / "desk.db"
    with closing(sqlite3.connect(path)) as connection:
        (page,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'customers'").fetchone()
        size = connection.execute("PRAGMA page_size").fetchone()[0]
    for damaged in ((page - 1) * size, 100):
        with path.open("r+b") as file:
            file.seek(damaged)
            file.write(b"\xab" * (size - 100))
        ended = program("doctor", folder=place, TELEGRAM_TOKEN=TOKEN)
        (line,) = [each for each in ended.stdout.splitlines() if each.startswith("database: ")]
        assert line.startswith("database: NOT WELL: ")
        assert MEND in line
        assert ended.returncode == 1
    is_explained(program("run", folder=place, TELEGRAM_TOKEN=TOKEN), 2, "desk.db", MEND)


def test_doctor_explains_every_setting_and_shows_no_secret(at_branch: Program) -> None:
    ended = at_branch("doctor", TELEGRAM_TOKEN=TOKEN, SMS_TOKEN="sms-secret-value")

    for name in ("TELEGRAM_TOKEN", "DATA_DIR", "SMTP_URL", "WEBHOOK_SECRET", "TIMEZONE"):
        assert f"REISSUE_{name} =" in ended.stdout
    for check in ("token: well", "master key: well", "database: well", "authority: well"):
        assert check in ended.stdout
    assert ended.returncode == 0
    assert TOKEN not in ended.stdout + ended.stderr
    assert "sms-secret-value" not in ended.stdout + ended.stderr


def test_doctor_names_what_is_wrong(at_branch: Program, tmp_path: Path) -> None:
    (tmp_path / "passphrase").write_text("wrong")

    ended = at_branch("doctor", CA_PASSPHRASE_FILE=str(tmp_path / "passphrase"))

    assert ended.returncode == 1
    assert "token: NOT WELL" in ended.stdout
    assert "authority: NOT WELL" in ended.stdout


HELP = ["run", "demo", "doctor", "customers", "customers import", "ca", "ca init", "ca issue", "ca status",
        "ca revoke", "ca hold", "ca release", "ca crl", "ca export", "ca backup", "ca restore",
        "ca serve", "ca adopt", "ca renew", "ca lineage", "ca profiles", "backup", "restore",
        "audit", "audit verify", "audit head", "audit receipt", "faq", "faq ask", "faq serve"]  # fmt: skip


def test_help_lists_the_commands(anew: Program) -> None:
    ended = anew("--help")

    assert ended.returncode == 0
    for command in HELP:
        assert command.split()[0] in ended.stdout


@pytest.mark.parametrize("command", HELP)
def test_every_command_has_help(inside: Program, command: str) -> None:
    ended = inside(*command.split(), "--help")

    assert ended.returncode == 0
    assert ended.stdout.startswith("usage: reissue-bot")
    assert ended.stderr == ""


@pytest.mark.parametrize(
    "arguments",
    [(), ("dance",), ("demo", "--port", "x"), ("faq", "ask"), ("faq", "ask", "q", "--lang", "fr")],
)
def test_wrong_use_prints_the_usage_and_ends_with_2(inside: Program, arguments: tuple[str, ...]) -> None:
    ended = inside(*arguments)

    assert ended.returncode == 2
    assert "usage: reissue-bot" in ended.stderr
