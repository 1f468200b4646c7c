"""Signed heads of the audit, and receipts: the lines of one certificate, which a customer can check without the others.

What is signed begins with spaces (as in RFC 8446 section 4.4.3), and a delegate for documents signs it (RFC 9336): it
cannot be taken for a certificate, CRL or response. `ca.audit.receipt_verifier` checks all of it, with no import of
ours.
"""

import base64
import json
from collections.abc import Mapping

from ca.keys.issuing_keys import Keys
from ca.ledger import merkle, tree_rows
from ca.ledger.chain import GENESIS, AuditLine
from ca.ledger.ledger import Ledger, Transaction
from ca.ledger.records import hex_of
from ca.status.delegate import Delegate, Delegates, Purpose
from ca.values.refusals import CaRefusal

CONTEXT = b" " * 64 + b"certificate authority, head of the audit, version 1" + b"\x00"


class Receipts:
    def __init__(self, ledger: Ledger, keys: Keys, delegates: Delegates) -> None:
        self._ledger = ledger
        self._keys = keys
        self._delegates = delegates

    def head(self) -> bytes:
        """Return the end of the audit, signed; JSON. Kept elsewhere, it proves any later change."""
        delegate, above = self._delegate()
        with self._ledger.reading() as tx:
            statement = _statement(tx)
        return _json(_signed(statement, delegate, above))

    def receipt(self, serial: int) -> bytes:
        """Return the lines of this certificate with their proofs, JSON, nothing personal; R09 if there are none."""
        delegate, above = self._delegate()
        with self._ledger.reading() as tx:
            lines = [AuditLine(*row) for row in tx.all("audit_of_certificate", serial=hex_of(serial))]
            if not lines:
                raise CaRefusal("R09", reason="no_certificate")
            statement = _statement(tx)
            size = int(json.loads(statement)["entries"])
            proved = [_proved(tx, line, size) for line in lines]
        return _json({"receipt": 1, "lines": proved, "head": _signed(statement, delegate, above)})

    def _delegate(self) -> tuple[Delegate, bytes]:
        """Return the signer and the certificate above; a new one is written into the audit before the head is read."""
        with self._ledger.reading() as tx:
            self._keys.catch_up(tx)
            now = tx.now
        issuer = self._keys.present
        return self._delegates.get(Purpose.AUDIT, issuer.key_id, now), issuer.der


def _proved(tx: Transaction, line: AuditLine, size: int) -> dict[str, object]:
    proof = merkle.inclusion(line.seq - 1, size, lambda place: tree_rows.read(tx, place))
    return {"line": line.content.decode(), "proof": [each.hex() for each in proof]}


def _statement(tx: Transaction) -> bytes:
    last = tx.one("last_audit")
    entries, chain = (last["seq"], last["digest"]) if last else (0, GENESIS)
    root = merkle.root(entries, lambda place: tree_rows.read(tx, place))
    values = {"at": tx.seconds, "entries": entries, "chain": chain.hex(), "root": root.hex()}
    return json.dumps(values, sort_keys=True).encode()


def _signed(statement: bytes, by: Delegate, above: bytes) -> dict[str, object]:
    return {
        "statement": statement.decode(),
        "signature": base64.b64encode(by.signer.sign(CONTEXT + statement)).decode(),
        "certificates": [base64.b64encode(each).decode() for each in (by.der, above)],
    }


def _json(values: Mapping[str, object]) -> bytes:
    return json.dumps(values, indent=1).encode() + b"\n"
