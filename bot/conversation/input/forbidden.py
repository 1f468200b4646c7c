"""What may never be taken in a chat, recognised before anything is stored. Reports the kind only, never the value.

A secret that is missed stays in a record where it must not be; a false alarm costs the customer one message. So a text
that could be either counts as forbidden, except where the form has just asked for what it may be as well.

The one hard case is 13 digits when an account number was asked for. Written 6-7 it is a resident number: no bank
groups so. Grouped in another way it is an account. Ungrouped, it counts as a resident number if its date exists and
its check digit is right: of accounts that look like a date, two in eleven are refused, and pass with their hyphens.
A number given since October 2020 has no check digit: typed there, without its hyphen, it is not recognised.
"""

import re
from collections.abc import Callable, Iterator
from datetime import date
from typing import Literal

from bot.conversation.input import private_keys
from bot.conversation.input.parse import plain

Kind = Literal["resident_number", "otp_or_card", "old_password", "account_pin", "private_key"]
FileKind = Literal["private_key_file", "id_photo"]


def recognise(text: str, expecting: str | None = None) -> Kind | None:
    """Return the kind of forbidden content; `expecting` is the step asked for: `account`, `code`, `password`."""
    tidy = plain(text)
    return next((kind for kind, holds in _RECOGNISERS if holds(tidy, expecting)), None)


def recognise_file(name: str, mime: str, head: bytes | None) -> FileKind | None:
    """Check name and type before the download, and the first bytes (512 are enough) after it."""
    if private_keys.named_like_key(name) or (head is not None and private_keys.holds_key(head)):
        return "private_key_file"
    photo = mime.lower().startswith("image/") or private_keys.named_like_photo(name)
    return "id_photo" if photo or (head is not None and private_keys.is_photo(head)) else None


# --- resident and foreigner registration numbers ---

_RESIDENT = re.compile(r"(?<![0-9])(?<![0-9]-)([0-9]{6})(\s*[-./~:]?\s*)([1-8][0-9]{6})(?![0-9])")
_WEIGHTS = (2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5)
_BORN_BEFORE_2000 = "1256"  # 1 and 2 Korean, 5 and 6 foreign; 3, 4, 7 and 8 were born since 2000


def _resident(text: str, expecting: str | None) -> bool:
    return any(_is_resident(found, expecting) for found in _RESIDENT.finditer(text))


def _is_resident(found: re.Match[str], expecting: str | None) -> bool:
    front, between, back = found.groups()
    if not _is_day(front, century=1900 if back[0] in _BORN_BEFORE_2000 else 2000):
        return False
    return expecting != "account" or bool(between) or _checks(front + back)


def _is_day(yymmdd: str, century: int) -> bool:
    try:
        date(century + int(yymmdd[:2]), int(yymmdd[2:4]), int(yymmdd[4:]))
    except ValueError:
        return False
    return True


def _checks(digits: str) -> bool:
    """A foreigner's check digit is two more than a citizen's."""
    total = sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, digits, strict=False))
    check = (11 - total % 11) % 10
    return int(digits[-1]) in {check, (check + 2) % 10}


# --- words beside a secret ---

_CARD_WORDS = "\ubcf4\uc548\\s*\uce74\ub4dc|\uc2dc\ud050\ub9ac\ud2f0\\s*\uce74\ub4dc"
_CARD = re.compile(f"{_CARD_WORDS}|security\\s*card", re.IGNORECASE)
_OTP = re.compile("(?<![a-z])otp|\uc624\ud2f0\ud53c", re.IGNORECASE)  # OTP
_WORDS_FOR_IT = (
    "\ube44\ubc00\\s*\ubc88\ud638|\ube44\ubc88|\uc554\ud638|\ud328\uc2a4\\s*\uc6cc\ub4dc"  # four Korean words for it
    "|pass\\s?word|pass\\s?phrase|passwd|pass\\s?code|\\bpw\\b"
)
_PASSWORD = re.compile(_WORDS_FOR_IT, re.IGNORECASE)
_MONEY = "\uacc4\uc88c|\ud1b5\uc7a5|\uce74\ub4dc|\uc774\uccb4|account|card|transfer"  # the Korean: account, passbook
_PIN = re.compile(
    f"(?:{_MONEY})\\s*(?:{_WORDS_FOR_IT})|\\bpin\\b|\ud540\\s*\ubc88\ud638",  # PIN
    re.IGNORECASE,
)
#: After a number, they show that it is a count: characters, years, months, days, won, times, minutes, items, hours.
_UNITS = "\uc790\ub9ac|\ub144|\uc6d4|\uc77c|\uc6d0|\ud68c|\ubd84|\uac1c|\uc2dc"
_COUNTED = re.compile(f"\\s*(?:{_UNITS}|digit|char|year|day|time|min)", re.IGNORECASE)
_NTH = "\ubc88"  # after a number of the security card: the position, not the secret
_PHONE_OR_DAY = re.compile(
    r"(?<![0-9-])(?:0[0-9]{1,2}-[0-9]{3,4}-[0-9]{4}|1[0-9]{3}-[0-9]{4}"
    r"|[0-9]{4}[-./][0-9]{1,2}[-./][0-9]{1,2})(?![0-9-])"
)
_NUMBER = re.compile(r"(?<![0-9])[0-9]{2,}(?![0-9])")
_SIX = re.compile(r"(?<![0-9])[0-9]{3}[ -]?[0-9]{3}(?![0-9])")
_PIN_LENGTHS = range(4, 9)
_NEAR, _FAR = 20, 40


