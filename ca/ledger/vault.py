"""Column encryption: what lies on disk is unreadable without the key file, and cannot be moved to another place."""

import hashlib
import hmac
import json
import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ca.values.disk import place_whole

NONCE_BYTES = 12
KEY_BYTES = 32
KEY_ID_BYTES = 4


class SealBroken(ValueError):
    """The ciphertext is damaged, stands in another place than it was made for, or its key is not here."""


class KeyFileUnusable(Exception):
    """The key file is missing a key, is not ours, or can be read by others than its owner."""


@dataclass(frozen=True, slots=True, repr=False)
class KeyRing:
    """AES-256 keys by key id; the current one seals, every one opens. `lookup` is the HMAC key of look-ups."""

    current: bytes
    keys: Mapping[bytes, bytes]
    lookup: bytes

    @classmethod
    def new(cls) -> "KeyRing":
        key_id = secrets.token_bytes(KEY_ID_BYTES)
        return cls(key_id, {key_id: secrets.token_bytes(KEY_BYTES)}, secrets.token_bytes(KEY_BYTES))

    def to_json(self) -> str:
        keys = {key_id.hex(): key.hex() for key_id, key in self.keys.items()}
        return json.dumps({"current": self.current.hex(), "keys": keys, "lookup": self.lookup.hex()})

    @classmethod
    def from_json(cls, text: str) -> "KeyRing":
        """Raise `KeyFileUnusable` unless the text is a ring that `to_json` wrote."""
        try:
            value = json.loads(text)
            keys = {bytes.fromhex(key_id): bytes.fromhex(key) for key_id, key in value["keys"].items()}
            ring = cls(bytes.fromhex(value["current"]), keys, bytes.fromhex(value["lookup"]))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise KeyFileUnusable("not a key file of this program") from error
        sizes = {len(key) for key in [*ring.keys.values(), ring.lookup]}
        if ring.current not in ring.keys or sizes != {KEY_BYTES}:
            raise KeyFileUnusable("the current key is not in the key file, or a key has the wrong size")
        return ring


class Vault:
    """Seals values for one place (table, column, row): `key id ‖ nonce ‖ AES-GCM ciphertext` (NIST SP 800-38D)."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring = ring
        self._ciphers = {key_id: AESGCM(key) for key_id, key in ring.keys.items()}

    def seal(self, plaintext: bytes, *, table: str, column: str, row: str) -> bytes:
        nonce = os.urandom(NONCE_BYTES)
        cipher = self._ciphers[self._ring.current]
        return self._ring.current + nonce + cipher.encrypt(nonce, plaintext, _place(table, column, row))

    def open(self, sealed: bytes, *, table: str, column: str, row: str) -> bytes:
        """Raise `SealBroken` if one bit differs, or the place is another than it was sealed for."""
        return self.opener(table, column)(sealed, row)

    def opener(self, table: str, column: str) -> Callable[[bytes, str], bytes]:
        """Return what opens a value of this column by its row: like `open`, for a million of them."""
        ciphers, before, begin = self._ciphers, _before((table, column)), KEY_ID_BYTES + NONCE_BYTES

        def opened(sealed: bytes, row: str) -> bytes:
            cipher = ciphers.get(sealed[:KEY_ID_BYTES])
            if cipher is None or len(sealed) < begin:
                raise SealBroken(f"no key {sealed[:KEY_ID_BYTES].hex()} for {table}.{column}")
            last = row.encode()
            place = before + len(last).to_bytes(4, "big") + last
            try:
                return cipher.decrypt(sealed[KEY_ID_BYTES:begin], sealed[begin:], place)
            except InvalidTag as error:
                raise SealBroken(f"{table}.{column} of row {row} was changed or moved") from error

        return opened

    def digest(self, label: str, value: str) -> bytes:
        """Return the keyed hash by which an encrypted value is looked up (HMAC-SHA256)."""
        return hmac.new(self._ring.lookup, _place(label, value), hashlib.sha256).digest()


def open_vault(path: Path) -> tuple[Vault, bool]:
    """Return the vault of this key file, and whether the file was made just now (mode 0600).

    Raises `KeyFileUnusable` if others than the owner may read it, or it is not a key file.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if path.exists():
        return Vault(_read_ring(path)), False
    ring = KeyRing.new()
    if not place_whole(path, ring.to_json().encode()):
        return Vault(_read_ring(path)), False
    return Vault(ring), True


def _read_ring(path: Path) -> KeyRing:
    if path.stat().st_mode & 0o077:
        raise KeyFileUnusable(f"{path} can be read by others; set its mode to 0600")
    return KeyRing.from_json(path.read_text(encoding="ascii"))


def _place(*parts: str) -> bytes:
    """Name a place: each part with its length. All but the last name tables and columns, and of those there are few."""
    last = parts[-1].encode()
    return _before(parts[:-1]) + len(last).to_bytes(4, "big") + last


@cache
def _before(parts: tuple[str, ...]) -> bytes:
    return b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in parts)
