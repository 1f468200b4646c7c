"""Named queries: each statement of `queries.sql` by the name above it."""

import re
import sqlite3
from collections.abc import Iterator
from functools import cache
from importlib.resources import files

_NAMED = re.compile(r"^-- name: (\w+)\n(.*?)(?=^-- name: |\Z)", re.MULTILINE | re.DOTALL)


@cache
def queries() -> dict[str, str]:
    text = files("bot.storage").joinpath("queries.sql").read_text(encoding="utf-8")
    return {name: body.strip().removesuffix(";") for name, body in _NAMED.findall(text)}


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
