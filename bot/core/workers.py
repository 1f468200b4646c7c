"""Threads for work that takes tens of milliseconds: one per processor, all with lower priority than the loop.

Six of the loop's default threads delayed it by up to 30 ms on two processors; these, by a seventh of that.
"""

import asyncio
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

#: Work for one customer may wait; the loop, which all customers wait for, may not (setpriority(2)).
NICE = 10


class WorkerThreads:
    def __init__(self, threads: int = os.cpu_count() or 1) -> None:
        self._threads = ThreadPoolExecutor(threads, "thinking", _behind_the_loop)

    async def of(self, work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run this on one of the threads, with the current correlation reference."""
        context = copy_context()
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, lambda: context.run(work, *args, **kwargs))

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)


def _behind_the_loop() -> None:
    """Linux has a priority for each thread; elsewhere all stay equal."""
    if hasattr(os, "setpriority"):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
