"""Looks for planted secrets in raw bytes, in every encoding that a careless layer might use."""

import base64
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from urllib.parse import quote

import numpy as np

#: The key files: here secrets may stand.
KEYS = "keys"
#: Six digits that are not part of a longer number or word.
ALONE = re.compile(rb"(?<![0-9A-Za-z.-])[0-9]{6}(?![0-9A-Za-z.-])")


def files_of(folder: Path) -> list[Path]:
    """Return every file but the key files: databases with their logs, the ledger, the bot's log."""
    return sorted(each for each in folder.rglob("*") if each.is_file() and KEYS not in each.parts)


def found(files: Iterable[Path], secrets: Iterable[str], codes: Iterable[str]) -> Iterator[str]:
    """Yield where a secret stands; `codes` are six digits, which count only where they stand alone."""
    needles = {spelling: secret for secret in secrets for spelling in spellings(secret)}
    sieve = Sieve(needles)
    wanted = {each.encode() for each in codes}
    for path in files:
        try:
            content = path.read_bytes().rstrip(b"\0")
        except FileNotFoundError:
            continue  # A server removed the oldest part of its log meanwhile: nothing of it is on disk.
        for spelling in sorted(sieve.found(content)):
            yield f"I6: {needles[spelling]!r} lies in {path.name} as {spelling!r}"
        for code in sorted(wanted.intersection(ALONE.findall(content))) if wanted else ():
            yield f"I6: the one-time code {code!r} lies in {path.name}"


class Sieve:
    """Looks for thousands of needles in one pass: by their first four bytes, then whole."""

    HEAD = 4

    def __init__(self, needles: Iterable[bytes]) -> None:
        self._by_head: dict[bytes, list[bytes]] = {}
        for each in needles:
            if len(each) < self.HEAD:
                raise ValueError(f"{each!r} is too short to be looked for")
            self._by_head.setdefault(each[: self.HEAD], []).append(each)
        heads = np.array([list(each) for each in self._by_head], np.uint16).reshape(-1, self.HEAD)
        self._first, self._second = np.zeros(1 << 16, bool), np.zeros(1 << 16, bool)
        self._first[heads[:, 0] << 8 | heads[:, 1]] = True
        self._second[heads[:, 2] << 8 | heads[:, 3]] = True

    def found(self, content: bytes) -> set[bytes]:
        if len(content) < self.HEAD:
            return set()
        octets = np.frombuffer(content, np.uint8).astype(np.uint16)
        pairs = octets[:-1] << 8 | octets[1:]
        likely = np.flatnonzero(self._first[pairs[:-2]] & self._second[pairs[2:]])
        return {
            each
            for at in likely.tolist()
            for each in self._by_head.get(content[at : at + self.HEAD], ())
            if content.startswith(each, at)
        }


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
    """Yield what must appear in a base64 text if the value begins at any third byte of it."""
    first, last = -(-start * 8 // 6), (start + len(raw)) * 8 // 6
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        yield encode(bytes(start) + raw + bytes(3))[first:last]
