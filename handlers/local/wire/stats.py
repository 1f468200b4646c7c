"""Counters of calls, updates and faults, for tests, benchmarks and the page."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Stats:
    calls: Counter[str] = field(default_factory=Counter)  #: Bot API calls by method
    from_webhook: int = 0  #: of these, calls in the answers of webhooks
    refused: Counter[int] = field(default_factory=Counter)  #: error answers, by code
    faults: Counter[str] = field(default_factory=Counter)  #: injected faults, by name
    repeats: int = 0  #: sendMessage with the text and keyboard of an earlier message of the chat
    updates: int = 0  #: created
    delivered: int = 0  #: delivered by polling or webhook, repeats included
    pending: int = 0  #: in the queue now

    def as_dict(self) -> dict[str, Any]:
        return {
            "calls": dict(self.calls),
            "from_webhook": self.from_webhook,
            "refused": {str(code): count for code, count in self.refused.items()},
            "faults": dict(self.faults),
            "repeats": self.repeats,
            "updates": self.updates,
            "delivered": self.delivered,
            "pending": self.pending,
        }
