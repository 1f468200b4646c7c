"""Injected faults: rates that can change while the server runs, and the random draws from them."""

import random
from collections import Counter
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any


class Fault(StrEnum):
    """A fault of one call. `stats.faults` counts by these values."""

    REFUSE = "refuse"  #: 502, before the call is performed
    LOSE = "lose"  #: the call is performed, then the connection closes without an answer
    RESET = "reset"  #: the connection is reset before the call is performed
    STORM = "storm"  #: 429


class GatewayState(StrEnum):
    """The state of the SMS gateway or the mail server."""

    UP = "up"
    DOWN = "down"  #: connections are reset
    ERROR = "error"  #: SMS: 500; mail: 451, try again
    LOST = "lost"  #: received, then the connection closes without an answer
    REJECT = "reject"  #: SMS: 400 unknown number; mail: 550 no such mailbox


@dataclass(slots=True)
class Faults:
    """Rates are from 0 to 1, drawn for each call or update."""

    duplicate: float = 0.0  #: updates that are delivered twice, at once or late
    reorder: float = 0.0  #: updates that are overtaken by the next one
    refuse: float = 0.0
    lose: float = 0.0
    reset: float = 0.0
    storm: float = 0.0
    storm_seconds: int = 1  #: the `retry_after` of a storm's 429
    slow_ms: int = 0  #: delay before every call
    sms: GatewayState = GatewayState.UP
    mail: GatewayState = GatewayState.UP
    methods: frozenset[str] = frozenset()  #: the Bot API methods with faults; empty: all

    def clear(self) -> None:
        """Turns all faults off."""
        for each in fields(self):
            setattr(self, each.name, each.default)

    def as_dict(self) -> dict[str, Any]:
        return {each.name: getattr(self, each.name) for each in fields(self) if each.name != "methods"}

    def set(self, name: str, value: object) -> None:
        """Sets one fault by name, as the page does. Raises `ValueError` for an invalid name or value."""
        if name in {"sms", "mail"}:
            setattr(self, name, GatewayState(str(value)))
        elif name in {"slow_ms", "storm_seconds"}:
            setattr(self, name, max(0, int(str(value))))
        elif name in RATES:
            setattr(self, name, min(1.0, max(0.0, float(str(value)))))
        else:
            raise ValueError(name)


RATES = frozenset({"duplicate", "reorder", "refuse", "lose", "reset", "storm"})


@dataclass(slots=True)
class FaultInjector:
    """Draws faults by their rates, from one seed, and counts them."""

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
        """Whether a fault of this name is drawn now."""
        rate: float = getattr(self.faults, name)
        if rate <= 0 or self.random.random() >= rate:
            return False
        self.played[name] += 1
        return True

    def line(self, name: str) -> GatewayState:
        line: GatewayState = getattr(self.faults, name)
        if line is not GatewayState.UP:
            self.played[f"{name}:{line}"] += 1
        return line
