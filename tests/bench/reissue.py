"""The whole reissue compared with stateless echo bots: one messenger, the same customers, rounds in turn.

Run it as `python -m tests.bench.reissue [--customers 50] [--rounds 3] [--flow-only] [--profile]`. The messenger and
its customers run in this process, each bot in one of its own. An echoed update costs the local messenger a tenth of a
millisecond; the column "server" shows how busy it was.
"""

import argparse
import asyncio
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from bot.identity.register import CustomerRecord
from bot.issuing import key_files
from handlers.local import Limits, LocalMessenger
from tests.bench.bots import KINDS
from tests.bench.customers import FIRST_ID, Guest, Log, all_of, watched
from tests.bench.meter import Figures, bytes_in, cpu_seconds, medians, peak_mib, percentile_ms
from tests.support.customers import OPERATORS, STAFF, crowd, persona
from tests.support.local_telegram import TOKEN, authority_template, register, settings_for

ROOT = Path(__file__).resolve().parents[2]
NAMES = {
    "ours": "this bot, {way}",
    "stock": "python-telegram-bot, echo",
    "aiohttp": "the same on AiohttpRequest",
    "bare": "bare aiohttp loop, echo",
}
POLLING = {"getUpdates"}


@dataclass(frozen=True, slots=True)
class Wanted:
    customers: int
    rounds: int
    flow_only: bool
    profile: bool
    rest: float

    @property
    def way(self) -> Callable[[Guest], Awaitable[None]]:
        return Guest.converses if self.flow_only else Guest.is_served


class Bench:
    def __init__(self, messenger: LocalMessenger, template: Path, people: list[CustomerRecord], wanted: Wanted) -> None:
        self._messenger = messenger
        self._template = template
        self._people = people
        self._wanted = wanted
        self._acts = 0  #: Updates of one customer's whole application; the echo bots get as many.

    async def round(self, kind: str, folder: Path) -> Figures:
        """Start one bot, serve one customer to warm it up, then all the others at once."""
        if kind == "ours":
            shutil.copytree(self._template, folder)
        before = bytes_in(folder)
        log = Log()
        with watched(self._messenger, self._people, log) as guests:
            async with self._bot(kind, folder) as bot:
                way = self._wanted.way if kind == "ours" else self._echo
                await all_of(guests[:1], way)
                self._acts = log.acts
                log.acts, log.spans = 0, []
                if kind == "ours":
                    await asyncio.sleep(self._wanted.rest)
                used = await self._measured(bot.pid, lambda: all_of(guests[1:], way))
                peak = peak_mib(bot.pid)
                counted = await self._stopped(bot)
        self._messenger.updates.drop()
        kib = (bytes_in(folder) - before) / 1024 / len(guests)
        return self._figures(log, used, counted, kib, peak)

    async def _echo(self, guest: Guest) -> None:
        await guest.echoes(self._acts)

    async def _measured(self, pid: int, act: Callable[[], Awaitable[None]]) -> "Used":
        calls, server, cpu, began = self._calls(), time.process_time(), cpu_seconds(pid), time.perf_counter()
        await act()
        took = time.perf_counter() - began
        return Used(took, cpu_seconds(pid) - cpu, time.process_time() - server, self._calls() - calls)

    def _calls(self) -> int:
        return sum(count for name, count in self._messenger.stats.calls.items() if name not in POLLING)

    def _figures(self, log: Log, used: "Used", counted: dict[str, int], kib: float, peak: float) -> Figures:
        customers, everybody = len(self._people) - 1, len(self._people)
        all_updates = log.acts / customers * everybody
        return Figures(
            updates_per_s=log.acts / used.seconds,
            customers_per_s=customers / used.seconds,
            p50_ms=percentile_ms(log.spans, 0.50),
            p95_ms=percentile_ms(log.spans, 0.95),
            p99_ms=percentile_ms(log.spans, 0.99),
            cpu_ms=used.cpu / log.acts * 1e3,
            calls=used.calls / log.acts,
            units=counted.get("units", 0) / all_updates,
            commits=counted.get("commits", 0) / all_updates,
            kib=kib,
            peak_mib=peak,
            server=used.server / used.seconds,
        )

    @asynccontextmanager
    async def _bot(self, kind: str, folder: Path) -> AsyncIterator[asyncio.subprocess.Process]:
        command = (sys.executable, "-m", "tests.bench.bots", kind)
        with folder.with_suffix(".log").open("wb") as errors:
            bot = await asyncio.create_subprocess_exec(
                *command,
                cwd=ROOT,
                env=self._environment(folder),
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
            )
        try:
            assert bot.stdout is not None
            if await bot.stdout.readline() != b"ready\n":
                raise RuntimeError(folder.with_suffix(".log").read_text()[-2000:])
            yield bot
        finally:
            if bot.returncode is None:
                bot.kill()
                await bot.wait()

    def _environment(self, folder: Path) -> dict[str, str]:
        settings = {
            "TELEGRAM_TOKEN": TOKEN,
            "TELEGRAM_API": self._messenger.api_url,
            "LISTEN": "127.0.0.1:0",
            "DATA_DIR": str(folder),
            "OPERATOR_CHAT_ID": str(OPERATORS),
            "SMS_URL": self._messenger.sms_url,
            "SMS_TOKEN": self._messenger.sms_token,
            "SMTP_URL": self._messenger.smtp_url,
        }
        report = {"BENCH_PROFILE": str(folder.with_suffix(".profile"))} if self._wanted.profile else {}
        return {**os.environ, **{f"REISSUE_{name}": value for name, value in settings.items()}, **report}

    async def _stopped(self, bot: asyncio.subprocess.Process) -> dict[str, int]:
        bot.terminate()
        out, _ = await bot.communicate()
        counted: dict[str, int] = json.loads(out.splitlines()[-1])
        return counted


