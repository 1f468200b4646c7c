"""Looks for planted secrets in raw bytes, in every spelling that a careless layer might give them."""

import base64
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

#: Where secrets may lie: the keys themselves, which are what everything else is locked with.
KEYS = "keys"


def files_of(folder: Path) -> list[Path]:
    """Return every file but the keys: databases with their logs, the ledger, what the bot logged."""
    return sorted(each for each in folder.rglob("*") if each.is_file() and KEYS not in each.parts)


def found(files: Iterable[Path], secrets: Iterable[str], codes: Iterable[str]) -> Iterator[str]:
    """Yield where a secret lies; `codes` are six digits, which count only where they stand alone."""
    needles = [(secret, spelling) for secret in secrets for spelling in spellings(secret)]
    alone = _alone(sorted(set(codes)))
    for path in files:
        content = path.read_bytes()
        for secret, spelling in needles:
            if spelling in content:
                yield f"I6: {secret!r} lies in {path.name} as {spelling!r}"
        for code in set(alone.findall(content)) if alone else ():
            yield f"I6: the one-time code {code!r} lies in {path.name}"


def spellings(secret: str) -> set[bytes]:
    raw = secret.encode()
    return {
        raw,
        secret.encode("utf-16-le"),
        secret.encode("utf-16-be"),
        raw.hex().encode(),
        raw.hex().upper().encode(),
        quote(secret, safe="").encode(),
        json.dumps(secret)[1:-1].encode(),
        *(part for start in range(3) for part in _base64(raw, start)),
    }


def _base64(raw: bytes, start: int) -> Iterator[bytes]:
    """Yield what is sure to stand in a base64 text in which this begins at any third byte."""
    first, last = -(-start * 8 // 6), (start + len(raw)) * 8 // 6
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield encode(bytes(start) + raw + bytes(3))[first:last]


def _alone(codes: list[str]) -> re.Pattern[bytes] | None:
    if not codes:
        return None
    return re.compile(rb"(?<![0-9A-Za-z.-])(?:" + "|".join(codes).encode() + rb")(?![0-9A-Za-z.-])")
