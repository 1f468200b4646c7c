"""Making the authority's keys: root and issuing authority at the first start, and the next issuing key later.

Each file is written whole or not at all, and each step is skipped if its result is there: a start that died half way
is finished by the next. The ledger's write lock keeps two starts apart and is free again when its holder dies.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509

from ca import der, names, profile
from ca.disk import write_whole
from ca.keys import Keys, file_stem, key_id_of
from ca.ledger import Ledger, Transaction
from ca.refusals import LedgerBroken
from ca.serials import new_serial
from ca.settings import AuthoritySettings
from ca.signer import KeyStore, Signer
from ca.validity import day_of, ends, starts, years_later

ROOT = "root"


@dataclass(frozen=True, slots=True)
class Places:
    """Where keys and certificates lie. The root's key may lie apart, and is then reached in ceremonies only."""

    folder: Path
    """The certificates, beside the ledger."""
    keys: KeyStore
    root: KeyStore


class Ceremony:
    def __init__(self, places: Places, settings: AuthoritySettings, entropy: Callable[[int], bytes]) -> None:
        self._places = places
        self._settings = settings
        self._entropy = entropy

    def keys(self, ledger: Ledger) -> Keys:
        """Return the keys that belong to this ledger, made now if it has none yet."""
        with ledger.reading() as tx:
            known = tx.one("issuers_after", ordinal=0)
            apart = tx.one("get_meta", name="root_apart") is not None
        if known is None:
            with ledger.transaction() as tx:
                if tx.one("issuers_after", ordinal=0) is None:
                    self._begin(tx)
        elif not apart and not self._places.root.has(ROOT):
            raise LedgerBroken("root.key is missing beside the ledger: put it back from a backup")
        return Keys(ledger, self._places.folder, self._places.keys, self._unlock_root)

    def roll_over(self, tx: Transaction) -> x509.Certificate:
        """Make the next issuing key: it issues from this transaction's commit on, and the former ones keep answering.

        The new certificate is published beside the old one, so a relying party finds it before it meets a
        certificate under it. The root's key must be within reach.
        """
        last = max(row["ordinal"] for row in tx.all("issuers_after", ordinal=0))
        content = self._issuing(tx.now, last + 1)
        return self._register(tx, last + 1, content, "rolled_over")

    def _begin(self, tx: Transaction) -> None:
        former = tx.one(
            "get_meta", name="issuing"
        )  # a ledger of the first release knows its one key like this
        if former is None:
            self._make_root(tx.now)
            content = self._issuing(tx.now, 1)
        else:
            content = self._read("issuing.der")
            if hashlib.sha256(content).digest() != former["value"]:
                raise LedgerBroken("issuing.der is not the one this ledger belongs to")
        certificate = self._register(tx, 1, content, None if former else "opened")
        tx.run("name_first_issuer", key_id=key_id_of(certificate))

    def _register(
        self, tx: Transaction, ordinal: int, content: bytes, audited: str | None
    ) -> x509.Certificate:
        certificate = x509.load_der_x509_certificate(content)
        digest = hashlib.sha256(content)
        tx.run(
            "insert_issuer",
            ordinal=ordinal,
            key_id=key_id_of(certificate),
            digest=digest.digest(),
            made_at=tx.seconds,
        )
        if audited:
            tx.audit(audited, "authority", "", issuing=digest.hexdigest())
        return certificate

    def _make_root(self, now: datetime) -> None:
        self._places.root.make(ROOT, self._settings.root_bits)
        signer = self._unlock_root()
        name = names.authority_name(self._settings, "Root CA")
        draft = self._draft(signer, name, now, self._settings.root_years)
        self._certificate("root.der", signer, lambda: profile.root_tbs(draft))

    def _issuing(self, now: datetime, ordinal: int) -> bytes:
        stem, own = file_stem(ordinal), self._settings
        self._places.keys.make(stem, own.issuing_bits)
        above = x509.load_der_x509_certificate(self._read("root.der"))
        name = names.authority_name(own, "CA" if ordinal == 1 else f"CA {ordinal}")
        draft = self._draft(self._places.keys.open(stem), name, now, own.issuing_years)
        return self._certificate(
            f"{stem}.der", self._unlock_root(), lambda: profile.issuing_tbs(draft, above, own)
        )

    def _draft(self, signer: Signer, name: x509.Name, now: datetime, years: int) -> profile.AuthorityDraft:
        today = day_of(now)
        begin = starts(years_later(today, -self._settings.backdated_years))
        serial = new_serial(self._entropy)
        return profile.AuthorityDraft(serial, name, signer.spki, begin, ends(years_later(today, years)))

    def _certificate(self, name: str, signer: Signer, tbs: Callable[[], bytes]) -> bytes:
        if not (self._places.folder / name).exists():
            content = tbs()
            write_whole(self._places.folder / name, der.signed(content, signer.sign(content)))
        return self._read(name)

    def _unlock_root(self) -> Signer:
        return self._places.root.open(ROOT)

    def _read(self, name: str) -> bytes:
        path = self._places.folder / name
        if not path.is_file():
            raise LedgerBroken(f"{name} is missing beside the ledger: put it back from a backup")
        return path.read_bytes()
