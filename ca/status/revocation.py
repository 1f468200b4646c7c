"""Revocation: 폐기 for good, 효력정지 for a while, 효력회복. Each operation has its request id and happens once."""

from dataclasses import dataclass

from ca.ledger import records
from ca.ledger.ledger import Ledger, Transaction, from_seconds
from ca.ledger.records import REFUSALS, hex_of
from ca.values.model import Reason, Record, Status
from ca.values.refusals import CaRefusal
from ca.values.validity import day_of, months_later


@dataclass(frozen=True, slots=True)
class Act:
    kind: str
    """As the audit names it."""
    serial: int
    reason: Reason
    request_id: str


#: Which operation leads from which status to which.
FROM = {"revoked": {Status.GOOD, Status.HOLD}, "held": {Status.GOOD}, "released": {Status.HOLD}}
TO = {"revoked": Status.REVOKED, "held": Status.HOLD, "released": Status.GOOD}


#: A suspension that nobody ended: the holder no longer uses the certificate.
LAPSED = Reason.CESSATION_OF_OPERATION


class Revocation:
    def __init__(self, ledger: Ledger, hold_months: int) -> None:
        self._ledger = ledger
        self._hold_months = hold_months

    def revoke(self, serial: int, reason: Reason, request_id: str) -> Record:
        if reason is Reason.CERTIFICATE_HOLD:
            raise CaRefusal("R15", reason="hold_is_no_revocation")
        return self._do(Act("revoked", serial, reason, request_id))

    def hold(self, serial: int, request_id: str) -> Record:
        return self._do(Act("held", serial, Reason.CERTIFICATE_HOLD, request_id))

    def release(self, serial: int, request_id: str) -> Record:
        return self._do(Act("released", serial, Reason.UNSPECIFIED, request_id))

    def lapse_holds(self) -> int:
        """Revoke certificates whose hold nobody ended in time; the record names the day of the hold."""
        with self._ledger.reading() as tx:
            if not self._lapsed(tx):
                return 0
        with self._ledger.transaction() as tx:
            lapsed = self._lapsed(tx)
            for serial, since in lapsed:
                self._write(tx, Act("revoked", serial, LAPSED, f"lapse-{hex_of(serial)}-{since}"))
            return len(lapsed)

    def _lapsed(self, tx: Transaction) -> list[tuple[int, int]]:
        today = day_of(tx.now)
        return [
            (int(row["serial"], 16), row["status_at"])
            for row in tx.all("held")
            if months_later(day_of(from_seconds(row["status_at"])), self._hold_months) < today
        ]

    def _do(self, act: Act) -> Record:
        self.lapse_holds()
        with self._ledger.transaction() as tx:
            if not self._is_done(tx, act):
                self._check(tx, act)
                self._write(tx, act)
            return self._record(tx, act.serial)

    def _is_done(self, tx: Transaction, act: Act) -> bool:
        row = tx.one("act_by_request", request_id=act.request_id)
        if row is None:
            return False
        if (row["kind"], row["serial"], row["reason"]) != (act.kind, hex_of(act.serial), act.reason):
            raise CaRefusal("R15", reason="request_reused")
        return True

    def _check(self, tx: Transaction, act: Act) -> None:
        status = self._record(tx, act.serial).status
        if status is Status.GOOD and act.kind == "released":
            raise CaRefusal("R15", reason="not_on_hold", serial=hex_of(act.serial))
        if status not in FROM[act.kind]:
            raise CaRefusal(REFUSALS[status], serial=hex_of(act.serial))

    def _write(self, tx: Transaction, act: Act) -> None:
        name, released = hex_of(act.serial), act.kind == "released"
        tx.run(
            "set_status",
            serial=name,
            status=TO[act.kind],
            status_at=None if released else tx.seconds,
            reason=None if released else act.reason,
        )
        tx.run("insert_act", request_id=act.request_id, kind=act.kind, serial=name, reason=act.reason)
        tx.audit(act.kind, name, act.request_id, reason=None if released else act.reason)

    def _record(self, tx: Transaction, serial: int) -> Record:
        record = records.find(tx, serial)
        if record is None:
            raise CaRefusal("R09", reason="no_certificate")
        return record
