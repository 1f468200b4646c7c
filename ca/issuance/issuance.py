"""One certificate, in an order that survives a crash at every line (after Boulder's issuance cycle).

The serial number and the bytes to be signed are committed first; then they are checked, signed, compared and stored.
PKCS#1 v1.5 gives the same signature for the same bytes, so the same request after a crash gets the certificate that was
being made, and never a second one.
"""

import hashlib
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from ca.asn1 import der
from ca.certificates import lint
from ca.certificates import tbs as profile
from ca.keys.issuing_keys import IssuingKey, Keys
from ca.ledger import records
from ca.ledger.ledger import Ledger, Transaction, from_seconds, seconds
from ca.ledger.records import hex_of
from ca.profiles import names
from ca.profiles.settings import AuthoritySettings
from ca.requests.published_keys import PublishedKeys
from ca.status.crl import path_of
from ca.values.model import Certificate, Reason, Status
from ca.values.refusals import CaRefusal, LedgerBroken
from ca.values.serials import new_serial
from ca.values.validity import day_of


@dataclass(frozen=True, slots=True)
class Plan:
    """A certificate that has been allowed, and is not reserved yet."""

    request_id: str
    fingerprint: bytes
    """Keyed hash of all that was asked: the same request id must ask the same."""
    holder: str
    name: str = field(repr=False)
    identify_data: bytes = field(repr=False)
    """DER: the name and the VID, which hashes the identity number with R."""
    spki: bytes = field(repr=False)
    profile: str
    not_before: datetime
    not_after: datetime
    replaces: int | None


