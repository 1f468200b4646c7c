"""Whether the bot is ready: each check by name and in plain words, never slow and never about a person."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

logger = logging.getLogger(__name__)

#: A check that takes longer has failed.
PATIENCE_SECONDS = 1.0

#: Returns in plain words why it is well, or raises `NotReady`.
Ask = Callable[[], Awaitable[str]]


class NotReady(Exception):
    """A check failed; the text says why, and anybody may read it."""


@dataclass(frozen=True, slots=True)
class Check:
    name: str
    ok: bool
    why: str


class Readiness:
    def __init__(self, asks: Mapping[str, Ask], patience: float = PATIENCE_SECONDS) -> None:
        self._asks = asks
        self._patience = patience
        self._before: frozenset[str] = frozenset()

    async def ask(self) -> tuple[Check, ...]:
        """Run all checks at once, so that one that hangs does not delay the others, and log what has changed."""
        checks = tuple(await asyncio.gather(*(self._one(name, ask) for name, ask in self._asks.items())))
        failed = frozenset(each.name for each in checks if not each.ok)
        if failed != self._before:
            self._before = failed
            level = logging.WARNING if failed else logging.INFO
            reasons = {each.name: each.why for each in checks if not each.ok}
            logger.log(level, "not ready" if failed else "ready again", extra={"checks": reasons})
        return checks

    async def _one(self, name: str, ask: Ask) -> Check:
        try:
            async with asyncio.timeout(self._patience):
                return Check(name, ok=True, why=await ask())
        except NotReady as reason:
            return Check(name, ok=False, why=str(reason))
        except TimeoutError:
            return Check(name, ok=False, why=f"no answer within {self._patience:g} s")
        except Exception as error:  # noqa: BLE001 — whatever it is, it is not well; its text may tell too much
            return Check(name, ok=False, why=f"cannot be told ({type(error).__name__})")
