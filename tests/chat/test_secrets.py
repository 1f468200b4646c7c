"""Planted secrets: looked for in every byte that is stored, logged or left in the chat."""

import shutil
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

import ca
from bot.issuing import key_files
from bot.messages.screen import Line
from handlers.local import LocalMessenger
from tests.support import leaks
from tests.support.certificates import EVIL, HOLDER, der
from tests.support.command import environment, running, settings_of
from tests.support.customers import GILDONG
from tests.support.local_telegram import PASSWORD, TOKEN, WORDS, Customer, register, settings_for
from tests.support.single_customer import messenger_of_one

#: As typed, and as stored once parsed.
PERSONAL = [
    GILDONG.name,
    "1980-05-21",
    "800521",
    "010.1234.5678",
    "01012345678",
    "123-4567890-1234",
    "12345678901234",
    "2019-07-03",
    GILDONG.idn,
    GILDONG.email,
]


@pytest.fixture
async def world() -> AsyncIterator[LocalMessenger]:
    async with messenger_of_one() as made:
        yield made


@pytest.fixture
async def data(world: LocalMessenger, template: Path, tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    shutil.copytree(template, folder)
    settings = settings_for(world, folder)
    await register(settings, key_files.open_vault(settings, print), [GILDONG])
    return folder


async def walks_to_the_password(customer: Customer) -> str:
    await customer.triage()
    for step, text in (("name", GILDONG.name), ("birth", "800521"), ("phone", "010.1234.5678")):
        await customer.answers(step, text)
    await customer.answers("account", "123-4567890-1234")
    await customer.asked("id_type", "resident_card")
    await customer.answers("id_issued_on", "2019-07-03")
    await customer.asked("via", "sms")
    code = await customer.code(GILDONG.phone)
    await customer.says(code)
    await customer.taps("button.submit")
    await customer.sees("enrolled.password")
    return code


async def test_no_secret_is_on_disk_or_in_the_log_while_it_runs_or_after(
    world: LocalMessenger, data: Path, tmp_path: Path
) -> None:
    customer = Customer(world.person(101), world, "ko")
    async with running("run", folder=tmp_path, **settings_of(world, data), LOG_LEVEL="DEBUG") as bot:
        code = await walks_to_the_password(customer)
        secrets = [*PERSONAL, PASSWORD, code, TOKEN, TOKEN.partition(":")[2], world.sms_token]
        assert not leaks.found_under(data, secrets), "in the middle of a case"

        await customer.says(PASSWORD)
        await customer.sees("card.issued")
        await customer.taps("button.received")
        await customer.sees("card.closed")
        assert not leaks.found_under(data, secrets), "after it"
        assert await bot.ends() == 0

    assert not leaks.found_under(data, secrets), "after the end"
    log = "".join(bot.said)
    assert '"level": "debug"' in log, "it was logged at DEBUG"
    assert not leaks.found_in(log.encode(), secrets), log
    nothing_is_left_to_send(data / "desk.db")
    await the_chat_keeps_only_what_is_masked(customer, [*PERSONAL, PASSWORD, code])


async def test_nothing_of_a_certificate_that_was_checked_is_kept_or_logged(
    world: LocalMessenger, data: Path, tmp_path: Path
) -> None:
    """Neither the holder's name and the addresses in it, nor the file's name, nor any part of its bytes."""
    customer = Customer(world.person(101), world, "ko")
    shown = {"own": der(), "broken": der()[:-9]}
    octets = [shown["own"][at : at + 24] for at in range(0, len(shown["own"]) - 24, 24)]
    secrets = [HOLDER.partition("(")[0], EVIL, "cn=황보예린", TOKEN]
    async with running("run", folder=tmp_path, **settings_of(world, data), LOG_LEVEL="DEBUG") as bot:
        for name, content in shown.items():
            await customer.person.sends_document(f"cn=황보예린-{name}.der", content, "application/x-x509-ca-cert")
        await customer.sees("check.foreign")
        await customer.sees("error.file_no_certificate")
        await customer.person.until(lambda person: all(each.from_bot for each in person.messages))
        kept = every_file(data)
        assert await bot.ends() == 0

    kept |= {path / "after": content for path, content in every_file(data).items()}
    kept[tmp_path / "log"] = "".join(bot.said).encode()
    for path, content in kept.items():
        assert not leaks.found_in(content, secrets), path
        assert not [each for each in octets if each in content or each.hex().encode() in content], path
    assert not [text for text in customer.texts() if "황보" in text or EVIL in text]
    nothing_of_jobs_is_left(data / "desk.db")


def every_file(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def nothing_of_jobs_is_left(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        rows = database.execute("SELECT kind, state, sealed FROM jobs").fetchall()
    assert rows == [("check_certificate", "done", None)] * 2


def nothing_is_left_to_send(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT COUNT(*) FROM outbox WHERE state = 'sent'").fetchone()[0] > 10
        for table in ("inbox", "outbox", "jobs"):
            rows = database.execute(f"SELECT * FROM {table} WHERE state <> 'pending' AND sealed IS NOT NULL")
            assert rows.fetchall() == []
        waiting = database.execute("SELECT key FROM outbox WHERE state = 'pending'").fetchall()
        assert waiting == []


async def the_chat_keeps_only_what_is_masked(customer: Customer, secrets: list[str]) -> None:
    left = [each for each in customer.person.messages if not each.from_bot]
    assert [each.text for each in left] == ["/start"]
    said = "\n".join(customer.texts())
    examples = WORDS.text("ko", Line("reissue.ask.birth")) + WORDS.text("ko", Line("reissue.ask.id_issued_on"))
    assert not [each for each in secrets if each in said and each not in examples]


async def test_a_poison_update_leaves_nothing_of_it_in_the_log(
    world: LocalMessenger, data: Path, tmp_path: Path
) -> None:
    """It is parked under encryption; its text can only be in an exception, and exceptions are logged."""
    text = "제 이름은 남궁민수고 계좌는 55443322110099"
    message = {"message_id": "no number", "date": 1, "chat": {"id": 101, "type": "private"}, "text": text}
    async with running("run", folder=tmp_path, **settings_of(world, data), LOG_LEVEL="DEBUG") as bot:
        world.push_update({"message": message})
        await world.until(lambda there: there.stats.pending == 0)
        customer = Customer(world.person(101), world, "ko")
        await bot.until_says("update parked")

    secrets = [text, "남궁민수", "55443322110099"]
    assert not leaks.found_in("".join(bot.said).encode(), secrets)
    assert not leaks.found_under(data, secrets)
    assert not customer.texts()


def test_the_search_itself_finds_what_is_there(tmp_path: Path) -> None:
    """A search that finds nothing proves nothing until it has found something."""
    for number, form in enumerate(spelling for each in PERSONAL for spelling in leaks.spellings(each)):
        (tmp_path / f"{number}").write_bytes(b"before " + form + b" after")
    found = leaks.found_under(tmp_path, PERSONAL)
    assert {secret for secrets in found.values() for secret in secrets} == set(PERSONAL)
    assert len(found) == number + 1


def test_the_keys_are_for_their_owner_alone(data: Path) -> None:
    assert {oct(each.stat().st_mode & 0o777) for each in (data / "keys").iterdir()} == {"0o600"}
    assert isinstance(ca.open_vault(data / "keys" / "master.json")[0], ca.Vault)
    assert not [name for name in environment({}) if name.startswith("REISSUE_")]
