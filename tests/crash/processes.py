"""The parent's side of the fork server: bots that are started, watched and killed by number."""

import asyncio
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

from tests.crash.fork_server import PACKET

ROOT = Path(__file__).parents[2]
START_SECONDS = 60.0


class ProcessBroke(Exception):
    """A bot ended by an error of its own that no test asked for."""


@dataclass(eq=False)
class Process:
    pid: int
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    #: It ended, by whatever cause.
    gone: asyncio.Event = field(default_factory=asyncio.Event)
    #: The planned point was reached.
    hit: asyncio.Event = field(default_factory=asyncio.Event)
    #: It lives, but a loop that should run for ever has ended.
    maimed: asyncio.Event = field(default_factory=asyncio.Event)
    tallied: asyncio.Event = field(default_factory=asyncio.Event)
    #: The task in which it was frozen has ended.
    passed: asyncio.Event = field(default_factory=asyncio.Event)
    events: list[dict[str, Any]] = field(default_factory=list)
    why: str = ""

    def hear(self, event: dict[str, Any]) -> None:
        self.events.append(event)
        name = event["event"]
        if name == "broke":
            self.why = event["why"]
        if name in {"ready", "hit", "gone", "maimed", "tallied", "passed"}:
            getattr(self, name).set()
        if name == "gone":
            self.ready.set()

    async def is_ready(self) -> None:
        """Return when it takes updates or has ended; raise `ProcessBroke` if it ended by itself."""
        async with asyncio.timeout(START_SECONDS):
            await self.ready.wait()
        self.check()

    def check(self) -> None:
        if self.why:
            raise ProcessBroke(self.why)

    def arm(self) -> None:
        """Activate its point: the signal arrives before anything that is sent to it next."""
        os.kill(self.pid, signal.SIGUSR1)

    async def kill(self) -> None:
        """Kill -9, and return when the kernel has removed the process."""
        with suppress(ProcessLookupError):
            if not self.gone.is_set():
                os.kill(self.pid, signal.SIGKILL)
        async with asyncio.timeout(START_SECONDS):
            await self.gone.wait()


class Zygote:
    def __init__(self, control: socket.socket) -> None:
        self._control = control
        self._ids = count(1)
        self._unborn: dict[int, asyncio.Future[Process]] = {}
        self._alive: dict[int, Process] = {}
        self.warm = asyncio.Event()
        self.broken: list[str] = []
        control.setblocking(False)
        asyncio.get_running_loop().add_reader(control, self._read)

    async def start(self, spec: dict[str, Any]) -> Process:
        number = next(self._ids)
        future: asyncio.Future[Process] = asyncio.get_running_loop().create_future()
        self._unborn[number] = future
        self._control.send(json.dumps({**spec, "id": number}).encode())
        async with asyncio.timeout(START_SECONDS):
            return await future

    async def end(self) -> None:
        for each in list(self._alive.values()):
            await each.kill()
        asyncio.get_running_loop().remove_reader(self._control)
        self._control.close()

    def _read(self) -> None:
        while True:
            try:
                packet = self._control.recv(PACKET)
            except BlockingIOError:
                return
            if not packet:
                asyncio.get_running_loop().remove_reader(self._control)
                return
            self._heard(json.loads(packet))

    def _heard(self, event: dict[str, Any]) -> None:
        name, pid = event["event"], event["pid"]
        if name == "warm":
            self.warm.set()
            return
        # A child may write before the fork server has reported its start.
        process = self._alive.setdefault(pid, Process(pid))
        if name == "born":
            self._unborn.pop(event["id"]).set_result(process)
            return
        process.hear(event)
        if process.why:
            self.broken.append(process.why)
        if name == "gone":
            del self._alive[pid]


@asynccontextmanager
async def zygote() -> AsyncIterator[Zygote]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.crash.fork_server",
        str(theirs.fileno()),
        cwd=ROOT,
        pass_fds=[theirs.fileno()],
    )
    theirs.close()
    made = Zygote(ours)
    try:
        async with asyncio.timeout(START_SECONDS):
            await made.warm.wait()
        yield made
    finally:
        await made.end()
        await process.wait()
