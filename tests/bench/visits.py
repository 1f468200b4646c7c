"""Visits: somebody comes for a whole reissue, or with some questions, and goes; closed loop, or as they come."""

import asyncio
import json
import random
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from handlers.local import LocalMessenger
from tests.bench.customers import FIRST_ID, Guest, Log, text_of, watched
from tests.bench.setup import Ground
from tests.support.local_telegram import WORDS, Customer

EXAMS = Path(__file__).parents[1] / "unit" / "bot" / "knowledge"
QUESTIONS_A_VISIT = 8
#: What is asked again and again, in the same words, where that is wanted.
ASKED_OFTEN = 100
#: So many of those who come ask questions only, and come again and again; each of the others has one reissue.
ASKERS = 200
ERRORS = ("error.", "staff.parked", "staff.job", "staff.refused")


class Visitor(Guest):
    """Waits before each act, as long as its visit is paced; a mean of none is a robot's pace."""

    dice: random.Random
    pace_s = 0.0

    async def says(self, text: str) -> None:
        await self._considers()
        await super().says(text)

    async def taps(self, key: str, **params: object) -> None:
        await self._considers()
        await super().taps(key, **params)

    async def triage(self, reason: str = "lost") -> None:
        await self.says("/start")
        await self.taps("button.start")
        await self.tells_why(reason)

    async def asks(self, questions: list[str]) -> None:
        for question in questions:
            await self.says(question)
            await self._until(lambda: self._fresh)

    def visits(self, log: Log, pace_s: float, dice: random.Random) -> None:
        self._log, self.pace_s, self.dice = log, pace_s, dice

    async def _considers(self) -> None:
        if self.pace_s:
            await asyncio.sleep(self.dice.expovariate(1 / self.pace_s))


@dataclass
class Tally:
    """What was seen: of those who reissue, of those who ask, and what nobody should see."""

    reissues: Log = field(default_factory=Log)
    questions: Log = field(default_factory=Log)
    served: int = 0
    errors: list[str] = field(default_factory=list)
    #: What was done before the last clearing.
    cleared: int = 0

    def clear(self) -> None:
        self.cleared += self.acts
        for log in (self.reissues, self.questions):
            log.acts, log.spans = 0, []
        self.served = 0

    @property
    def acts(self) -> int:
        return self.reissues.acts + self.questions.acts

    @property
    def spans(self) -> list[float]:
        return self.reissues.spans + self.questions.spans


class Hall:
    """Where visitors come in."""

    def __init__(
        self, guests: list[Guest], tally: Tally, asking: float, unseen: float = 1.0, seed: int = 1
    ) -> None:
        visitors = [guest for guest in guests if isinstance(guest, Visitor)]
        self._askers, self._applicants = visitors[:ASKERS], iter(visitors[ASKERS:])
        self.tally = tally
        self._asking = asking
        self._dice = random.Random(seed)
        self._questions = questions(self._dice, unseen)

    @property
    def acts(self) -> int:
        """All that were done here."""
        return self.tally.cleared + self.tally.acts

    async def visit(self, pace_s: float = 0.0) -> None:
        """Let one visitor in until they have what they came for."""
        await (self.asks(pace_s) if self._dice.random() < self._asking else self.applies(pace_s))

    async def asks(self, pace_s: float = 0.0) -> None:
        asker = self._askers.pop()
        asker.visits(self.tally.questions, pace_s, self._dice)
        await asker.asks([next(self._questions) for _ in range(QUESTIONS_A_VISIT)])
        self._askers.append(asker)

    async def applies(self, pace_s: float = 0.0) -> None:
        applicant = next(self._applicants, None)
        if applicant is None:
            raise RuntimeError("everybody has a new certificate: make the ground for more customers")
        applicant.visits(self.tally.reissues, pace_s, self._dice)
        await applicant.is_served()
        self.tally.served += 1

    async def full(self, visitors: int, seconds: float) -> None:
        """Closed loop: so many are here, and for each who goes another comes, until the time is over."""
        until = time.perf_counter() + seconds

        async def place() -> None:
            while time.perf_counter() < until:
                await self.visit()

        async with asyncio.TaskGroup() as group:
            for _ in range(visitors):
                group.create_task(place())

    async def open(self, visits_a_second: float, pace_s: float, seconds: float) -> None:
        """Open: they come whether the bot keeps up or not, the gaps between them exponential (Poisson)."""
        until = time.perf_counter() + seconds
        async with asyncio.TaskGroup() as group:
            while time.perf_counter() < until:
                group.create_task(self.visit(pace_s))
                await asyncio.sleep(self._dice.expovariate(visits_a_second))


def questions(dice: random.Random, unseen: float) -> Iterator[str]:
    """Yield questions that people ask; this share of them with a number of its own, so that none is remembered."""
    lines = [line for file in sorted(EXAMS.glob("noisy*.jsonl")) for line in file.read_text().splitlines()]
    texts, number = [json.loads(line)["q"] for line in lines], 0
    often = texts[:: len(texts) // ASKED_OFTEN]
    while True:
        for text in dice.sample(texts, len(texts)):
            number += 1
            yield f"{text} {number}" if dice.random() < unseen else dice.choice(often)


@contextmanager
def hall(
    messenger: LocalMessenger,
    ground: Ground,
    asking: float,
    tally: Tally | None = None,
    unseen: float = 1.0,
) -> Iterator[Hall]:
    told = tally or Tally()
    with watched(messenger, ground.people, told.reissues, Visitor) as guests, errors_noted(messenger, told):
        yield Hall(guests, told, asking, unseen)


@contextmanager
def errors_noted(messenger: LocalMessenger, tally: Tally) -> Iterator[None]:
    """Note every screen that speaks of a mistake, and every line to staff about one: visitors make none."""
    somebody = Customer(messenger.person(FIRST_ID), messenger, "ko")
    keys = [key for key in WORDS._catalogs["ko"] if key.startswith(ERRORS)]
    any_error = re.compile(
        "|".join(f"(?P<e{at}>{somebody.pattern(key).pattern})" for at, key in enumerate(keys)), re.DOTALL
    )

    def look(change: dict[str, Any]) -> None:
        message = change.get("message")
        if message is None or not message["from"]["is_bot"]:
            return
        found = any_error.search(text_of(message))
        if found and found.lastgroup:
            tally.errors.append(keys[int(found.lastgroup[1:])])

    forget = messenger.state.watch(look)
    try:
        yield
    finally:
        forget()
