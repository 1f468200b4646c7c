"""Revocation lists (RFC 5280 section 5): made when a status changed or the last one ages, numbered upward for ever."""

import hashlib
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat import asn1

from ca import der
from ca.keys import Keys
from ca.ledger import Ledger, Transaction, from_seconds, seconds
from ca.refusals import RootApart
from ca.settings import AuthoritySettings
from ca.signer import Signer
from ca.values import Reason

VERSION_2 = 1


class Lists:
    def __init__(self, ledger: Ledger, keys: Keys, settings: AuthoritySettings) -> None:
        self._ledger = ledger
        self._keys = keys
        self._settings = settings

    def issuing(self) -> bytes:
        """Return the list of customers' certificates: revoked and on hold, until they were listed past their expiry."""
        own = self._settings
        return self._list(
            "issuing", own.crl_refresh, own.crl_lifetime, lambda: self._keys.present.signer, self._revoked
        )

    def root(self) -> bytes:
        """Return the root's list. No issuing authority has been revoked, so it is empty, signed and fresh.

        With the root apart it is served until it goes stale, and only a ceremony makes the next; `RootApart` says so.
        """
        life = self._settings.root_crl_lifetime
        try:
            return self._list("root", life / 2, life, self._keys.unlock_root, lambda _: [])
        except RootApart:
            with self._ledger.reading() as tx:
                row = tx.one("crl_by_issuer", issuer="root")
                if row is None or row["next_update"] <= tx.seconds:
                    raise
                return bytes(row["der"])

    def renew_root(self) -> bytes:
        """Make the root's next list now, in a ceremony."""
        key = self._keys.unlock_root()
        with self._ledger.transaction() as tx:
            return self._make(tx, "root", self._settings.root_crl_lifetime, key, [])

    def _list(
        self,
        issuer: str,
        refresh: timedelta,
        lifetime: timedelta,
        signer: Callable[[], Signer],
        revoked: Callable[[Transaction], list[der.RevokedEntry]],
    ) -> bytes:
        with self._ledger.reading() as tx:
            if (fresh := self._fresh(tx, issuer, refresh)) is not None:
                return fresh
        key = signer()  # outside the transaction: opening the root's key takes a while
        with self._ledger.transaction() as tx:
            if (fresh := self._fresh(tx, issuer, refresh)) is not None:
                return fresh
            return self._make(tx, issuer, lifetime, key, revoked(tx))

    def _fresh(self, tx: Transaction, issuer: str, refresh: timedelta) -> bytes | None:
        row = tx.one("crl_by_issuer", issuer=issuer)
        if row is None or row["version"] != self._version(tx, issuer):
            return None
        # A clock that was set back makes the last list one of the future, which nobody would accept.
        young = row["this_update"] <= tx.seconds < row["this_update"] + refresh.total_seconds()
        return bytes(row["der"]) if young else None

    def _version(self, tx: Transaction, issuer: str) -> int:
        row = tx.one("status_version")
        return int(row["version"]) if row and issuer == "issuing" else 0

    def _make(
        self, tx: Transaction, issuer: str, lifetime: timedelta, key: Signer, revoked: list[der.RevokedEntry]
    ) -> bytes:
        certificate = self._keys.present.certificate if issuer == "issuing" else self._keys.root
        last = tx.one("crl_by_issuer", issuer=issuer)
        # Never below the clock: after a restore from an old backup the numbers still rise.
        number = max(last["number"] + 1 if last else 1, tx.seconds)
        until = tx.now + lifetime
        content = asn1.encode_der(_tbs(certificate, number, tx, until, revoked))
        signed = der.signed(content, key.sign(content))
        version = self._version(tx, issuer)
        times = {"this_update": tx.seconds, "next_update": seconds(until)}
        tx.run("put_crl", issuer=issuer, number=number, version=version, der=signed, **times)
        tx.audit(
            "crl", issuer, "", number=number, entries=len(revoked), der=hashlib.sha256(signed).hexdigest()
        )
        return signed

    def _revoked(self, tx: Transaction) -> list[der.RevokedEntry]:
        # An entry stays until it stood in a list made after its expiry (RFC 5280 section 3.3).
        since = seconds(tx.now - 2 * self._settings.crl_lifetime)
        return [_entry(row) for row in tx.all("revoked_for_list", since=since)]


def _tbs(
    issuer: x509.Certificate, number: int, tx: Transaction, until: datetime, revoked: list[der.RevokedEntry]
) -> der.TbsCertList:
    key_id = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    above = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(key_id)
    return der.TbsCertList(
        version=VERSION_2,
        signature=der.SHA256_WITH_RSA,
        issuer=der.raw(issuer.subject.public_bytes()),
        this_update=der.moment(from_seconds(tx.seconds)),
        next_update=der.moment(from_seconds(seconds(until))),
        revoked=revoked or None,
        extensions=[der.extension(above), der.extension(x509.CRLNumber(number))],
    )


def _entry(row: Any) -> der.RevokedEntry:
    reason = Reason(row["reason"])
    # RFC 5280 section 5.3.1: instead of `unspecified` the extension is absent.
    told = reason is not Reason.UNSPECIFIED
    extensions = [der.extension(x509.CRLReason(x509.ReasonFlags(reason)))] if told else None
    at = der.moment(from_seconds(row["status_at"]))
    return der.RevokedEntry(serial=int(row["serial"], 16), revoked_at=at, extensions=extensions)
