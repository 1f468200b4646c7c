"""Reads the audit from its first line and holds it against the state: what it tells must be what is there."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ca.audit import GENESIS, Line, digest_of
from ca.ledger import Ledger, Transaction
from ca.values import AuditHead, AuditReport

GOOD = ("good", None, None)


@dataclass(slots=True)
class Told:
    """The state as the audit alone tells it."""

    intents: dict[str, str] = field(default_factory=dict)
    signed: dict[str, str] = field(default_factory=dict)
    status: dict[str, tuple[str, str | None, int | None]] = field(default_factory=dict)
    enrolled: set[str] = field(default_factory=set)
    withdrawn: set[str] = field(default_factory=set)
    problems: list[str] = field(default_factory=list)

    def hear(self, line: Line) -> None:
        match line.kind:
            case "intent":
                self.intents[line.subject] = json.loads(line.detail)["tbs"]
            case "signed":
                self._expect(line, self.intents)
                self.signed[line.subject] = json.loads(line.detail)["der"]
                self.status[line.subject] = GOOD
            case "revoked" | "held":
                self._expect(line, self.signed)
                word = "revoked" if line.kind == "revoked" else "hold"
                self.status[line.subject] = (word, json.loads(line.detail).get("reason"), line.at)
            case "released":
                self.status[line.subject] = GOOD
            case "enrolled":
                self.enrolled.add(line.subject)
            case "withdrawn":
                self.withdrawn.add(line.subject)

    def _expect(self, line: Line, earlier: dict[str, str]) -> None:
        if line.subject not in earlier:
            self.problems.append(
                f"line {line.seq}: {line.subject} was {line.kind} without the line before it"
            )


def head(ledger: Ledger) -> AuditHead:
    with ledger.reading() as tx:
        last = tx.one("last_audit")
    return AuditHead(last["seq"], last["digest"].hex()) if last else AuditHead(0, GENESIS.hex())


def verify(ledger: Ledger, known: AuditHead | None = None) -> AuditReport:
    """Check chain and state; with a head that was kept elsewhere, lines cut off the end are found too."""
    with ledger.reading() as tx:
        told = Told()
        last, problems = _read_chain(tx, told, known)
        problems += told.problems
        problems += [*_intents(tx, told), *_certificates(tx, told), *_enrolments(tx, told)]
    return AuditReport(last, tuple(problems))


def _read_chain(tx: Transaction, told: Told, known: AuditHead | None) -> tuple[AuditHead, list[str]]:
    problems: list[str] = []
    before, count, seen = GENESIS, 0, known is None or known.entries == 0
    for row in tx.all("whole_audit"):
        count += 1
        line = Line(*tuple(row)[:-1])
        digest = digest_of(before, line)
        if line.seq != count or digest != row["digest"]:
            # All after a break is untrusted: one line says so, rather than a million.
            return AuditHead(count - 1, before.hex()), [f"line {line.seq}: the chain is broken here"]
        told.hear(line)
        before = digest
        seen = seen or (known is not None and known == AuditHead(count, digest.hex()))
    if not seen:
        problems.append(
            "the line that was kept elsewhere is not in the chain: lines were cut off or replaced"
        )
    return AuditHead(count, before.hex()), problems


def _intents(tx: Transaction, told: Told) -> Iterator[str]:
    stored = {row["serial"]: _hash(tx, row, "intent", "tbs") for row in tx.all("whole_intent")}
    yield from _differences("the to-be-signed bytes", stored, told.intents)


def _certificates(tx: Transaction, told: Told) -> Iterator[str]:
    rows = list(tx.all("whole_certificate"))
    stored = {row["serial"]: _hash(tx, row, "certificate", "der") for row in rows}
    status = {row["serial"]: (row["status"], row["reason"], row["status_at"]) for row in rows}
    yield from _differences("the certificate", stored, told.signed)
    yield from _differences("the status", status, told.status)


def _enrolments(tx: Transaction, told: Told) -> Iterator[str]:
    rows = list(tx.all("whole_enrolment"))
    withdrawn = {row["reference"]: True for row in rows if row["withdrawn_at"] is not None}
    enrolled = {row["reference"]: True for row in rows}
    yield from _differences("the enrolment", enrolled, dict.fromkeys(told.enrolled, True))
    yield from _differences("the withdrawal", withdrawn, dict.fromkeys(told.withdrawn, True))


def _differences(what: str, stored: dict[str, Any], told: dict[str, Any]) -> Iterator[str]:
    for name in sorted(stored.keys() | told.keys()):
        if stored.get(name) != told.get(name):
            yield f"{what} of {name} is not what the audit tells"


def _hash(tx: Transaction, row: Any, table: str, column: str) -> str:
    return hashlib.sha256(tx.open(row[column], table, column, row["serial"])).hexdigest()
