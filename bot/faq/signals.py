"""What gives away a question, and what gives away that it is about another thing than a certificate."""

import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Signals:
    """One language's `_signals.toml`, as patterns over lower-case text."""

    #: How a question ends.
    endings: re.Pattern[str]
    #: What only questions hold.
    words: re.Pattern[str]
    #: Other things that are issued, lost and renewed.
    things: re.Pattern[str]
    #: What people want done with them.
    acts: re.Pattern[str]
    #: What shows that a certificate is meant all the same.
    ours: re.Pattern[str]

    def asks(self, text: str) -> bool:
        return bool(self.words.search(text) or self.endings.search(text))

    def elsewhere(self, text: str) -> bool:
        """Whether the text wants something done with another thing, and speaks of no certificate."""
        return bool(self.things.search(text) and self.acts.search(text)) and not self.ours.search(text)


def signals_of(table: Mapping[str, object]) -> Signals:
    """Raise `ValueError` naming the list that is missing or holds no pattern."""
    return Signals(
        endings=_pattern(table, "endings", "(?:{})[\\s?!.~]*$"),
        words=_pattern(table, "words"),
        things=_pattern(table, "things"),
        acts=_pattern(table, "acts"),
        ours=_pattern(table, "ours"),
    )


def _pattern(table: Mapping[str, object], name: str, shape: str = "{}") -> re.Pattern[str]:
    pieces = table.get(name)
    if not isinstance(pieces, list) or not all(isinstance(piece, str) for piece in pieces):
        raise ValueError(f"{name} is not a list of texts")
    try:
        return re.compile(shape.format("|".join(pieces) or "(?!)"))
    except re.error as error:
        raise ValueError(f"{name} holds no pattern: {error}") from error
