"""Logs as JSON lines, from which the token and personal numbers are removed before a byte is written.

Two protections: libraries that log addresses, parameters or texts are silenced at the source, and everything that is
written is redacted. Of a library's record only the template and the kind of error remain, because its arguments may
hold what a customer typed.
"""

import base64
import json
import logging
import math
import re
import sys
import traceback
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TextIO
from urllib.parse import quote

from bot.core import correlation

#: They log addresses with the token, statements with their values, or texts of customers.
LIBRARIES = (
    "httpx", "httpcore", "aiohttp", "telegram", "aiosqlite", "aiosmtplib", "mail", "psycopg", "hpack", "urllib3",
)  # fmt: skip
REDACTED = "[redacted]"
SHORTEST_SECRET = 6
LONGEST_VALUE = 4_000
DEEPEST = 6

_TOKEN = re.compile(r"(?<![0-9])[0-9]{6,}(?::|%3[Aa])[A-Za-z0-9_-]{30,}")
_TOKEN_IN_PATH = re.compile(r"(/(?:file/)?bot)[^/\s\"']+(?=/)")
#: Hex of 24 digits or more is an id or a fingerprint, and stays if it has a letter; then phones, and runs of 10 to
#: 19 digits, plain or in groups (accounts, resident numbers, cards).
_NUMBERS = re.compile(
    r"(?P<hex>[0-9a-fA-F]{24,})"
    r"|(?<![0-9])(?:\+82[ -]?|0)1[016789][ .-]?[0-9]{3,4}[ .-]?[0-9]{4}(?![0-9])"
    r"|(?<![0-9])[0-9]{6}[ -]{0,3}[1-8][0-9]{6}(?![0-9])"
    r"|(?<![0-9])[0-9]{10,19}(?![0-9])"
    r"|(?<![0-9-])[0-9]{2,7}(?:-[0-9]{1,8}){1,4}(?![0-9-])"
    r"|(?<![0-9])[0-9]{2,6}(?: [0-9]{2,7}){2,4}(?![0-9])",
)
_FEWEST_DIGITS = 10
#: Fields that hold an id of Telegram or of ours as a number; any other long number may be a person's.
ID_FIELDS = frozenset({"chat_id", "user_id", "update_id", "message_id", "offset", "duration_ns", "size"})


class Redactor:
    """Removes tokens, long runs of digits and the given secrets, also as they look in URLs, base64 and hex."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        spellings = {form for secret in secrets if len(secret) >= SHORTEST_SECRET for form in _spellings(secret)}
        longest_first = sorted(spellings, key=len, reverse=True)
        self._secrets = re.compile("|".join(map(re.escape, longest_first))) if spellings else None

    def text(self, value: str) -> str:
        if self._secrets is not None:
            value = self._secrets.sub(REDACTED, value)
        value = _TOKEN_IN_PATH.sub(rf"\1{REDACTED}", _TOKEN.sub(REDACTED, value))
        return _NUMBERS.sub(_redacted_number, value)

    def value(self, value: object, field: str = "", depth: int = 0) -> object:
        """Return it as JSON can carry it, redacted at every depth."""
        if value is None or isinstance(value, bool) or (isinstance(value, float) and math.isfinite(value)):
            return value
        if isinstance(value, int):
            return value if field in ID_FIELDS or abs(value) < 10 ** (_FEWEST_DIGITS - 1) else REDACTED
        if isinstance(value, Mapping) and depth < DEEPEST:
            return {self.text(str(key)): self.value(item, str(key), depth + 1) for key, item in value.items()}
        if isinstance(value, list | tuple | set | frozenset) and depth < DEEPEST:
            return [self.value(item, field, depth + 1) for item in value]
        return self.text(str(value)[:LONGEST_VALUE])


def _spellings(secret: str) -> tuple[str, ...]:
    raw = secret.encode()
    return (
        secret,
        quote(secret, safe=""),
        json.dumps(secret)[1:-1],
        base64.b64encode(raw).decode().rstrip("="),
        raw.hex(),
    )


def _redacted_number(found: re.Match[str]) -> str:
    text = found[0]
    if found["hex"] is not None and not text.isdigit():
        return text
    return REDACTED if sum(map(str.isdigit, text)) >= _FEWEST_DIGITS else text


class JsonLines(logging.Formatter):
    def __init__(self, redactor: Redactor) -> None:
        super().__init__()
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        foreign = record.name.partition(".")[0] in LIBRARIES
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": self._redactor.text(str(record.msg) if foreign else record.getMessage()),
        }
        if not foreign:
            line |= {key: self._redactor.value(item, key) for key, item in _extra(record).items()}
        if handled := correlation.current():
            line["request"] = handled  # Made of our own numbers, however long.
        return json.dumps(line | self._error(record, foreign=foreign), ensure_ascii=False, default=str)

    def _error(self, record: logging.LogRecord, *, foreign: bool) -> dict[str, object]:
        error = record.exc_info[1] if record.exc_info else None
        if error is None:
            return {}
        frames = "".join(traceback.format_tb(error.__traceback__) if foreign else traceback.format_exception(error))
        return {"error": type(error).__qualname__, "traceback": self._redactor.text(frames)}


_OWN_FIELDS = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def _extra(record: logging.LogRecord) -> dict[str, Any]:
    return {key: item for key, item in vars(record).items() if key not in _OWN_FIELDS}


class QuietHandler(logging.StreamHandler[TextIO]):
    """Reports that a record cannot be written, without its content: the standard handler would print the arguments."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - the name is logging's
        kind = sys.exc_info()[0]
        self.stream.write(
            json.dumps({"logger": record.name, "message": "a record was lost", "error": str(kind)}) + "\n"
        )


def configure(stream: TextIO, level: int | str, secrets: Sequence[str]) -> logging.Handler:
    """Make this the only way a record is written; a second call replaces the first."""
    handler = QuietHandler(stream)
    handler.setFormatter(JsonLines(Redactor(secrets)))
    logging.basicConfig(handlers=[handler], level=level, force=True)
    logging.captureWarnings(capture=True)
    for name in LIBRARIES:
        logging.getLogger(name).setLevel(logging.WARNING)
    return handler
