"""Who may ask: orders, and enrolments that are redeemed once with a reference number and a code."""

import hashlib
import hmac
import json
import sqlite3
from collections.abc import Callable
from datetime import datetime, timedelta

from cryptography import x509
from cryptography.hazmat import asn1

from ca.asn1 import vid
from ca.asn1.vid import MIN_RANDOM_BYTES
from ca.issuance.issuance import Issuance, Plan
from ca.keys.issuing_keys import Keys
from ca.ledger import records
from ca.ledger.ledger import Ledger, Transaction, from_seconds, seconds
from ca.ledger.records import hex_of
from ca.profiles import Profile
from ca.profiles.names import fit_idn, fit_name
from ca.profiles.settings import AuthoritySettings
from ca.requests import key_rules
from ca.values.model import Certificate, Enrolment, EnrolmentOrder, KeyRequest, Order, Record, Status
from ca.values.refusals import CaRefusal
from ca.values.validity import day_of, ends, renewal_opens, starts, years_later

REFERENCE_DIGITS = 10
CODE_SYMBOLS = 20
#: Crockford's base 32: no I, L, O or U, so that a code can be read aloud and typed.
ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
SYMBOL_BITS = 5
_AS_TYPED = str.maketrans("OIL", "011", " -\t\n")
LONGEST_TYPED = 64
SECRET_BYTES = 32


def typed_reference(text: str) -> str:
    """Return the digits of what was typed, or nothing if it does not look like a reference number."""
    # Nothing is cut off: what follows would go into the audit with the name of whoever asks by CMP.
    reference = text.translate(_AS_TYPED) if len(text) <= LONGEST_TYPED else ""
    fits = reference.isascii() and reference.isdigit() and len(reference) == REFERENCE_DIGITS
    return reference if fits else ""


def _typed_code(text: str) -> str:
    return text[:LONGEST_TYPED].upper().translate(_AS_TYPED)


def renewed_until(old: Record, profile: Profile, now: datetime) -> datetime:
    """Return the notAfter of a renewal; raise `CaRefusal` R15 `too_early` before the window opens."""
    opens = renewal_opens(old.not_after, profile.renewal_days)
    if day_of(now) < opens:
        raise CaRefusal("R15", reason="too_early", opens_on=opens.isoformat())
    return ends(years_later(day_of(old.not_after), profile.years))


def _identity_of(old: Record) -> vid.IdentifyData:
    return vid.read_identify_data(x509.load_der_x509_certificate(old.der))


def _check_has_none(tx: Transaction, holder: str, profile: str) -> None:
    """Nobody has two valid certificates of one policy."""
    for record in records.of_holder(tx, holder):
        if record.profile == profile and record.status in {Status.GOOD, Status.HOLD}:
            raise CaRefusal("R15", reason="has_one", serial=hex_of(record.serial))
    # One that another process is about to finish, or died over, will be that one.
    if made := tx.one("first_in_the_making", holder=holder, profile=profile, now=tx.seconds):
        raise CaRefusal("R15", reason="has_one", serial=made["serial"])


