"""The bad weather: switches that can be turned while everything runs, and the dice that follow them."""

import random
from collections import Counter
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any


class Fault(StrEnum):
    """What is done to one call. The names are what `stats.faults` counts by."""

    REFUSE = "refuse"  #: 502 before the act
    LOSE = "lose"  #: the act is done, then the connection closes without a word
    RESET = "reset"  #: the connection is reset before the act
    STORM = "storm"  #: 429


class Line(StrEnum):
    """How the SMS gateway or the mail server feels."""

    WELL = "well"
    DOWN = "down"  #: connections are reset
    ERROR = "error"  #: SMS: 500; mail: 451, try again
    LOST = "lost"  #: received, then the connection closes without a word
    REJECT = "reject"  #: SMS: 400 unknown number; mail: 550 no such mailbox


@dataclass(slots=True)
class Faults:
    """Rates are 0…1, drawn for every call or update by itself."""

    duplicate: float = 0.0  #: updates that are delivered twice, at once or late
    reorder: float = 0.0  #: updates that are overtaken by the next one
    refuse: float = 0.0
    lose: float = 0.0
    reset: float = 0.0
    storm: float = 0.0
    storm_seconds: int = 1  #: the `retry_after` of a storm's 429
    slow_ms: int = 0  #: before every act
    sms: Line = Line.WELL
    mail: Line = Line.WELL
    methods: frozenset[str] = frozenset()  #: only these Bot API methods suffer; empty: all

    def calm(self) -> None:
        """Everything back to fair weather."""
        for each in fields(self):
            setattr(self, each.name, each.default)

    def as_dict(self) -> dict[str, Any]:
        return {each.name: getattr(self, each.name) for each in fields(self) if each.name != "methods"}

    def set(self, name: str, value: object) -> None:
        """Turns one switch by its name, as the page does. ValueError when there is no such position."""
        if name in {"sms", "mail"}:
            setattr(self, name, Line(str(value)))
        elif name in {"slow_ms", "storm_seconds"}:
            setattr(self, name, max(0, int(str(value))))
        elif name in RATES:
            setattr(self, name, min(1.0, max(0.0, float(str(value)))))
        else:
            raise ValueError(name)


RATES = frozenset({"duplicate", "reorder", "refuse", "lose", "reset", "storm"})


@dataclass(slots=True)
class Dice:
    """Draws what the switches say, from one seed, and counts what it played."""

    faults: Faults
    random: random.Random
    played: Counter[str] = field(default_factory=Counter)

    def call(self, method: str) -> Fault | None:
        faults = self.faults
        if not (faults.reset or faults.storm or faults.refuse or faults.lose):
            return None
        if faults.methods and method not in faults.methods:
            return None
        drawn = self.random.random()
        for fault in Fault:
            drawn -= getattr(faults, fault.value)
            if drawn < 0:
                self.played[fault.value] += 1
                return fault
        return None

    def hits(self, name: str) -> bool:
        """Whether the rate of that name strikes now."""
        rate: float = getattr(self.faults, name)
        if rate <= 0 or self.random.random() >= rate:
            return False
        self.played[name] += 1
        return True

    def line(self, name: str) -> Line:
        line: Line = getattr(self.faults, name)
        if line is not Line.WELL:
            self.played[f"{name}:{line}"] += 1
        return line
