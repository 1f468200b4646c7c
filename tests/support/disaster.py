"""A customer whose bank loses everything in the middle of their application, and restores a backup."""

import asyncio
import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from handlers.local import LocalMessenger
from handlers.local.wire.json_shapes import JSON
from handlers.telegram.render import read_token
from tests.crash.customers import Folk
from tests.crash.robot_customer import PATTERNS, Robot

PATIENCE = 25.0
TURNED_AWAY_AT_MOST = 3


@dataclass
class Survivor(Robot):
    """Goes on from whatever is shown, and applies again when told to."""

    #: A token on the screen, or the key of a text: there the customer stops.
    halt: str | None = None
    turned_away: int = 0
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    _since: int = 0  # type: ignore[assignment]  # what is above it was shown by a desk that is no more

    def _note_wait(self) -> None:
        return

    def looks_at(self) -> Iterator[JSON]:
        return (each for each in super().looks_at() if each["message_id"] > self._since)

    async def _acts(self, tokens: dict[str, str], message: JSON, dice: random.Random) -> bool:
        text = message["text"]
        says = [key for key, known in PATTERNS.items() if known.search(text)]
        if self.halt in (*tokens, *says):
            self.reached.set()
            return False
        if "mend" in tokens and self.turned_away < TURNED_AWAY_AT_MOST:
            self.turned_away += 1
            await self._taps(tokens["mend"], message, dice)
            return True
        if await super()._acts(tokens, message, dice):
            return True
        if self.typed_all_codes and "again" in tokens:
            await self._taps(tokens["again"], message, dice)
            return True
        return False

    @property
    def typed_all_codes(self) -> bool:
        codes = self.messenger.sms_of(self.folk.record.phone)
        return bool(codes) and max(each.order for each in codes) <= self._read

    def goes_on(self) -> None:
        self.halt = None
        self.wake.set()

    def loses_sight(self) -> None:
        """The bot is gone: what is in the chat now is of no use."""
        self.halt, self.done, self._read = None, 0, 0
        self._acted.clear()
        self._since = self.newest

    async def returns(self) -> None:
        """Do what people do who were shown nothing since: tap the newest button, made before the loss."""
        if self.card() is not None:
            return
        screen = self.person.screen
        if screen is None:
            self.started = False
            return
        keys = [key.data for row in screen.keyboard for key in row if key.data]
        data = next((each for each in keys if read_token(each)[1] == "start"), keys[0])
        await self.person.taps(data, screen.message_id)

    @property
    def newest(self) -> int:
        return self.person.last.message_id if self.person.last else 0

    async def finishes(self) -> None:
        try:
            async with asyncio.timeout(PATIENCE):
                await self.lives()
        except TimeoutError:
            raise TimeoutError(f"nobody goes on with {self.folk.user_id}\n{self.person.dump()}") from None
        assert self.finished, self.wrong or self.person.dump()


def survivors(messenger: LocalMessenger, people: Sequence[Folk]) -> list[Survivor]:
    return [Survivor(each, messenger.person(each.user_id), messenger) for each in people]


@contextmanager
def awake(messenger: LocalMessenger, robots: Sequence[Survivor]) -> Iterator[None]:
    """Wake everybody whenever anything changes."""

    def wake(_change: JSON) -> None:
        for each in robots:
            each.wake.set()

    unwatch = messenger.state.watch(wake)
    try:
        yield
    finally:
        unwatch()
