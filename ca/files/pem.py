"""PEM for engineers (RFC 7468): the encrypted key with R inside, the certificate, and the chain above it."""

import base64
import binascii
import re
from collections.abc import Iterator

from cryptography.hazmat import asn1

from ca.asn1.pbes import EncryptionScheme, encrypt
from ca.files.certificate import spki_of_certificate
from ca.files.faults import FileBroken, Mismatch, TooBig, UnsupportedScheme, WrongKind
from ca.files.identity import Identity, join
from ca.files.kinds import MAX_BYTES, kind_of
from ca.files.material import KeyMaterial
from ca.files.signpri import plain_key, read_signpri

CERTIFICATE, ENCRYPTED_KEY, KEY = "CERTIFICATE", "ENCRYPTED PRIVATE KEY", "PRIVATE KEY"
LINE = 64
#: A block: its label, what lies between up to the next five dashes, and the same label again.
BLOCK = re.compile(rb"-----BEGIN ([A-Z0-9 ]{1,40})-----([^-]*(?:-(?!----)[^-]*)*)-----END \1-----")


def write_pem(pkcs8: bytes, certificate: bytes, password: str, *, chain: tuple[bytes, ...] = ()) -> bytes:
    """Return key, certificate and chain; the key under AES-256; an empty password raises `ValueError`."""
    sealed = asn1.encode_der(encrypt(pkcs8, password.encode(), EncryptionScheme.PBKDF2_AES))
    blocks = [_block(ENCRYPTED_KEY, sealed), *(_block(CERTIFICATE, each) for each in (certificate, *chain))]
    return b"".join(blocks)


def read_pem(data: bytes, password: bytes) -> Identity:
    """Open one key with its certificate, in any order and among others; raise a `FileFault`."""
    if len(data) > MAX_BYTES:
        raise TooBig(f"more than {MAX_BYTES} bytes are not one person's PEM")
    blocks = list(_blocks(data))
    if not blocks:
        raise WrongKind(f"PEM is needed, and this is {kind_of(data)}")
    shut = [(label, der) for label, der in blocks if label != CERTIFICATE]
    certificates = [der for label, der in blocks if label == CERTIFICATE]
    if len(shut) != 1:
        raise UnsupportedScheme(f"{len(shut)} keys; one is read, with its own certificate")
    key = _key(*shut[0], password)
    own = next((each for each in certificates if spki_of_certificate(each) == key.spki), None)
    if own is None:
        raise Mismatch("no certificate in it is the key's")
    return join(key, own, tuple(each for each in certificates if each != own))


def _block(label: str, der: bytes) -> bytes:
    text = base64.b64encode(der).decode()
    lines = [text[at : at + LINE] for at in range(0, len(text), LINE)]
    return "\n".join([f"-----BEGIN {label}-----", *lines, f"-----END {label}-----", ""]).encode()


def _blocks(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield label and content; text between blocks is a comment, as OpenSSL writes it."""
    for label, body in BLOCK.findall(data):
        if b":" in body:
            raise UnsupportedScheme("PEM with headers, the old way of encrypting (RFC 1421), which is not read here")
        try:
            yield label.decode(), base64.b64decode(b"".join(body.split()), validate=True)
        except binascii.Error as error:
            raise FileBroken(f"the block {label.decode()} is damaged") from error


def _key(label: str, der: bytes, password: bytes) -> KeyMaterial:
    if label == ENCRYPTED_KEY:
        return read_signpri(der, password)
    if label == KEY:
        return plain_key(der)
    raise UnsupportedScheme(f"a block {label}, which is not read here")
