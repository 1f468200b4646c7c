"""An hour's soak: visitors come at a steady rate, and the bot's memory is read every half minute.

`python -m tests.bench.soak --minutes 60 [--rate 5] [--traced]`: updates per second. After the warm-up a line is fitted
through the resident memory by least squares; flat means within its own error of zero. `--traced` prints at the end
which lines of code allocated what grew (tracemalloc; the bot is slower then).
"""

import argparse
import asyncio
import contextlib
import json
import math
import signal
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.bench.meter import cpu_seconds, percentile_ms
from tests.bench.setup import Ground, environment, ground, messenger_for, started, stopped
from tests.bench.visits import ASKERS, Tally, VisitSimulator, visit_simulator

EVERY_S = 30.0
KIB = 1024
#: Updates per visit, about; only the rate of visits depends on it.
ACTS_A_VISIT = 15
PACE_S = 2.0


@dataclass(frozen=True, slots=True)
class Sample:
    at_s: float
    resident_mib: float
    threads: int
    files: int
    log_mib: float
    desk_mib: float
    tasks: int
    objects: int
    acts: int


@dataclass(frozen=True, slots=True)
class Slope:
    """A line through points by least squares; `error` is the standard error of `per_hour`."""

    per_hour: float
    error: float
    level: float


def slope(points: Sequence[tuple[float, float]]) -> Slope:
    """Points are seconds and a value."""
    mean_t = statistics.fmean(at for at, _ in points)
    mean_v = statistics.fmean(value for _, value in points)
    spread = sum((at - mean_t) ** 2 for at, _ in points)
    rise = sum((at - mean_t) * (value - mean_v) for at, value in points) / spread
    left = sum((value - mean_v - rise * (at - mean_t)) ** 2 for at, value in points)
    return Slope(rise * 3600, math.sqrt(left / max(1, len(points) - 2) / spread) * 3600, mean_v)


@dataclass(frozen=True, slots=True)
class Wanted:
    minutes: float
    rate: float
    warm_minutes: float
    traced: bool
    asking: float
    ground: Path | None

    @property
    def visits(self) -> int:
        return int(self.minutes * 60 * self.rate / ACTS_A_VISIT)


async def inside(bot: asyncio.subprocess.Process) -> dict[str, Any]:
    assert bot.stdout is not None
    bot.send_signal(signal.SIGUSR1)
    answer: dict[str, Any] = json.loads(await bot.stdout.readline())
    return answer


def sampled(pid: int, folder: Path, inside: Mapping[str, Any], at_s: float, tally: Tally) -> Sample:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    status = dict(line.split(":", 1) for line in lines if ":" in line)
    return Sample(
        at_s=at_s,
        resident_mib=int(status["VmRSS"].split()[0]) / KIB,
        threads=int(status["Threads"]),
        files=len(list(Path(f"/proc/{pid}/fd").iterdir())),
        log_mib=(folder / "desk.db-wal").stat().st_size / KIB**2,
        desk_mib=(folder / "desk.db").stat().st_size / KIB**2,
        tasks=inside["tasks"],
        objects=inside["objects"],
        acts=tally.acts,
    )


async def watched(bot: asyncio.subprocess.Process, folder: Path, tally: Tally, samples: list[Sample]) -> None:
    began = time.monotonic()
    while True:
        samples.append(sampled(bot.pid, folder, await inside(bot), time.monotonic() - began, tally))
        print(line(samples[-1]), flush=True)
        await asyncio.sleep(EVERY_S)


def line(each: Sample) -> str:
    return (
        f"{each.at_s / 60:6.1f} min {each.acts:7} updates  {each.resident_mib:7.1f} MiB  {each.threads:3} threads"
        f"  {each.files:3} files  {each.tasks:4} tasks  {each.objects:8} objects"
        f"  log {each.log_mib:5.1f} MiB  desk {each.desk_mib:6.1f} MiB"
    )


async def soak(stage: Ground, wanted: Wanted, folder: Path) -> None:
    stage.copied(folder)
    samples: list[Sample] = []
    async with messenger_for(stage.people) as messenger:
        traced = {"SOAK_TRACED": "1"} if wanted.traced else {}
        settings = {**environment(messenger, folder), **traced}
        journal = folder.with_suffix(".log")
        with visit_simulator(messenger, stage, wanted.asking) as here:
            async with started(("tests.bench.soak_bot",), settings, journal) as bot:
                await attended(bot, folder, here, wanted, samples)
                if wanted.traced:
                    for each in (await inside(bot))["grown"]:
                        print(each)
                print(f"CPU {cpu_seconds(bot.pid) / here.tally.acts * 1e3:.1f} ms an update")
                await stopped(bot)
    report(samples, wanted, here.tally)


async def attended(
    bot: asyncio.subprocess.Process, folder: Path, here: VisitSimulator, wanted: Wanted, samples: list[Sample]
) -> None:
    watching = asyncio.create_task(watched(bot, folder, here.tally, samples))
    try:
        await here.open(wanted.rate / ACTS_A_VISIT, PACE_S, wanted.minutes * 60)
    finally:
        watching.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await watching


def report(samples: list[Sample], wanted: Wanted, tally: Tally) -> None:
    warm = [each for each in samples if each.at_s >= wanted.warm_minutes * 60]
    print(f"\n{tally.acts} updates, {tally.served} reissues, {len(tally.errors)} errors seen: {tally.errors[:5]}")
    shares = [percentile_ms(tally.spans, share) for share in (0.5, 0.95, 0.99)]
    print("p50 {:.0f} ms, p95 {:.0f} ms, p99 {:.0f} ms".format(*shares))
    for name in ("resident_mib", "threads", "files", "tasks", "objects", "log_mib"):
        found = slope([(each.at_s, getattr(each, name)) for each in warm])
        print(f"{name:13} {found.level:10.1f}  {found.per_hour:+9.2f} ± {2 * found.error:.2f} an hour")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--rate", type=float, default=5)
    parser.add_argument("--warm-minutes", type=float, default=20)
    parser.add_argument("--asking", type=float, default=0.5, help="the share of visits that only ask")
    parser.add_argument("--traced", action="store_true")
    parser.add_argument("--ground", type=Path)
    wanted = Wanted(**vars(parser.parse_args()))
    with (
        ground(ASKERS + int(wanted.visits * 0.7) + 50, wanted.ground) as stage,
        tempfile.TemporaryDirectory(prefix="soak-") as name,
    ):
        asyncio.run(soak(stage, wanted, Path(name) / "data"))


if __name__ == "__main__":
    main()
