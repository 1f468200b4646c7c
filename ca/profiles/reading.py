"""One profile file: read strictly, and every fault told with its file and line."""

import re
import tomllib
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from ca.requests.key_rules import CURVES, KeyRule

USAGES = frozenset(
    ["digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"]
)
EXTENSIONS = frozenset(
    {
        "authorityKeyIdentifier",
        "subjectKeyIdentifier",
        "keyUsage",
        "certificatePolicies",
        "subjectAltName",
        "cRLDistributionPoints",
        "authorityInfoAccess",
    }
)
#: Without these a certificate could not be told, checked, or tied to its holder.
NEEDED = EXTENSIONS - {"authorityInfoAccess"}
_ARC = re.compile(r"(0|[1-9]\d{0,8})(\.(0|[1-9]\d{0,8}))*")
_UNIT = re.compile(r"[A-Za-z0-9 _-]{1,64}")
_LINE_OF_TOML = re.compile(r"at line (\d+)")
LONGEST_NOTICE = 200  # RFC 5280 section 4.2.1.4


class ProfileWrong(Exception):
    """A profile cannot be used; the message is `file:line: what is wrong`."""


@dataclass(frozen=True, slots=True)
class Profile:
    name: str
    policy: str
    """Below the authority's policy arc."""
    unit: str
    years: int
    renewal_days: int
    key_rule: KeyRule
    idn_digits: range
    key_usage: tuple[str, ...]
    extensions: tuple[tuple[str, bool], ...]
    """In order, each with whether it is critical."""
    crl_parts: int
    """Into how many parts the list of its certificates is cut; 0 is one whole list."""
    notice: str


def read(path: PurePath, text: str) -> Profile:
    """Read a profile; its name is the file's. Raises `ProfileWrong`."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = _LINE_OF_TOML.search(str(error))
        line = int(found[1]) if found else text.count("\n") + 1
        raise ProfileWrong(f"{path}:{line}: {error}") from None
    return _Reader(path, text, values).profile()


class _Reader:
    def __init__(self, path: PurePath, text: str, values: dict[str, Any]) -> None:
        self._path = path
        self._lines = text.splitlines()
        self._values = values
        self._asked: set[str] = set()

    def profile(self) -> Profile:
        if not self._path.stem.isidentifier():
            raise ProfileWrong(f"{self._path}:1: a profile's file name is a plain word")
        rsa, digits = self._span("rsa_bits", 2048, 4096), self._span("idn_digits", 6, 20)
        made = Profile(
            name=self._path.stem,
            policy=self._text("policy", _ARC, "numbers with dots between"),
            unit=self._text("unit", _UNIT, "letters, digits, spaces, _ and -, at most 64"),
            years=self._number("years", 1, 10),
            renewal_days=self._number("renewal_days", 0, 180),
            key_rule=KeyRule(rsa, frozenset(self._words("curves", frozenset(CURVES)))),
            idn_digits=digits,
            key_usage=self._usage(),
            extensions=self._extensions(),
            crl_parts=self._number("crl_parts", 0, 1000),
            notice=self._notice(),
        )
        for unknown in sorted(self._values.keys() - self._asked):
            raise self._wrong(unknown, "is no key of a profile")
        return made

    def _get(self, key: str, kind: type) -> Any:
        self._asked.add(key)
        if key not in self._values:
            raise ProfileWrong(f"{self._path}:{len(self._lines)}: {key} is missing")
        value = self._values[key]
        if not isinstance(value, kind) or isinstance(value, bool):
            raise self._wrong(key, f"must be {_KINDS[kind]}, not {value!r}")
        return value

    def _number(self, key: str, least: int, most: int) -> int:
        value: int = self._get(key, int)
        if not least <= value <= most:
            raise self._wrong(key, f"must be from {least} to {most}, not {value}")
        return value

    def _span(self, key: str, least: int, most: int) -> range:
        value = self._get(key, list)
        well = len(value) == 2 and all(type(each) is int for each in value)  # noqa: PLR2004 - from and to
        if not well or not least <= value[0] <= value[1] <= most:
            raise self._wrong(key, f"must be [from, to] between {least} and {most}, not {value!r}")
        return range(value[0], value[1] + 1)

    def _text(self, key: str, form: re.Pattern[str], said: str) -> str:
        value: str = self._get(key, str)
        if not form.fullmatch(value):
            raise self._wrong(key, f"must be {said}, not {value!r}")
        return value

    def _notice(self) -> str:
        value: str = self._get("notice", str)
        if not value or not value.isprintable() or len(value) > LONGEST_NOTICE:
            raise self._wrong("notice", f"must be one line of 1 to {LONGEST_NOTICE} characters")
        return value

    def _words(self, key: str, known: frozenset[str]) -> tuple[str, ...]:
        words = tuple(self._get(key, list))
        for word in words:
            if word not in known:
                raise self._wrong(key, f"knows {', '.join(sorted(known))}; {word!r} is none of them")
        if len(set(words)) != len(words):
            raise self._wrong(key, "names something twice")
        return words

    def _usage(self) -> tuple[str, ...]:
        words = self._words("key_usage", USAGES)
        if "digital_signature" not in words:
            raise self._wrong("key_usage", "must name digital_signature")
        return words

    def _extensions(self) -> tuple[tuple[str, bool], ...]:
        written = self._get("extensions", list)
        parts = [str(each).split() for each in written]
        names = [part[0] for part in parts if part]
        for part in parts:
            if not part or part[0] not in EXTENSIONS or part[1:] not in ([], ["critical"]):
                raise self._wrong("extensions", f"cannot hold {' '.join(part)!r}")
        if len(set(names)) != len(names):
            raise self._wrong("extensions", "names something twice")
        for missing in sorted(NEEDED - set(names)):
            raise self._wrong("extensions", f"must name {missing}")
        return tuple((part[0], len(part) > 1) for part in parts)

    def _wrong(self, key: str, what: str) -> ProfileWrong:
        begins = re.compile(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=")
        line = next((number for number, text in enumerate(self._lines, 1) if begins.match(text)), 1)
        return ProfileWrong(f"{self._path}:{line}: {key} {what}")


_KINDS = {int: "a whole number", str: "text", list: "a list"}
