"""Personal data as it may be shown again: enough for its owner to recognise it, too little for others."""

import re
import unicodedata

STAR = "*"
HIDDEN = "***"
ACCOUNT_SHOWN = 4
ACCOUNT_SHORTEST = 10

_MOBILE = re.compile(r"(01[0-9])([0-9]{3,4})([0-9]{4})", re.ASCII)
_BIRTH = re.compile(r"([0-9]{4})-[0-9]{2}-[0-9]{2}", re.ASCII)
_EMAIL = re.compile(r"([^@\s])([^@\s]*)@([^@\s]+)")
_EAST_ASIAN = re.compile(r"[\uac00-\ud7a3\u3400-\u9fff\uf900-\ufaff ]+")  # Hangul syllables and Hanja.


def name(value: str) -> str:
    """Korean: first and last syllable, of two the first. Other scripts: the initial of each word."""
    plain = unicodedata.normalize("NFC", value).strip()
    if _EAST_ASIAN.fullmatch(plain):
        return _ends(plain)
    return " ".join(_initial(word) for word in plain.split()) or HIDDEN


def mobile(value: str) -> str:
    found = _MOBILE.fullmatch(value)
    return f"{found[1]}-{STAR * len(found[2])}-{found[3]}" if found else HIDDEN


def account(value: str) -> str:
    if not (value.isascii() and value.isdigit() and len(value) >= ACCOUNT_SHORTEST):
        return HIDDEN
    return STAR * (len(value) - ACCOUNT_SHOWN) + value[-ACCOUNT_SHOWN:]


def birth(value: str) -> str:
    found = _BIRTH.fullmatch(value)
    return f"{found[1]}-**-**" if found else HIDDEN


def email(value: str) -> str:
    """The domain stays, because it says which mailbox; the number of stars says nothing about the length."""
    found = _EMAIL.fullmatch(value)
    if not found:
        return HIDDEN
    first = found[1] if found[2] else ""
    return f"{first}{HIDDEN}@{found[3]}"


def _ends(text: str) -> str:
    letters = [place for place, letter in enumerate(text) if letter != " "]
    shown = letters[:1] * (len(letters) > 1) + letters[-1:] * (len(letters) > 2)  # noqa: PLR2004 - else the whole
    return "".join(letter if place in shown or letter == " " else STAR for place, letter in enumerate(text))


def _initial(word: str) -> str:
    return word[0] + STAR * (len(word) - 1) if len(word) > 1 else STAR
