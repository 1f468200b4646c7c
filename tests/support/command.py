"""The command as others start it: `python -m bot …` in a process of its own, with nothing but its environment."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from handlers.local import LocalMessenger
from tests.support.customers import OPERATORS

ROOT = Path(__file__).parents[2]
START_SECONDS = 60.0


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """Only our own environment: no setting of the person who runs the tests gets in."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("REISSUE_")}
    return {
        **clean,
        "PYTHONPATH": str(ROOT),
        **{f"REISSUE_{name}": value for name, value in settings.items()},
    }


def settings_of(messenger: LocalMessenger, data: Path) -> dict[str, str]:
    return {
        "TELEGRAM_TOKEN": messenger.state.token,
        "TELEGRAM_API": messenger.api_url,
        "DATA_DIR": str(data),
        "LISTEN": "127.0.0.1:0",
        "OPERATOR_CHAT_ID": str(OPERATORS),
        "SMS_URL": messenger.sms_url,
        "SMS_TOKEN": messenger.sms_token,
        "SMTP_URL": messenger.smtp_url,
    }


def program(
    *arguments: str, folder: Path, given: str | None = None, **settings: str
) -> subprocess.CompletedProcess[str]:
    """Run a command in this folder until it ends."""
    return subprocess.run(
        [sys.executable, "-m", "bot", *arguments],
        cwd=folder,
        env=environment(settings),
        input=given,
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )


@dataclass
class Running:
    process: asyncio.subprocess.Process
    #: The lines of both streams, complete once it ended.
    said: list[str] = field(default_factory=list)
    heard: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def listens(self, stream: asyncio.StreamReader) -> None:
        async for line in stream:
            async with self.heard:
                self.said.append(line.decode())
                self.heard.notify_all()

    async def until_says(self, part: str) -> None:
        async with asyncio.timeout(START_SECONDS), self.heard:
            await self.heard.wait_for(lambda: any(part in line for line in self.said))

    async def ends(self, number: int = signal.SIGTERM) -> int:
        """Send it the signal, and return its exit code."""
        if self.process.returncode is None:
            self.process.send_signal(number)
        async with asyncio.timeout(START_SECONDS):
            return await self.process.wait()


@asynccontextmanager
async def running(*arguments: str, folder: Path, **settings: str) -> AsyncIterator[Running]:
    """Start a command that stays, and wait until it says that it is ready."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", *arguments,
        cwd=folder,
        env=environment(settings),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )  # fmt: skip
    started = Running(process)
    assert process.stdout
    assert process.stderr
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(started.listens(process.stdout))
            group.create_task(started.listens(process.stderr))
            await started.until_says("ready")
            yield started
            await started.ends()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
