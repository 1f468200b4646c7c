"""No query scans a table that grows with the past: otherwise it would get slower over time."""

import re
import sqlite3

import pytest

from bot.storage.queries import queries

GROWING = ("inbox", "outbox", "jobs", "chats", "applications", "customers", "limits", "relays", "reminders")
#: These may read whole tables: commands that run once, and monitoring queries, which have an index of their own.
WHOLE = {"chats_all", "chats_lose_card", "customer_count"}
#: A table of its own is looked through; one in an index that holds only what waits is not.
SCAN = re.compile(r"^SCAN (\w+)$")


def scanned(connection: sqlite3.Connection, query: str) -> list[str]:
    parameters = dict.fromkeys(re.findall(r"(?<![:\w]):(\w+)", query))
    rows = connection.execute(f"EXPLAIN QUERY PLAN {query}", parameters).fetchall()
    return [found[1] for row in rows if (found := SCAN.match(row[3]))]


def named(query: str) -> dict[str, str]:
    """Return the growing tables of a query by the names that it gives them."""
    plain = re.sub(r"--.*$", "", query, flags=re.MULTILINE)
    tables = re.findall(rf"(?:FROM|UPDATE|JOIN) ({'|'.join(GROWING)})\b(?: ([a-z])\b)?", plain)
    return {short or table: table for table, short in tables}


@pytest.mark.parametrize("name", sorted(set(queries()) - WHOLE))
def test_what_is_done_is_not_looked_through(connection: sqlite3.Connection, name: str) -> None:
    query = queries()[name]
    assert [each for each in scanned(connection, query) if each in named(query)] == []
    assert [each for each in scanned(connection, query) if each in GROWING] == []


def test_it_would_be_seen(connection: sqlite3.Connection) -> None:
    connection.execute("DROP INDEX inbox_open")
    query = queries()["inbox_heads"]
    assert named(query)["i"] == "inbox"
    assert scanned(connection, query) == ["i"]