@dataclass(frozen=True, slots=True)
class Used:
    """Used by the bot's process and by this one while the customers were served."""

    seconds: float
    cpu: float
    server: float
    calls: int


async def prepared(folder: Path, people: list[CustomerRecord], messenger: LocalMessenger) -> Path:
    """Make the authority, the old certificates and the register once; each round gets a copy."""
    template = await asyncio.to_thread(authority_template, folder / "template", people)
    settings = settings_for(messenger, template)
    await register(settings, key_files.open_vault(settings, print), people)
    return template


async def run(wanted: Wanted) -> None:
    people = crowd(wanted.customers + 1)
    messenger = LocalMessenger(
        token=TOKEN,
        personas=[persona(record, FIRST_ID + number) for number, record in enumerate(people)],
        operators=[STAFF],
        operator_chat_id=OPERATORS,
        limits=Limits(throttled=False),
    )
    await messenger.start()
    try:
        with tempfile.TemporaryDirectory(prefix="bench-") as name:
            folder = Path(name)
            bench = Bench(messenger, await prepared(folder, people, messenger), people, wanted)
            await (profile(bench, folder) if wanted.profile else compare(bench, folder, wanted))
    finally:
        await messenger.stop()


async def profile(bench: Bench, folder: Path) -> None:
    await bench.round("ours", folder / "ours")
    print((folder / "ours.profile").read_text())


async def compare(bench: Bench, folder: Path, wanted: Wanted) -> None:
    """Take turns, so that a busy minute of the machine hits all."""
    rounds: dict[str, list[Figures]] = {kind: [] for kind in KINDS}
    for number in range(wanted.rounds):
        for kind in KINDS:
            rounds[kind].append(await bench.round(kind, folder / f"{kind}-{number}"))
    show({kind: medians(each) for kind, each in rounds.items()}, wanted)


def show(rows: dict[str, Figures], wanted: Wanted) -> None:
    print(
        f"\n{wanted.customers} customers, medians of {wanted.rounds}\n{'':30}updates/s × bare × stock"
        "  p50 ms  p95 ms  p99 ms  CPU ms  calls  units  commits  peak MiB  server"
    )
    way = "to the review" if wanted.flow_only else "the whole reissue"
    bare, stock = rows["bare"].updates_per_s, rows["stock"].updates_per_s
    for kind, row in rows.items():
        print(
            f"{NAMES[kind].format(way=way):30}{row.updates_per_s:9.0f} {row.updates_per_s / bare:6.2f}"
            f" {row.updates_per_s / stock:7.2f} {row.p50_ms:7.0f} {row.p95_ms:7.0f} {row.p99_ms:7.0f}"
            f" {row.cpu_ms:7.2f} {row.calls:6.2f} {row.units:6.2f} {row.commits:8.2f} {row.peak_mib:9.0f}"
            f" {row.server:7.2f}"
        )
    ours = rows["ours"]
    print(f"\n{ours.customers_per_s:.2f} customers/s, {ours.kib:.1f} KiB on disk each; all figures per update")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--customers", type=int, default=50)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--flow-only", action="store_true", help="stop at the review: nothing is issued")
    parser.add_argument(
        "--rest",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="let the bot rest before they come: it makes keys ahead then, 15 s after its start",
    )
    parser.add_argument("--profile", action="store_true", help="show where this bot's time goes instead")
    asyncio.run(run(Wanted(**vars(parser.parse_args()))))


if __name__ == "__main__":
    main()
