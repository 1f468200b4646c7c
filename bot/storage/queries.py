"""Named queries: each statement of a wing's `queries.sql` by the name above it. Knows no wing by name."""

import re
import sqlite3
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

_NAMED = re.compile(r"^-- name: (\w+)\n(.*?)(?=^-- name: |\Z)", re.MULTILINE | re.DOTALL)


@cache
def queries() -> dict[str, str]:
    """Return the queries of all wings; raise `ValueError` if two have one name."""
    named = [each for text in _scripts(files("bot")) for each in _NAMED.findall(text)]
    found = {name: body.strip().removesuffix(";") for name, body in named}
    if len(found) < len(named):
        raise ValueError("two queries have one name")
    return found


def _scripts(folder: Traversable) -> Iterator[str]:
    for entry in folder.iterdir():
        if entry.name == "queries.sql":
            yield entry.read_text(encoding="utf-8")
        elif entry.is_dir() and entry.name != "__pycache__":
            yield from _scripts(entry)


@cache
def migrations() -> tuple[str, ...]:
    """Return the migrations in order; they only go forward."""
    folder = files("bot.storage").joinpath("migrations")
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".sql"))
    return tuple(folder.joinpath(name).read_text(encoding="utf-8") for name in names)


def statements(script: str) -> Iterator[str]:
    """Split a script: each statement is run by itself, inside the one transaction that keeps a migration whole."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
