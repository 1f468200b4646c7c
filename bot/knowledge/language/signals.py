"""What gives away a question, and what gives away that it is about another thing than a certificate."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

LISTS = ("endings", "words", "things", "means", "acts", "strangers", "ours")
#: Where one sentence ends and the next begins, in any language; a number parts only as a list does.
MARKS = re.compile(r"[.?!。？！;；,，、\n…]+(?=\s|[^\x00-\x7f]|$)|\s\d[.)]\s|^\d[.)]\s")
LETTER = re.compile(r"[^\W\d_]")
#: A piece with fewer asks for nothing.
FEWEST_LETTERS = 4


@dataclass(frozen=True, slots=True)
class Signals:
    """One language's `_signals.toml`, as patterns over lower-case text."""

    #: How a question ends.
    endings: re.Pattern[str]
    #: What only questions hold.
    words: re.Pattern[str]
    #: Other things that are issued, lost and renewed, unless they are named as a means only.
    things: re.Pattern[str]
    #: What people want done with those.
    acts: re.Pattern[str]
    #: What is never ours, whatever is wanted.
    strangers: re.Pattern[str]
    #: What shows that a certificate is meant all the same.
    ours: re.Pattern[str]
    #: What stands between two questions in one sentence.
    joints: re.Pattern[str]
    #: The end of a question with another behind it.
    turns: re.Pattern[str]

    def parted(self, text: str) -> str:
        """Return the text with a line for each of its questions, as far as this language can tell."""
        return self.joints.sub("\n", self.turns.sub(lambda end: f"{end[0]}\n", text))

    def asks(self, text: str) -> bool:
        return bool(self.words.search(text) or self.endings.search(text))

    def elsewhere(self, text: str) -> bool:
        """Whether the text wants something of another thing, and speaks of no certificate."""
        if self.ours.search(text):
            return False
        return bool(self.strangers.search(text) or (self.things.search(text) and self.acts.search(text)))


def parts(text: str, signals: Iterable["Signals"]) -> tuple[str, ...]:
    """Return the pieces of a text of which each may ask for something of its own."""
    lines = MARKS.sub("\n", text.lower())
    for each in signals:
        lines = each.parted(lines)
    return tuple(line.strip() for line in lines.splitlines() if len(LETTER.findall(line)) >= FEWEST_LETTERS)


def signals_of(table: Mapping[str, object]) -> Signals:
    """Raise `ValueError` naming the list that is missing or holds no pattern."""
    pieces = {name: _pieces(table, name) for name in LISTS}
    joints = _pieces({"joints": [], **table}, "joints")  # folders that were copied earlier have none
    return Signals(
        endings=_pattern("endings", rf"(?:{pieces['endings']})[\s?？！!.。~…]*$"),
        words=_pattern("words", pieces["words"]),
        things=_pattern("things", rf"(?:{pieces['things']})(?!\s*(?:{pieces['means']}))"),
        acts=_pattern("acts", pieces["acts"]),
        strangers=_pattern("strangers", pieces["strangers"]),
        ours=_pattern("ours", pieces["ours"]),
        joints=_pattern("joints", joints),
        turns=_pattern("endings", rf"(?:{pieces['endings']})(?=\s+\S)"),
    )


def _pieces(table: Mapping[str, object], name: str) -> str:
    pieces = table.get(name)
    if not isinstance(pieces, list) or not all(isinstance(piece, str) for piece in pieces):
        raise ValueError(f"{name} is not a list of texts")
    return "|".join(pieces) or "(?!)"


def _pattern(name: str, pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{name} holds no pattern: {error}") from error
