"""CRLs (RFC 5280 section 5): made when a status changed or the last one is old, with rising numbers.

Each issuing key has a whole CRL, and as many parts as its certificates name in their distribution points.
"""

import hashlib
import threading
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

from cryptography import x509
from cryptography.hazmat import asn1

from ca.asn1 import der
from ca.keys.issuing_keys import Keys, file_stem
from ca.keys.signer import Signer
from ca.ledger.ledger import Ledger, Transaction, from_seconds, seconds
from ca.profiles.settings import AuthoritySettings
from ca.status.lint_status import check_list
from ca.values.model import ListAge, Reason
from ca.values.refusals import LedgerBroken, RootApart

VERSION_2 = 1
ROOT = "root"
#: The reasons' numbers (RFC 5280 section 5.3.1). Instead of `unspecified` the extension is absent.
CODES = {
    Reason.KEY_COMPROMISE: 1,
    Reason.AFFILIATION_CHANGED: 3,
    Reason.SUPERSEDED: 4,
    Reason.CESSATION_OF_OPERATION: 5,
    Reason.CERTIFICATE_HOLD: 6,
    Reason.PRIVILEGE_WITHDRAWN: 9,
}
REASON_CODE = x509.CRLReason.oid


def path_of(ordinal: int, part: int | None) -> str:
    """Return where the list lies below the authority's address, as certificates name it."""
    stem = file_stem(ordinal)
    return f"/crl/{stem}.crl" if part is None else f"/crl/{stem}/{part}.crl"


@dataclass(frozen=True, slots=True)
class Scope:
    """Which CRL: of which issuing key, and which part of it."""

    name: str
    """In the ledger."""
    certificate: x509.Certificate
    key_id: str
    part: int | None
    address: str | None
    """Where a part lies; the whole list says nothing of where it lies."""


class RevocationLists:
    def __init__(self, ledger: Ledger, keys: Keys, settings: AuthoritySettings) -> None:
        self._ledger = ledger
        self._keys = keys
        self._settings = settings
        #: One CRL is built at a time, so that a process does no work twice; other processes may.
        self._building = threading.Lock()

    def issuing(self, ordinal: int | None = None, part: int | None = None) -> bytes:
        """Return the list of this issuing key (the present one if none is named): revoked and on hold.

        Raises `KeyError` if there is no such key.
        """
        with self._ledger.reading() as tx:
            self._keys.catch_up(tx)
        known = {each.ordinal: each for each in self._keys.issuers}
        issuer = self._keys.present if ordinal is None else known[ordinal]
        address = None if part is None else self._settings.base_url + path_of(issuer.ordinal, part)
        scope = Scope(_name(issuer.ordinal, part), issuer.certificate, issuer.key_id, part, address)
        return self._list(scope, self._settings.crl_refresh, self._settings.crl_lifetime, issuer.signer)

    def ages(self, ordinal: int, part: int | None) -> bool:
        """Return whether this CRL was asked for before, and is older than its refresh interval."""
        with self._ledger.reading() as tx:
            row = tx.one("crl_by_issuer", issuer=_name(ordinal, part))
            return row is not None and tx.seconds >= row["this_update"] + self._settings.crl_refresh.total_seconds()

    def standing(self, parts: int) -> tuple[ListAge, ...]:
        """Return how old each CRL is that was asked for before, in as many parts as it is split into."""
        issuing = (_name(each.ordinal, part) for each in self._keys.issuers for part in (None, *range(parts)))
        with self._ledger.reading() as tx:
            found = [(name, tx.one("crl_times", issuer=name)) for name in (ROOT, *issuing)]
            now = tx.seconds
        return tuple(ListAge(name, now - row["this_update"], row["next_update"] - now) for name, row in found if row)

    def root(self) -> bytes:
        """Return the root's CRL. No issuing authority has been revoked, so it is empty, signed and fresh.

        If the root is kept apart, it is served until it expires, and only a ceremony makes the next; `RootApart` says
        so.
        """
        life = self._settings.root_crl_lifetime
        with self._ledger.reading() as tx:
            fresh = self._fresh(tx, Scope(ROOT, self._keys.root, "", None, None), life / 2)
            kept = tx.one("crl_by_issuer", issuer=ROOT)
            stale = kept is None or kept["next_update"] <= tx.seconds
        if fresh is not None:
            return fresh
        try:
            return self.renew_root()
        except RootApart:
            if kept is None or stale:
                raise
            return bytes(kept["der"])

    def renew_root(self) -> bytes:
        """Make the root's next list now, in a ceremony."""
        scope = Scope(ROOT, self._keys.root, "", None, None)
        return self._make(scope, self._settings.root_crl_lifetime, self._keys.unlock_root())

    def _list(self, scope: Scope, refresh: timedelta, lifetime: timedelta, signer: Signer) -> bytes:
        with self._building:
            with self._ledger.reading() as tx:
                fresh = self._fresh(tx, scope, refresh)
            return self._make(scope, lifetime, signer) if fresh is None else fresh

    def _fresh(self, tx: Transaction, scope: Scope, refresh: timedelta) -> bytes | None:
        row = tx.one("crl_by_issuer", issuer=scope.name)
        if row is None or _changed(tx, scope, row["version"]):
            return None
        # A clock that was set back would give the last CRL a date in the future, which nobody accepts.
        young = row["this_update"] <= tx.seconds < row["this_update"] + refresh.total_seconds()
        return bytes(row["der"]) if young else None

    def _make(self, scope: Scope, lifetime: timedelta, signer: Signer) -> bytes:
        """Number, read, build, sign, verify, store. A million entries take seconds: no lock is held meanwhile."""
        with self._ledger.transaction() as tx:
            last = tx.one("crl_by_issuer", issuer=scope.name)
            # Never below the clock: after a restore from an old backup the numbers must still rise.
            least = max(last["number"] + 1 if last else 1, tx.seconds)
            reserved = tx.one("reserve_crl_number", issuer=scope.name, least=least)
            assert reserved is not None
        with self._ledger.aside() as tx:
            version, now = _version(tx, scope.name), tx.seconds
            # An entry stays until it stood in a list made after its expiry (RFC 5280 section 3.3).
            since = seconds(tx.now - 2 * self._settings.crl_lifetime)
            rows = tx.all("revoked_by_issuer", issuer=scope.key_id, part=scope.part, since=since)
            entries = [] if scope.name == ROOT else [_entry(*row) for row in rows]
        number, until = int(reserved["last"]), now + int(lifetime.total_seconds())
        content = _tbs(scope, number, now, until, entries)
        check_list(content, scope.certificate, number, len(entries), scope.address, lifetime)
        # No signature without its record, also if this process dies while signing.
        with self._ledger.transaction() as tx:
            tx.audit("listing", scope.name, "", number=number, tbs=hashlib.sha256(content).hexdigest())
        signed = der.signed(content, signer.sign(content))
        _verify(signed, content, scope)
        with self._ledger.transaction() as tx:
            last = tx.one("crl_by_issuer", issuer=scope.name)
            if last and last["number"] > number:  # Another process was later, and so is its CRL.
                return bytes(last["der"])
            tx.run(
                "put_crl",
                issuer=scope.name,
                number=number,
                version=version,
                der=signed,
                this_update=now,
                next_update=until,
            )
            digest, row = hashlib.sha256(signed).hexdigest(), tx.attest("crl_row", issuer=scope.name)
            tx.audit("crl", scope.name, "", number=number, entries=len(entries), der=digest, row=row)
        return signed


