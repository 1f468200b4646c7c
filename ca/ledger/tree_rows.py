"""Keeps the Merkle tree in the ledger: each line of the audit is hashed into it in the line's own transaction."""

import sqlite3
from collections.abc import Iterator
from typing import Any, Protocol

from ca.ledger import merkle
from ca.ledger.chain import AuditLine
from ca.values.refusals import LedgerBroken


class Rows(Protocol):
    """What is needed of a transaction."""

    def one(self, name: str, /, **values: Any) -> sqlite3.Row | None: ...

    def all(self, name: str, /, **values: Any) -> Iterator[sqlite3.Row]: ...

    def run(self, name: str, /, **values: Any) -> None: ...


def plant(rows: Rows, number: int, content: bytes) -> None:
    """Add the `number`-th line, from 0; raise `LedgerBroken` if the tree is not that of the lines before."""
    count = _count(rows)
    if count == 0 and number > 0:  # a ledger from before the tree
        count = _plant_all(rows)
    if count != merkle.stored(number):
        raise LedgerBroken("the tree of the audit is damaged: it has not as many nodes as the audit has lines")
    _store(rows, number, merkle.leaf_hash(content))


def read(rows: Rows, place: int) -> bytes:
    row = rows.one("audit_node", place=place)
    if row is None:
        raise LedgerBroken("the tree of the audit is damaged: a node is missing")
    return bytes(row["hash"])


def _plant_all(rows: Rows) -> int:
    count = 0
    # The line that is being written is the last, and its turn comes after this.
    for row in list(rows.all("audit_lines"))[:-1]:
        _store(rows, count, merkle.leaf_hash(AuditLine(*row).content))
        count += 1
    return merkle.stored(count)


def _store(rows: Rows, number: int, leaf: bytes) -> None:
    first = merkle.place(0, number)
    for place, each in enumerate(merkle.append(number, leaf, lambda at: read(rows, at)), first):
        rows.run("insert_audit_node", place=place, hash=each)


def _count(rows: Rows) -> int:
    row = rows.one("last_audit_node")
    return 0 if row is None else int(row["place"]) + 1
