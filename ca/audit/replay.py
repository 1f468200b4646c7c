"""Compares the tables of state with the audit, row by row, and names the row that differs."""

import hashlib
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ca.ledger.chain import AuditLine
from ca.ledger.ledger import Transaction
from ca.ledger.vault import SealBroken

GOOD = ("good", None, None)


@dataclass(slots=True)
class AuditedState:
    """The state as the audit alone gives it; what `Intents` and `Certificates` hold is not kept here."""

    unsigned: set[str] = field(default_factory=set)
    superseding: dict[str, str] = field(default_factory=dict)
    """Replaced serial by request id."""
    status: dict[str, tuple[str, str | None, int | None]] = field(default_factory=dict)
    """Of those that are not good."""
    acts: dict[str, tuple[str, str, str]] = field(default_factory=dict)
    enrolled: dict[str, str | None] = field(default_factory=dict)
    withdrawn: dict[str, int] = field(default_factory=dict)
    tries: dict[str, int] = field(default_factory=dict)
    lists: dict[str, dict[str, Any]] = field(default_factory=dict)
    delegates: dict[str, dict[str, Any]] = field(default_factory=dict)
    issuers: list[dict[str, Any]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def hear_signed(self, serial: str, detail: str, request_id: str, seq: int) -> None:
        if serial not in self.unsigned:
            self.problems.append(f"line {seq}: {serial} was signed without the line before it")
        self.unsigned.discard(serial)
        if "replaces" in detail:
            self.superseding[request_id] = json.loads(detail)["replaces"]

    def hear(self, line: AuditLine) -> None:
        detail = json.loads(line.detail)
        match line.kind:
            case "revoked" | "held" | "released":
                self._change(line, detail.get("reason"))
            case "enrolled":
                self.enrolled[line.subject] = detail.get("row")
                self.tries.pop(line.subject, None)  # Somebody guessed the number before it was given out.
            case "withdrawn":
                self.withdrawn[line.subject] = line.at
            case "rejected" if detail.get("reason") == "wrong":
                self.tries[line.subject] = self.tries.get(line.subject, 0) + 1
            case "crl":
                self.lists[line.subject] = detail
            case "delegated":
                self.delegates[line.subject] = detail
            case "opened" | "rolled_over":
                self.issuers.append(detail)

    def _change(self, line: AuditLine, reason: str | None) -> None:
        if line.kind == "released":
            self.status[line.subject] = GOOD
        else:
            word = "revoked" if line.kind == "revoked" else "hold"
            self.status[line.subject] = (word, reason, line.at)
        self.acts[line.request_id] = (line.kind, line.subject, reason or "unspecified")

    def status_of(self, stored: dict[str, tuple[str, str | None, int | None]]) -> None:
        """Compare with the status of every certificate that is not good."""
        told = {serial: status for serial, status in self.status.items() if status != GOOD}
        self.problems += _differences("the status", stored, told)


class _InOrder:
    """Rows in the order of the lines that told of them: both were written in the same transaction."""

    def __init__(self, tx: Transaction, what: str, rows: str, is_there: str, sealed: tuple[str, str]) -> None:
        self._tx = tx
        self._open = tx.opener(*sealed)
        self._what = what
        self._rows = tx.tuples(rows)
        self._is_there = is_there
        self._problems: list[str] = []
        self._row = self._next()

    def take(self, serial: str, seq: int) -> sqlite3.Row | None:
        row = self._row
        if row is not None and row[0] == serial:
            self._row = self._next()
            return row
        return self._search(serial, seq)

    def opened(self, sealed: bytes, serial: str) -> bytes | None:
        try:
            return self._open(sealed, serial)
        except SealBroken:
            return None

    def _search(self, serial: str, seq: int) -> sqlite3.Row | None:
        if self._tx.one(self._is_there, serial=serial) is None:
            self._problems.append(f"line {seq} tells of {self._what} of {serial}, which is not there")
            return None
        while self._row is not None and self._row[0] != serial:
            self._problems.append(f"{self._what} of {self._row[0]} is not where the audit tells")
            self._row = self._next()
        row, self._row = self._row, self._next() if self._row is not None else None
        return row

    def differs(self, serial: str) -> None:
        self._problems.append(f"{self._what} of {serial} is not what the audit tells")

    def end(self) -> Iterator[str]:
        yield from self._problems
        while self._row is not None:
            yield f"{self._what} of {self._row[0]} is not in the audit"
            self._row = self._next()

    def _next(self) -> sqlite3.Row | None:
        try:
            return next(self._rows, None)
        except (sqlite3.OperationalError, UnicodeError):
            after = self._row[0] if getattr(self, "_row", None) is not None else "the first"  # type: ignore[index]
            self._problems.append(f"{self._what} after {after} cannot be read")
            self._rows = iter(())
            return None


class Intents(_InOrder):
    def __init__(self, tx: Transaction) -> None:
        super().__init__(tx, "the intent", "whole_intent", "intent_is_there", ("intent", "tbs"))

    def check(self, serial: str, detail: str, seq: int) -> None:
        row = self.take(serial, seq)
        if row is None:
            return
        _, tbs, content = row
        opened = self.opened(tbs, serial)
        told = f'"tbs":"{hashlib.sha256(opened).hexdigest()}"}}' if opened is not None else None
        attested = f'{{"row":"{hashlib.sha256(content.encode()).hexdigest()}",{told}'
        # Lines of the first release name the to-be-signed bytes alone.
        if detail != attested and (told is None or detail != f"{{{told}"):
            self.differs(serial)


class Certificates(_InOrder):
    def __init__(self, tx: Transaction) -> None:
        self.not_good: dict[str, tuple[str, str | None, int | None]] = {}
        super().__init__(tx, "the certificate", "whole_certificate", "certificate_is_there", ("certificate", "der"))

    def check(self, serial: str, detail: str, seq: int) -> None:
        row = self.take(serial, seq)
        if row is None:
            return
        _, content, replaces, status, status_at, reason = row
        opened = self.opened(content, serial)
        digest = hashlib.sha256(opened).hexdigest() if opened is not None else ""
        told = f'{{"der":"{digest}","replaces":"{replaces}"}}' if replaces else f'{{"der":"{digest}"}}'
        if detail != told:
            self.differs(serial)
        if status != "good" or status_at is not None or reason is not None:
            self.not_good[serial] = (status, reason, status_at)


def differences(tx: Transaction, told: AuditedState) -> Iterator[str]:
    """Yield what differs in every table that is small, or read at once."""
    checks = (_acts, _enrolments, _lists, _delegates, _issuers, _days, _meta)
    for check in checks:
        try:
            yield from check(tx, told)
        except (sqlite3.OperationalError, UnicodeError):
            yield f"the table of {check.__name__.strip('_')} cannot be read"


def _acts(tx: Transaction, told: AuditedState) -> Iterator[str]:
    stored = {row["request_id"]: tuple(row)[1:] for row in tx.all("whole_act")}
    # A replaced certificate is revoked by the request for the new one, which is no operation of its own.
    asked = {name: act for name, act in told.acts.items() if told.superseding.get(name) != act[1]}
    yield from _differences("the act", stored, asked)


def _enrolments(tx: Transaction, told: AuditedState) -> Iterator[str]:
    there = set()
    for row in tx.all("whole_enrolment"):
        name = row["reference"]
        there.add(name)
        attested = hashlib.sha256(row["content"].encode()).hexdigest()
        if name not in told.enrolled or told.enrolled[name] not in {None, attested}:
            yield f"the enrolment {name} is not what the audit tells"
        if row["withdrawn_at"] != told.withdrawn.get(name):
            yield f"the withdrawal of {name} is not what the audit tells"
        if row["tries"] != told.tries.get(name, 0):
            yield f"the tries at {name} are not what the audit tells"
        if row["subject"] is not None:
            if _opened(tx, row["subject"], "enrolment", "subject", row["request_id"]) is None:
                yield f"the subject of the enrolment {name} was changed"
        elif not row["done"] and row["withdrawn_at"] is None and row["expires_at"] > tx.seconds:
            yield f"the subject of the enrolment {name} is gone"
    for name in sorted(told.enrolled.keys() - there):
        yield f"the enrolment {name} is not what the audit tells"


def _lists(tx: Transaction, told: AuditedState) -> Iterator[str]:
    rows = {row["issuer"]: row for row in tx.all("whole_crl")}
    for name in sorted(rows.keys() | told.lists.keys()):
        if name not in rows or name not in told.lists or not _matches(rows[name], told.lists[name]):
            yield f"the revocation list {name} is not what the audit tells"
    reserved = {row["issuer"]: row["last"] for row in tx.all("whole_crl_number")}
    for name, number in sorted((row["issuer"], row["number"]) for row in rows.values()):
        if name in reserved and reserved[name] < number:
            yield f"the last number of the revocation list {name} went back"


def _delegates(tx: Transaction, told: AuditedState) -> Iterator[str]:
    rows = {row["serial"]: row for row in tx.all("whole_delegate")}
    for serial in sorted(rows.keys() | told.delegates.keys()):
        known = serial in rows and serial in told.delegates
        if not known or not _matches(rows[serial], told.delegates[serial]):
            yield f"the delegate {serial} is not what the audit tells"


def _matches(row: sqlite3.Row, detail: dict[str, Any]) -> bool:
    attested = hashlib.sha256(row["content"].encode()).hexdigest()
    same = bool(hashlib.sha256(row["der"]).hexdigest() == detail["der"])
    return same and detail.get("row", attested) == attested


def _issuers(tx: Transaction, told: AuditedState) -> Iterator[str]:
    rows = list(tx.all("whole_issuer"))
    if [row["ordinal"] for row in rows] != list(range(1, len(told.issuers) + 1)):
        yield "the issuing keys are not as many as the audit tells"
        return
    for row, detail in zip(rows, told.issuers, strict=True):
        attested = hashlib.sha256(row["content"].encode()).hexdigest()
        if row["digest"].hex() != detail["issuing"] or detail.get("row", attested) != attested:
            yield f"the issuing key {row['ordinal']} is not what the audit tells"


def _days(tx: Transaction, told: AuditedState) -> Iterator[str]:  # noqa: ARG001 — one table of checks
    stored = {row["day"]: row["last"] for row in tx.all("whole_day")}
    yield from _differences("the count of", stored, {row["day"]: row["last"] for row in tx.all("intents_by_day")})


def _meta(tx: Transaction, told: AuditedState) -> Iterator[str]:
    row = tx.one("get_meta", name="code_secret")
    if row is None:
        if told.enrolled:
            yield "the secret of the codes is gone"
    elif _opened(tx, row["value"], "meta", "value", "code_secret") is None:
        yield "the secret of the codes was changed"


def _differences(what: str, stored: dict[str, Any], told: dict[str, Any]) -> Iterator[str]:
    # A damaged date is no text; it must be reported, too.
    for name in sorted(stored.keys() | told.keys(), key=str):
        if stored.get(name) != told.get(name):
            yield f"{what} {name} is not what the audit tells"


def _opened(tx: Transaction, sealed: bytes, table: str, column: str, row: str) -> bytes | None:
    try:
        return tx.open(sealed, table, column, row)
    except SealBroken:
        return None
