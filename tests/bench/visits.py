"""Simulates visits: a whole reissue, or some questions. The load is a closed or an open loop."""

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

EVALUATION_FILES = Path(__file__).parents[1] / "unit" / "bot" / "knowledge"
QUESTIONS_A_VISIT = 8
#: The number of questions that are repeated word for word, if repeats are wanted.
REPEATED_QUESTIONS = 100
#: This many visitors only ask questions, and come again; each of the others has one reissue.
ASKERS = 200
ERRORS = ("error.", "staff.parked", "staff.job", "staff.refused")


class Visitor(Guest):
    """Waits before each action. The waits are exponential with a mean of `pace_s` seconds; 0 is no wait."""

    rng: random.Random
    pace_s = 0.0

    async def says(self, text: str) -> None:
        await self._wait()
        await super().says(text)

    async def taps(self, key: str, **params: object) -> None:
        await self._wait()
        await super().taps(key, **params)

    async def triage(self, reason: str = "lost") -> None:
        await self.says("/start")
        await self.taps("button.start")
        await self.tells_why(reason)

    async def asks(self, questions: list[str]) -> None:
        for question in questions:
            await self.says(question)
            await self._until(lambda: self._fresh)

    def start_visit(self, log: Log, pace_s: float, rng: random.Random) -> None:
        self._log, self.pace_s, self.rng = log, pace_s, rng

    async def _wait(self) -> None:
        if self.pace_s:
            await asyncio.sleep(self.rng.expovariate(1 / self.pace_s))


@dataclass
class Tally:
    """The logs of reissues and questions, and the errors that were shown."""

    reissues: Log = field(default_factory=Log)
    questions: Log = field(default_factory=Log)
    served: int = 0
    errors: list[str] = field(default_factory=list)
    #: The number of actions before the last `clear`.
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


class VisitSimulator:
    """Starts visits."""

    def __init__(self, guests: list[Guest], tally: Tally, asking: float, unseen: float = 1.0, seed: int = 1) -> None:
        visitors = [guest for guest in guests if isinstance(guest, Visitor)]
        self._askers, self._applicants = visitors[:ASKERS], iter(visitors[ASKERS:])
        self.tally = tally
        self._asking = asking
        self._rng = random.Random(seed)
        self._questions = questions(self._rng, unseen)

    @property
    def acts(self) -> int:
        """The number of all actions."""
        return self.tally.cleared + self.tally.acts

    async def visit(self, pace_s: float = 0.0) -> None:
        """Run one visit to its end."""
        await (self.asks(pace_s) if self._rng.random() < self._asking else self.applies(pace_s))

    async def asks(self, pace_s: float = 0.0) -> None:
        asker = self._askers.pop()
        asker.start_visit(self.tally.questions, pace_s, self._rng)
        await asker.asks([next(self._questions) for _ in range(QUESTIONS_A_VISIT)])
        self._askers.append(asker)

    async def applies(self, pace_s: float = 0.0) -> None:
        applicant = next(self._applicants, None)
        if applicant is None:
            raise RuntimeError("every customer has a new certificate: prepare more customers")
        applicant.start_visit(self.tally.reissues, pace_s, self._rng)
        await applicant.is_served()
        self.tally.served += 1

    async def full(self, visitors: int, seconds: float) -> None:
        """Closed loop: for this many visitors, each visit is followed by another until the time is over."""
        until = time.perf_counter() + seconds

        async def visit_repeatedly() -> None:
            while time.perf_counter() < until:
                await self.visit()

        async with asyncio.TaskGroup() as group:
            for _ in range(visitors):
                group.create_task(visit_repeatedly())

    async def open(self, visits_a_second: float, pace_s: float, seconds: float) -> None:
        """Open loop: visits start at Poisson times, whether the bot keeps up or not."""
        until = time.perf_counter() + seconds
        async with asyncio.TaskGroup() as group:
            while time.perf_counter() < until:
                group.create_task(self.visit(pace_s))
                await asyncio.sleep(self._rng.expovariate(visits_a_second))


def questions(rng: random.Random, unseen: float) -> Iterator[str]:
    """Yield questions. The share `unseen` gets a number appended, so that it is not cached."""
    lines = [line for file in sorted(EVALUATION_FILES.glob("noisy*.jsonl")) for line in file.read_text().splitlines()]
    texts, number = [json.loads(line)["q"] for line in lines], 0
    repeated = texts[:: len(texts) // REPEATED_QUESTIONS]
    while True:
        for text in rng.sample(texts, len(texts)):
            number += 1
            yield f"{text} {number}" if rng.random() < unseen else rng.choice(repeated)


@contextmanager
def visit_simulator(
    messenger: LocalMessenger,
    ground: Ground,
    asking: float,
    tally: Tally | None = None,
    unseen: float = 1.0,
) -> Iterator[VisitSimulator]:
    tally = tally or Tally()
    with (
        watched(messenger, ground.people, tally.reissues, Visitor) as guests,
        errors_recorded(messenger, tally),
    ):
        yield VisitSimulator(guests, tally, asking, unseen)


@contextmanager
def errors_recorded(messenger: LocalMessenger, tally: Tally) -> Iterator[None]:
    """Record every error screen, and every error message to staff: visitors make no errors."""
    customer = Customer(messenger.person(FIRST_ID), messenger, "ko")
    keys = [key for key in WORDS._catalogs["ko"] if key.startswith(ERRORS)]
    any_error = re.compile(
        "|".join(f"(?P<e{at}>{customer.pattern(key).pattern})" for at, key in enumerate(keys)), re.DOTALL
    )

    def record_error(change: dict[str, Any]) -> None:
        message = change.get("message")
        if message is None or not message["from"]["is_bot"]:
            return
        found = any_error.search(text_of(message))
        if found and found.lastgroup:
            tally.errors.append(keys[int(found.lastgroup[1:])])

    unwatch = messenger.state.watch(record_error)
    try:
        yield
    finally:
        unwatch()