class Registrar:
    def __init__(
        self,
        ledger: Ledger,
        keys: Keys,
        issuance: Issuance,
        settings: AuthoritySettings,
        entropy: Callable[[int], bytes],
    ) -> None:
        self._ledger = ledger
        self._keys = keys
        self._issuance = issuance
        self._settings = settings
        self._entropy = entropy
        self._secret = self._load_secret()

    def issue(self, order: Order) -> Certificate:
        key_rules.check_size(order.spki, order.random_number)
        profile = self._settings.profile(order.profile)
        name, idn = fit_name(order.name), fit_idn(order.idn, profile.idn_digits)
        key_rules.check_key(order.spki, self._keys.spkis, profile.key_rule)
        asked = [order.holder, name, idn, order.random_number.hex(), order.spki.hex(), order.profile]
        fingerprint = self._fingerprint("order", *asked, str(order.not_before), str(order.not_after))
        with self._ledger.transaction() as tx:
            if not self._is_reserved(tx, order.request_id, fingerprint):
                self._issuance.reserve(tx, self._plan(tx, order, name, fingerprint))
        return self._issuance.finish(order.request_id)

    def enrol(self, order: EnrolmentOrder) -> Enrolment:
        name, idn = fit_name(order.name), fit_idn(order.idn, self._settings.profile(order.profile).idn_digits)
        if order.lifetime <= timedelta():
            raise CaRefusal("R15", reason="lifetime")
        asked = [order.holder, name, idn, order.profile, str(order.replaces)]
        asked += ["renews"] if order.renews else []  # The first release fingerprinted the others like this.
        fingerprint = self._fingerprint("enrolment", *asked)
        with self._ledger.transaction() as tx:
            row = tx.one("enrolment_by_request", request_id=order.request_id)
            if row is None:
                row = self._enrol(tx, order, fingerprint, json.dumps([name, idn]).encode())
            elif row["fingerprint"] != fingerprint:
                raise CaRefusal("R15", reason="request_reused")
        code = self._code(row["reference"], row["request_id"])
        return Enrolment(row["reference"], code, from_seconds(row["expires_at"]))

    def redeem(self, reference: str, code: str, request: KeyRequest) -> Certificate:
        key_rules.check_size(request.spki, request.random_number)
        row = self._admit(typed_reference(reference), _typed_code(code))
        key_rules.check_key(request.spki, self._keys.spkis, self._settings.profile(row["profile"]).key_rule)
        request_id = row["request_id"]
        fingerprint = self._fingerprint("redemption", request_id, request.spki.hex(), request.random_number.hex())
        with self._ledger.transaction() as tx:
            intent = tx.one("intent_by_request", request_id=request_id)
            if intent is None:
                self._redeem(tx, row["reference"], request, fingerprint)
            elif intent["fingerprint"] != fingerprint:
                raise CaRefusal("R10", reason="used")
        return self._issuance.finish(request_id)

    def update(self, serial: int, spki: bytes, request_id: str) -> Certificate:
        with self._ledger.reading() as tx:
            old = records.find(tx, serial)
        if old is None:
            raise CaRefusal("R09", reason="no_certificate")
        key_rules.check_key(spki, self._keys.spkis, self._settings.profile(old.profile).key_rule)
        fingerprint = self._fingerprint("update", hex_of(serial), spki.hex())
        with self._ledger.transaction() as tx:
            if not self._is_reserved(tx, request_id, fingerprint):
                self._issuance.reserve(tx, self._update_plan(tx, old, spki, request_id, fingerprint))
        return self._issuance.finish(request_id)

    def replace(self, serial: int, spki: bytes, identity: bytes, request_id: str) -> Certificate:
        with self._ledger.reading() as tx:
            old = records.find(tx, serial)
        if old is None:
            raise CaRefusal("R09", reason="no_certificate")
        try:
            vid.check_identity(identity, _identity_of(old).real_name)
        except ValueError:
            raise CaRefusal("R15", reason="identity") from None
        key_rules.check_key(spki, self._keys.spkis, self._settings.profile(old.profile).key_rule)
        fingerprint = self._fingerprint("replacement", hex_of(serial), spki.hex(), identity.hex())
        with self._ledger.transaction() as tx:
            if not self._is_reserved(tx, request_id, fingerprint):
                old = records.require_good(tx, serial, old.holder)
                plan = Plan(
                    request_id, fingerprint, old.holder, _identity_of(old).real_name, identity, spki,
                    old.profile, starts(tx.now), old.not_after, old.serial,
                )  # fmt: skip
                self._issuance.reserve(tx, plan)
        return self._issuance.finish(request_id)

    def _update_plan(self, tx: Transaction, old: Record, spki: bytes, request_id: str, fingerprint: bytes) -> Plan:
        records.require_good(tx, old.serial, old.holder)
        profile = self._settings.profile(old.profile)
        identity = _identity_of(old)
        in_window = day_of(tx.now) >= renewal_opens(old.not_after, profile.renewal_days)
        end = renewed_until(old, profile, tx.now) if in_window else old.not_after
        return Plan(
            request_id, fingerprint, old.holder, identity.real_name, asn1.encode_der(identity), spki,
            old.profile, starts(tx.now), end, old.serial,
        )  # fmt: skip

    def code_of(self, reference: str) -> str:
        """Return the code of this reference number; an unknown number gets a code too, after the same work."""
        typed = typed_reference(reference)
        with self._ledger.reading() as tx:
            row = tx.one("enrolment_by_reference", reference=typed)
        return self._code(typed, row["request_id"] if row else "")

    def serial_for(self, reference: str) -> int | None:
        with self._ledger.reading() as tx:
            row = tx.one("enrolment_by_reference", reference=typed_reference(reference))
            record = records.for_request(tx, row["request_id"]) if row else None
        return record.serial if record else None

    def random_number_for(self, reference: str, spki: bytes) -> bytes:
        """Derive an R for a client that makes none, from its key, so that a repeated request is the same."""
        made = hmac.digest(self._secret, b"R" + reference.encode() + spki, hashlib.sha256)
        return made[:MIN_RANDOM_BYTES]

    def withdraw(self, request_id: str) -> None:
        """Void an enrolment that was not redeemed; repeating it is harmless."""
        with self._ledger.transaction() as tx:
            row = tx.one("enrolment_by_request", request_id=request_id)
            if row is None:
                raise CaRefusal("R10", reason="unknown")
            if tx.one("intent_by_request", request_id=request_id):
                raise CaRefusal("R10", reason="used")
            if row["withdrawn_at"] is None:
                tx.run("withdraw_enrolment", request_id=request_id, now=tx.seconds)
                tx.audit("withdrawn", row["reference"], request_id)

    def _plan(self, tx: Transaction, order: Order, name: str, fingerprint: bytes) -> Plan:
        begin = starts(order.not_before or tx.now)
        years = self._settings.profile(order.profile).years
        end = ends(order.not_after or years_later(day_of(begin), years))
        return Plan(
            order.request_id, fingerprint, order.holder, name,
            vid.identify_data(name, order.idn, order.random_number), order.spki, order.profile, begin, end, None,
        )  # fmt: skip

    def _enrol(self, tx: Transaction, order: EnrolmentOrder, fingerprint: bytes, subject: bytes) -> sqlite3.Row:
        if tx.one("intent_by_request", request_id=order.request_id):
            raise CaRefusal("R15", reason="request_reused")
        self._check_replaced(tx, order)
        tx.run("forget_lapsed_subjects", now=tx.seconds)
        reference = self._free_reference(tx)
        tx.run(
            "insert_enrolment",
            request_id=order.request_id,
            reference=reference,
            holder=order.holder,
            profile=order.profile,
            fingerprint=fingerprint,
            replaces=None if order.replaces is None else hex_of(order.replaces),
            created_at=tx.seconds,
            expires_at=seconds(tx.now + order.lifetime),
            renews=order.renews,
            subject=tx.seal(subject, "enrolment", "subject", order.request_id),
        )
        attested = tx.attest("enrolment_row", request_id=order.request_id)
        tx.audit("enrolled", reference, order.request_id, row=attested)
        row = tx.one("enrolment_by_request", request_id=order.request_id)
        assert row is not None
        return row

    def _admit(self, reference: str, code: str) -> sqlite3.Row:
        """Return the enrolment if the code is right; an unknown reference takes the same work and words."""
        with self._ledger.reading() as tx:
            row = tx.one("enrolment_by_reference", reference=reference)
        expected = self._code(reference, row["request_id"] if row else "")
        right = hmac.compare_digest(expected.encode(), code.encode(errors="replace"))
        if row is None or not right:
            # The try is counted where the refusal is written, so that the audit has every one.
            raise CaRefusal("R10", reason="wrong")
        return row

    def _redeem(self, tx: Transaction, reference: str, request: KeyRequest, fingerprint: bytes) -> None:
        row = tx.one("enrolment_by_reference", reference=reference)
        assert row is not None
        # Only now: a certificate that is being made stays with its key, whoever guesses its code.
        if row["tries"] >= self._settings.max_tries:
            raise CaRefusal("R10", reason="locked")
        if row["withdrawn_at"] is not None:
            raise CaRefusal("R10", reason="withdrawn")
        if tx.seconds >= row["expires_at"] or row["subject"] is None:
            raise CaRefusal("R10", reason="lapsed")
        name, idn = json.loads(tx.open(row["subject"], "enrolment", "subject", row["request_id"]))
        begin = starts(tx.now)
        replaces = int(row["replaces"], 16) if row["replaces"] else None
        profile = self._settings.profile(row["profile"])
        if replaces is None:
            _check_has_none(tx, row["holder"], profile.name)
            end = ends(years_later(day_of(begin), profile.years))
        else:
            old = records.require_good(tx, replaces, row["holder"])
            end = renewed_until(old, profile, tx.now) if row["renews"] else old.not_after
        plan = Plan(
            row["request_id"], fingerprint, row["holder"], name,
            vid.identify_data(name, idn, request.random_number), request.spki, row["profile"], begin, end, replaces,
        )  # fmt: skip
        self._issuance.reserve(tx, plan)
        # The VID in the stored bytes is made: the identity number is not needed any more.
        tx.run("forget_subject", request_id=row["request_id"])

    def _check_replaced(self, tx: Transaction, order: EnrolmentOrder) -> None:
        """Refuse what would leave the holder with two valid certificates of one policy, or with a wrong expiry."""
        if order.replaces is None:
            if order.renews:
                raise CaRefusal("R09", reason="no_certificate")
            _check_has_none(tx, order.holder, order.profile)
            return
        old = records.require_good(tx, order.replaces, order.holder)
        if old.profile != order.profile:
            raise CaRefusal("R15", reason="other_profile")
        if order.renews:
            renewed_until(old, self._settings.profile(order.profile), tx.now)

    def _is_reserved(self, tx: Transaction, request_id: str, fingerprint: bytes) -> bool:
        intent = tx.one("intent_by_request", request_id=request_id)
        enrolment = tx.one("enrolment_by_request", request_id=request_id)
        if enrolment or (intent and intent["fingerprint"] != fingerprint):
            raise CaRefusal("R15", reason="request_reused")
        return intent is not None

    def _free_reference(self, tx: Transaction) -> str:
        while True:
            number = int.from_bytes(self._entropy(8), "big") % 10**REFERENCE_DIGITS
            reference = f"{number:0{REFERENCE_DIGITS}d}"
            if tx.one("enrolment_by_reference", reference=reference) is None:
                return reference

    def _code(self, reference: str, request_id: str) -> str:
        """Derive the code from the request, so that it is stored nowhere and yet the same each time."""
        digest = hmac.digest(self._secret, json.dumps([reference, request_id]).encode(), hashlib.sha256)
        number = int.from_bytes(digest, "big")
        return "".join(ALPHABET[number >> SYMBOL_BITS * place & 31] for place in range(CODE_SYMBOLS))

    def _fingerprint(self, label: str, *parts: str) -> bytes:
        return self._ledger.digest(label, json.dumps(parts))

    def _load_secret(self) -> bytes:
        with self._ledger.transaction() as tx:
            row = tx.one("get_meta", name="code_secret")
            if row is not None:
                return tx.open(row["value"], "meta", "value", "code_secret")
            secret = self._entropy(SECRET_BYTES)
            tx.run("put_meta", name="code_secret", value=tx.seal(secret, "meta", "value", "code_secret"))
            return secret
