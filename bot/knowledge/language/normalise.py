"""Makes the many ways of typing one thing look alike. What counts as alike is data, in each language's tables."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from bot.knowledge.language.keyboard_layout import recovered
from bot.messages.diacritics import BARE

LATIN_WORD = re.compile(r"[A-Za-z]+")
LONG_RUN = re.compile(r"(.)\1{2,}")
NOT_A_WORD = re.compile(r"[^\w]+|_+")
#: A space that does not part two words of Latin letters or digits says nothing in Korean, where people leave it out.
IDLE_SPACE = re.compile(r"(?<![a-z0-9]) | (?![a-z0-9])")
SHORTEST_WORD, LONGEST_WORD, MOST_WORDS = 2, 20, 20


@dataclass(frozen=True, slots=True)
class Tables:
    """One language's `_normalise.toml`."""

    #: Pieces of text, wherever they stand once spaces are gone.
    replace: Mapping[str, str]
    #: Whole words of Latin letters.
    words: Mapping[str, str]
    #: Characters that carry only mood.
    noise: str


def tables_of(table: Mapping[str, object]) -> Tables:
    """Raise `ValueError` naming the part that is not a table of texts."""
    replace, words = (_texts(table, name) for name in ("replace", "words"))
    match table.get("noise", ""):
        case str(noise):
            return Tables(replace, words, noise)
        case _:
            raise ValueError("noise is not a text")


def _texts(table: Mapping[str, object], name: str) -> dict[str, str]:
    part = table.get(name, {})
    if not isinstance(part, dict) or not all(isinstance(to, str) for to in part.values()):
        raise ValueError(f"{name} is not a table of texts")
    return {plain(key): plain(to) for key, to in part.items()}


def whole(text: str) -> str:
    """Compose the text, and mend what none should hold: lone surrogates, NUL and its like."""
    paired = unicodedata.normalize("NFC", text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
    return "".join(" " if unicodedata.category(char) in {"Cc", "Cf"} else char for char in paired)


def plain(text: str) -> str:
    return unicodedata.normalize("NFKC", text).lower().translate(BARE)


class Normaliser:
    """Holds the tables of every language at once: customers mix them in one line."""

    def __init__(self, tables: tuple[Tables, ...]) -> None:
        self._replace = {key: to for table in tables for key, to in table.replace.items()}
        self._words = {key: to for table in tables for key, to in table.words.items()}
        self._noise = {ord(char): None for table in tables for char in plain(table.noise)}
        longest_first = sorted(self._replace, key=len, reverse=True)
        self._pieces = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")

    def __call__(self, text: str) -> str:
        lowered = LONG_RUN.sub(r"\1", plain(text)).translate(self._noise)
        spaced = NOT_A_WORD.sub(" ", lowered).strip()
        worded = LATIN_WORD.sub(lambda word: self._words.get(word[0], word[0]), spaced)
        squashed = IDLE_SPACE.sub("", worded)
        return self._pieces.sub(lambda piece: self._replace[piece[0]], squashed)


def words(text: str) -> tuple[str, ...]:
    """Return the text's first words, each once; numbers, and whatever holds one, are none."""
    parts = NOT_A_WORD.sub(" ", plain(whole(text))).split()
    fit = (part for part in parts if SHORTEST_WORD <= len(part) <= LONGEST_WORD and part.isalpha())
    return tuple(dict.fromkeys(fit))[:MOST_WORDS]


def readings(text: str) -> tuple[str, ...]:
    """The text as typed and, where it could be, with its English-keyboard words read as Korean."""
    korean = LATIN_WORD.sub(lambda word: recovered(word[0]) or word[0], text)
    return (text,) if korean == text else (text, korean)
