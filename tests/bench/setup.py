"""The setup for loads: old certificates and the register on disk, bots in processes of their own.

A certificate takes a key, so many customers take minutes; `--ground FOLDER` keeps what was made for the next run.
"""

import asyncio
import json
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.identity.register import CustomerRecord
from bot.issuing import key_files
from bot.settings.settings import parse
from handlers.local import Limits, LocalMessenger
from tests.bench.customers import FIRST_ID
from tests.support.customers import OPERATORS, STAFF, crowd, persona
from tests.support.local_telegram import TOKEN, authority_template, register

ROOT = Path(__file__).resolve().parents[2]
READY = b"ready"
TEMPLATE = "template"
MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Ground:
    """A data folder before the first start, and who is in its register."""

    template: Path
    people: list[CustomerRecord]

    def copied(self, folder: Path) -> Path:
        shutil.copytree(self.template, folder)
        return folder


@contextmanager
def ground(customers: int, kept: Path | None = None) -> Iterator[Ground]:
    with tempfile.TemporaryDirectory(prefix="ground-") as passing:
        yield prepared(kept or Path(passing), customers)


def prepared(folder: Path, customers: int) -> Ground:
    """Return one that was made for as many customers or more; otherwise make it, whole or not at all."""
    there = sorted(int(each.name.rpartition("-")[2]) for each in folder.glob(f"{TEMPLATE}-*"))
    enough = next((count for count in there if count >= customers), None)
    if enough is not None:
        return Ground(folder / f"{TEMPLATE}-{enough}", crowd(enough))
    folder.mkdir(parents=True, exist_ok=True)
    people, template = crowd(customers), folder / f"{TEMPLATE}-{customers}"
    with tempfile.TemporaryDirectory(dir=folder) as unfinished:
        made = authority_template(Path(unfinished) / TEMPLATE, people)
        asyncio.run(registered(made, people))
        made.rename(template)
    return Ground(template, people)


async def registered(folder: Path, people: list[CustomerRecord], database: str = "") -> None:
    settings = parse({"TELEGRAM_TOKEN": TOKEN, "DATA_DIR": str(folder), "DATABASE_URL": database})
    await register(settings, key_files.open_vault(settings, print), people)


@asynccontextmanager
async def messenger_for(people: list[CustomerRecord]) -> AsyncIterator[LocalMessenger]:
    messenger = LocalMessenger(
        token=TOKEN,
        personas=[persona(record, FIRST_ID + number) for number, record in enumerate(people)],
        operators=[STAFF],
        operator_chat_id=OPERATORS,
        limits=Limits(throttled=False, webhook_retry=0.1, kept_messages=200, kept_files=64 * MIB),
    )
    await messenger.start()
    try:
        yield messenger
    finally:
        await messenger.stop()


def environment(messenger: LocalMessenger, folder: Path, **changes: str) -> dict[str, str]:
    settings = {
        "TELEGRAM_TOKEN": TOKEN,
        "TELEGRAM_API": messenger.api_url,
        "LISTEN": "127.0.0.1:0",
        "DATA_DIR": str(folder),
        "OPERATOR_CHAT_ID": str(OPERATORS),
        "SMS_URL": messenger.sms_url,
        "SMS_TOKEN": messenger.sms_token,
        "SMTP_URL": messenger.smtp_url,
        **changes,
    }
    return {**os.environ, **{f"REISSUE_{name}": value for name, value in settings.items()}}


@asynccontextmanager
async def started(
    command: tuple[str, ...], settings: Mapping[str, str], journal: Path, root: Path = ROOT
) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run this bot until the end of the block, or until it is stopped there."""
    with journal.open("ab") as errors:
        bot = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", *command),
            cwd=root,
            env=settings,
            stdout=asyncio.subprocess.PIPE,
            stderr=errors,
        )
    try:
        assert bot.stdout is not None
        while READY not in (line := await bot.stdout.readline()):
            if not line:
                raise RuntimeError(tail(journal))
        yield bot
    finally:
        if bot.returncode is None:
            bot.kill()
            await bot.wait()


def tail(journal: Path) -> str:
    return journal.read_text(encoding="utf-8")[-2000:]


async def stopped(bot: asyncio.subprocess.Process) -> dict[str, int]:
    """Stop it as an operator does, and return what it counted, if it counts."""
    bot.terminate()
    out, _ = await bot.communicate()
    if bot.returncode:
        raise RuntimeError(f"it ended with {bot.returncode}")
    last = out.splitlines()[-1] if out else b""
    counted: dict[str, int] = json.loads(last) if last.startswith(b"{") else {}
    return counted
