"""The authority's certificates and keys in use: one root, and all issuing keys since the beginning."""

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from ca.asn1 import der
from ca.keys.signer import KeyStore, Signer
from ca.ledger.ledger import Ledger, Transaction
from ca.values.refusals import LedgerBroken


@dataclass(frozen=True, slots=True)
class IssuingKey:
    """One generation of the issuing authority. It signs the status of what it issued as long as that is valid."""

    ordinal: int
    key_id: str
    """subjectKeyIdentifier, hexadecimal."""
    certificate: x509.Certificate
    der: bytes
    signer: Signer


def file_stem(ordinal: int) -> str:
    """Return the name of this generation's files; the first had no number when it was the only one."""
    return "issuing" if ordinal == 1 else f"issuing-{ordinal}"


def key_id_of(certificate: x509.Certificate) -> str:
    return certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest.hex()


class Keys:
    """What a running authority signs with. `catch_up` finds a roll-over by another process."""

    def __init__(self, ledger: Ledger, folder: Path, store: KeyStore, unlock_root: Callable[[], Signer]) -> None:
        self._folder = folder
        self._store = store
        self._lock = threading.Lock()
        self.unlock_root = unlock_root
        self.root_der = _read(folder, "root.der")
        self.root = x509.load_der_x509_certificate(self.root_der)
        self._issuers: tuple[IssuingKey, ...] = ()
        with ledger.reading() as tx:
            self.catch_up(tx)

    @property
    def issuers(self) -> tuple[IssuingKey, ...]:
        """All generations, the oldest first."""
        return self._issuers

    @property
    def present(self) -> IssuingKey:
        """The one that issues."""
        return self._issuers[-1]

    def issuer(self, key_id: str) -> IssuingKey:
        for each in self._issuers:
            if each.key_id == key_id:
                return each
        raise LedgerBroken(f"no issuing key {key_id} is known here")

    def catch_up(self, tx: Transaction) -> None:
        """Open the generations that were added; call this before something new is signed."""
        with self._lock:
            rows = tx.all("issuers_after", ordinal=len(self._issuers))
            self._issuers += tuple(self._open(row["ordinal"], row["key_id"], row["digest"]) for row in rows)

    @property
    def spkis(self) -> frozenset[bytes]:
        own = (self.root, *(each.certificate for each in self._issuers))
        return frozenset(der.spki_of(certificate) for certificate in own)

    def _open(self, ordinal: int, key_id: str, digest: bytes) -> IssuingKey:
        stem = file_stem(ordinal)
        content = _read(self._folder, f"{stem}.der")
        if hashlib.sha256(content).digest() != digest:
            raise LedgerBroken(f"{stem}.der is not the one this ledger belongs to")
        certificate = x509.load_der_x509_certificate(content)
        signer = self._store.open(stem)
        if signer.spki != der.spki_of(certificate):
            raise LedgerBroken(f"the key {stem} is not the key of {stem}.der")
        return IssuingKey(ordinal, key_id, certificate, content, signer)


def _read(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except FileNotFoundError:
        raise LedgerBroken(f"{name} is missing beside the ledger: put it back from a backup") from None
