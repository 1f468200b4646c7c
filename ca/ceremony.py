"""The first start: root and issuing authority, made once, by whichever process comes first.

Each file is written whole or not at all, and each step is skipped if its file is there: a start that died half way
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
from ca.ledger import Ledger
from ca.refusals import LedgerBroken
from ca.settings import AuthoritySettings
from ca.signer import Signer, SoftSigner, new_key_file, open_key_file
from ca.validity import day_of, ends, starts, years_later

SERIAL_BYTES = 16
FILES = ("root.key", "root.der", "issuing.key", "issuing.der")


@dataclass(frozen=True, slots=True)
class Keys:
    """The authority's two certificates, the key that signs every day, and a way to the one that seldom does."""

    root: x509.Certificate
    root_der: bytes
    issuing: x509.Certificate
    issuing_der: bytes
    signer: Signer
    unlock_root: Callable[[], Signer]

    @property
    def spkis(self) -> frozenset[bytes]:
        return frozenset(der.spki_of(certificate) for certificate in (self.root, self.issuing))


def new_serial(entropy: Callable[[int], bytes]) -> int:
    """Return 126 random bits below a fixed one: positive, of one length, never to be guessed (CA/B BR 7.1)."""
    value = bytearray(entropy(SERIAL_BYTES))
    value[0] = value[0] & 0x3F | 0x40
    return int.from_bytes(value, "big")


class Ceremony:
    def __init__(
        self, folder: Path, passphrase: bytes, settings: AuthoritySettings, entropy: Callable[[int], bytes]
    ) -> None:
        self._folder = folder
        self._passphrase = passphrase
        self._settings = settings
        self._entropy = entropy

    def keys(self, ledger: Ledger) -> Keys:
        """Return the keys that belong to this ledger, made now if it has none yet."""
        with ledger.reading() as tx:
            known = tx.one("get_meta", name="issuing")
        if known is None:
            self._make(ledger)
            return self.keys(ledger)
        missing = [name for name in FILES if not (self._folder / name).is_file()]
        if missing:
            raise LedgerBroken(
                f"{', '.join(missing)} is missing beside the ledger: put it back from a backup"
            )
        if hashlib.sha256(self._read("issuing.der")).digest() != known["value"]:
            raise LedgerBroken("issuing.der is not the one this ledger belongs to")
        return self._open()

    def _open(self) -> Keys:
        root_der, issuing_der = self._read("root.der"), self._read("issuing.der")
        root, issuing = x509.load_der_x509_certificate(root_der), x509.load_der_x509_certificate(issuing_der)
        signer = self._unlock("issuing.key")
        if signer.spki != der.spki_of(issuing):
            raise LedgerBroken("issuing.key is not the key of issuing.der")
        return Keys(root, root_der, issuing, issuing_der, signer, lambda: self._unlock("root.key"))

    def _make(self, ledger: Ledger) -> None:
        with ledger.transaction() as tx:
            if tx.one("get_meta", name="issuing") is not None:
                return
            root = self._root(tx.now)
            issuing = self._issuing(tx.now, root)
            tx.run("put_meta", name="issuing", value=hashlib.sha256(issuing).digest())
            tx.audit("opened", "authority", "", issuing=hashlib.sha256(issuing).hexdigest())

    def _root(self, now: datetime) -> SoftSigner:
        signer = self._key("root.key", self._settings.root_bits)
        draft = self._draft(
            signer, names.authority_name(self._settings, "Root CA"), now, self._settings.root_years
        )
        self._certificate("root.der", signer, lambda: profile.root_tbs(draft))
        return signer

    def _issuing(self, now: datetime, root: SoftSigner) -> bytes:
        signer = self._key("issuing.key", self._settings.issuing_bits)
        above = x509.load_der_x509_certificate(self._read("root.der"))
        draft = self._draft(
            signer, names.authority_name(self._settings, "CA"), now, self._settings.issuing_years
        )
        return self._certificate(
            "issuing.der", root, lambda: profile.issuing_tbs(draft, above, self._settings)
        )

    def _draft(self, signer: Signer, name: x509.Name, now: datetime, years: int) -> profile.AuthorityDraft:
        today = day_of(now)
        begin = starts(years_later(today, -self._settings.backdated_years))
        serial = new_serial(self._entropy)
        return profile.AuthorityDraft(serial, name, signer.spki, begin, ends(years_later(today, years)))

    def _key(self, name: str, bits: int) -> SoftSigner:
        if not (self._folder / name).exists():
            write_whole(self._folder / name, new_key_file(bits, self._passphrase))
        return self._unlock(name)

    def _certificate(self, name: str, signer: Signer, tbs: Callable[[], bytes]) -> bytes:
        if not (self._folder / name).exists():
            content = tbs()
            write_whole(self._folder / name, der.signed(content, signer.sign(content)))
        return self._read(name)

    def _unlock(self, name: str) -> SoftSigner:
        return open_key_file(self._read(name), self._passphrase)

    def _read(self, name: str) -> bytes:
        return (self._folder / name).read_bytes()
