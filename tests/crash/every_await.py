"""Every await point of a whole reissue: `python -m tests.crash.every_await` dies and cancels at all of them."""

import argparse
import asyncio
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from tests.crash.await_points import MODES, Mode
from tests.crash.customers import folk
from tests.crash.environment import Bank, furnish, zygote_for
from tests.crash.processes import Zygote
from tests.crash.scenario_run import Play, play
from tests.support.postgres_server import Server, place, running

#: Bots at once: most of the time each waits for a lease to end.
AT_ONCE = 12
#: Seconds without any change that count as a hang; less would hit a busy machine.
HANGS_AFTER = 30.0
#: After this many problems the rest would only repeat them.
ENOUGH = 10


@dataclass(frozen=True, slots=True)
class Point:
    place: str
    occurrence: int
    mode: Mode

    def __str__(self) -> str:
        return f"{self.mode} at the {self.occurrence}. time of: {self.place}"


@dataclass
class Survey:
    points: int = 0
    places: int = 0
    tried: int = 0
    reached: int = 0
    restarts: int = 0
    repeated: int = 0
    notices: int = 0
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"await points {self.points} at {self.places} places; runs {self.tried}, of which reached "
            f"{self.reached}; restarts {self.restarts}; repeated notices {self.repeated} of {self.notices}; "
            f"problems {len(self.problems)}; {self.seconds:.0f} s"
        )


class Surveyor:
    def __init__(self, bank: Bank, made: Zygote, folder: Path, *, webhook: bool) -> None:
        self._bank = bank
        self._zygote = made
        self._folder = folder
        self._webhook = webhook
        self._numbers = count(1)
        self.survey = Survey()

    async def count(self) -> Counter[str]:
        """Play once undisturbed; return how often a task of the bot waited at each place."""
        async with self._play() as life:
            process = await life.starts(watched=True)
            life.comes()
            await life.goes_on()
            folder = life.scene.folder
            (folder / "tally").touch()
            await process.tallied.wait()
            order = (folder / "tally.txt").read_text(encoding="utf-8").splitlines()
        counts = Counter(order)
        self.survey.points, self.survey.places = len(order), len(counts)
        return counts

    async def visit(self, points: Sequence[Point]) -> None:
        """Die or be cancelled at each of these points, one life per point, several at once."""
        waiting = asyncio.Queue[Point]()
        for point in points:
            waiting.put_nowait(point)

        async def one_by_one() -> None:
            while not waiting.empty() and len(self.survey.problems) < ENOUGH:
                await self._try(waiting.get_nowait())

        began = time.monotonic()
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(one_by_one())
        self.survey.seconds += time.monotonic() - began

    async def _try(self, point: Point) -> None:
        told = self.survey
        told.tried += 1
        try:
            async with self._play() as life:
                await life.starts(watched=True, place=point.place, occurrence=point.occurrence, mode=point.mode)
                life.comes()
                await life.ends()
        except Exception as error:  # noqa: BLE001 - one point's story; the others are told, too
            told.problems.append(f"{point}\n    {type(error).__name__}: {error}")
            return
        told.reached += life.reached
        told.restarts += len(life.scene.processes) - 1
        told.repeated += life.verdict.repeated
        told.notices += life.verdict.notices
        told.problems += [f"{point}\n    {each}" for each in life.problems]

    @asynccontextmanager
    async def _play(self) -> AsyncIterator[Play]:
        """Remove the folder at the end; describe a failing life in words."""
        folder = self._folder / str(next(self._numbers))
        async with play(self._bank, self._zygote, folder, None, webhook=self._webhook) as life:
            life.patience = HANGS_AFTER
            yield life
        shutil.rmtree(folder, ignore_errors=True)


def points_of(counts: Counter[str], *, every: bool, modes: Sequence[Mode] = MODES) -> list[Point]:
    """Return all points, or the first and the last of every place, each in all of these modes."""
    chosen = {place: range(1, times + 1) if every else sorted({1, times}) for place, times in counts.items()}
    return [Point(place, number, mode) for place, numbers in chosen.items() for number in numbers for mode in modes]


async def survey(
    folder: Path,
    *,
    every: bool,
    webhook: bool = False,
    server: Server | None = None,
    share: int = 1,
    modes: Sequence[Mode] = MODES,
) -> Survey:
    """With a share of n, visit only each nth point."""
    bank = await furnish(folder / "bank", folk(1), server)
    async with zygote_for(bank) as made:
        surveyor = Surveyor(bank, made, folder, webhook=webhook)
        # Waits that only a slow run has are not in every run.
        counts = await surveyor.count() & await surveyor.count()
        points = points_of(counts, every=every, modes=modes)
        if webhook:
            points = [each for each in points if "webhook" in each.place]
        await surveyor.visit(points[::share])
    return surveyor.survey


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--some", action="store_true", help="only the first and the last time of every place")
    parser.add_argument("--webhook", action="store_true", help="by webhook, and only what waits behind it")
    parser.add_argument("--engine", choices=("sqlite", "postgres"), default="sqlite")
    parser.add_argument("--share", type=int, default=1, metavar="N", help="only each Nth point")
    arguments = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="crash-")))
        server = None
        if arguments.engine == "postgres":
            server = stack.enter_context(running(stack.enter_context(place())))
        told = asyncio.run(
            survey(
                folder,
                every=not arguments.some,
                webhook=arguments.webhook,
                server=server,
                share=arguments.share,
            )
        )
    for problem in told.problems:
        print(problem)
    print(told)
    return 1 if told.problems else 0


if __name__ == "__main__":
    sys.exit(main())
