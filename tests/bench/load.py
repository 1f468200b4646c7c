"""Two hundred customers who reissue or ask, every update on disk, compared with echo bots that keep nothing.

`python -m tests.bench.load [--customers 200] [--seconds 30] [--rounds 1] [--asking 0.5] [--unseen 1]`. First a closed
loop: for each customer who goes another one comes, which finds the highest number of updates per second. Then an open
loop: customers come at random times (Poisson) at 70 % of that rate, and each reply is timed. A visit is a whole
reissue, or eight questions, by default in words that nobody used before.
aiogram is compared where it is installed (`pip install .[bench]`).
"""

import argparse
import asyncio
import importlib.util
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, fields
from pathlib import Path
from statistics import median

from tests.bench.customers import Guest, watched
from tests.bench.meter import cpu_seconds, peak_mib, percentile_ms
from tests.bench.setup import Ground, environment, ground, messenger_for, started, stopped
from tests.bench.visits import ASKERS, QUESTIONS_A_VISIT, Tally, VisitSimulator, visit_simulator

SHARE = 0.7
WARM_S = 8.0
NAMES = {
    "ours": "this bot, {share:.0%} of updates questions",
    "stock": "python-telegram-bot, echo",
    "aiohttp": "the same on AiohttpRequest",
    "aiogram": "aiogram 3, echo",
    "bare": "bare aiohttp loop, echo",
}


@dataclass(frozen=True, slots=True)
class Wanted:
    customers: int
    seconds: float
    rounds: int
    asking: float
    unseen: float
    ground: Path | None


@dataclass(frozen=True, slots=True)
class Figures:
    updates_per_s: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    cpu_ms: float  #: Processor time of the bot, per update.
    busy: float  #: Share of one processor that the messenger and its customers use; near 1 they are what is measured.
    peak_mib: float


@dataclass(frozen=True, slots=True)
class Load:
    """What was measured of this bot, at full load and at a share of it."""

    full: Figures
    open: Figures
    asking: float  #: The share of questions among the updates that are measured.
    question_p99_ms: float
    present: float
    errors: list[str]


