"""Keys for customers, made ahead while there is little to do: one takes a processor 40 ms, and sometimes 200.

When many customers come at once, none of them waits for a key. Under constant load the pool stays empty, and each key
is made when it is needed.
"""

import asyncio
import os
import time
from collections import deque
from collections.abc import Awaitable, Callable

from bot.core.wakeup import Wakeup
from bot.core.workers import WorkerThreads
from bot.issuing import bundle

#: Each is 1.3 KB, in memory alone: a key on disk that belongs to nobody yet would be a risk without a use.
AHEAD = 256
#: Seconds after the start, and after the last time a key was needed, before keys are made.
FIRST_AFTER_S, QUIET_S = 15.0, 3.0
IDLE_S = 3600.0


class KeyPool:
    def __init__(
        self,
        ahead: int = AHEAD,
        make: Callable[[], bytes] = bundle.new_key,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._ahead = ahead
        self._make = make
        self._sleep = sleep
        self._clock = clock
        self._quiet_from = clock() + FIRST_AFTER_S
        self._keys: deque[bytes] = deque()
        self._taken = Wakeup()
        self._behind = WorkerThreads(threads=1)
        self._process = os.getpid()

    async def take(self) -> bytes:
        """Return a key that nobody else gets, PKCS#8 as of `bundle.new_key`; made now if none is left."""
        if os.getpid() != self._process:
            self._keys.clear()  # A forked copy of this process has the same ones.
        self._quiet_from = max(self._quiet_from, self._clock() + QUIET_S)
        self._taken.wake()
        return self._keys.popleft() if self._keys else await asyncio.to_thread(self._make)

    async def fill(self) -> None:
        """Make keys with lower priority than all other work, until cancelled."""
        while True:
            if len(self._keys) >= self._ahead:
                await self._taken.wait(IDLE_S)
            elif (rest := self._quiet_from - self._clock()) > 0:
                await self._sleep(rest)
            else:
                self._keys.append(await self._behind.of(self._make))

    def close(self) -> None:
        self._keys.clear()
        self._behind.close()
