"""Signing keys behind a port with two methods: in an encrypted file here or in a token (`ca.keys.token`)."""

from pathlib import Path
from typing import Protocol

from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)

from ca.asn1.der import spki_bytes
from ca.asn1.pbes import Encrypted, EncryptionScheme, encrypt
from ca.values.disk import write_whole
from ca.values.refusals import LedgerBroken, WrongPassphrase

PUBLIC_EXPONENT = 65537


class Signer(Protocol):
    """A signing key. The same bytes must always give the same signature: a restart depends on it."""

    @property
    def spki(self) -> bytes:
        """SubjectPublicKeyInfo, DER."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Return the RSASSA-PKCS1-v1_5 signature with SHA-256 (RFC 8017 section 8.2)."""
        ...


class KeyStore(Protocol):
    """Where the authority's keys live, by name (`root`, `issuing`, `issuing-2`)."""

    def has(self, name: str) -> bool: ...

    def make(self, name: str, bits: int) -> None:
        """Make an RSA key of that name, unless it is there: the next start finishes one that was interrupted."""
        ...

    def open(self, name: str) -> Signer:
        """Raise `WrongPassphrase` or `LedgerBroken`."""
        ...

    def close(self) -> None: ...


class FileStore:
    """Each key an encrypted file `name.key` of mode 0600 in one folder."""

    def __init__(self, folder: Path, passphrase: bytes) -> None:
        self._folder = folder
        self._passphrase = passphrase

    def has(self, name: str) -> bool:
        return self._path(name).is_file()

    def make(self, name: str, bits: int) -> None:
        if not self.has(name):
            key = rsa.generate_private_key(PUBLIC_EXPONENT, bits)
            self.keep(name, key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))

    def keep(self, name: str, pkcs8: bytes) -> None:
        """Write this key's file, encrypted; the plain key is not stored."""
        write_whole(self._path(name), asn1.encode_der(encrypt(pkcs8, self._passphrase, EncryptionScheme.SCRYPT_AES)))

    def open(self, name: str) -> Signer:
        path = self._path(name)
        if not path.is_file():
            raise LedgerBroken(f"{path.name} is missing beside the ledger: put it back from a backup")
        if path.stat().st_mode & 0o077:
            raise LedgerBroken(f"{path} can be read by others; set its mode to 0600")
        return open_key_file(path.read_bytes(), self._passphrase)

    def close(self) -> None:
        """There is nothing to close."""

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.key"


class SoftSigner:
    """A key in this process's memory."""

    def __init__(self, key: rsa.RSAPrivateKey) -> None:
        self._key = key
        self._spki = spki_bytes(key.public_key())

    @property
    def spki(self) -> bytes:
        return self._spki

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message, padding.PKCS1v15(), hashes.SHA256())


def open_key_file(data: bytes, passphrase: bytes) -> SoftSigner:
    """Raise `WrongPassphrase`; a file that is no encrypted key at all raises `LedgerBroken`."""
    try:
        asn1.decode_der(Encrypted, data)
    except ValueError as error:
        raise LedgerBroken("the authority's key file is damaged: put it back from a backup") from error
    try:
        key = load_der_private_key(data, passphrase)
    except (ValueError, TypeError) as error:
        raise WrongPassphrase("the passphrase does not open the authority's key") from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise LedgerBroken("the authority's key is not an RSA key")
    return SoftSigner(key)
