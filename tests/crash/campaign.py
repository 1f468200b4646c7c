"""One campaign: processes on one database, killed at random moments, with a backlog and network faults."""

import asyncio
import random
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from handlers.local import Faults
from handlers.local.wire.faults import GatewayState
from tests.crash.counts import Tally
from tests.crash.environment import Stage, concerned
from tests.crash.invariants import Verdict, glimpse, judge
from tests.crash.processes import Process
from tests.crash.robot_customer import Manners, Robot
from tests.support.balancer import Balancer

CUSTOMERS_AT_ONCE = 40
#: One customer gets at most five codes in ten minutes; crashes use some of them up.
ROUNDS = 3
MANNERS = Manners(double_taps=0.1, chatter=0.1)
#: The most codes that are sent to one customer.
PATIENT = Manners(double_taps=0.1, chatter=0.1, patience=4)
#: Seconds without open work and without progress, after which a waiting customer waits for ever.
STANDSTILL_SECONDS = 3.0
LONGEST_END = 150.0
#: The same with planted bugs: a message that a mail server put off is tried again after a minute.
SOONEST_END = 80.0
#: Seconds without progress although work is open: then it hangs.
STUCK_SECONDS = 45.0
SECONDS_A_KILL = 4.0
#: getUpdates returns at most this many (Bot API).
TELEGRAM_GIVES = 100
HOUR = 3600.0
#: The share of kills that hit a starting process.
WHILE_STARTING = 0.15
TICK = 0.1
TOLD_EVERY = 100


def silent(_line: str) -> None:
    """Say nothing."""


def bad_weather() -> Faults:
    """5 % of all calls fail; as many updates come twice, and as many out of order."""
    return Faults(duplicate=0.05, reorder=0.05, refuse=0.0125, lose=0.0125, reset=0.0125, storm=0.0125)


