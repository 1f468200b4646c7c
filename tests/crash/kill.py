"""Kills at random moments, under a backlog, in bad weather: `python -m tests.crash.kill --kills 1000`."""

import argparse
import asyncio
import random
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import ca
from handlers.local import Faults
from handlers.local.faults import Line
from tests.crash.folk import folk
from tests.crash.invariants import Verdict, glimpse, judge
from tests.crash.mutants import MUTANTS
from tests.crash.processes import Process, Zygote
from tests.crash.robot import Manners, Robot
from tests.crash.stage import Bank, Stage, furnish, stage, zygote_for

CUSTOMERS_AT_ONCE = 40
#: One customer gets at most five codes in ten minutes; some are used up by crashes.
ROUNDS = 3
#: Customers needed for so many kills, with some to spare.
CUSTOMERS_PER_KILL = 0.7
MANNERS = Manners(double_taps=0.1, chatter=0.1)
#: Nothing is open, and nobody gets on: whoever still waits then waits for ever.
STANDSTILL_SECONDS = 3.0
LONGEST_END = 150.0
#: Nobody gets a step further and no work is done for so long, though some is open: it hangs.
STUCK_SECONDS = 45.0
SECONDS_A_KILL = 4.0
#: getUpdates returns at most so many (Bot API).
TELEGRAM_GIVES = 100


def bad_weather() -> Faults:
    """5 % of all calls go wrong; as many updates come twice, and as many are overtaken."""
    return Faults(duplicate=0.05, reorder=0.05, refuse=0.0125, lose=0.0125, reset=0.0125, storm=0.0125)


#: A gateway that is down, or takes a message and loses its answer.
BAD_LINES = (Line.DOWN, Line.ERROR, Line.LOST)


@dataclass
class Tally:
    kills: int = 0
    seconds: float = 0.0
    #: From the fork to taking updates.
    starts: list[float] = field(default_factory=list)
    #: From a screen's appearance to the next one that asked for something, over all crashes between.
    waits: list[float] = field(default_factory=list)
    halfway: dict[str, str] = field(default_factory=dict)
    head: ca.AuditHead | None = None
    faults: int = 0
    updates: int = 0
    delivered: int = 0
    failed_starts: int = 0
    problems: list[str] = field(default_factory=list)
    verdict: Verdict = field(default_factory=Verdict)

    @property
    def ok(self) -> bool:
        return not self.problems and self.verdict.ok

    def __str__(self) -> str:
        v = self.verdict
        share = 100 * v.repeated / max(1, v.notices)
        starts = (
            f"median {median(self.starts):.3f} s, max {max(self.starts):.3f} s" if self.starts else "none"
        )
        waits = sorted(self.waits) or [0.0]
        return (
            f"kills {self.kills} in {self.seconds:.0f} s; requests {v.requests}, certificates {v.certificates}, "
            f"lost {v.lost}, doubled {v.doubled}, never told {v.never_told}; "
            f"notices and files {v.notices}, repeated {v.repeated} ({share:.1f} %); "
            f"restart to ready {starts}; a customer's wait between two screens: median {median(waits):.2f} s, "
            f"99 % {waits[int(len(waits) * 0.99)]:.1f} s, max {waits[-1]:.1f} s; "
            f"signatures cut off {len(self.halfway)}; faults played {self.faults}, updates {self.updates}, "
            f"delivered {self.delivered}; starts that failed for the weather {self.failed_starts}; "
            f"problems {len(self.problems) + len(v.problems)}"
        )


