"""Certificates as the ledger knows them, and the rule which of them may be replaced."""

import sqlite3
from datetime import datetime

from ca.ledger.ledger import Transaction, from_seconds
from ca.values.model import Certificate, Reason, Record, Status
from ca.values.refusals import CaRefusal

#: The refusal that each state means to somebody who wanted a good certificate.
REFUSALS = {Status.EXPIRED: "R05", Status.REVOKED: "R06", Status.HOLD: "R07"}


def hex_of(serial: int) -> str:
    return f"{serial:x}"


def find(tx: Transaction, serial: int) -> Record | None:
    row = tx.one("record_by_serial", serial=hex_of(serial))
    return read(tx, row) if row else None


def for_request(tx: Transaction, request_id: str) -> Record | None:
    row = tx.one("record_by_request", request_id=request_id)
    return read(tx, row) if row else None


def of_holder(tx: Transaction, holder: str) -> tuple[Record, ...]:
    return tuple(read(tx, row) for row in tx.all("records_by_holder", holder=holder))


def lineage(tx: Transaction, serial: int) -> tuple[Record, ...]:
    """Return the whole line of reissues and renewals that this certificate stands in, the oldest first."""
    record = find(tx, serial)
    if record is None:
        return ()
    line = [record]
    while line[0].replaces is not None and (before := find(tx, line[0].replaces)):
        line.insert(0, before)
    while line[-1].replaced_by is not None and (after := find(tx, line[-1].replaced_by)):
        line.append(after)
    return tuple(line)


def require_good(tx: Transaction, serial: int, holder: str) -> Record:
    """Return the holder's certificate, or raise R09 (none, or another's), R05, R06 or R07."""
    record = find(tx, serial)
    if record is None or record.holder != holder:
        raise CaRefusal("R09", reason="no_certificate")
    if record.status is not Status.GOOD:
        raise CaRefusal(REFUSALS[record.status], serial=hex_of(serial))
    return record


def read(tx: Transaction, row: sqlite3.Row) -> Record:
    return Record(
        serial=int(row["serial"], 16),
        holder=row["holder"],
        profile=row["profile"],
        status=_status(row, tx.seconds),
        not_before=from_seconds(row["not_before"]),
        not_after=from_seconds(row["not_after"]),
        der=tx.open(row["der"], "certificate", "der", row["serial"]),
        request_id=row["request_id"],
        replaces=_serial(row["replaces"]),
        replaced_by=_serial(row["replaced_by"]),
        revoked_at=_moment(row["status_at"]),
        reason=Reason(row["reason"]) if row["reason"] else None,
    )


def certificate_of(record: Record) -> Certificate:
    return Certificate(record.serial, record.der, record.not_before, record.not_after, record.request_id)


def _status(row: sqlite3.Row, now: int) -> Status:
    """Revoked stays revoked; a hold does not stop the clock; the last second still counts (RFC 5280 4.1.2.5)."""
    if row["status"] != Status.REVOKED and now > row["not_after"]:
        return Status.EXPIRED
    return Status(row["status"])


def _serial(text: str | None) -> int | None:
    return int(text, 16) if text else None


def _moment(value: int | None) -> datetime | None:
    return None if value is None else from_seconds(value)
