"""What the customer gets: a key with its random number R, and the files that Korean tools open."""

import asyncio
from collections.abc import Mapping

from cryptography.hazmat.primitives.serialization import load_der_private_key
from cryptography.x509 import load_der_x509_certificate

from bot.issuing.port import Purpose
from ca import files
from ca.files.certificate import purposes
from ca.files.material import random_number_of


def new_key() -> bytes:
    """Return a new private key: PKCS#8 with the random number R as an attribute, not encrypted."""
    return files.generate_key().pkcs8


def random_number(key: bytes) -> bytes:
    return random_number_of(key) or b""


def belong(key: bytes, certificate: bytes) -> bool:
    """Return whether the certificate is for this key."""
    private = load_der_private_key(key, None, unsafe_skip_rsa_key_validation=True)
    return load_der_x509_certificate(certificate).public_key() == private.public_key()


def purpose_of(policy: str | None, authority: str | None) -> Purpose | None:
    """Return what a policy (OID in lower case) is for, if it is one of this authority's: no other may use its OIDs."""
    found = purposes().get(policy or "")
    if found is None or found.authority.lower() != authority:
        return None
    return Purpose(found.scope, found.holder)


async def pack(key: bytes, certificate: bytes, password: str, chain: tuple[bytes, ...]) -> Mapping[str, bytes]:
    """Return the zip with the NPKI folder, and the PKCS#12; the chain from the issuing certificate up, DER."""
    return await asyncio.to_thread(_packed, key, certificate, password, chain)


def _packed(key: bytes, der: bytes, password: str, chain: tuple[bytes, ...]) -> Mapping[str, bytes]:
    """signPri.key as PBES2, which every current tool opens; the PKCS#12 with AES-256."""
    locked = files.write_signpri(key, password.encode())
    return {
        "npki.zip": files.npki_zip(der, locked, chain=chain),
        "certificate.p12": files.write_pfx(key, der, password, chain=chain),
    }
