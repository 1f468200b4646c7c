"""Counters of what passed through, for tests, benches and the page."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Stats:
    calls: Counter[str] = field(default_factory=Counter)  #: Bot API calls by method
    unheard: int = 0  #: of these, calls that came in a webhook's answer
    refused: Counter[int] = field(default_factory=Counter)  #: answers that were not ok, by code
    faults: Counter[str] = field(default_factory=Counter)  #: faults played, by name
    repeats: int = 0  #: sendMessage with a text and keyboard that this chat had before
    updates: int = 0  #: pushed
    delivered: int = 0  #: handed over or posted, repeats included
    pending: int = 0  #: waiting in the queue now

    def as_dict(self) -> dict[str, Any]:
        return {
            "calls": dict(self.calls),
            "unheard": self.unheard,
            "refused": {str(code): count for code, count in self.refused.items()},
            "faults": dict(self.faults),
            "repeats": self.repeats,
            "updates": self.updates,
            "delivered": self.delivered,
            "pending": self.pending,
        }
