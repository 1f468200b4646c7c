"""One customer's application in an environment of its own, with what goes wrong; then the check."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.crash.environment import Bank, Stage, stage
from tests.crash.invariants import Verdict, glimpse, judge, leaked
from tests.crash.processes import Process, Zygote
from tests.crash.robot_customer import Manners, Robot
from tests.support.balancer import free_port

#: So many looks must find nothing open while the customer waits, before it is sure that nothing will come.
LOOKS, TICK = 8, 0.1
#: Seconds in which open work must be done: longer than a lease and all pauses after errors.
HANGS_SECONDS = 10.0
LEASE = 0.3
WEBHOOK_SECRET = "a-secret-of-the-webhook-0123456789"


@dataclass
class Play:
    scene: Stage
    #: Where updates are posted to; 0 means polling.
    port: int = 0
    #: Nothing goes wrong that would excuse a repetition.
    exact: bool = False
    #: Seconds without any change, though work is open, that count as a hang.
    patience: float = HANGS_SECONDS
    #: Whether the planned fault happened.
    reached: bool = False
    process: Process = field(init=False)
    robot: Robot = field(init=False)
    problems: list[str] = field(default_factory=list)
    verdict: Verdict = field(default_factory=Verdict)

    async def starts(self, **spec: Any) -> Process:
        settings = {}
        if self.port:
            address = f"127.0.0.1:{self.port}"
            url = f"http://{address}/telegram"
            settings = {"WEBHOOK_URL": url, "WEBHOOK_SECRET": WEBHOOK_SECRET, "LISTEN": address}
        self.process = await self.scene.start(settings=settings, **spec)
        return self.process

    def comes(self, robot_of: type[Robot] = Robot, before: Any = None) -> Robot:
        """Let the customer begin; they report each action beforehand."""
        self.robot = self.scene.invite(self.scene.bank.people[0], 1, Manners(), robot_of, before)
        return self.robot

    async def ends(self) -> None:
        """Go on until the customer is done and nothing is open, or never will be; then check."""
        first = self.process
        await self.goes_on()
        self.reached |= first.hit.is_set()
        for each in self.scene.processes:
            with suppress(ProcessLookupError):
                await each.kill()
        # In a thread: reading a server's whole log would block the messengers of the other environments for seconds.
        wrong, halfway, head = await asyncio.to_thread(glimpse, self.scene)
        self.verdict = await asyncio.to_thread(judge, self.scene, head=head)
        self.problems += [*wrong, *(f"half way: {each}" for each in halfway), *self.verdict.problems]
        if self.exact:
            self._exactly_once()

    def _exactly_once(self) -> None:
        repeats = self.scene.messenger.stats.repeats + self.verdict.repeated
        if repeats:
            self.problems.append(f"{repeats} messages came again, and nothing had gone wrong with the first")
        messages = self.robot.person.chat.messages.values()
        screens = sum("inline_keyboard" in each.get("reply_markup", {}) for each in messages)
        if screens > 1:
            self.problems.append(f"{screens} screens have buttons, and one of them counts")

    async def goes_on(self) -> None:
        """Watch, and restart the bot when it died or cannot go on, until nothing can come any more."""
        before: object = None
        calm, since = 0, time.monotonic()
        while calm < LOOKS and time.monotonic() - since < self.patience:
            await asyncio.sleep(TICK)
            await self._revive()
            rows = await asyncio.to_thread(self.scene.waiting)
            pending = self.scene.messenger.stats.pending
            # Endless retries count as a hang, too.
            now = len(self.robot.waited), self.robot.done, pending, {each.what for each in rows}
            if self.robot.wrong:
                return
            if now != before:
                since = time.monotonic()
            idle = not rows and not pending and self.process.ready.is_set()
            calm = calm + 1 if idle and now == before else 0
            before = now
        if calm < LOOKS:
            self.problems.append(f"hangs: {rows}\n{self.robot.person.dump()}")

    async def _revive(self) -> None:
        """Do what a service manager does with a process that ended or reports that it is not well."""
        if self.process.gone.is_set() or self.process.maimed.is_set():
            await self.process.kill()
            self.problems += await asyncio.to_thread(leaked, self.scene)
            await self.starts()


@asynccontextmanager
async def play(
    bank: Bank, made: Zygote, folder: Path, mutant: str | None, *, webhook: bool = False, **more: Any
) -> AsyncIterator[Play]:
    async with stage(bank, folder, made, mutant=mutant, **{"lease": LEASE, **more}) as scene:
        try:
            yield Play(scene, free_port() if webhook else 0)
        finally:
            for each in scene.processes:
                with suppress(ProcessLookupError):
                    await each.kill()
