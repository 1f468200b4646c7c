"""Keys in a token behind PKCS#11 (OASIS, version 2.40): a smart card, an HSM, or its equivalent in software.

The private key is made in the token, cannot be exported, and never enters this process.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pkcs11
from cryptography.hazmat.primitives.asymmetric import rsa
from pkcs11.exceptions import (
    MultipleObjectsReturned,
    MultipleTokensReturned,
    NoSuchKey,
    NoSuchToken,
    PinIncorrect,
    PinLocked,
    PKCS11Error,
    UserAlreadyLoggedIn,
)
from pkcs11.types import SignMixin

from ca.asn1.der import spki_bytes
from ca.values.refusals import CaRefusal, LedgerBroken, WrongPassphrase

T = TypeVar("T")
PRIVATE = {
    pkcs11.Attribute.SENSITIVE: True,
    pkcs11.Attribute.EXTRACTABLE: False,
    pkcs11.Attribute.SIGN: True,
    pkcs11.Attribute.DECRYPT: False,
    pkcs11.Attribute.UNWRAP: False,
}
PUBLIC = {
    pkcs11.Attribute.VERIFY: True,
    pkcs11.Attribute.ENCRYPT: False,
    pkcs11.Attribute.WRAP: False,
}


@dataclass(frozen=True, slots=True)
class Token:
    """Where the token is. The PIN is read from its file when it is needed."""

    module: Path
    """The maker's PKCS#11 library."""
    label: str
    pin_file: Path


class TokenStore:
    """`ca.keys.signer.KeyStore` in a token; raises `CaRefusal` R14 `token_not_available` when it does not answer."""

    def __init__(self, token: Token) -> None:
        self._token = token
        self._lock = threading.RLock()
        self._session: pkcs11.Session | None = None
        self._keys: dict[str, SignMixin] = {}

    def has(self, name: str) -> bool:
        try:
            self._private(name)
        except LedgerBroken:
            return False
        return True

    def make(self, name: str, bits: int) -> None:
        if not self.has(name):
            self.run(lambda session: _generate(session, name, bits))

    def open(self, name: str) -> "TokenSigner":
        self._private(name)
        return TokenSigner(self, name)

    def run(self, work: Callable[[pkcs11.Session], T]) -> T:
        """Run this with a session; open a broken session again, once, in case the token was plugged in again."""
        with self._lock:
            fresh = self._session is None
            try:
                return work(self._open())
            except (NoSuchKey, MultipleObjectsReturned, PinIncorrect, PinLocked):
                raise
            except (PKCS11Error, OSError) as error:
                self._session = None
                self._keys.clear()
                if fresh:
                    raise CaRefusal("R14", reason="token_not_available") from error
            return self.run(work)

    def sign(self, name: str, message: bytes) -> bytes:
        """Sign with RSASSA-PKCS1-v1_5 and SHA-256, hashed in the token too."""
        return self.run(lambda session: self._signature(session, name, message))

    def _signature(self, session: pkcs11.Session, name: str, message: bytes) -> bytes:
        # A key is searched for once a session: searching costs more than signing on most tokens.
        key = self._keys.get(name) or self._keys.setdefault(name, _private_key(session, name))
        signature: bytes = key.sign(message, mechanism=pkcs11.Mechanism.SHA256_RSA_PKCS)
        return signature

    def _private(self, name: str) -> None:
        try:
            self.run(lambda session: _private_key(session, name))
        except NoSuchKey:
            raise LedgerBroken(f"the token {self._token.label} holds no key {name}") from None
        except MultipleObjectsReturned:
            raise LedgerBroken(f"the token {self._token.label} holds several keys {name}") from None

    def _open(self) -> pkcs11.Session:
        if self._session is None:
            pin = self._pin()
            try:
                token = pkcs11.lib(str(self._token.module)).get_token(token_label=self._token.label)
                self._session = _log_in(token, pin)
            except (PinIncorrect, PinLocked) as error:
                raise WrongPassphrase("the PIN does not open the token, or it is locked") from error
            except (NoSuchToken, MultipleTokensReturned) as error:
                raise LedgerBroken(f"there is not exactly one token {self._token.label}") from error
        return self._session

    def close(self) -> None:
        """Close the session; the last one of this process logs out."""
        with self._lock:
            if self._session is not None:
                self._session.close()
            self._session = None
            self._keys.clear()

    def _pin(self) -> str:
        path = self._token.pin_file
        if not path.is_file():
            raise WrongPassphrase(f"{path}, the file with the token's PIN, is missing")
        if path.stat().st_mode & 0o077:
            raise WrongPassphrase(f"{path} can be read by others; set its mode to 0600")
        return path.read_text(encoding="utf-8").strip()


class TokenSigner:
    """`ca.keys.signer.Signer` over a key in the token."""

    def __init__(self, store: TokenStore, name: str) -> None:
        self._store = store
        self._name = name
        self._spki = store.run(lambda session: _spki(session, name))

    @property
    def spki(self) -> bytes:
        return self._spki

    def sign(self, message: bytes) -> bytes:
        return self._store.sign(self._name, message)


def _log_in(token: pkcs11.Token, pin: str) -> pkcs11.Session:
    try:
        return token.open(rw=True, user_pin=pin)
    except UserAlreadyLoggedIn:  # Another part of this process is logged in: PKCS#11 logs in processes, not sessions.
        return token.open(rw=True)


def _private_key(session: pkcs11.Session, name: str) -> SignMixin:
    key = session.get_key(object_class=pkcs11.ObjectClass.PRIVATE_KEY, label=name)
    assert isinstance(key, SignMixin)
    return key


def _generate(session: pkcs11.Session, name: str, bits: int) -> None:
    session.generate_keypair(
        pkcs11.KeyType.RSA,
        bits,
        store=True,
        label=name,
        public_template=PUBLIC,
        private_template=PRIVATE,
    )


def _spki(session: pkcs11.Session, name: str) -> bytes:
    key = session.get_key(object_class=pkcs11.ObjectClass.PUBLIC_KEY, label=name)
    modulus = int.from_bytes(key[pkcs11.Attribute.MODULUS], "big")
    exponent = int.from_bytes(key[pkcs11.Attribute.PUBLIC_EXPONENT], "big")
    return spki_bytes(rsa.RSAPublicNumbers(exponent, modulus).public_key())
