"""Classic bugs of an authority. Each replaces one piece of it; a harness that finds none of them proves nothing.

Each mutant works as long as no process dies.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from ca.issuance.issuance import Issuance, Plan
from ca.ledger.ledger import Ledger, Transaction
from ca.ledger.records import hex_of
from ca.values.model import Certificate
from ca.values.serials import new_serial


def _supersede(issuance: Issuance, request_id: str) -> None:
    """Revoke the certificate that this request replaces, in a separate transaction."""
    with issuance._ledger.transaction() as tx:
        intent = tx.one("intent_by_request", request_id=request_id)
        assert intent is not None
        if intent["replaces"]:
            SUPERSEDE(issuance, tx, intent["replaces"], intent["holder"], request_id)


SUPERSEDE: Any = Issuance._supersede
STORE: Any = Issuance._store


def revoked_first() -> None:
    """The old certificate is revoked before the new one is stored."""

    def store(self: Issuance, request_id: str, *signed: bytes) -> Certificate:
        _supersede(self, request_id)
        made: Certificate = STORE(self, request_id, *signed)
        return made

    Issuance._store, Issuance._supersede = store, lambda *_: None  # type: ignore[method-assign,assignment]


def stored_first() -> None:
    """The new certificate is stored before the old one is revoked."""

    def store(self: Issuance, request_id: str, *signed: bytes) -> Certificate:
        made: Certificate = STORE(self, request_id, *signed)
        _supersede(self, request_id)
        return made

    Issuance._store, Issuance._supersede = store, lambda *_: None  # type: ignore[method-assign,assignment]


def fresh_serial() -> None:
    """After a restart, a new serial number is drawn for a certificate that was begun."""
    resume = Issuance.resume

    def redraw(self: Issuance) -> None:
        with self._ledger.transaction() as tx:
            for row in list(tx.all("unfinished")):
                intent = tx.one("intent_by_request", request_id=row["request_id"])
                assert intent is not None
                old, new = intent["serial"], hex_of(new_serial(self._entropy))
                tbs = tx.open(intent["tbs"], "intent", "tbs", old)
                tbs = tbs.replace(bytes.fromhex(old), bytes.fromhex(new))
                sealed = tx.seal(tbs, "intent", "tbs", new)
                tx._connection.execute("UPDATE intent SET serial = ?, tbs = ? WHERE serial = ?", (new, sealed, old))
        resume(self)

    Issuance.resume = redraw  # type: ignore[method-assign]


def signed_first() -> None:
    """The key signs before the intent is committed."""
    reserve = Issuance.reserve

    def hasty(self: Issuance, tx: Transaction, plan: Plan) -> None:
        reserve(self, tx, plan)
        intent = tx.one("intent_by_request", request_id=plan.request_id)
        assert intent is not None
        self._keys.present.signer.sign(tx.open(intent["tbs"], "intent", "tbs", intent["serial"]))

    Issuance.reserve = hasty  # type: ignore[method-assign]


def audit_apart() -> None:
    """The audit line is written in a separate transaction, after the change."""
    transaction, audit = Ledger.transaction, Transaction.audit

    @contextmanager
    def in_two(self: Ledger) -> Iterator[Transaction]:
        put_off: list[tuple[Any, Any]] = []
        with transaction(self) as tx:
            tx.put_off = put_off  # type: ignore[attr-defined]
            yield tx
        if put_off:
            with transaction(self) as tx:
                for place, detail in put_off:
                    audit(tx, *place, **detail)

    def later(self: Any, *place: str, **detail: Any) -> None:
        self.put_off.append((place, detail))

    Ledger.transaction, Transaction.audit = in_two, later  # type: ignore[method-assign,assignment]


def act_apart() -> None:
    """The record that an operation is done is written in a separate transaction, after the operation."""
    transaction, run = Ledger.transaction, Transaction.run

    @contextmanager
    def in_two(self: Ledger) -> Iterator[Transaction]:
        put_off: list[Any] = []
        with transaction(self) as tx:
            tx.acts = put_off  # type: ignore[attr-defined]
            yield tx
        if put_off:
            with transaction(self) as tx:
                for values in put_off:
                    run(tx, "insert_act", **values)

    def later(self: Any, name: str, /, **values: Any) -> None:
        if name == "insert_act":
            self.acts.append(values)
        else:
            run(self, name, **values)

    Ledger.transaction, Transaction.run = in_two, later  # type: ignore[method-assign]


def left_lying() -> None:
    """A restart does not finish what was begun before the crash."""
    Issuance.resume = lambda _: None  # type: ignore[method-assign,assignment]


def unrecorded_list() -> None:
    """A CRL is signed before the ledger records it."""
    audit = Transaction.audit

    def forgetful(self: Transaction, *place: str, **detail: Any) -> None:
        if place[0] != "listing":
            audit(self, *place, **detail)

    Transaction.audit = forgetful  # type: ignore[method-assign,assignment]


MUTANTS: dict[str, Callable[[], None]] = {
    each.__name__: each
    for each in (
        revoked_first, stored_first, fresh_serial, signed_first, audit_apart, act_apart, left_lying, unrecorded_list,
    )
}  # fmt: skip


def plant(name: str | None) -> None:
    if name is not None:
        MUTANTS[name]()
