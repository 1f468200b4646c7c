"""Patterns that show that a text is a question, or that it is about something other than a certificate."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

LISTS = ("endings", "words", "things", "means", "acts", "strangers", "ours")
#: Sentence boundaries in any language. A number counts only as the start of a list item.
BOUNDARY = re.compile(r"[.?!。？！;；,，、\n…]+(?=\s|[^\x00-\x7f]|$)|\s\d[.)]\s|^\d[.)]\s")
LETTER = re.compile(r"[^\W\d_]")
#: A piece with fewer letters is not a question.
MIN_LETTERS = 4


@dataclass(frozen=True, slots=True)
class Signals:
    """One language's `_signals.toml`, as patterns over lower-case text."""

    #: Endings of questions.
    endings: re.Pattern[str]
    #: Words that only questions have.
    words: re.Pattern[str]
    #: Other things that are issued, lost and renewed, unless the text names them only as a means.
    things: re.Pattern[str]
    #: What people want to do with those things.
    acts: re.Pattern[str]
    #: Subjects that are always out of scope.
    strangers: re.Pattern[str]
    #: Words that show that the text is about a certificate.
    ours: re.Pattern[str]
    #: Words between two questions in one sentence.
    joints: re.Pattern[str]
    #: Endings of questions that are followed by more text.
    question_ends: re.Pattern[str]

    def split_joined(self, text: str) -> str:
        """Return the text with each of its questions on a new line, by the patterns of this language."""
        return self.joints.sub("\n", self.question_ends.sub(lambda end: f"{end[0]}\n", text))

    def has_question_sign(self, text: str) -> bool:
        return bool(self.words.search(text) or self.endings.search(text))

    def is_about_something_else(self, text: str) -> bool:
        """Whether the text is a request about something else and does not mention a certificate."""
        if self.ours.search(text):
            return False
        return bool(self.strangers.search(text) or (self.things.search(text) and self.acts.search(text)))


def split_questions(text: str, signals: Iterable["Signals"]) -> tuple[str, ...]:
    """Split a text into pieces that may each be a question."""
    lines = BOUNDARY.sub("\n", text.lower())
    for each in signals:
        lines = each.split_joined(lines)
    return tuple(line.strip() for line in lines.splitlines() if len(LETTER.findall(line)) >= MIN_LETTERS)


def parse_signals(table: Mapping[str, object]) -> Signals:
    """Raise `ValueError` that names the list that is missing or is not of patterns."""
    pieces = {name: _pieces(table, name) for name in LISTS}
    joints = _pieces({"joints": [], **table}, "joints")  # folders copied from an older release have none
    return Signals(
        endings=_pattern("endings", rf"(?:{pieces['endings']})[\s?？！!.。~…]*$"),
        words=_pattern("words", pieces["words"]),
        things=_pattern("things", rf"(?:{pieces['things']})(?!\s*(?:{pieces['means']}))"),
        acts=_pattern("acts", pieces["acts"]),
        strangers=_pattern("strangers", pieces["strangers"]),
        ours=_pattern("ours", pieces["ours"]),
        joints=_pattern("joints", joints),
        question_ends=_pattern("endings", rf"(?:{pieces['endings']})(?=\s+\S)"),
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
        raise ValueError(f"{name} is not a valid pattern: {error}") from error
