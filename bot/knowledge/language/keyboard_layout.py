"""Recovers Korean typed with an English keyboard layout (rhdehd → 공동). The layout is dubeolsik (KS X 5002)."""

import unicodedata

#: Keys in the order of Unicode's leading consonants, vowels, and trailing consonants (the first trailing is none).
LEADS = ("r", "R", "s", "e", "E", "f", "a", "q", "Q", "t", "T", "d", "w", "W", "c", "z", "x", "v", "g")
VOWELS = (
    *("k", "o", "i", "O", "j", "p", "u", "P", "h", "hk", "ho"),
    *("hl", "y", "n", "nj", "np", "nl", "b", "m", "ml", "l"),
)
TAILS = (
    *("", "r", "R", "rt", "s", "sw", "sg", "e", "f", "fr", "fa", "fq", "ft", "fx"),
    *("fv", "fg", "a", "q", "qt", "t", "T", "d", "w", "c", "z", "x", "v", "g"),
)
LEAD_OF = {key: chr(0x1100 + number) for number, key in enumerate(LEADS)}
VOWEL_OF = {key: chr(0x1161 + number) for number, key in enumerate(VOWELS)}
TAIL_OF = {key: chr(0x11A7 + number) for number, key in enumerate(TAILS) if key}
SHIFTED = frozenset("QWERTOP")
MAX_KEYS = 2


def to_hangul(word: str) -> str | None:
    """Return the Hangul of a word typed on English keys; None unless the keys form complete syllables."""
    keys = "".join(key if key in SHIFTED else key.lower() for key in word)
    cased = None if word.isupper() else _compose(keys)
    return cased or _compose(word.lower())


def _compose(keys: str) -> str | None:
    jamo, at = "", 0
    while at < len(keys):
        syllable, at = _syllable(keys, at)
        if not syllable:
            return None
        jamo += syllable
    return unicodedata.normalize("NFC", jamo) or None


def _syllable(keys: str, at: int) -> tuple[str, int]:
    if keys[at] not in LEAD_OF:
        return "", at
    vowel = _longest(keys, at + 1, VOWEL_OF)
    if not vowel:
        return "", at
    end = at + 1 + len(vowel)
    tail = _tail(keys, end)
    return LEAD_OF[keys[at]] + VOWEL_OF[vowel] + TAIL_OF.get(tail, ""), end + len(tail)


def _longest(keys: str, at: int, table: dict[str, str]) -> str:
    sizes = range(MAX_KEYS, 0, -1)
    return next((keys[at : at + size] for size in sizes if keys[at : at + size] in table), "")


def _tail(keys: str, at: int) -> str:
    """Leave the last consonant to the next syllable if a vowel follows it."""
    tail = _longest(keys, at, TAIL_OF)
    after = keys[at + len(tail) : at + len(tail) + 1]
    if tail and after in VOWEL_OF:
        tail = tail[:-1]
    return tail
