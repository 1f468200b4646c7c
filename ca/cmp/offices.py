"""Registration authorities: they have proved who a holder is, and ask in that holder's place (RFC 9483 section 5)."""

import re
from collections.abc import Mapping
from pathlib import Path

#: A holder's reference number is ten digits; a registration authority's name is not.
NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,63}", re.ASCII)
SUFFIX = ".secret"
#: It does not expire and has no limit of tries, so it must be impossible to guess.
LEAST_OCTETS = 32
FOR_OTHERS = 0o077


class OfficesWrong(Exception):
    """The folder with the registration authorities' secrets cannot be used; the message names the file and says why."""


def read_secrets(folder: Path | None) -> Mapping[str, bytes]:
    """Return the secret of each: the content of `NAME.secret`, without white space around it.

    Raises:
        OfficesWrong: a file that others may read, that is too short, or whose name is not allowed.
    """
    if folder is None:
        return {}
    try:
        return {path.name.removesuffix(SUFFIX): _secret(path) for path in sorted(folder.glob(f"*{SUFFIX}"))}
    except OSError as error:
        raise OfficesWrong(f"{folder}: {error.strerror}") from error


def _secret(path: Path) -> bytes:
    if not NAME.fullmatch(path.name.removesuffix(SUFFIX)):
        raise OfficesWrong(f"{path}: the name of an office is a letter, then letters, digits and -")
    if path.stat().st_mode & FOR_OTHERS:
        raise OfficesWrong(f"{path}: others may read it; chmod 600 {path}")
    secret = path.read_bytes().strip()
    if len(secret) < LEAST_OCTETS:
        raise OfficesWrong(f"{path}: {len(secret)} octets; {LEAST_OCTETS} random ones at least")
    return secret