#: A gateway that is down, or accepts a message and loses the reply.
BAD_LINES = (GatewayState.DOWN, GatewayState.ERROR, GatewayState.LOST)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a process runs: the bot polls, a worker shares its database, replicas stand behind one address."""

    name: str
    role: str
    settings: Mapping[str, str]


def beside_each_other() -> tuple[Place, ...]:
    """One process polls (409 allows no second), and sometimes a worker helps."""
    return Place("bot", "bot", {}), Place("worker", "worker", {})


def behind(balancer: Balancer, ports: Sequence[int]) -> tuple[Place, ...]:
    return tuple(
        Place(f"replica {number}", "bot", {"WEBHOOK_URL": balancer.url, "LISTEN": f"127.0.0.1:{port}"})
        for number, port in enumerate(ports)
    )


@dataclass(frozen=True, slots=True)
class Trouble:
    """What goes wrong beside kills and network faults."""

    #: Hard stops of the database server, spread over the kills.
    server_stops: int = 0
    #: The wall clock of a process jumps an hour ahead or back, and is corrected a little later.
    jumps: bool = False
    #: Customers at once: fewer customers are served sooner.
    crowd: int = CUSTOMERS_AT_ONCE


class Campaign:
    def __init__(
        self,
        scene: Stage,
        places: Sequence[Place],
        seed: int,
        trouble: Trouble = Trouble(),
        say: Callable[[str], None] = silent,
    ) -> None:
        self._scene = scene
        self._dice = random.Random(seed)
        self._guests = iter(scene.bank.people)
        self._trouble = trouble
        self._places = {each.name: each for each in places}
        self._lives: dict[str, Process | None] = dict.fromkeys(self._places)
        self._say = say
        self.tally = Tally()

    async def kills(self, many: int) -> None:
        began, until = time.monotonic(), self.tally.kills + many
        stops = sorted(self._dice.sample(range(self.tally.kills, until), self._trouble.server_stops))
        try:
            async with asyncio.timeout(many * SECONDS_A_KILL + 60):
                while self.tally.kills < until:
                    self._invite()
                    if stops and self.tally.kills >= stops[0]:
                        stops.pop(0)
                        await self._stop_the_server()
                    before = self.tally.kills
                    await self._one_more()
                    if self.tally.kills // TOLD_EVERY > before // TOLD_EVERY:
                        self._say(f"{self.tally.kills} kills in {time.monotonic() - began:.0f} s")
        except TimeoutError:
            self.tally.problems.append(f"hangs: {self.tally.kills} of {until} kills\n{self._state()}")
        self.tally.seconds += time.monotonic() - began

    async def end(self, *, early: bool = False) -> Verdict:
        """Stop all faults, let no more customers in, wait until all have finished, then check files and chats.

        Ends early once it is sure that a customer waits for ever.
        """
        self._scene.messenger.faults.clear()
        for name in self._places:
            self._set_clock(name, 0.0)
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
        self._say(f"{len(self.tally.waits)} screens were waited for; now all of it is judged")
        self.tally.verdict = await asyncio.to_thread(judge, self._scene, self.tally.halfway, self.tally.head)
        return self.tally.verdict

    async def _one_more(self) -> None:
        dice = self._dice
        await self._revive_some()
        if self._trouble.jumps:
            self._jump()
        if dice.random() < WHILE_STARTING:
            await asyncio.sleep(dice.uniform(0, 0.3))
        else:
            await self._everybody_is_ready()
            await asyncio.sleep(dice.expovariate(1 / 0.15) if dice.random() < 0.5 else dice.uniform(0, 1.2))
        victims = [name for name, process in self._lives.items() if process is not None]
        if len(victims) > 1 and dice.random() < 0.7:
            victims = [dice.choice(victims)]
        for name in victims:
            await self._kill(name)
        faults = self._scene.messenger.faults
        faults.sms, faults.mail = (dice.choice(BAD_LINES) if dice.random() < 0.1 else GatewayState.UP for _ in "12")
        self._look()
        if not any(self._places[name].role == "bot" and process for name, process in self._lives.items()):
            await self._backlog()

    async def _revive_some(self) -> None:
        """Start at least the first process; a second one is left to chance."""
        for number, name in enumerate(self._places):
            if number == 0 or self._dice.random() < 0.5:
                await self._revive(name)

    async def _everybody_is_ready(self) -> None:
        """Wait for all starts: a campaign that only hits starts would prove little."""
        await asyncio.gather(*(each.ready.wait() for each in self._lives.values() if each is not None))

    def _jump(self) -> None:
        """Shift one process's clock; a process that replaces it has the right time."""
        name = self._dice.choice(list(self._places))
        if self._dice.random() < 0.5:
            self.tally.jumps += 1
            self._set_clock(name, self._dice.choice((HOUR, -HOUR)))
        else:
            self._set_clock(name, 0.0)

    def _set_clock(self, name: str, ahead: float) -> None:
        if self._trouble.jumps:
            self._scene.set_clock(name, ahead)

    async def _stop_the_server(self) -> None:
        """Stop the server as a power cut does while everybody works, and wait until a customer makes progress again."""
        server = self._scene.bank.server
        assert server is not None
        for name in self._places:
            await self._revive(name)
        await asyncio.sleep(self._dice.uniform(0.3, 1.0))
        await asyncio.to_thread(server.stops_hard)
        await asyncio.sleep(self._dice.uniform(0, 1))
        await asyncio.to_thread(server.starts)
        began, steps = time.monotonic(), self._steps()
        while self._steps() == steps:
            if time.monotonic() - began > STUCK_SECONDS:
                self.tally.problems.append(f"nobody gets on after a stop of the server\n{self._state()}")
                break
            await asyncio.sleep(TICK / 5)
        self.tally.recoveries.append(time.monotonic() - began)

    def _steps(self) -> int:
        return sum(len(each.waited) for each in self._scene.robots.values())

    async def _backlog(self) -> None:
        """While nobody polls, customers go on; the waiting updates are shuffled, and some come twice."""
        await asyncio.sleep(self._dice.uniform(0, 0.3))
        messenger = self._scene.messenger
        if messenger.stats.pending < TELEGRAM_GIVES // 2:
            messenger.repeat_updates(self._dice.randrange(1, 4))
        # Telegram returns the oldest hundred first: the order within them is free, beyond them it is not.
        if messenger.stats.pending <= TELEGRAM_GIVES:
            messenger.shuffle_updates()

    async def _kill(self, name: str) -> None:
        process = self._lives[name]
        assert process is not None
        self._lives[name] = None
        if process.gone.is_set():
            self._mourn(process)
            return
        await process.kill()
        self.tally.kills += 1
        if process.ready.is_set() and not process.why:
            return
        self._mourn(process)

    def _mourn(self, process: Process) -> None:
        """A process ended by itself: at its start it may give up when the messenger or the server fails."""
        last = process.why.strip().rpartition("\n")[2]
        if "telegram.error" in last or (self.tally.recoveries and "DatabaseUnusable" in last):
            self.tally.failed_starts += 1
        elif process.why:
            self.tally.problems.append(f"a process broke: {process.why}")

    async def _revive(self, name: str) -> None:
        process = self._lives[name]
        if process is not None and not process.gone.is_set():
            return
        if process is not None:
            self._mourn(process)
        began, place = time.monotonic(), self._places[name]
        self._set_clock(name, 0.0)
        clock = str(self._scene.clock_of(name)) if self._trouble.jumps else None
        made = await self._scene.start(place.role, settings=dict(place.settings), clock=clock)
        self._lives[name] = made
        watch = asyncio.get_running_loop().create_task(self._note_start(made, began))
        self._scene.lives.append(watch)

    async def _note_start(self, process: Process, began: float) -> None:
        await process.ready.wait()
        if not process.gone.is_set():
            self.tally.starts.append(time.monotonic() - began)

    def _invite(self) -> None:
        busy = sum(not robot.finished and not robot.wrong for robot in self._scene.robots.values())
        for _ in range(self._trouble.crowd - busy):
            guest = next(self._guests, None)
            if guest is None:
                return
            self._scene.invite(guest, ROUNDS, PATIENT if self._trouble.jumps else MANNERS)

    def _look(self) -> None:
        wrong, halfway, head = glimpse(self._scene)
        self.tally.problems += [each for each in wrong if each not in self.tally.problems]
        self.tally.halfway |= halfway
        self.tally.head = head

    async def _standstill(self, *, early: bool) -> None:
        """Return when all customers are done, or when nothing is open and still none makes progress."""
        loop = asyncio.get_running_loop()
        began = since = loop.time()
        seen: dict[int, tuple[object, float]] = {}
        reached: object = None
        longest = SOONEST_END if early else LONGEST_END
        while loop.time() - began < longest and loop.time() - since < STUCK_SECONDS:
            await asyncio.sleep(TICK)
            for name in self._places:
                await self._revive(name)
            rows = await asyncio.to_thread(self._scene.waiting)
            now_reached = (
                *((len(each.waited), each.done) for each in self._scene.robots.values()),
                len(rows),
            )
            if now_reached != reached or any(each.due_at > time.time() for each in rows):
                reached, since = now_reached, loop.time()
            queued = self._scene.messenger.stats.pending > 0
            waiting = [each for each in self._scene.robots.values() if not (each.finished or each.wrong)]
            hopeless = self._hopeless(waiting, seen, None if queued else concerned(rows))
            if not (waiting or queued or rows) or (hopeless and (any(hopeless) if early else all(hopeless))):
                for robot, for_ever in zip(waiting, hopeless, strict=True):
                    robot.left = not for_ever
                return
        self.tally.problems.append(f"hangs: work is still open after {loop.time() - began:.0f} s\n{self._state()}")

    def _hopeless(
        self, waiting: Sequence[Robot], seen: dict[int, tuple[object, float]], open_for: set[int] | None
    ) -> list[bool]:
        """Return for which customers nothing is open, and has not been for a while; None means all."""
        now = asyncio.get_running_loop().time()
        for robot in waiting:
            chat = robot.folk.user_id
            far = None if open_for is None or chat in open_for else (len(robot.waited), robot.done)
            if far is None or chat not in seen or seen[chat][0] != far:
                seen[chat] = (far, now)
        return [now - seen[each.folk.user_id][1] > STANDSTILL_SECONDS for each in waiting]

    def _state(self) -> str:
        robots = [each for each in self._scene.robots.values() if not each.finished]
        shown = "\n".join(robot.person.dump() for robot in robots[:2])
        waiting = self._scene.waiting()
        rows = "\n".join(map(str, waiting[:10]))
        return f"{len(robots)} customers wait; open rows {len(waiting)}\n{rows}\n{shown}"
