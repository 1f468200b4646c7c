"""Looks for planted secrets in raw bytes, in the encodings in which they may be there."""

import base64
import re
from collections.abc import Iterable, Iterator
from pathlib import Path


def spellings(secret: str) -> Iterator[bytes]:
    """The secret as text, as JSON escapes it, in hexadecimal digits, and in base64 at each of its three places."""
    raw = secret.encode()
    yield from (raw, secret.encode("utf-16-le"), secret.encode("unicode_escape"))
    yield from (raw.hex().encode(), raw.hex().upper().encode())
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + raw)
        yield coded[(shift * 8 + 5) // 6 : len(raw) * 8 // 6]


def found_in(content: bytes, secrets: Iterable[str]) -> list[str]:
    return [each for each in secrets if any(_stands_alone(form, content) for form in spellings(each))]


def found_under(folder: Path, secrets: Iterable[str]) -> dict[str, list[str]]:
    """Return what was found in which file of the folder."""
    wanted = list(secrets)
    files = (each for each in folder.rglob("*") if each.is_file())
    leaks = {str(each.relative_to(folder)): found_in(each.read_bytes(), wanted) for each in files}
    return {name: found for name, found in leaks.items() if found}


def _stands_alone(form: bytes, content: bytes) -> bool:
    """Six digits inside a longer number are no code."""
    if not form.isdigit():
        return form in content
    return re.search(rb"(?<![0-9])" + form + rb"(?![0-9])", content) is not None
