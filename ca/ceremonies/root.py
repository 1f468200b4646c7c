"""The root: its key and certificate, in a place of their own or, for a small authority, beside the ledger."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography import x509

from ca.asn1 import der
from ca.certificates import tbs as profile
from ca.keys.signer import KeyStore, Signer
from ca.profiles import names
from ca.profiles.settings import AuthoritySettings
from ca.values.disk import write_whole
from ca.values.refusals import LedgerBroken, RootApart
from ca.values.serials import new_serial
from ca.values.validity import day_of, ends, starts, years_later

KEY = "root"
CERTIFICATE = "root.der"
INTENDED = ".tbs"
#: A shorter half is too easy to guess.
LEAST_LETTERS = 12


def joined(first: str, second: str) -> bytes:
    """Return the root's passphrase, made of two persons' halves: neither opens the key alone.

    `openssl pkey -in root.key` opens it with `first+second`. Raises `ValueError` if a half is too short, or both are
    the same.
    """
    if min(len(first), len(second)) < LEAST_LETTERS:
        raise ValueError(f"each half of the passphrase has at least {LEAST_LETTERS} characters")
    if first == second:
        raise ValueError("the two halves are the same: they belong to two persons")
    return f"{first}+{second}".encode()


@dataclass(frozen=True, slots=True)
class Root:
    """Where the root lies."""

    folder: Path
    store: KeyStore | None
    """None where the key is out of reach, as it should be on every day without a ceremony."""

    def unlock(self) -> Signer:
        """Raise `RootApart` if the key cannot be reached."""
        if self.store is None:
            raise RootApart("the root's key is kept apart: do this in a ceremony, with --root")
        return self.store.open(KEY)

    def has_key(self) -> bool:
        return self.store is not None and self.store.has(KEY)

    def make(self, settings: AuthoritySettings, now: datetime, entropy: Callable[[int], bytes]) -> None:
        """Make key and certificate, as far as they are missing."""
        if self.store is None:
            self.unlock()
            return
        self.store.make(KEY, settings.root_bits)
        signer = self.unlock()
        name = names.authority_name(settings, "Root CA")
        drawn = draft(signer.spki, name, now, settings.root_years, settings, entropy)
        self.certify(CERTIFICATE, lambda: profile.root_tbs(drawn))

    def certify(self, name: str, tbs: Callable[[], bytes], folder: Path | None = None) -> bytes:
        """Sign a certificate into this file unless it is there, and return it.

        The bytes to be signed are written beside it first: after an interrupted start the same bytes are signed again,
        and the root never signs anything that is not recorded.
        """
        path = (folder or self.folder) / name
        intended = path.with_suffix(INTENDED)
        if not path.exists():
            if not intended.exists():
                write_whole(intended, tbs())
            content = intended.read_bytes()
            write_whole(path, der.signed(content, self.unlock().sign(content)))
        intended.unlink(missing_ok=True)
        return path.read_bytes()

    @property
    def content(self) -> bytes:
        """The root's certificate, DER."""
        path = self.folder / CERTIFICATE
        if not path.is_file():
            raise LedgerBroken(f"{CERTIFICATE} is missing in {self.folder}: put it back from a backup")
        return path.read_bytes()

    @property
    def certificate(self) -> x509.Certificate:
        return x509.load_der_x509_certificate(self.content)


def draft(
    spki: bytes,
    name: x509.Name,
    now: datetime,
    years: int,
    settings: AuthoritySettings,
    entropy: Callable[[int], bytes],
) -> profile.AuthorityDraft:
    """Return a certificate of the authority itself, to be signed by the root."""
    today = day_of(now)
    begin = starts(years_later(today, -settings.backdated_years))
    return profile.AuthorityDraft(new_serial(entropy), name, spki, begin, ends(years_later(today, years)))
