"""EncryptedVID: the random number R in transit, under a key that only those who share the 인가코드 can derive.

A stock client cannot send R; then the authority makes it, and returns it like this (CertResponse.rspInfo), so that the
holder can prove the identity number later. Nonce (12 bytes) and AES-256-GCM ciphertext, bound to its direction.
"""

import os
from enum import Enum

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

NONCE_BYTES = 12
KEY_BYTES = 32


class Direction(Enum):
    REQUEST = b"EncryptedVID to the authority"
    RESPONSE = b"EncryptedVID from the authority"


def seal(random_number: bytes, code: bytes, transaction_id: bytes, direction: Direction) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(_key(code, transaction_id)).encrypt(nonce, random_number, direction.value)


def unseal(sealed: bytes, code: bytes, transaction_id: bytes, direction: Direction) -> bytes:
    """Return R; raise `ValueError` if it was not sealed with this code for this transaction."""
    nonce, content = sealed[:NONCE_BYTES], sealed[NONCE_BYTES:]
    try:
        return AESGCM(_key(code, transaction_id)).decrypt(nonce, content, direction.value)
    except InvalidTag as error:
        raise ValueError("an EncryptedVID of another code or transaction") from error


def _key(code: bytes, transaction_id: bytes) -> bytes:
    return HKDF(hashes.SHA256(), KEY_BYTES, transaction_id, b"EncryptedVID").derive(code)
