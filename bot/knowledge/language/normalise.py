"""Normalises text, so that spellings of one word compare as equal. The rules are in each language's tables."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from bot.knowledge.language.keyboard_layout import to_hangul
from bot.messages.diacritics import BARE

LATIN_WORD = re.compile(r"[A-Za-z]+")
LONG_RUN = re.compile(r"(.)\1{2,}")
NOT_A_WORD = re.compile(r"[^\w]+|_+")
#: A space that is not between Latin letters or digits. In Korean, spaces are often left out, so they are removed.
REDUNDANT_SPACE = re.compile(r"(?<![a-z0-9]) | (?![a-z0-9])")
MIN_WORD_LENGTH, MAX_WORD_LENGTH, MAX_WORDS = 2, 20, 20


@dataclass(frozen=True, slots=True)
class Tables:
    """One language's `_normalise.toml`."""

    #: Substrings, matched after spaces are removed.
    replace: Mapping[str, str]
    #: Whole words in Latin letters.
    words: Mapping[str, str]
    #: Characters to delete, such as emoticons.
    noise: str


def parse_tables(table: Mapping[str, object]) -> Tables:
    """Raise `ValueError` that names the part that is not a table of texts."""
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
    return {fold(key): fold(to) for key, to in part.items()}


def sanitise(text: str) -> str:
    """Return the text in NFC, with lone surrogates and control characters replaced."""
    composed = unicodedata.normalize("NFC", text.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
    return "".join(" " if unicodedata.category(char) in {"Cc", "Cf"} else char for char in composed)


def fold(text: str) -> str:
    """Return the text in NFKC and lower case, without diacritics."""
    return unicodedata.normalize("NFKC", text).lower().translate(BARE)


class Normaliser:
    """Applies the tables of every language at once, because customers mix languages in one text."""

    def __init__(self, tables: tuple[Tables, ...]) -> None:
        self._replace = {key: to for table in tables for key, to in table.replace.items()}
        self._words = {key: to for table in tables for key, to in table.words.items()}
        self._noise = {ord(char): None for table in tables for char in fold(table.noise)}
        longest_first = sorted(self._replace, key=len, reverse=True)
        self._pieces = re.compile("|".join(map(re.escape, longest_first)) or r"(?!)")

    def __call__(self, text: str) -> str:
        lowered = LONG_RUN.sub(r"\1", fold(text)).translate(self._noise)
        words_only = NOT_A_WORD.sub(" ", lowered).strip()
        replaced = LATIN_WORD.sub(lambda word: self._words.get(word[0], word[0]), words_only)
        without_spaces = REDUNDANT_SPACE.sub("", replaced)
        return self._pieces.sub(lambda piece: self._replace[piece[0]], without_spaces)


def tokenise(text: str) -> tuple[str, ...]:
    """Return the text's first distinct words, without those that have a digit or sign in them."""
    words = NOT_A_WORD.sub(" ", fold(sanitise(text))).split()
    kept = (word for word in words if MIN_WORD_LENGTH <= len(word) <= MAX_WORD_LENGTH and word.isalpha())
    return tuple(dict.fromkeys(kept))[:MAX_WORDS]


def readings(text: str) -> tuple[str, ...]:
    """Return the text as typed and, if it differs, with words typed on an English layout read as Korean."""
    korean = LATIN_WORD.sub(lambda word: to_hangul(word[0]) or word[0], text)
    return (text,) if korean == text else (text, korean)
