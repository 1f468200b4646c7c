"""What a customer typed, as one canonical text, or the key of the reason why not. Tolerant of form only.

A parser first expects the value alone, then one value inside a phrase; two candidates count as none.
"""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from bot.messages.diacritics import BARE

LONGEST_TEXT = 200
_NOT = "\uc544\ub2c8"  # "not": a phrase that denies its value gives none
NAME_SHORTEST, NAME_LONGEST = 2, 40
#: A common name is the name, "()" and 22 digits, in at most 64 bytes of UTF-8 (X.520, ub-common-name).
NAME_BYTES = 64 - len("()") - 22
YOUNGEST, OLDEST = 14, 120
ID_OLDEST_YEARS = 60
EXPIRY_YEARS = 5
CODE_DIGITS = 6
MARKS_IN_A_ROW = 3


@dataclass(frozen=True, slots=True)
class Refused:
    error: str  #: A key under `error.` in the catalogs.


Parser = Callable[[str, date], str | Refused]


def plain(text: str) -> str:
    """Return the text in plain form: ASCII digits, one kind of hyphen and space, nothing invisible."""
    folded = unicodedata.normalize("NFKC", text)
    return "".join(_plain(letter) for letter in folded)


def _plain(letter: str) -> str:
    if letter.isdecimal():
        return str(unicodedata.decimal(letter))
    category = unicodedata.category(letter)
    if category == "Pd" or letter == "\u2212":  # dashes, and the minus sign
        return "-"
    if category == "Cf":
        return ""
    return " " if category in {"Zs", "Zl", "Zp", "Cc"} else letter


def _short(text: str) -> str | None:
    """Return the plain text, unless it is too long for an answer or denies what it holds."""
    tidy = plain(text) if len(text) <= LONGEST_TEXT else _NOT
    return None if _NOT in tidy else tidy


# --- names ---

_CURLY = str.maketrans({"\u2019": "'", "\u2018": "'", "\u02bc": "'", "\u00b4": "'", "`": "'", "\u2010": "-"})
#: Letters by category that show nothing or make no name: Hangul fillers, lone jamo, joiners, selectors.
_NO_LETTER = re.compile(
    "[\u034f\u1100-\u11ff\u17b4\u17b5\u180b-\u180f\u3131-\u318e\ua960-\ua97f\ud7b0-\ud7ff\ufe00-\ufe0f"
    "\uff00-\uffef\U00010000-\U0001ffff\U000e0000-\U000e0fff]"
)


def name(text: str, today: date) -> str | Refused:  # noqa: ARG001 - every parser is called alike
    """Letters of any script, with single spaces, hyphens, apostrophes and dots between."""
    tidy = _tidy_name(text)
    if not _is_name(tidy):
        return Refused("name_format")
    if len(tidy) > NAME_LONGEST or len(tidy.encode()) > NAME_BYTES:
        return Refused("name_too_long")
    return tidy


def name_key(value: str) -> str:
    """Return what is equal for two spellings of one name: without case, spaces, tone marks and marks between words.

    A bank writes NGUYEN VAN AN where a customer's phone suggests Nguyễn Văn An.
    """
    folded = unicodedata.normalize("NFKC", value).casefold().translate(BARE)
    return "".join(letter for letter in folded if letter.isalnum())


def _tidy_name(text: str) -> str:
    half = "".join(_half_width(letter) for letter in text)
    composed = unicodedata.normalize("NFC", half).translate(_CURLY)
    return re.sub(r"[ \u00a0\t]+", " ", composed).strip(" ")


def _half_width(letter: str) -> str:
    """Latin letters, hyphen and space as an East Asian keyboard may produce them; digits stay, to be refused."""
    return unicodedata.normalize("NFKC", letter) if "\uff01" <= letter <= "\uff5e" or letter == "\u3000" else letter


def _is_name(text: str) -> bool:
    kinds = "".join(_kind(letter) for letter in text)
    letters = kinds.count("L")
    return letters >= NAME_SHORTEST and re.fullmatch(r"L(?:L|M(?!M{3})|[-'.] ?(?=L)| (?=L))*\.?", kinds) is not None


def _kind(letter: str) -> str:
    if letter in " -'.":
        return letter
    if _NO_LETTER.match(letter):
        return "?"
    return unicodedata.category(letter)[0]


# --- dates ---

_YEAR, _MONTH = "\ub144\u5e74", "\uc6d4\u6708"  # the words after the numbers of a Korean or Chinese date
_BETWEEN = rf"(?:\s*[-./,\u00b7{_YEAR}{_MONTH}]\s*|\s+)"
_Y, _MD = r"([0-9]{4}|[0-9]{2})", r"([0-9]{1,2})"
_DATE = re.compile(rf"(?<![0-9])(?:{_Y}{_BETWEEN}{_MD}{_BETWEEN}{_MD}|{_Y}([0-9]{{2}})([0-9]{{2}}))(?![0-9])")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ENGLISH = re.compile(
    rf"\b(?:(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\s+(?P<m>{'|'.join(_MONTHS)})[a-z]*"
    rf"|(?P<m2>{'|'.join(_MONTHS)})[a-z]*\.?\s+(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?)\.?,?\s+(?P<y>\d{{4}})(?!\d)",
    re.ASCII | re.IGNORECASE,
)
_VIETNAMESE = re.compile(
    r"(?<![0-9])(?P<d>[0-9]{1,2})\s*th[a\u00e1]ng\s*(?P<m>[0-9]{1,2})\s*(?:,|n[a\u0103]m)\s*(?P<y>[0-9]{4})(?![0-9])",
    re.IGNORECASE,
)
#: Day and month in the order of one country or another.
_YEAR_LAST = re.compile(r"(?<![0-9])([0-9]{1,2})\s*[-./]\s*([0-9]{1,2})\s*[-./]\s*([0-9]{4})(?![0-9])")

