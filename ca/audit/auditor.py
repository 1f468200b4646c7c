"""Reads the audit from its first line and compares it with the tables of state.

A million lines are read in seconds, so the loop is written for speed: SQLite makes the text that is hashed, and state
is read in the order of the lines that created it, which needs no memory.
"""

import hashlib
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ca.audit.replay import AuditedState, Certificates, Intents, differences
from ca.ledger import merkle
from ca.ledger.chain import GENESIS, AuditLine, digest_of
from ca.ledger.ledger import Ledger, Transaction
from ca.values.model import AuditHead, AuditReport

#: More problems than this help nobody.
MOST_PROBLEMS = 100
LINES_AT_ONCE = 4096


def head(ledger: Ledger) -> AuditHead:
    with ledger.reading() as tx:
        last = tx.one("last_audit")
    return AuditHead(last["seq"], last["digest"].hex()) if last else AuditHead(0, GENESIS.hex())


def verify(ledger: Ledger, known: AuditHead | None = None) -> AuditReport:
    """Check chain, tree and state; with a head that was kept elsewhere, a shortened audit is found too."""
    with ThreadPoolExecutor(1) as aside, ledger.aside() as tx:
        sound = aside.submit(ledger.unsound)
        reader = _Reader(tx, known)
        problems = reader.read()
        if not reader.broken:  # Everything after a break is untrusted: one line says so, instead of a million.
            problems += differences(tx, reader.told)
        found = [*problems, *sound.result()]
    return AuditReport(reader.end, tuple(found[:MOST_PROBLEMS]))


class _Reader:
    def __init__(self, tx: Transaction, known: AuditHead | None) -> None:
        self._tx = tx
        self._known = known
        self._tree = _Tree(tx)
        self._intents = Intents(tx)
        self._certificates = Certificates(tx)
        self.told = AuditedState()
        self.end = AuditHead(0, GENESIS.hex())
        self.broken = False

    def read(self) -> list[str]:
        before, count, seen = GENESIS, 0, self._known is None or self._known.entries == 0
        known = (self._known.entries, self._known.digest) if self._known else (0, "")
        intents, certificates, fresh = self._intents.check, self._certificates.check, self._tree.read
        try:
            for kind, subject, detail, digest, content, seq, at, request_id in self._tx.tuples("whole_audit"):
                if seq != count + 1 or hashlib.sha256(before + content).digest() != digest:
                    content = _spelt_otherwise(AuditLine(seq, at, kind, subject, request_id, detail))  # noqa: PLW2901
                    if seq != count + 1 or digest_of(before, content) != digest:
                        return self._break(count, before, "the chain is broken here")
                count, before = seq, digest
                fresh.append(content)
                if len(fresh) >= LINES_AT_ONCE:
                    self._tree.grow()
                if kind == "intent":
                    intents(subject, detail, seq)
                    self.told.unsigned.add(subject)
                elif kind == "signed":
                    certificates(subject, detail, seq)
                    self.told.hear_signed(subject, detail, request_id, seq)
                else:
                    self.told.hear(AuditLine(seq, at, kind, subject, request_id, detail))
                if count == known[0]:
                    seen = digest.hex() == known[1]
        except (sqlite3.OperationalError, UnicodeError):
            return self._break(count, before, "it cannot be read")
        self.end = AuditHead(count, before.hex())
        self.told.status_of(self._certificates.not_good)
        problems = [*self._intents.end(), *self._certificates.end(), *self._tree.end(), *self.told.problems]
        cut = "the line that was kept elsewhere is not in the chain: lines were cut off or replaced"
        return problems if seen else [cut, *problems]

    def _break(self, count: int, before: bytes, what: str) -> list[str]:
        self.broken = True
        self.end = AuditHead(count, before.hex())
        return [f"line {count + 1}: {what}"]


def _spelt_otherwise(line: AuditLine) -> bytes:
    """Return the text as Python spells it, which differs from SQLite's beyond ASCII; both keep all parts apart."""
    return line.content


class _Tree:
    """Rebuilds the Merkle tree and compares it with the stored one, some thousand nodes at a time."""

    def __init__(self, tx: Transaction) -> None:
        self.read: list[bytes] = []
        """Lines that are not in the tree yet."""
        self._stored: Any = tx.tuples("whole_audit_node")
        self._expected: list[bytes] = []
        self._spine: list[bytes] = []
        self._size = 0
        self._compared = 0
        self._problem: str | None = None
        last = tx.one("last_audit_node")
        self._nodes = 0 if last is None else last["place"] + 1
        #: A ledger from before the tree has none until its next line.
        self._is_there = last is not None

    def grow(self) -> None:
        """Add the lines read since the last call at once: a call for each would take as long as its hashes."""
        sha256, spine, expected, size = hashlib.sha256, self._spine, self._expected, self._size
        for content in self.read:
            node, number, level = sha256(b"\x00" + content).digest(), size, 0
            expected.append(node)
            while number & 1:
                node = sha256(b"\x01" + spine[level] + node).digest()
                expected.append(node)
                number >>= 1
                level += 1
            if level < len(spine):
                spine[level] = node
            else:
                spine.append(node)
            size += 1
        self._size = size
        self.read.clear()
        self._compare()

    def end(self) -> Iterator[str]:
        self.grow()
        if self._problem is None and self._is_there and self._nodes != merkle.stored(self._size):
            self._problem = f"the tree of the audit ends at node {self._nodes - 1}, beyond line {self._size}"
        if self._problem is not None:
            yield self._problem

    def _compare(self) -> None:
        if self._problem is None and self._is_there:
            stored = [row[0] for row in self._stored.fetchmany(len(self._expected))]
            if stored != self._expected:
                pairs = enumerate(zip(self._expected, [*stored, *[b""] * len(self._expected)], strict=False))
                place = self._compared + next(at for at, (one, other) in pairs if one != other)
                self._problem = f"the tree of the audit is broken at node {place}, at line {_line_of(place)}"
        self._compared += len(self._expected)
        self._expected.clear()


def _line_of(place: int) -> int:
    """Return the line, from 1, with which this node became complete."""
    low, high = 0, place + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if merkle.stored(middle) <= place else (low, middle)
    return low + 1