def _name(ordinal: int, part: int | None) -> str:
    return file_stem(ordinal) + ("" if part is None else f"/{part}")


def _version(tx: Transaction, name: str) -> int:
    row = tx.one("status_version")
    return int(row["version"]) if row and name != ROOT else 0


def _changed(tx: Transaction, scope: Scope, version: int) -> bool:
    """Return whether a status changed since that concerns this CRL: the other parts stay as they are."""
    if _version(tx, scope.name) == version:
        return False
    return tx.one("status_changed", since=version, issuer=scope.key_id, part=scope.part) is not None


def _tbs(scope: Scope, number: int, now: int, until: int, entries: list[bytes]) -> bytes:
    key_id = scope.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    extensions: list[tuple[x509.ExtensionType, bool]] = [
        (x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(key_id), False),
        (x509.CRLNumber(number), False),
    ]
    if scope.address is not None:
        extensions.append((_distribution_point(scope.address), True))
    encoded = [asn1.encode_der(der.extension(value, critical=critical)) for value, critical in extensions]
    parts = [
        asn1.encode_der(VERSION_2),
        asn1.encode_der(der.SHA256_WITH_RSA),
        scope.certificate.subject.public_bytes(),
        _time(now),
        _time(until),
        *([der.sequence_of(*entries)] if entries else []),
        der.tagged(0, der.sequence_of(*encoded)),
    ]
    return der.sequence_of(*parts)


def _distribution_point(address: str) -> x509.IssuingDistributionPoint:
    return x509.IssuingDistributionPoint(
        full_name=[x509.UniformResourceIdentifier(address)],
        relative_name=None,
        only_contains_user_certs=False,
        only_contains_ca_certs=False,
        only_some_reasons=None,
        indirect_crl=False,
        only_contains_attribute_certs=False,
    )


def _entry(serial: str, at: int, reason: str) -> bytes:
    """Return one entry, DER. Encoded by hand, because a CRL may have a million: our serial numbers have one length."""
    number = asn1.encode_der(int(serial, 16))
    return der.sequence_of(number, _time(at), _reason(reason))


@lru_cache(maxsize=len(CODES) + 1)
def _reason(word: str) -> bytes:
    code = CODES.get(Reason(word))
    if code is None:
        return b""
    value = bytes([0x0A, 1, code])
    extension = der.Extension(extn_id=REASON_CODE, critical=False, value=value)
    return der.sequence_of(asn1.encode_der(extension))


@lru_cache(maxsize=1 << 16)
def _time(at: int) -> bytes:
    return asn1.encode_der(der.moment(from_seconds(at)))


def _verify(signed: bytes, content: bytes, scope: Scope) -> None:
    """Read the CRL as a relying party would before it is published."""
    read = x509.load_der_x509_crl(signed)
    if read.tbs_certlist_bytes != content or not read.is_signature_valid(scope.certificate.public_key()):  # type: ignore[arg-type]
        raise LedgerBroken(f"the list {scope.name} is not what was to be signed")
