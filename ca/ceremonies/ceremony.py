"""Making the authority's keys: root and issuing authority at the first start, and the next issuing key later.

Each file is written whole or not at all, and each step is skipped if its result is there: the next start finishes one
that was interrupted. The ledger's write lock separates two starts, and is free again when its holder dies.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509

from ca.ceremonies.root import CERTIFICATE, Root, draft
from ca.certificates import tbs
from ca.keys.issuing_keys import Keys, file_stem, key_id_of
from ca.keys.signer import KeyStore
from ca.ledger.ledger import Ledger, Transaction
from ca.profiles import names
from ca.profiles.settings import AuthoritySettings
from ca.values.disk import write_whole
from ca.values.refusals import LedgerBroken

APART = "root_apart"


@dataclass(frozen=True, slots=True)
class Ceremony:
    folder: Path
    """The certificates, beside the ledger."""
    store: KeyStore
    """The issuing keys."""
    settings: AuthoritySettings
    entropy: Callable[[int], bytes]
    root: Root | None = None
    """A root that lies apart and was brought for a ceremony; without it the root is as the ledger knows it."""

    def keys(self, ledger: Ledger) -> Keys:
        """Return the keys that belong to this ledger, made now if it has none yet."""
        with ledger.reading() as tx:
            known = tx.one("issuers_after", ordinal=0)
        if known is None:
            with ledger.transaction() as tx:
                if tx.one("issuers_after", ordinal=0) is None:
                    self._begin(tx)
        with ledger.reading() as tx:
            root = self._root(tx)
        return Keys(ledger, self.folder, self.store, root.unlock)

    def roll_over(self, tx: Transaction) -> x509.Certificate:
        """Make the next issuing key: it issues from this commit on, and the former ones still sign status.

        Raises `RootApart` if the root's key cannot be reached.
        """
        last = max(row["ordinal"] for row in tx.all("issuers_after", ordinal=0))
        content = self._issuing(tx.now, last + 1, self._root(tx))
        return self._register(tx, last + 1, content, "rolled_over")

    def _root(self, tx: Transaction) -> Root:
        beside = Root(self.folder, self.store)
        if tx.one("get_meta", name=APART) is not None:
            apart = self.root or Root(self.folder, None)
            if apart.content != beside.content:
                raise LedgerBroken(f"the root in {apart.folder} is not the root of this authority")
            return apart
        if not beside.has_key():
            raise LedgerBroken("root.key is missing beside the ledger: put it back from a backup")
        return beside

    def _begin(self, tx: Transaction) -> None:
        former = tx.one("get_meta", name="issuing")  # A ledger of the first release knows its one key like this.
        content = self._kept(former["value"]) if former else self._issuing(tx.now, 1, self._first_root(tx))
        certificate = self._register(tx, 1, content, None if former else "opened")
        tx.run("name_first_issuer", key_id=key_id_of(certificate))

    def _first_root(self, tx: Transaction) -> Root:
        root = self.root or Root(self.folder, self.store)
        root.make(self.settings, tx.now, self.entropy)
        if self.root is not None:
            write_whole(self.folder / CERTIFICATE, root.content)
            tx.run("put_meta", name=APART, value=b"yes")
        return root

    def _kept(self, digest: bytes) -> bytes:
        path = self.folder / "issuing.der"
        if not path.is_file():
            raise LedgerBroken("issuing.der is missing beside the ledger: put it back from a backup")
        content = path.read_bytes()
        if hashlib.sha256(content).digest() != digest:
            raise LedgerBroken("issuing.der is not the one this ledger belongs to")
        return content

    def _issuing(self, now: datetime, ordinal: int, root: Root) -> bytes:
        stem, own = file_stem(ordinal), self.settings
        self.store.make(stem, own.issuing_bits)
        name = names.authority_name(own, "CA" if ordinal == 1 else f"CA {ordinal}")
        drawn = draft(self.store.open(stem).spki, name, now, own.issuing_years, own, self.entropy)
        return root.certify(f"{stem}.der", lambda: tbs.issuing_tbs(drawn, root.certificate, own), self.folder)

    def _register(self, tx: Transaction, ordinal: int, content: bytes, audited: str | None) -> x509.Certificate:
        certificate = x509.load_der_x509_certificate(content)
        digest, key_id = hashlib.sha256(content), key_id_of(certificate)
        tx.run("insert_issuer", ordinal=ordinal, key_id=key_id, digest=digest.digest(), made_at=tx.seconds)
        if audited:
            row = tx.attest("issuer_row", ordinal=ordinal)
            tx.audit(audited, "authority", "", issuing=digest.hexdigest(), row=row)
        return certificate
