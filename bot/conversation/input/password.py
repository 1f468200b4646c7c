"""The rule for a certificate's password. A key file cannot lock after wrong tries, so this rule is its only defence."""

import re
from collections.abc import Callable, Iterable, Sequence

SHORTEST, LONGEST = 10, 64
#: Korean clients refuse these; the backslash is the won sign on their keyboards.
FORBIDDEN = frozenset("'\"\\|\u20a9\uffe6 ")
#: So many characters that repeat, or follow each other on a keyboard or in a row, make it weak. The bank's rule is
#: the contract: beyond it, we refuse only what a guesser tries first.
RUN = 7
DISTINCT = 5
PERSONAL_DIGITS, PERSONAL_LETTERS = 6, 3

_ROWS = (
    "0123456789",
    "1234567890",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "!@#$%^&*()",
)
_RUNS = frozenset(
    piece
    for row in _ROWS
    for way in (row, row[::-1])
    for piece in (way[start : start + RUN] for start in range(len(way) - RUN + 1))
)
_REPEAT = re.compile(rf"(.)\1{{{RUN - 1}}}|(..)\2{{3}}|(...+)\3{{2}}", re.DOTALL)


def problems(password: str, personal: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the error keys, none if the password is good; `personal` are the customer's name, numbers and days."""
    lower = password.lower()
    found = [key for key, broken in _RULES if broken(password)]
    if any(piece in lower for value in personal for piece in _pieces(value)):
        found.append("password_personal")
    return tuple(found)


def _is_weak(password: str) -> bool:
    lower = password.lower()
    runs = (lower[start : start + RUN] for start in range(len(lower) - RUN + 1))
    return any(run in _RUNS for run in runs) or _REPEAT.search(lower) is not None or len(set(lower)) < DISTINCT


def _pieces(value: str) -> Iterable[str]:
    """Every six digits in a row of a number or day, and every word of a name."""
    digits = re.sub(r"[^0-9]", "", value)
    yield from (digits[start : start + PERSONAL_DIGITS] for start in range(len(digits) - PERSONAL_DIGITS + 1))
    yield from (word for word in re.findall(r"[^\W\d_]+", value.lower()) if len(word) >= PERSONAL_LETTERS)


def _is_foreign(password: str) -> bool:
    return any(letter not in FORBIDDEN and not "!" <= letter <= "~" for letter in password)


_RULES: tuple[tuple[str, Callable[[str], bool]], ...] = (
    ("password_short", lambda password: len(password) < SHORTEST),
    ("password_long", lambda password: len(password) > LONGEST),
    ("password_ascii", _is_foreign),
    ("password_forbidden", lambda password: not FORBIDDEN.isdisjoint(password)),
    ("password_letters", lambda password: re.search(r"[A-Za-z]", password) is None),
    ("password_digits", lambda password: re.search(r"[0-9]", password) is None),
    ("password_specials", lambda password: re.search(r"[!-/:-@\[-`{-~]", _allowed(password)) is None),
    ("password_weak", _is_weak),
)


def _allowed(password: str) -> str:
    return "".join(letter for letter in password if letter not in FORBIDDEN)
