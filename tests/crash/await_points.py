"""Await points of the bot's own tasks: counted in a first run, then used to die or to be cancelled in later runs.

A point is a place (the lines of our code and of libraries at which a task waits, outermost first) and how many times
a task waited there before. At a point the process can end when the wait begins ("asked") or when its result is there
but not used yet ("answered"); or it lives on and only this task is cancelled ("cancelled"). It can also stop until it
is woken ("frozen"), and then report when that task has ended. Or the wait ends in an unexpected error ("failing").

Nothing waits within a unit of work. There the writing statements are the places before which it may die or fail.
"""

import asyncio
import gc
import os
import re
import signal
from collections import Counter
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from types import AsyncGeneratorType, CoroutineType, FrameType, GeneratorType
from typing import Any, Literal

Mode = Literal["asked", "answered", "cancelled", "frozen", "failing"]
#: The last two are for scenarios that choose what they stop.
MODES: tuple[Mode, ...] = ("asked", "answered", "cancelled")
ROOT = str(Path(__file__).parents[2]) + os.sep
MUTANTS = str(Path("tests", "crash", "mutants"))
OURS = tuple(ROOT + room + os.sep for room in ("bot", "handlers", "ca", MUTANTS))
#: The web server's task around a webhook handler; it counts while a line of our code is on its stack.
SERVER = "uvicorn/protocols/http/httptools_impl.py"
STARTING = "tests/crash/bot_process.py"
_NUMBERS = re.compile(r"[-\d]+")
#: A loop that nothing restarts: after a cancellation the process is started again, as a service manager does.
LOOP = "TaskSupervisor.run_forever"
#: Prefix for a part that a place must not have.
NOT = "!"


class Broken(Exception):
    """An error that no code of ours expects."""


class Plan:
    """What to do, and where; without a place, points are only counted."""

    def __init__(
        self,
        tell: Callable[[dict[str, Any]], None],
        mode: Mode | None,
        place: str,
        occurrence: int,
        parts: Sequence[str] = (),
    ) -> None:
        """Instead of a place and its count, use the first place that has all these parts, once `armed`."""
        self.armed = True
        #: Stops this process until it is woken.
        self.freeze: Callable[[], None] = stop
        self._tell = tell
        self._mode = mode
        self._place = place
        self._occurrence = occurrence
        self._parts = parts
        self.counts: Counter[str] = Counter()
        self.order: list[str] = []

    def factory(self, loop: asyncio.AbstractEventLoop, coroutine: Any, **kwargs: Any) -> asyncio.Task[Any]:
        if not _is_ours(coroutine):
            return asyncio.Task(coroutine, loop=loop, **kwargs)
        watched = Watched(coroutine, self)
        watched.task = task = asyncio.Task(watched, loop=loop, **kwargs)
        if coroutine.__qualname__ == LOOP:
            task.add_done_callback(lambda _: self._tell({"event": "maimed"}))
        return task

    def asked(self, watched: "Watched") -> None:
        """A task of the bot begins to wait."""
        place = place_of(watched.kind, watched.coroutine)
        watched.due = False
        if place is None:
            return
        self.counts[place] += 1
        self.order.append(place)
        if not self._is_meant(place):
            return
        if self._mode == "asked":
            self.die()
        elif self._mode == "answered":
            watched.due = True
        elif self._mode == "failing":
            self._tell({"event": "hit"})
            watched.failing = True
        elif watched.task is not None and self._mode == "frozen":
            watched.task.add_done_callback(lambda _: self._tell({"event": "passed"}))
            self._tell({"event": "hit"})
            self.freeze()
        elif watched.task is not None:
            self._tell({"event": "hit"})
            asyncio.get_running_loop().call_soon(watched.task.cancel)

    def _is_meant(self, place: str) -> bool:
        if not self._parts:
            return place == self._place and self.counts[place] == self._occurrence
        meant = self.armed and all((part.removeprefix(NOT) in place) != part.startswith(NOT) for part in self._parts)
        if meant:
            self._parts = ("nowhere else",)
        return meant

    def statement(self, query: str) -> None:
        """A unit of work is about to write; called on the thread that it runs on."""
        if not self._is_meant(f"statement {query}"):
            return
        if self._mode != "failing":
            self.die()
        self._tell({"event": "hit"})
        raise Broken(query)

    def die(self) -> None:
        self._tell({"event": "hit"})
        os.kill(os.getpid(), signal.SIGKILL)


def stop() -> None:
    os.kill(os.getpid(), signal.SIGSTOP)


class Watched(Coroutine[Any, Any, Any]):
    """A coroutine that reports each wait to the plan."""

    def __init__(self, coroutine: Any, plan: Plan) -> None:
        self.coroutine = coroutine
        self.task: asyncio.Task[Any] | None = None
        self.due = False
        self.failing = False
        self._plan = plan

    @property
    def kind(self) -> str:
        """The task's name without numbers; a task gets its name after the factory has made it."""
        name = self.task.get_name() if self.task else ""
        return self.coroutine.__qualname__ if name.startswith("Task-") else _NUMBERS.sub("", name)

    def send(self, value: Any) -> Any:
        if self.due:
            self._plan.die()
        if self.failing:
            self.failing = False
            return self.throw(Broken())
        waited = self.coroutine.send(value)
        self._plan.asked(self)
        return waited

    def throw(self, *error: Any) -> Any:
        if self.due:
            self._plan.die()
        waited = self.coroutine.throw(*error)
        self._plan.asked(self)
        return waited

    def close(self) -> None:
        self.coroutine.close()

    def __await__(self) -> Any:
        return self.coroutine.__await__()


def _is_ours(coroutine: Any) -> bool:
    code = getattr(coroutine, "cr_code", None)
    return code is not None and (code.co_filename.startswith(OURS) or code.co_filename.endswith((SERVER, STARTING)))


def place_of(kind: str, coroutine: Any) -> str | None:
    """Return where this task waits, or None if no line of our code is on its stack."""
    lines: list[str] = []
    ours = False
    while coroutine is not None:
        frame, following = _unwrapped(coroutine)
        if frame is None:
            break
        name = frame.f_code.co_filename
        if name.startswith(OURS):
            ours = True
            lines.append(f"{name.removeprefix(ROOT)}:{frame.f_code.co_qualname}:{frame.f_lineno}")
        elif not name.endswith(STARTING):
            lines.append(f"{frame.f_code.co_qualname}:{frame.f_lineno}")
        coroutine = following
    return f"{kind} | {' > '.join(lines)}" if ours else None


def _unwrapped(waiting: Any) -> tuple[FrameType | None, Any]:
    """Return the frame of a waiting object, and what it waits for."""
    if isinstance(waiting, CoroutineType):
        return waiting.cr_frame, waiting.cr_await
    if isinstance(waiting, GeneratorType):
        return waiting.gi_frame, waiting.gi_yieldfrom
    # `async with` over a generator waits for a step of it, and only the garbage collector can find that generator.
    steps = gc.get_referents(waiting) if type(waiting).__name__ in STEPS else ()
    generator = next((each for each in steps if isinstance(each, AsyncGeneratorType)), None)
    return (generator.ag_frame, generator.ag_await) if generator else (None, None)


STEPS = frozenset({"async_generator_asend", "async_generator_athrow"})
