"""Korean particles depend on the sound before them; this finds that sound for any word.

Hangul shows it exactly; digits are read by their Sino-Korean names; Latin words by letter names or by how Korean
writes such endings. Where the sound is not known, both forms are given, as official letters do: `을(를)`.
"""

import re
from enum import Enum


class Ending(Enum):
    VOWEL = "vowel"
    RIEUL = "rieul"  #: The one consonant after which "toward" keeps its short form.
    CONSONANT = "consonant"
    UNKNOWN = "unknown"


#: Each particle after a consonant and after a vowel, and as it is written when the sound is not known.
_PAIRS = (
    ("\uc744", "\ub97c", "\uc744(\ub97c)"),  # object
    ("\uc774", "\uac00", "\uc774(\uac00)"),  # subject
    ("\uc740", "\ub294", "\uc740(\ub294)"),  # topic
    ("\uacfc", "\uc640", "\uacfc(\uc640)"),  # with, and
    ("\uc73c\ub85c", "\ub85c", "(\uc73c)\ub85c"),  # toward, by means of
    ("\uc774\uc5d0\uc694", "\uc608\uc694", "\uc774\uc5d0\uc694(\uc608\uc694)"),  # is, politely
    ("\uc774\ub098", "\ub098", "(\uc774)\ub098"),  # or
    ("\uc774\ub77c", "\ub77c", "(\uc774)\ub77c"),  # named
    ("\uc774\ub791", "\ub791", "(\uc774)\ub791"),  # with, in speech
    ("\uc544", "\uc57c", "\uc544(\uc57c)"),  # calling
)
_TOWARD = "\uc73c\ub85c"  # toward
#: By every spelling that a catalog may use: one form, both with a slash in either order, or with a parenthesis.
_BY_SPELLING = {
    spelling: pair
    for pair in _PAIRS
    for spelling in (f"{pair[0]}/{pair[1]}", f"{pair[1]}/{pair[0]}", pair[2], f"{pair[0]}{pair[1]}")
}


def josa(word: str, particle: str) -> str:
    """Return the word with this particle; raise `ValueError` for a particle that is not in the table."""
    return word + form(word, particle)


def form(word: str, particle: str) -> str:
    try:
        closed, opened, both = _BY_SPELLING[particle]
    except KeyError:
        raise ValueError(f"no such particle: {particle!r}") from None
    heard = ending(word)
    if heard is Ending.UNKNOWN:
        return both
    short = heard is Ending.VOWEL or (heard is Ending.RIEUL and closed == _TOWARD)
    return opened if short else closed


# --- the sound at the end ---

_ASIDE = re.compile(r"(?<=\S)\s*(?:\([^()]*\)|\[[^\[\]]*\])\s*$")
_SILENT = " \t\n\"'`.,!?~*_·\u2026:;)]}>»\u201d\u2019\u300d\u300f\u300b\u3009"  # Closing marks have no sound.
_SYLLABLES = range(0xAC00, 0xD7A4)
_FINALS, _FINAL_RIEUL = 28, 8
_JAMO_CONSONANTS, _JAMO_VOWELS, _JAMO_RIEUL = range(0x3131, 0x314F), range(0x314F, 0x3164), 0x3139
_DIGITS = {
    digit: Ending.RIEUL if digit in "178" else Ending.VOWEL if digit in "2459" else Ending.CONSONANT
    for digit in "0123456789"
}
_SYMBOLS = {"%": Ending.VOWEL, "+": Ending.CONSONANT, "°": Ending.VOWEL}
_TRILLIONS = re.compile(r"(?:^|[^0-9])[0-9]{1,4}(?:,?000){4}$")


def ending(word: str) -> Ending:
    """Return the last sound; text in a closing parenthesis is not read aloud."""
    spoken = _spoken(word)
    if not spoken:
        return Ending.UNKNOWN
    last = spoken[-1]
    if ord(last) in _SYLLABLES:
        return _of_final((ord(last) - _SYLLABLES.start) % _FINALS)
    if last in _DIGITS:
        return Ending.VOWEL if _TRILLIONS.search(spoken) else _DIGITS[last]
    return _SYMBOLS.get(last) or _jamo(ord(last)) or _latin(spoken)


def _spoken(word: str) -> str:
    bare = word.rstrip()
    while bare != (shorter := _ASIDE.sub("", bare).rstrip()):
        bare = shorter
    return bare.rstrip(_SILENT)


def _of_final(final: int) -> Ending:
    if final == 0:
        return Ending.VOWEL
    return Ending.RIEUL if final == _FINAL_RIEUL else Ending.CONSONANT


def _jamo(code: int) -> Ending | None:
    """Single letters are read by their names: every consonant's name ends in that consonant."""
    if code in _JAMO_VOWELS:
        return Ending.VOWEL
    if code == _JAMO_RIEUL:
        return Ending.RIEUL
    return Ending.CONSONANT if code in _JAMO_CONSONANTS else None


# --- Latin ---

_LATIN_WORD = re.compile(r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff]+$")
_LETTER_NAMES = {"L": Ending.RIEUL, "R": Ending.RIEUL, "M": Ending.CONSONANT, "N": Ending.CONSONANT}
#: The first match counts: how the endings of foreign words sound once they are written in Hangul.
_LATIN_ENDINGS = (
    (re.compile(r"(?:l|[^aeiouy]le|[ai]le)$"), Ending.RIEUL),  # email, Google, file
    (re.compile(r"(?:[mn]|ng|[aeiou][mn]e)$"), Ending.CONSONANT),  # Telegram, Naver Plan, iPhone
    (
        re.compile(r"(?:ck|(?:^|[^aeiou])[aeiou][bcpkt]|oo?k|pp)$"),
        Ending.CONSONANT,
    ),  # Jack, Mac, app, net, book
)


def _latin(spoken: str) -> Ending:
    found = _LATIN_WORD.search(spoken)
    if found is None:
        return Ending.UNKNOWN
    word = found[0]
    if word.isupper():
        return _LETTER_NAMES.get(word[-1], Ending.VOWEL)
    return next((sound for pattern, sound in _LATIN_ENDINGS if pattern.search(word.lower())), Ending.VOWEL)