class Issuance:
    def __init__(
        self,
        ledger: Ledger,
        keys: Keys,
        settings: AuthoritySettings,
        entropy: Callable[[int], bytes],
        passing: Callable[[str], None],
    ) -> None:
        self._ledger = ledger
        self._keys = keys
        self._settings = settings
        self._entropy = entropy
        self._passing = passing
        self._published = PublishedKeys(settings.published) if settings.published else None

    def reserve(self, tx: Transaction, plan: Plan) -> None:
        """Store serial number and to-be-signed bytes; they are binding once the caller's transaction commits."""
        self._keys.catch_up(tx)
        issuer = self._keys.present
        self._check_dates(plan, issuer)
        self._check_key_is_free(tx, plan)
        serial = self._free_serial(tx)
        parts = self._settings.profile(plan.profile).crl_parts
        part = serial % parts if parts else None
        tbs = self._tbs(tx, plan, serial, issuer, path_of(issuer.ordinal, part))
        self._lint(tbs, issuer, plan.profile)  # Here too: a refusal now uses up no code and leaves no intent.
        name = hex_of(serial)
        tx.run(
            "insert_intent",
            serial=name,
            request_id=plan.request_id,
            holder=plan.holder,
            profile=plan.profile,
            issuer=issuer.key_id,
            part=part,
            fingerprint=plan.fingerprint,
            spki_hash=hashlib.sha256(plan.spki).digest(),
            replaces=hex_of(plan.replaces) if plan.replaces else None,
            not_before=seconds(plan.not_before),
            not_after=seconds(plan.not_after),
            tbs=tx.seal(tbs, "intent", "tbs", name),
        )
        row = tx.attest("intent_row", serial=name)
        tx.audit("intent", name, plan.request_id, row=row, tbs=hashlib.sha256(tbs).hexdigest())

    def finish(self, request_id: str) -> Certificate:
        """Return the certificate of a reserved request: made now, or already there."""
        self._passing("reserved")
        with self._ledger.reading() as tx:
            done, intent, tbs = self._stored(tx, request_id)
            issuer = self._keys.issuer(intent["issuer"])
            if not done and intent["replaces"]:  # Nothing is signed that could not be stored.
                records.require_good(tx, int(intent["replaces"], 16), intent["holder"])
        if done:
            return done
        self._lint(tbs, issuer, intent["profile"])
        self._passing("linted")
        signed = der.signed(tbs, issuer.signer.sign(tbs))
        self._passing("signed")
        self._compare(signed, tbs, issuer)
        self._passing("compared")
        certificate = self._store(request_id, signed, tbs)
        self._passing("stored")
        return certificate

    def resume(self) -> None:
        """Finish what an interrupted process had reserved, or another has just now: both get the same bytes.

        What the rules no longer allow, because the old certificate was revoked meanwhile, is never signed, and a
        repeated request is told why.
        """
        with self._ledger.reading() as tx:
            left = [row["request_id"] for row in tx.all("unfinished")]
        for request_id in left:
            try:
                self.finish(request_id)
            except CaRefusal as refusal:
                if refusal.code == "R14":
                    raise

    def _check_dates(self, plan: Plan, issuer: IssuingKey) -> None:
        begin, end = issuer.certificate.not_valid_before_utc, issuer.certificate.not_valid_after_utc
        if not begin <= plan.not_before < plan.not_after <= end:
            raise CaRefusal("R15", reason="dates")

    def _check_key_is_free(self, tx: Transaction, plan: Plan) -> None:
        """Refuse a key that belongs to another holder, is published, was revoked, or is to be replaced."""
        if self._published and self._published.has(plan.spki):
            raise CaRefusal("R15", reason="published_key")
        replaced = hex_of(plan.replaces) if plan.replaces else None
        for use in tx.all("uses_of_key", spki_hash=hashlib.sha256(plan.spki).digest()):
            if use["holder"] != plan.holder:
                raise CaRefusal("R15", reason="key_of_another")
            if use["status"] == Status.REVOKED:
                raise CaRefusal("R15", reason="key_revoked")
            if use["serial"] == replaced:
                raise CaRefusal("R15", reason="key_unchanged")

    def _free_serial(self, tx: Transaction) -> int:
        serial = new_serial(self._entropy)
        while tx.one("serial_is_taken", serial=hex_of(serial)):
            serial = new_serial(self._entropy)
        return serial

    def _tbs(self, tx: Transaction, plan: Plan, serial: int, issuer: IssuingKey, crl: str) -> bytes:
        day = day_of(plan.not_before)
        number = tx.one("next_of_day", day=day.isoformat())
        assert number is not None
        draft = profile.Draft(
            serial=serial,
            name=plan.name,
            common_name=names.common_name(plan.name, day, number["last"], self._settings),
            identify_data=plan.identify_data,
            spki=plan.spki,
            not_before=plan.not_before,
            not_after=plan.not_after,
            profile=self._settings.profile(plan.profile),
            crl=crl,
            ordinal=issuer.ordinal,
        )
        return profile.leaf_tbs(draft, issuer.certificate, self._settings)

    def _stored(self, tx: Transaction, request_id: str) -> tuple[Certificate | None, sqlite3.Row, bytes]:
        intent = tx.one("intent_by_request", request_id=request_id)
        if intent is None:
            raise LedgerBroken("a reserved serial is no longer in the ledger")
        self._keys.catch_up(tx)
        record = records.find(tx, int(intent["serial"], 16))
        tbs = tx.open(intent["tbs"], "intent", "tbs", intent["serial"])
        done = records.certificate_of(record) if record else None
        return done, intent, tbs

    def _lint(self, tbs: bytes, issuer: IssuingKey, name: str) -> None:
        if found := lint.findings(tbs, issuer.certificate, self._settings.profile(name), self._settings):
            raise CaRefusal("R15", reason="lint", findings=",".join(found))

    def _compare(self, signed: bytes, tbs: bytes, issuer: IssuingKey) -> None:
        """Read it as a relying party would: the bytes are those that were stored, the signature is ours."""
        certificate = x509.load_der_x509_certificate(signed)
        try:
            certificate.verify_directly_issued_by(issuer.certificate)
        except (ValueError, TypeError, InvalidSignature) as error:
            raise LedgerBroken("the signer gave a signature that does not verify") from error
        if certificate.tbs_certificate_bytes != tbs:
            raise LedgerBroken("the signed bytes are not those that were stored")

    def _store(self, request_id: str, signed: bytes, compared: bytes) -> Certificate:
        """Store the certificate and revoke the one it replaces: both or neither."""
        with self._ledger.transaction() as tx:
            done, intent, tbs = self._stored(tx, request_id)
            if done:  # Another process finished the same intent, with the same bytes.
                return done
            if tbs != compared:
                raise LedgerBroken("the signed bytes are not those that were stored")
            if intent["replaces"]:
                self._supersede(tx, intent["replaces"], intent["holder"], request_id)
            name = intent["serial"]
            sealed = tx.seal(signed, "certificate", "der", name)
            tx.run("insert_certificate", serial=name, der=sealed, replaces=intent["replaces"])
            tx.audit(
                "signed",
                name,
                request_id,
                der=hashlib.sha256(signed).hexdigest(),
                replaces=intent["replaces"],
            )
            begin, end = from_seconds(intent["not_before"]), from_seconds(intent["not_after"])
            return Certificate(int(name, 16), signed, begin, end, request_id)

    def _supersede(self, tx: Transaction, old: str, holder: str, request_id: str) -> None:
        records.require_good(tx, int(old, 16), holder)
        tx.run("set_status", serial=old, status=Status.REVOKED, status_at=tx.seconds, reason=Reason.SUPERSEDED)
        tx.audit("revoked", old, request_id, reason=Reason.SUPERSEDED)
