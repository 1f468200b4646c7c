"""Wakes tasks that wait for a change; and keeps references to background tasks."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Wakeup:
    """Wakes all waiting tasks from plain functions. Like `asyncio.Condition`, but without a lock."""

    __slots__ = ("_waiting",)

    def __init__(self) -> None:
        self._waiting: list[asyncio.Future[None]] = []

    def wake(self) -> None:
        if not self._waiting:
            return
        waiting, self._waiting = self._waiting, []
        for each in waiting:
            if not each.done():
                each.set_result(None)

    async def wait(self) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(future)
        await future

    async def until(self, look: Callable[[], T | bool | None], timeout: float) -> T:  # noqa: ASYNC109 - callers add a dump
        """The first truthy value of `look`. Raises `TimeoutError` after `timeout` seconds."""
        async with asyncio.timeout(timeout):
            while True:
                found = look()
                if found:
                    return found  # type: ignore[return-value]  # truthy, so neither None nor False
                await self.wait()


class BackgroundTasks:
    """Runs background tasks and cancels them all in `stop`."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[None]] = set()

    def run(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.get_running_loop().create_task(work)
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return task

    async def stop(self) -> None:
        running = tuple(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
