"""An answer that is kept for a moment, so that many requests cost one."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

from bot.core.tasks import TaskSupervisor

T = TypeVar("T")


class Cached(Generic[T]):
    def __init__(
        self,
        make: Callable[[], Coroutine[Any, Any, T]],
        seconds: float,
        tasks: TaskSupervisor,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._make = make
        self._seconds = seconds
        self._tasks = tasks
        self._clock = clock
        self._made: tuple[float, T] | None = None
        self._making: asyncio.Task[T] | None = None

    async def get(self) -> T:
        """Return a recent answer, or the one that is being made; an error is raised for all who wait, and not kept."""
        if self._made is not None and self._clock() - self._made[0] < self._seconds:
            return self._made[1]
        if self._making is None or self._making.done():
            self._making = self._tasks.start("watch", self._make())
        # The first caller may go away before there is an answer; the others still wait for it.
        answer: T = await asyncio.shield(self._making)
        self._made = (self._clock(), answer)
        return answer
