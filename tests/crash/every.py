"""Every await point of a whole reissue: `python -m tests.crash.every` dies and cancels at all of them."""

import argparse
import asyncio
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from tests.crash.folk import folk
from tests.crash.invariants import glimpse, judge
from tests.crash.points import MODES, Mode
from tests.crash.processes import Process, Zygote
from tests.crash.stage import Bank, Stage, furnish, stage, zygote_for
from tests.support.server import Server, place, running

#: Bots side by side: most of the time each waits for a lease to end.
AT_ONCE = 12
LEASE = 0.3
#: A reissue takes half a second, and one after a crash two; the rest is for a machine that has much else to do.
HANGS_AFTER = 90.0
#: After so many problems the rest would only say the same.
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
    def __init__(self, bank: Bank, made: Zygote, folder: Path, webhook: int = 0) -> None:
        self._bank = bank
        self._zygote = made
        self._folder = folder
        self._webhook = webhook
        self._numbers = count(1)
        self.survey = Survey()

    async def count(self) -> Counter[str]:
        """Go once the whole way undisturbed; return how often a task of the house waited at each place."""
        async with self._stage() as scene:
            process = await self._start(scene)
            await self._finish(scene, process, "the count")
            (scene.folder / "tally").touch()
            await process.tallied.wait()
            await process.kill()
            order = (scene.folder / "tally.txt").read_text(encoding="utf-8").splitlines()
        counts = Counter(order)
        self.survey.points, self.survey.places = len(order), len(counts)
        return counts

    async def visit(self, points: Sequence[Point]) -> None:
        """Die or be cancelled at each of these points, one life a point, several side by side."""
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
        self.survey.tried += 1
        try:
            async with self._stage() as scene:
                await self._live_through(scene, point)
        except Exception as error:  # noqa: BLE001 - one point's story; the others are told, too
            self.survey.problems.append(f"{point}\n    {type(error).__name__}: {error}")

    async def _live_through(self, scene: Stage, point: Point) -> None:
        process = await self._start(scene, place=point.place, occurrence=point.occurrence, mode=point.mode)
        process = await self._finish(scene, process, str(point))
        settled = False
        for _ in range(int(HANGS_AFTER)):
            # It may die of its point after the customer has seen everything.
            process = await self._revived(scene, process)
            if settled := await scene.settle(1.0) and not process.gone.is_set():
                break
        await process.kill()
        # In a thread: where a server's whole log is read, the other stages' messengers would not answer for seconds.
        wrong, halfway, head = await asyncio.to_thread(glimpse, scene)
        verdict = await asyncio.to_thread(judge, scene, head=head)
        problems = [*wrong, *verdict.problems, *(f"half way: {each}" for each in halfway)]
        if not settled:
            problems.append("something waits for ever in the bot's tables")
        self.survey.repeated += verdict.repeated
        self.survey.notices += verdict.notices
        self.survey.problems += [f"{point}\n    {each}" for each in problems]

    async def _finish(self, scene: Stage, process: Process, what: str) -> Process:
        """Let the customer go the whole way, starting the bot again whenever it died or cannot go on."""
        robot = scene.invite(self._bank.people[0])
        life = scene.lives[-1]
        first = process
        try:
            async with asyncio.timeout(HANGS_AFTER):
                while not life.done():
                    await _any(life, process.gone.wait(), process.maimed.wait())
                    process = await self._revived(scene, process)
        except TimeoutError:
            raise TimeoutError(f"{what}: hangs for {HANGS_AFTER:.0f} s\n{robot.person.dump()}") from None
        self.survey.reached += first.hit.is_set()
        life.result()
        return process

    async def _revived(self, scene: Stage, process: Process) -> Process:
        """Do what a service manager does with a process that ended, or that says it is not well."""
        if not (process.gone.is_set() or process.maimed.is_set()):
            return process
        await process.kill()
        self.survey.restarts += 1
        return await self._start(scene, watched=False)

    async def _start(self, scene: Stage, *, watched: bool = True, **point: object) -> Process:
        settings = {}
        if self._webhook:
            port = self._webhook + int(scene.folder.name)
            settings = {
                "WEBHOOK_URL": f"http://127.0.0.1:{port}/telegram",
                "WEBHOOK_SECRET": "a-secret-of-the-webhook-0123456789",
                "LISTEN": f"127.0.0.1:{port}",
            }
        return await scene.start(watched=watched, settings=settings, **point)

    def _stage(self) -> "_Stages":
        return _Stages(self._bank, self._folder / str(next(self._numbers)), self._zygote)


class _Stages:
    """A stage that takes its folder away at the end; the failing one's story is told in words."""

    def __init__(self, bank: Bank, folder: Path, made: Zygote) -> None:
        self._inner = stage(bank, folder, made, lease=LEASE)
        self._made = made
        self._folder = folder

    async def __aenter__(self) -> Stage:
        self._scene = await self._inner.__aenter__()
        return self._scene

    async def __aexit__(self, *error: object) -> None:
        for process in self._scene.processes:
            await process.kill()
        await self._inner.__aexit__(*error)  # type: ignore[arg-type]
        shutil.rmtree(self._folder, ignore_errors=True)


async def _any(life: "asyncio.Task[None]", *others: object) -> None:
    loop = asyncio.get_running_loop()
    tasks = [loop.create_task(each) for each in others]  # type: ignore[arg-type]
    try:
        await asyncio.wait([life, *tasks], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for each in tasks:
            each.cancel()


def points_of(counts: Counter[str], *, every: bool, modes: Sequence[Mode] = MODES) -> list[Point]:
    """Return all points, or the first and the last of every place; each in every one of these modes."""
    chosen = {place: range(1, times + 1) if every else sorted({1, times}) for place, times in counts.items()}
    return [
        Point(place, number, mode)
        for place, numbers in chosen.items()
        for number in numbers
        for mode in modes
    ]


async def survey(
    folder: Path,
    *,
    every: bool,
    webhook: int = 0,
    server: Server | None = None,
    share: int = 1,
    modes: Sequence[Mode] = MODES,
) -> Survey:
    """With a share of n, only each nth point is visited."""
    bank = await furnish(folder / "bank", folk(1), server)
    async with zygote_for(bank) as made:
        surveyor = Surveyor(bank, made, folder, webhook)
        # What a slower run waits for once more is not there in every run.
        counts = await surveyor.count() & await surveyor.count()
        points = points_of(counts, every=every, modes=modes)
        if webhook:
            points = [each for each in points if "webhook" in each.place]
        await surveyor.visit(points[::share])
    return surveyor.survey


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--some", action="store_true", help="only the first and the last time of every place")
    parser.add_argument(
        "--webhook", type=int, default=0, metavar="PORT", help="by webhook, on ports from this one"
    )
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
