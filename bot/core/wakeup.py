"""A bell that wakes whoever waits for work: rung after a commit, and again when the next piece falls due."""

import asyncio


class Wakeup:
    def __init__(self) -> None:
        self._event = asyncio.Event()

    def ring(self) -> None:
        self._event.set()

    async def wait(self, seconds: float) -> None:
        """Return when it rings, or after so many seconds: another process rings no bell here."""
        try:
            async with asyncio.timeout(seconds):
                await self._event.wait()
        except TimeoutError:
            pass
        self._event.clear()
