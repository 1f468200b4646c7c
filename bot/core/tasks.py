"""The only place where detached tasks are started: each is kept, named, and its end is logged."""

import asyncio
import logging
import signal
import time
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

logger = logging.getLogger(__name__)

#: Called with the task's name and the error that ended it; None when it returned or was stopped.
OnEnd = Callable[[str, BaseException | None], None]


def stop_on_signals() -> asyncio.Event:
    """Return an event that is set when this process is asked to stop (SIGTERM, SIGINT)."""
    stop = asyncio.Event()
    for each in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(each, stop.set)
    return stop


class TaskSupervisor:
    """Keeps detached tasks: the event loop holds them only weakly, and would drop their errors."""

    def __init__(self, on_end: OnEnd | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._on_end = on_end
        self._clock = clock
        self._broke_at: dict[str, float] = {}
        self._tasks: dict[asyncio.Task[Any], str] = {}
        self._stopping = False

    @property
    def running(self) -> tuple[str, ...]:
        return tuple(self._tasks.values())

    def broken(self, within: float) -> tuple[str, ...]:
        """Return the loops that failed in these last seconds; they run again, and may fail again."""
        since = self._clock() - within
        return tuple(name for name, at in self._broke_at.items() if at > since)

    def start(self, name: str, coroutine: Coroutine[Any, Any, Any]) -> "asyncio.Task[Any]":
        """Run it until it ends or `stop` is called; after that, starting is a `RuntimeError`."""
        if self._stopping:
            coroutine.close()
            raise RuntimeError(f"{name} was started after the stop")
        task = asyncio.create_task(coroutine, name=name)  # noqa: TID251 - this is the replacement
        self._tasks[task] = name
        task.add_done_callback(partial(self._ended, name))
        return task

    async def run_forever(self, name: str, run: Callable[[], Coroutine[Any, Any, None]], pause: float = 1.0) -> None:
        """Run a loop for ever: an error (a database that is gone for a minute) is logged, and the loop starts again."""
        while True:
            try:
                await run()
            except Exception:
                self._broke_at[name] = self._clock()
                logger.exception("loop broke", extra={"loop": name, "pause_s": pause})
            await asyncio.sleep(pause)

    async def finish(self, grace: float) -> None:
        """Wait up to `grace` seconds for the running tasks; cancel nothing."""
        if self._tasks:
            await asyncio.wait(list(self._tasks), timeout=grace)

    async def stop(self, grace: float) -> tuple[str, ...]:
        """Cancel all, wait up to `grace` seconds, and return the names of those that did not end."""
        self._stopping = True
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=grace)
        stubborn = self.running
        if stubborn:
            logger.error("tasks did not end in time", extra={"tasks": list(stubborn), "grace_s": grace})
        return stubborn

    def _ended(self, name: str, task: "asyncio.Task[Any]") -> None:
        del self._tasks[task]
        error = None if task.cancelled() else task.exception()
        if error is not None:
            logger.error("task died", exc_info=error, extra={"task": name})
        elif not self._stopping:
            logger.debug("task ended", extra={"task": name})
        if self._on_end is not None:
            self._on_end(name, error)
