"""SEED-CBC (RFC 4269, KISA): the one module that imports the cipher.

`cryptography` keeps it among its outdated ciphers, and it needs OpenSSL's legacy provider. If it is removed one day,
only this module changes.
"""

from cryptography.hazmat.decrepit.ciphers.algorithms import SEED
from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, modes

KEY_BYTES = 16
BLOCK_BYTES = 16


def cipher(key: bytes) -> SEED:
    return SEED(key)


def encrypt(key: bytes, iv: bytes, plaintext: bytes) -> bytes:
    padder = padding.PKCS7(BLOCK_BYTES * 8).padder()
    encryptor = Cipher(cipher(key), modes.CBC(iv)).encryptor()
    return encryptor.update(padder.update(plaintext) + padder.finalize()) + encryptor.finalize()