class Campaign:
    """Two places for processes on one database: the bot, which polls, and at times a worker beside it."""

    def __init__(self, scene: Stage, seed: int) -> None:
        self._scene = scene
        self._dice = random.Random(seed)
        self._guests = iter(scene.bank.people)
        self._places: dict[str, Process | None] = {"bot": None, "worker": None}
        self._began: dict[int, float] = {}
        self.tally = Tally()

    async def kills(self, many: int) -> None:
        began, until = time.monotonic(), self.tally.kills + many
        try:
            async with asyncio.timeout(many * SECONDS_A_KILL + 60):
                while self.tally.kills < until:
                    self._invite()
                    await self._one_more()
        except TimeoutError:
            self.tally.problems.append(f"hangs: {self.tally.kills} of {until} kills\n{self._state()}")
        self.tally.seconds += time.monotonic() - began

    async def end(self, *, early: bool = False) -> Verdict:
        """Fair weather, no more guests: everybody finishes what they began; then judge the files and the chats.

        Early: as soon as it is sure that somebody waits for ever.
        """
        self._scene.messenger.faults.calm()
        for robot in self._scene.robots.values():
            robot.rounds = min(robot.rounds, robot.done + 1)
        await self._standstill(early=early)
        for process in self._scene.processes:
            await process.kill()
        self._look()
        stats = self._scene.messenger.stats
        self.tally.faults, self.tally.updates = stats.faults.total(), stats.updates
        self.tally.delivered = stats.delivered
        self.tally.waits = [each for robot in self._scene.robots.values() for each in robot.waited]
        if any(robot.left for robot in self._scene.robots.values()):
            self.tally.halfway = {}
        self.tally.verdict = await asyncio.to_thread(judge, self._scene, self.tally.halfway, self.tally.head)
        return self.tally.verdict

    async def _one_more(self) -> None:
        dice = self._dice
        for role in self._places:
            if role == "bot" or dice.random() < 0.5:
                await self._revive(role)
        await asyncio.sleep(dice.expovariate(1 / 0.15) if dice.random() < 0.5 else dice.uniform(0, 1.2))
        victims = [role for role, process in self._places.items() if process is not None]
        if len(victims) > 1 and dice.random() < 0.7:
            victims = [dice.choice(victims)]
        for role in victims:
            await self._kill(role)
        faults = self._scene.messenger.faults
        faults.sms, faults.mail = (dice.choice(BAD_LINES) if dice.random() < 0.1 else Line.WELL for _ in "12")
        self._look()
        if "bot" in victims:
            await self._backlog()

    async def _backlog(self) -> None:
        """While nobody polls, customers go on; what waits for the bot is shuffled, and some of it comes twice."""
        await asyncio.sleep(self._dice.uniform(0, 0.3))
        messenger = self._scene.messenger
        if messenger.stats.pending < TELEGRAM_GIVES // 2:
            messenger.repeat_updates(self._dice.randrange(1, 4))
        # Telegram hands over the oldest hundred first: among these any order is possible, beyond them it is not.
        if messenger.stats.pending <= TELEGRAM_GIVES:
            messenger.shuffle_updates()

    async def _kill(self, role: str) -> None:
        process = self._places[role]
        assert process is not None
        self._places[role] = None
        if process.gone.is_set():
            self._mourn(process)
            return
        await process.kill()
        self.tally.kills += 1
        if process.ready.is_set() and not process.why:
            return
        self._mourn(process)

    def _mourn(self, process: Process) -> None:
        """A process ended by itself: at its start it may give up when the messenger fails it, and never later."""
        if "telegram.error" in process.why.strip().rpartition("\n")[2]:
            self.tally.failed_starts += 1
        elif process.why:
            self.tally.problems.append(f"a process broke: {process.why}")

    async def _revive(self, role: str) -> None:
        process = self._places[role]
        if process is not None and not process.gone.is_set():
            return
        if process is not None:
            self._mourn(process)
        began = time.monotonic()
        self._places[role] = made = await self._scene.start(role)
        watch = asyncio.get_running_loop().create_task(self._note_start(made, began))
        self._scene.lives.append(watch)

    async def _note_start(self, process: Process, began: float) -> None:
        await process.ready.wait()
        if not process.gone.is_set():
            self.tally.starts.append(time.monotonic() - began)

    def _invite(self) -> None:
        busy = sum(not robot.finished and not robot.wrong for robot in self._scene.robots.values())
        for _ in range(CUSTOMERS_AT_ONCE - busy):
            guest = next(self._guests, None)
            if guest is None:
                return
            self._scene.invite(guest, ROUNDS, MANNERS)

    def _look(self) -> None:
        wrong, halfway, head = glimpse(self._scene)
        self.tally.problems += [each for each in wrong if each not in self.tally.problems]
        self.tally.halfway |= halfway
        self.tally.head = head

    async def _standstill(self, *, early: bool) -> None:
        """Return when everybody is done, or nothing is open any more and still nobody gets on."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + LONGEST_END
        seen: dict[int, tuple[object, float]] = {}
        reached, since = await asyncio.to_thread(self._reached), loop.time()
        while loop.time() < deadline and loop.time() - since < STUCK_SECONDS:
            await asyncio.sleep(0.1)
            for role in self._places:
                await self._revive(role)
            if (now_reached := await asyncio.to_thread(self._reached)) != reached or await self._is_patient():
                reached, since = now_reached, loop.time()
            concerned = await asyncio.to_thread(self._scene.concerned)
            queued = self._scene.messenger.stats.pending > 0
            waiting = [each for each in self._scene.robots.values() if not (each.finished or each.wrong)]
            for robot in waiting:
                now = None if queued or robot.folk.user_id in concerned else (len(robot.waited), robot.done)
                known = seen.get(robot.folk.user_id)
                if known is None or now is None or known[0] != now:
                    seen[robot.folk.user_id] = (now, loop.time())
            hopeless = [loop.time() - seen[each.folk.user_id][1] > STANDSTILL_SECONDS for each in waiting]
            if (not waiting and not queued and not await self._is_busy()) or (
                hopeless and (any(hopeless) if early else all(hopeless))
            ):
                for robot, for_ever in zip(waiting, hopeless, strict=True):
                    robot.left = not for_ever
                return
        waited = loop.time() - (deadline - LONGEST_END)
        self.tally.problems.append(f"hangs: work is still open after {waited:.0f} s\n{self._state()}")

    def _reached(self) -> tuple[object, ...]:
        """Return how far everybody and all work have come."""
        far = tuple((len(each.waited), each.done) for each in self._scene.robots.values())
        return (*far, self._scene.open_work())

    async def _is_patient(self) -> bool:
        """Whether something waits for the time of its next try."""
        waiting = await asyncio.to_thread(self._scene.waiting)
        return any(each.due_at > time.time() for each in waiting)

    async def _is_busy(self) -> bool:
        pending = self._scene.messenger.stats.pending
        return pending > 0 or await asyncio.to_thread(self._scene.open_work) > 0

    def _state(self) -> str:
        robots: list[Robot] = [each for each in self._scene.robots.values() if not each.finished]
        shown = "\n".join(robot.person.dump() for robot in robots[:2])
        rows = "\n".join(map(str, self._scene.waiting()[:10]))
        return f"{len(robots)} customers wait; open rows {self._scene.open_work()}\n{rows}\n{shown}"


async def campaign(
    bank: Bank,
    made: Zygote,
    folder: Path,
    kills: int,
    *,
    seed: int = 0,
    mutant: str | None = None,
    batch: int = 0,
) -> Tally:
    """Kill so many times; with a batch, judge after each and stop at the first finding."""
    started = 0
    while True:
        now = min(batch or kills, kills - started)
        async with stage(
            bank, folder / f"stage{started}", made, faults=bad_weather(), seed=seed + started, mutant=mutant
        ) as scene:
            one = Campaign(scene, seed + started)
            await one.kills(now)
            await one.end(early=bool(batch))
            with suppress(ProcessLookupError):
                for process in scene.processes:
                    await process.kill()
        started += now
        one.tally.kills = max(one.tally.kills, started)
        if not one.tally.ok or started >= kills:
            return one.tally


async def run(folder: Path, kills: int, seed: int, mutant: str | None = None) -> Tally:
    people = folk(CUSTOMERS_AT_ONCE + int(kills * CUSTOMERS_PER_KILL))
    bank = await furnish(folder / "bank", people)
    async with zygote_for(bank) as made:
        return await campaign(bank, made, folder, kills, seed=seed, mutant=mutant)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--mutant", choices=MUTANTS, help="plant this bug")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="crash-") as folder:
        tally = asyncio.run(run(Path(folder), arguments.kills, arguments.seed, arguments.mutant))
    for problem in [*tally.problems, *tally.verdict.problems]:
        print(problem)
    print(f"seed {arguments.seed}: {tally}")
    return 0 if tally.ok else 1


if __name__ == "__main__":
    sys.exit(main())