Numbers = tuple[str, int, int]  # the year as typed, month, day


def birth_date(text: str, today: date) -> str | Refused:
    """Two digits of a year mean the latest year that makes the customer old enough."""
    numbers = _numbers(text)
    if numbers is None:
        return Refused("birth_format")
    born = _day(numbers, latest=_years_before(today, YOUNGEST))
    if born is None:
        return Refused("birth_impossible")
    return born.isoformat() if YOUNGEST <= age(born, today) <= OLDEST else Refused("birth_range")


def past_date(text: str, today: date) -> str | Refused:
    """The day an identity card was issued; it may be today."""
    numbers = _numbers(text)
    issued = _day(numbers, latest=today) if numbers else None
    if issued is None:
        return Refused("date_format")
    if issued > today:
        return Refused("date_future")
    return issued.isoformat() if issued >= _years_before(today, ID_OLDEST_YEARS) else Refused("date_range")


def expiry_date(text: str, today: date) -> str | Refused:
    """The certificate's last day, within five years from today."""
    numbers = _numbers(text)
    last = _day(numbers, latest=_years_before(today, -EXPIRY_YEARS)) if numbers else None
    if last is None:
        return Refused("date_format")
    near = _years_before(today, EXPIRY_YEARS) <= last <= _years_before(today, -EXPIRY_YEARS)
    return last.isoformat() if near else Refused("date_range")


def age(born: date, today: date) -> int:
    return today.year - born.year - ((today.month, today.day) < (born.month, born.day))


def _numbers(text: str) -> Numbers | None:
    """Return the one date in the text: no other digit may stand beside it."""
    tidy = _short(text)
    if tidy is None:
        return None
    found = [*_DATE.finditer(tidy), *_ENGLISH.finditer(tidy), *_VIETNAMESE.finditer(tidy)]
    found = found or [*_YEAR_LAST.finditer(tidy)]
    if len(found) != 1:
        return None
    rest = tidy[: found[0].start()] + tidy[found[0].end() :]
    return None if any(letter.isdigit() for letter in rest) else _read(found[0])


def _read(found: re.Match[str]) -> Numbers | None:
    if found.re is _ENGLISH:
        month = (found["m"] or found["m2"]).lower()
        return found["y"], _MONTHS.index(month) + 1, int(found["d"] or found["d2"])
    if found.re is _VIETNAMESE:
        return found["y"], int(found["m"]), int(found["d"])
    if found.re is _YEAR_LAST:
        return _told_apart(found[3], int(found[1]), int(found[2]))
    year, month, day = (part for part in found.groups() if part is not None)
    return year, int(month), int(day)


def _told_apart(year: str, one: int, other: int) -> Numbers | None:
    """The number above twelve is the day. Where both may be a month, it is ambiguous and asked again."""
    month, day = sorted((one, other))
    return (year, month, day) if day > len(_MONTHS) or day == month else None


def _day(numbers: Numbers, latest: date) -> date | None:
    """Return the day, or None if it does not exist; a short year means the last such year until `latest`."""
    year, month, day = numbers
    if len(year) == len("1980"):
        return _calendar(int(year), month, day)
    century = latest.year // 100 * 100
    candidates = (_calendar(century - back + int(year), month, day) for back in (0, 100))
    return next((found for found in candidates if found and found <= latest), None)


def _calendar(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None


def _years_before(today: date, years: int) -> date:
    """Return the same day that many years ago; 29 February becomes the 28th where there is none."""
    return _calendar(today.year - years, today.month, today.day) or (today - timedelta(days=1)).replace(
        year=today.year - years
    )


# --- numbers ---

_RUN = re.compile(r"\+?[0-9](?:[-. ()]*[0-9])*")
_CODE = re.compile(r"[0-9](?:[-. ]*[0-9])*")  # No brackets: our own message goes on with "(3".
_COUNTRY = re.compile(r"^(?:\+|00)82(?:0(?=1))?|^82(?=0?1[0-9]{8,9}$)0?")
_MOBILE = re.compile(r"010[0-9]{8}|01[16789][0-9]{7,8}")


def mobile(text: str, today: date) -> str | Refused:  # noqa: ARG001
    """A Korean mobile number, as dialled in Korea."""
    runs = _runs(text)
    if len(runs) != 1:
        return Refused("mobile_format")
    number = _COUNTRY.sub("0", re.sub(r"[^+0-9]", "", runs[0]))
    return number if _MOBILE.fullmatch(number) else Refused("mobile_format")


def account(text: str, today: date) -> str | Refused:  # noqa: ARG001
    runs = _runs(text)
    digits = _digits(runs[0]) if len(runs) == 1 and "+" not in runs[0] else ""
    return digits if 10 <= len(digits) <= 14 else Refused("account_format")  # noqa: PLR2004 - Korean banks' lengths


def code(text: str, today: date) -> str | Refused:  # noqa: ARG001
    """A one-time code; the whole message with it may be pasted, if six digits stand in it once."""
    runs = map(_digits, _CODE.findall(_short(text) or ""))
    found = [digits for digits in runs if len(digits) == CODE_DIGITS]
    return found[0] if len(found) == 1 else Refused("code_format")


def _runs(text: str) -> list[str]:
    tidy = _short(text)
    return [] if tidy is None else _RUN.findall(tidy)


def _digits(run: str) -> str:
    return re.sub(r"[^0-9]", "", run)
