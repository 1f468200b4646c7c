"""Tables of an outside authority: its certificates that we know, and how far each order is."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Literal

import msgspec

from bot.storage.database import Row, Transaction
from bot.storage.sealing import Sealing

CERTIFICATES, ORDERS = "outside_certificates", "outside_orders"
CODE_DIGITS = 32
State = Literal["open", "running", "done", "refused"]


@dataclass(frozen=True, slots=True)
class Known:
    """A certificate of the authority; the serial number in upper-case hexadecimal digits."""

    serial: str
    holder: str
    not_before: datetime
    not_after: datetime
    der: bytes = field(repr=False)
    revoked: bool = False


class Subject(msgspec.Struct, frozen=True):
    """Who an order is for, until it is begun: then the identity number is not needed any more."""

    name: str
    idn: str

    def __repr__(self) -> str:
        return "Subject()"


@dataclass(frozen=True, slots=True)
class Entry:
    """An order's state; `turn` counts its steps, so that only one of two processes goes on."""

    request_id: str
    reference: str
    holder: str
    replaces: str
    state: State
    tries: int
    expires_at: datetime
    turn: int
    due_at: datetime
    subject: Subject | None
    step: bytes | None = field(repr=False)
    refusal: str | None
    serial: str | None


class OutsideStore:
    def __init__(self, sealing: Sealing) -> None:
        self._sealing = sealing
        self._decoder = msgspec.json.Decoder(Subject)

    def keep(self, tx: Transaction, known: Known) -> bool:
        """Return whether it was new."""
        sealed = self._sealing.seal(known.der, table=CERTIFICATES, column="sealed", row=known.serial)
        times = {"not_before": known.not_before.timestamp(), "not_after": known.not_after.timestamp()}
        values = {"serial": known.serial, "holder": known.holder, "sealed": sealed}
        return bool(tx.run("outside_certificate_put", **values, **times))

    def certificate(self, tx: Transaction, serial: str) -> Known | None:
        row = tx.row("outside_certificate", serial=serial)
        return self._known(row) if row else None

    def certificates(self, tx: Transaction, holder: str) -> tuple[Known, ...]:
        return tuple(self._known(row) for row in tx.rows("outside_certificates_of", holder=holder))

    def counts(self, tx: Transaction) -> dict[Literal["good", "hold", "revoked", "expired"], int]:
        found = {row["status"]: row["total"] for row in tx.rows("outside_certificates_count")}
        return {"good": found.get("good", 0), "revoked": found.get("revoked", 0)}

    def revoke(self, tx: Transaction, serial: str) -> None:
        tx.write("outside_certificate_revoke", serial=serial)

    def order(self, tx: Transaction, request_id: str) -> Entry | None:
        row = tx.row("outside_order", request_id=request_id)
        return self._entry(row) if row else None

    def by_reference(self, tx: Transaction, reference: str) -> Entry | None:
        row = tx.row("outside_order_by_reference", reference=reference)
        return self._entry(row) if row else None

    def open(
        self,
        tx: Transaction,
        request_id: str,
        reference: str,
        holder: str,
        replaces: str,
        subject: Subject,
        until: datetime,
    ) -> None:
        body = msgspec.json.encode(subject)
        tx.write(
            "outside_order_put",
            request_id=request_id,
            reference=reference,
            holder=holder,
            replaces=replaces,
            sealed=self._sealing.seal(body, table=ORDERS, column="sealed", row=request_id),
            expires_at=until.timestamp(),
        )

    def code_of(self, request_id: str) -> str:
        """Derive the code from the request, so that it is stored nowhere and yet the same each time."""
        return self._sealing.digest("outside-code", request_id).hex()[:CODE_DIGITS]

    def count_wrong(self, tx: Transaction, reference: str) -> None:
        tx.write("outside_order_wrong", reference=reference)

    def is_running_for(self, tx: Transaction, replaces: str) -> bool:
        return tx.row("outside_order_running", replaces=replaces) is not None

    def begin(self, tx: Transaction, request_id: str, step: bytes) -> bool:
        """Return whether this was the first step, and not another process's."""
        return bool(tx.run("outside_order_begin", request_id=request_id, step=self._sealed(request_id, step)))

    def go_on(self, tx: Transaction, entry: Entry, step: bytes, due: datetime, *, obtained: bool) -> bool:
        """Return whether no other process had gone on."""
        values = {
            "step": self._sealed(entry.request_id, step),
            "due_at": due.timestamp(),
            "obtained": obtained,
        }
        return bool(tx.run("outside_order_go_on", request_id=entry.request_id, turn=entry.turn, **values))

    def finish(self, tx: Transaction, entry: Entry, serial: str) -> bool:
        return bool(tx.run("outside_order_done", request_id=entry.request_id, turn=entry.turn, serial=serial))

    def refuse(self, tx: Transaction, request_id: str, code: str) -> None:
        tx.write("outside_order_refuse", request_id=request_id, refusal=code)

    def obtained(self, tx: Transaction, now: datetime) -> list[str]:
        """Return the orders that have their certificate and are not finished."""
        return [row["request_id"] for row in tx.rows("outside_orders_obtained", now=now.timestamp())]

    def lapse(self, tx: Transaction, now: datetime) -> int:
        """Delete the data of orders that nobody redeemed in time."""
        return tx.run("outside_orders_lapse", now=now.timestamp())

    def _sealed(self, request_id: str, step: bytes) -> bytes:
        return self._sealing.seal(step, table=ORDERS, column="step", row=request_id)

    def _known(self, row: Row) -> Known:
        serial = row["serial"]
        return Known(
            serial,
            row["holder"],
            _time(row["not_before"]),
            _time(row["not_after"]),
            self._sealing.open(row["sealed"], table=CERTIFICATES, column="sealed", row=serial),
            row["status"] == "revoked",
        )

    def _entry(self, row: Row) -> Entry:
        return Entry(
            request_id=row["request_id"],
            reference=row["reference"],
            holder=row["holder"],
            replaces=row["replaces"],
            state=row["state"],
            tries=row["tries"],
            expires_at=_time(row["expires_at"]),
            turn=row["turn"],
            due_at=_time(row["due_at"]),
            subject=self._subject(row),
            step=self._step(row),
            refusal=row["refusal"],
            serial=row["serial"],
        )

    def _subject(self, row: Row) -> Subject | None:
        if row["sealed"] is None:
            return None
        body = self._sealing.open(row["sealed"], table=ORDERS, column="sealed", row=row["request_id"])
        return self._decoder.decode(body)

    def _step(self, row: Row) -> bytes | None:
        if row["step"] is None:
            return None
        return self._sealing.open(row["step"], table=ORDERS, column="step", row=row["request_id"])


def _time(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