class Measure:
    """What a process did between two moments."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._began, self._cpu, self._own = time.perf_counter(), cpu_seconds(pid), time.process_time()

    def figures(self, acts: int, spans: list[float]) -> Figures:
        took = time.perf_counter() - self._began
        cpu, own = cpu_seconds(self._pid) - self._cpu, time.process_time() - self._own
        return Figures(
            updates_per_s=acts / took,
            p50_ms=percentile_ms(spans, 0.50),
            p95_ms=percentile_ms(spans, 0.95),
            p99_ms=percentile_ms(spans, 0.99),
            cpu_ms=cpu / acts * 1e3,
            busy=own / took,
            peak_mib=peak_mib(self._pid),
        )


async def loaded(stage: Ground, folder: Path, wanted: Wanted) -> Load:
    stage.copied(folder)
    async with messenger_for(stage.people) as messenger:
        settings, journal = environment(messenger, folder), folder.with_suffix(".log")
        with visit_simulator(messenger, stage, wanted.asking, unseen=wanted.unseen) as here:
            async with started(("tests.bench.bots", "ours"), settings, journal) as bot:
                acts = await acts_of_a_visit(here, wanted.asking)
                full = await measured(
                    bot.pid, here.tally, WARM_S, wanted.seconds, lambda s: here.full(wanted.customers, s)
                )
                offered = SHARE * full.updates_per_s
                pace = max(0.05, wanted.customers / offered - full.p50_ms / 1e3 * SHARE)
                found = await measured(
                    bot.pid,
                    here.tally,
                    acts * pace,
                    wanted.seconds,
                    lambda s: here.open(offered / acts, pace, s),
                )
                asked = here.tally.questions
                result = Load(
                    full,
                    found,
                    asked.acts / here.tally.acts,
                    percentile_ms(asked.spans, 0.99),
                    offered * (pace + found.p50_ms / 1e3),
                    here.tally.errors,
                )
                await stopped(bot)
                return result


async def acts_of_a_visit(here: VisitSimulator, asking: float) -> float:
    """Serve one customer alone, which also warms up the bot; return the mean number of actions per visit."""
    await here.applies()
    await here.asks()
    return asking * QUESTIONS_A_VISIT + (1 - asking) * here.tally.reissues.acts


async def measured(
    pid: int, tally: Tally, warm_s: float, seconds: float, act: Callable[[float], Awaitable[None]]
) -> Figures:
    """Run for both times, and return what happened in the second."""
    async with asyncio.TaskGroup() as group:
        group.create_task(_awaited(act(warm_s + seconds)))
        await asyncio.sleep(warm_s)
        tally.clear()
        measure = Measure(pid)
        await asyncio.sleep(seconds)
        return measure.figures(tally.acts, tally.spans)


async def _awaited(act: Awaitable[None]) -> None:
    await act


async def echoed(kind: str, stage: Ground, folder: Path, wanted: Wanted) -> Figures:
    command = ("tests.bench.aiogram_bot",) if kind == "aiogram" else ("tests.bench.bots", kind)
    people = stage.people[: wanted.customers]
    async with messenger_for(people) as messenger:
        settings, journal = environment(messenger, folder), folder.with_suffix(".log")
        tally = Tally()
        with watched(messenger, people, tally.reissues) as guests:
            async with started(command, settings, journal) as bot:
                found = await measured(
                    bot.pid, tally, WARM_S / 4, wanted.seconds / 3, lambda seconds: all_echo(guests, seconds)
                )
                await stopped(bot)
                return found


async def all_echo(guests: list[Guest], seconds: float) -> None:
    until = time.perf_counter() + seconds

    async def echoes(guest: Guest) -> None:
        while time.perf_counter() < until:
            await guest.echoes(1)

    async with asyncio.TaskGroup() as group:
        for guest in guests:
            group.create_task(echoes(guest))


def kinds() -> list[str]:
    there = importlib.util.find_spec("aiogram") is not None
    return [each for each in NAMES if each != "ours" and (there or each != "aiogram")]


def medians(rounds: list[Figures]) -> Figures:
    return Figures(*(median(getattr(each, one.name) for each in rounds) for one in fields(Figures)))


def row(name: str, found: Figures, beside: dict[str, Figures]) -> str:
    ratios = "".join(
        f"{found.updates_per_s / beside[each].updates_per_s:9.2f}" if each in beside else f"{'-':>9}"
        for each in ("bare", "aiogram", "stock")
    )
    return (
        f"{name:38}{found.updates_per_s:9.0f}{ratios}{found.p50_ms:9.0f}{found.p95_ms:9.0f}{found.p99_ms:9.0f}"
        f"{found.cpu_ms:9.2f}{found.busy:9.2f}{found.peak_mib:9.0f}"
    )


def show(ours: list[Load], echoes: dict[str, list[Figures]], wanted: Wanted) -> None:
    beside = {kind: medians(rounds) for kind, rounds in echoes.items()}
    titles = (
        "updates/s",
        "× bare",
        "×aiogram",
        "× stock",
        "p50 ms",
        "p95 ms",
        "p99 ms",
        "CPU ms",
        "others",
        "MiB",
    )
    print(f"\n{wanted.customers} customers, medians of {wanted.rounds}")
    print(f"{'':38}{''.join(f'{title:>9}' for title in titles)}")
    name = NAMES["ours"].format(share=median(each.asking for each in ours))
    print(row(f"{name}, full", medians([each.full for each in ours]), beside))
    print(row(f"  at {SHARE:.0%} of it, open", medians([each.open for each in ours]), beside))
    for kind, found in beside.items():
        print(row(NAMES[kind], found, beside))
    print(
        f"\nopen: {median(each.present for each in ours):.0f} here at once, a question's reply p99"
        f" {median(each.question_p99_ms for each in ours):.0f} ms; errors seen:"
        f" {[error for each in ours for error in each.errors]}"
    )
    if "aiogram" not in beside:
        print("aiogram is not installed here")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=200)
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--asking", type=float, default=0.5, help="the share of visits that only ask")
    parser.add_argument("--unseen", type=float, default=1.0, help="of questions, the share asked for the first time")
    parser.add_argument("--ground", type=Path, help="keep the crowd's certificates here for the next run")
    wanted = Wanted(**vars(parser.parse_args()))
    ours: list[Load] = []
    echoes: dict[str, list[Figures]] = {kind: [] for kind in kinds()}
    with (
        ground(ASKERS + 4 * wanted.customers, wanted.ground) as stage,
        tempfile.TemporaryDirectory(prefix="load-") as name,
    ):
        for number in range(wanted.rounds):
            ours.append(asyncio.run(loaded(stage, Path(name) / f"ours-{number}", wanted)))
            for kind, rounds in echoes.items():
                rounds.append(asyncio.run(echoed(kind, stage, Path(name) / f"{kind}-{number}", wanted)))
    show(ours, echoes, wanted)


if __name__ == "__main__":
    main()
