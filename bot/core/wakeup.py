"""Wakes workers that wait for rows: set after a commit, and by a timer when the next row is due."""

import asyncio


class Wakeup:
    def __init__(self) -> None:
        self._event = asyncio.Event()

    def wake(self) -> None:
        self._event.set()

    async def wait(self, seconds: float) -> None:
        """Return when it is set, or after this many seconds: another process cannot wake us."""
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            pass
        self._event.clear()