def _account_pin(text: str, expecting: str | None) -> bool:  # noqa: ARG001
    near = (part for word in _PIN.finditer(text) for part in _beside(text, word, _NEAR))
    return any(len(number) in _PIN_LENGTHS for part in near for number, after in _numbers(part) if _is_bare(after))


def _otp_or_card(text: str, expecting: str | None) -> bool:
    if any(_card_digits(text[word.end() : word.end() + _FAR]) for word in _CARD.finditer(text)):
        return True
    if expecting == "code":  # A customer may call the code we sent an OTP.
        return False
    near = (part for word in _OTP.finditer(text) for part in _beside(text, word, _NEAR))
    return any(_is_bare(part[six.end() :]) for part in near for six in _SIX.finditer(part))


def _card_digits(tail: str) -> bool:
    """Four digits, or two after a position: nobody names a second number beside the card for another reason."""
    numbers = list(_numbers(_PHONE_OR_DAY.sub(" ", tail)))
    answers = [number for number, after in numbers if _is_bare(after) and not after.startswith(_NTH)]
    return any(len(answer) == 4 for answer in answers) or (bool(answers) and len(numbers) > 1)  # noqa: PLR2004


def _beside(text: str, word: re.Match[str], reach: int) -> tuple[str, str]:
    before = text[max(0, word.start() - reach) : word.start()]
    return _PHONE_OR_DAY.sub(" ", before), _PHONE_OR_DAY.sub(" ", text[word.end() : word.end() + reach])


def _numbers(text: str) -> Iterator[tuple[str, str]]:
    return ((found[0], text[found.end() :]) for found in _NUMBER.finditer(text))


def _is_bare(after: str) -> bool:
    return _COUNTED.match(after) is None


# --- passwords ---

_MARKS = r"[\s:=\u2192>\"'(\[<-]*"
_IS = "(?:\uc740|\ub294|\uc774|\uac00|is\\b|was\\b)?"  # particles, and the copula
_BEHIND = re.compile(f"{_MARKS}(?:\ubc88\ud638)?{_IS}{_MARKS}(?P<token>[!-~]{{4,}})(?P<after>.*)", re.DOTALL)
_BEFORE = re.compile("(?P<token>[!-~]{4,})\\s?(?:\uc774|\uac00|\uc740|\ub294|is)\\s+(?:\\S{1,7}\\s+){0,2}\\S{0,7}$")
_SHORTEST_PASSWORD = 4
_SPECIAL_OR_DIGIT = re.compile(r"[0-9!@#$%^&*?_+~]")


def _old_password(text: str, expecting: str | None) -> bool:
    return expecting != "password" and any(_given(text, word) for word in _PASSWORD.finditer(text))


def _given(text: str, word: re.Match[str]) -> bool:
    behind = _BEHIND.match(text, word.end())
    if behind:
        between = text[word.end() : behind.start("token")]
        if _is_secret(behind["token"], behind["after"], named=":" in between or "=" in between):
            return True
    before = _BEFORE.search(text, max(0, word.start() - _FAR), word.start())
    return before is not None and _is_secret(before["token"], "", named=False)


def _is_secret(token: str, after: str, *, named: bool) -> bool:
    """Tell a password from the next word of a sentence; after a colon or equals sign every word is one."""
    bare = token.rstrip(".,!?)\"'>]")
    if len(bare) < _SHORTEST_PASSWORD or bare.lower().startswith("http") or _PHONE_OR_DAY.fullmatch(bare):
        return False
    if bare.isdigit() and not _is_bare(after):
        return False
    return named or _SPECIAL_OR_DIGIT.search(bare) is not None


# --- keys ---


def _private_key(text: str, expecting: str | None) -> bool:  # noqa: ARG001
    return private_keys.holds_key(text.encode()) or private_keys.holds_key_in_base64(text)


_RECOGNISERS: tuple[tuple[Kind, Callable[[str, str | None], bool]], ...] = (
    ("private_key", _private_key),
    ("resident_number", _resident),
    ("account_pin", _account_pin),
    ("otp_or_card", _otp_or_card),
    ("old_password", _old_password),
)
