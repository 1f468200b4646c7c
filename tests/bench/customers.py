"""Customers who act as soon as they see what they wait for, and the time that each reply took."""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from bot.identity.register import CustomerRecord
from handlers.local import LocalMessenger, SeenMessage
from handlers.local.people.person import button_of
from handlers.local.world.persona import digits
from tests.support.local_telegram import PASSWORD, Customer

FIRST_ID = 100_000
PATIENCE = 120.0
#: Shown beside the next screen when a reply keyboard opens or closes; no customer waits for them.
BESIDE = ("keyboard.contact", "keyboard.closed")

Message = dict[str, Any]
Look = Callable[[Message], bool]


@dataclass
class Log:
    """What one round measured."""

    #: Seconds from an action to the first visible change of the reply.
    spans: list[float] = field(default_factory=list)
    acts: int = 0


class Guest(Customer):
    """A customer who looks at changes only, so that watching costs the same in every round."""

    def __init__(self, messenger: LocalMessenger, number: int, record: CustomerRecord, log: Log) -> None:
        super().__init__(messenger.person(FIRST_ID + number), messenger, "ko", record)
        self._log = log
        self._beside = [self.pattern(key) for key in BESIDE]
        self._texts: dict[int, str] = {}
        self._fresh: list[Message] = []  #: What the bot showed since the last action.
        self._acted_at: float | None = None
        self._codes: list[str] = []
        self._changed = asyncio.Event()

    def change(self, message: Message) -> None:
        """Read what the bot just posted or edited; an edit that leaves the text as it is counts as no reply."""
        text, place = text_of(message), message["message_id"]
        if self._texts.get(place) == text:
            return
        self._texts[place] = text
        if any(each.search(text) for each in self._beside):
            return
        if self._acted_at is not None:
            self._log.spans.append(time.perf_counter() - self._acted_at)
            self._acted_at = None
        self._fresh.append(message)
        self._changed.set()

    def text(self, sms: str) -> None:
        self._codes += re.findall(r"\b\d{6}\b", sms)
        self._changed.set()

    async def says(self, text: str) -> None:
        self._acts()
        await self.person.says(text)

    async def taps(self, key: str, **params: object) -> None:
        label = self.words(key, **params)
        message = await self._until(lambda: self._found(lambda each: button_of(each, label) is not None))
        self._acts()
        await self.person.taps(label, message["message_id"])

    async def sees(self, key: str, patience: float = PATIENCE) -> SeenMessage:
        pattern = self.pattern(key)
        await self._until(lambda: self._found(lambda each: bool(pattern.search(text_of(each)))), patience)
        assert self.person.last is not None
        return self.person.last

    async def next_code(self, phone: str) -> str:  # noqa: ARG002 - each has one phone
        return await self._until(lambda: self._codes.pop(0) if self._codes else None)

    async def echoes(self, count: int) -> None:
        """Say something, wait for any reply, and repeat."""
        for number in range(count):
            await self.says(f"인증서를 잃어버렸어요 {number}")
            await self._until(lambda: self._found(lambda _each: True))

    async def converses(self) -> None:
        """Apply up to the review, with a proven identity, and submit nothing."""
        await self.applies(self.record)

    async def is_served(self) -> None:
        """Apply to the end, and leave with both files."""
        await self.converses()
        await self.taps("button.submit")
        await self.sees("enrolled.password")
        await self.says(PASSWORD)
        await self.sees("card.issued")
        await self._until(lambda: sum("document" in each for each in self._fresh) == 2)

    def _acts(self) -> None:
        self._log.acts += 1
        self._fresh.clear()
        self._acted_at = time.perf_counter()

    def _found(self, look: Look) -> Message | None:
        return next((each for each in reversed(self._fresh) if look(each)), None)

    async def _until(self, look: Callable[[], Any], patience: float = PATIENCE) -> Any:
        try:
            async with asyncio.timeout(patience):
                while not (found := look()):
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError:
            raise TimeoutError(self.person.dump()) from None
        return found


def text_of(message: Message) -> str:
    return str(message.get("text") or message.get("caption") or message.get("document", {}).get("file_name"))


@contextmanager
def watched(
    messenger: LocalMessenger, people: list[CustomerRecord], log: Log, kind: type[Guest] = Guest
) -> Iterator[list[Guest]]:
    """Let these people into the chat; each gets the changes of their own chat."""
    guests = [kind(messenger, number, record, log) for number, record in enumerate(people)]
    chats = {FIRST_ID + number: guest for number, guest in enumerate(guests)}
    phones = {digits(guest.record.phone): guest for guest in guests}

    def change(told: dict[str, Any]) -> None:
        if told["type"] == "message" and told["message"]["from"]["is_bot"] and told["chat"] in chats:
            chats[told["chat"]].change(told["message"])
        elif told["type"] == "sms" and told["sms"]["to"] in phones:
            phones[told["sms"]["to"]].text(told["sms"]["text"])

    forget = messenger.state.watch(change)
    try:
        yield guests
    finally:
        forget()


async def all_of(guests: list[Guest], way: Callable[[Guest], Awaitable[None]]) -> None:
    async with asyncio.TaskGroup() as group:
        for guest in guests:
            group.create_task(way(guest))  # type: ignore[arg-type]
